//! The types that do not depend on classes, read once from GraphQL texts.

use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::schema::ExtendedType;
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

const USERS: (&str, &str) = ("users.graphql", include_str!("fixed/users.graphql"));

/// What every schema begins with.
pub(crate) struct Fixed {
    pub(super) schema: Schema,
    /// What a schema with the class of users has besides.
    pub(super) users: Schema,
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
        let users = Schema::builder().parse(USERS.1, USERS.0).build();
        let users = users.expect("the text is a constant that a test validates");
        Self { schema, users, page_arguments: filters::page_arguments() }
    }

    /// The types that a schema with the class of users has besides.
    pub(super) fn user_types(&self) -> impl Iterator<Item = &ExtendedType> {
        let is_own = |known: &&ExtendedType| {
            !known.is_built_in() && !["Query", "Mutation"].contains(&known.name().as_str())
        };
        self.users.types.values().filter(is_own)
    }

    /// Whether a class can not have a type of this name.
    pub(super) fn is_taken(&self, name: &Name) -> bool {
        self.schema.types.contains_key(name)
            || self.users.types.contains_key(name)
            || RESERVED.contains(&name.as_str())
    }
}

/// Type names that only the root types and other parts of the schema may have.
const RESERVED: [&str; 5] = [
    "ArrayResult",
    "CallCloudCodeInput",
    "CallCloudCodePayload",
    "CloudCodeFunction",
    "Subscription",
];
