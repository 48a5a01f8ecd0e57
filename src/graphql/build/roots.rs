//! The root types and the union of everything that an array can hold.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::collections::IndexSet;
use apollo_compiler::schema::{self, ComponentName, ExtendedType};
use apollo_compiler::{Name, Node, Schema, name};

use super::mutations::{self, Verb};
use super::parts::Fields;
use super::users::{self, AccountVerb};
use super::{ClassTypes, Fixed, Inputs, cloud, queries, subscriptions};
use crate::value::ClassName;

/// A field of the query type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueryField {
    /// One object of a class by its id.
    Get(ClassName),
    /// Objects of a class.
    Find(ClassName),
    /// Any object by its global id.
    Node,
    /// Whether the server answers.
    Health,
    /// A class.
    Class,
    /// All classes.
    Classes,
    /// A value of the app's configuration.
    CloudConfig,
    /// The caller.
    Viewer,
}

/// A field of the mutation type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MutationField {
    /// Writes an object of a class.
    Object(Verb, ClassName),
    /// Makes, changes or removes a class.
    Class(Verb),
    /// Stores a file.
    CreateFile,
    /// Sets a value of the app's configuration.
    CloudConfig,
    /// Changes a user's account or session.
    Account(AccountVerb),
    /// Calls a function of cloud code.
    CallFunction,
}

impl QueryField {
    /// The class that it is about, if it is there because of one.
    pub(crate) fn class(&self) -> Option<&ClassName> {
        match self {
            Self::Get(class) | Self::Find(class) => Some(class),
            Self::Node
            | Self::Health
            | Self::Class
            | Self::Classes
            | Self::CloudConfig
            | Self::Viewer => None,
        }
    }
}

impl MutationField {
    /// The class that it is about, if it is there because of one.
    pub(crate) fn class(&self) -> Option<&ClassName> {
        match self {
            Self::Object(_, class) => Some(class),
            Self::Class(_)
            | Self::CreateFile
            | Self::CloudConfig
            | Self::Account(_)
            | Self::CallFunction => None,
        }
    }
}

/// What the fields of the root types mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Roots {
    queries: HashMap<Name, QueryField>,
    mutations: HashMap<Name, MutationField>,
    subscriptions: HashMap<Name, ClassName>,
}

impl Roots {
    /// What a field of the query type means.
    pub(crate) fn query(&self, field: &str) -> Option<&QueryField> {
        self.queries.get(field)
    }

    /// What a field of the mutation type means.
    pub(crate) fn mutation(&self, field: &str) -> Option<&MutationField> {
        self.mutations.get(field)
    }

    /// The class that a field of the subscription type tells of.
    pub(crate) fn subscription(&self, field: &str) -> Option<&ClassName> {
        self.subscriptions.get(field)
    }

    fn add_users(&mut self) {
        self.queries.insert(name!("viewer"), QueryField::Viewer);
        let verbs = AccountVerb::ALL.into_iter();
        self.mutations.extend(verbs.map(|(field, verb)| (field, MutationField::Account(verb))));
    }
}

/// Puts the root types and the array union into the schema.
pub(super) fn assemble<'a>(
    schema: &mut Schema,
    fixed: &Fixed,
    inputs: &Inputs,
    classes: impl Iterator<Item = &'a Arc<ClassTypes>> + Clone,
) -> Roots {
    let mut roots = fixed_roots();
    let mut query = fixed_root(fixed, "Query");
    let mut mutation = fixed_root(fixed, "Mutation");
    let mut members: IndexSet<ComponentName> = IndexSet::default();
    members.insert(ComponentName::from(name!("Element")));
    cloud::take_out(schema);
    if let Some(fields) = cloud::put_in(schema, &inputs.functions.names) {
        mutation.fields.extend(fields);
        roots.mutations.insert(cloud::CALL, MutationField::CallFunction);
    }
    users::take_out(schema, fixed);
    for types in classes.clone() {
        if types.class.name == *users::USERS {
            users::put_in(schema, fixed);
            let [queries, mutations] = users::root_fields(fixed);
            query.fields.extend(queries);
            mutation.fields.extend(mutations);
            roots.add_users();
        }
        let (class, names) = (&types.class.name, &types.names);
        members.insert(ComponentName::from(&names.type_name));
        add_vacant(&mut query.fields, queries::queries(types), |field| {
            let one = types.get_name().as_ref() == Some(field);
            let meaning =
                if one { QueryField::Get(class.clone()) } else { QueryField::Find(class.clone()) };
            roots.queries.insert(field.clone(), meaning);
        });
        add_vacant(&mut mutation.fields, mutations::mutations(types), |field| {
            let is_meant = |verb: &Verb| types.mutation_name(*verb).as_ref() == Some(field);
            let verb = Verb::ALL.into_iter().find(is_meant);
            roots.mutations.extend(
                verb.map(|verb| (field.clone(), MutationField::Object(verb, class.clone()))),
            );
        });
    }
    let union = schema::UnionType {
        description: Some(Node::new_str(
            "What an array holds: an object of a class, or any other element.",
        )),
        name: name!("ArrayResult"),
        directives: schema::DirectiveList::default(),
        members,
    };
    schema.types.insert(name!("ArrayResult"), ExtendedType::Union(Node::new(union)));
    schema.types.insert(name!("Query"), ExtendedType::Object(Node::new(query)));
    schema.types.insert(name!("Mutation"), ExtendedType::Object(Node::new(mutation)));
    subscriptions::take_out(schema);
    let live = classes.map(Arc::as_ref).filter(|types| inputs.live.include(&types.class.name));
    let subscribed = subscriptions::put_in(schema, live, |name| inputs.custom.defines(name));
    roots.subscriptions.extend(subscribed);
    roots
}

/// What the fields mean that do not come from a class.
fn fixed_roots() -> Roots {
    Roots {
        queries: HashMap::from([
            (name!("node"), QueryField::Node),
            (name!("health"), QueryField::Health),
            (name!("class"), QueryField::Class),
            (name!("classes"), QueryField::Classes),
            (name!("cloudConfig"), QueryField::CloudConfig),
        ]),
        mutations: HashMap::from([
            (name!("createClass"), MutationField::Class(Verb::Create)),
            (name!("updateClass"), MutationField::Class(Verb::Update)),
            (name!("deleteClass"), MutationField::Class(Verb::Delete)),
            (name!("createFile"), MutationField::CreateFile),
            (name!("updateCloudConfig"), MutationField::CloudConfig),
        ]),
        subscriptions: HashMap::new(),
    }
}

fn fixed_root(fixed: &Fixed, name: &str) -> schema::ObjectType {
    fixed
        .schema
        .get_object(name)
        .map(|root| schema::ObjectType::clone(root))
        .expect("the fixed types have both roots")
}

/// Adds the fields whose names are not taken.
fn add_vacant(fields: &mut Fields, fresh: Fields, mut added: impl FnMut(&Name)) {
    for (name, field) in fresh {
        if !fields.contains_key(&name) {
            added(&name);
            fields.insert(name, field);
        }
    }
}
