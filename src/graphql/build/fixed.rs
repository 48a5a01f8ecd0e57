//! The types that do not depend on classes, read once from GraphQL texts.

use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::{Name, Node, Schema};

use super::filters;

const TEXTS: [(&str, &str); 7] = [
    ("scalars.graphql", include_str!("fixed/scalars.graphql")),
    ("values.graphql", include_str!("fixed/values.graphql")),
    ("filters.graphql", include_str!("fixed/filters.graphql")),
    ("objects.graphql", include_str!("fixed/objects.graphql")),
    ("class_schemas.graphql", include_str!("fixed/class_schemas.graphql")),
    ("config.graphql", include_str!("fixed/config.graphql")),
    ("roots.graphql", include_str!("fixed/roots.graphql")),
];

/// What every schema begins with.
pub(crate) struct Fixed {
    pub(super) schema: Schema,
    /// The arguments of a find that are the same for all classes.
    pub(super) page_arguments: Vec<Node<InputValueDefinition>>,
}

impl Fixed {
    /// Reads the texts.
    pub(crate) fn new() -> Self {
        let builder = TEXTS
            .iter()
            .fold(Schema::builder(), |builder, (name, text)| builder.parse(*text, *name));
        let schema = builder.build().expect("the texts are constants that a test validates");
        Self { schema, page_arguments: filters::page_arguments() }
    }

    /// Whether a class can not have a type of this name.
    pub(super) fn is_taken(&self, name: &Name) -> bool {
        self.schema.types.contains_key(name) || RESERVED.contains(&name.as_str())
    }
}

/// Type names that only the root types and other parts of the schema may have.
const RESERVED: [&str; 17] = [
    "ArrayResult",
    "CallCloudCodeInput",
    "CallCloudCodePayload",
    "ChallengeInput",
    "ChallengePayload",
    "CloudCodeFunction",
    "CreateFileInput",
    "CreateFilePayload",
    "LogInInput",
    "LogInPayload",
    "LogOutInput",
    "LogOutPayload",
    "SignUpInput",
    "SignUpPayload",
    "Subscription",
    "UserLoginWithInput",
    "Viewer",
];
