//! The user's own definitions (option `graphQLSchema`): types of his own, and fields that he adds to the
//! root types and to the types of classes.
//!
//! A field says with `@resolve(to: "name")` which cloud function gives its value, or with `@mock(with: …)`
//! what the value always is; a field that says neither takes the member of its parent that has its name
//! (`parse-server:src/GraphQL/loaders/schemaDirectives.js`). `read` makes a [`CustomSchema`] of a text,
//! `check` holds it against the schema of the classes and says what is wrong and where, `merge` puts it
//! into the schema, every time one is built.
//!
//! Definitions are checked when they are loaded. Classes may come and go afterwards: what names a type that
//! is not there is left out, with a warning, until it is there.

mod check;
mod merge;
mod problem;
mod prune;
mod read;

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::FieldDefinition;
use apollo_compiler::schema::{Component, ExtendedType};
use apollo_compiler::{Name, Node, Schema};

pub(crate) use check::check;
pub(crate) use merge::{Already, merge};
pub(crate) use problem::Problems;

/// The definitions of a file, or none.
#[derive(Debug, Default)]
pub(crate) struct CustomSchema {
    /// Every type of the file; of a type that it only extends, what it adds.
    types: Option<Schema>,
    /// The types that it defines.
    defined: HashSet<Name>,
    /// The types that it extends, the root types among them.
    extended: HashSet<Name>,
    /// What gives the fields their values that say so.
    sources: HashMap<(Name, Name), Source>,
}

/// What gives a field its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// A cloud function of this name; the arguments of the field are its parameters.
    Function(String),
    /// Always this value.
    Mock(crate::value::Json),
    /// The member of the parent that has the field's name.
    Parent,
}

impl CustomSchema {
    /// Whether there are definitions.
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_none()
    }

    /// Whether a type is defined here.
    pub(crate) fn defines(&self, type_name: &str) -> bool {
        self.defined.contains(type_name)
    }

    /// The field of that name which this schema gives to a type, and where its value comes from.
    pub(crate) fn field(
        &self,
        type_name: &Name,
        field: &Name,
    ) -> Option<(&Component<FieldDefinition>, &Source)> {
        let fields = match self.types.as_ref()?.types.get(type_name)? {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Scalar(_)
            | ExtendedType::Interface(_)
            | ExtendedType::Union(_)
            | ExtendedType::Enum(_)
            | ExtendedType::InputObject(_) => return None,
        };
        let definition = fields.get(field)?;
        let source = self.sources.get(&(type_name.clone(), field.clone()));
        Some((definition, source.unwrap_or(&Source::Parent)))
    }

    /// The names of the cloud functions that fields need, sorted, each once.
    pub(crate) fn functions(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .sources
            .values()
            .filter_map(|source| match source {
                Source::Function(name) => Some(name.as_str()),
                Source::Mock(_) | Source::Parent => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The types of the file, those that it extends among them.
    fn own_types(&self) -> impl Iterator<Item = &ExtendedType> {
        self.types.iter().flat_map(|schema| schema.types.values()).filter(|known| {
            self.defined.contains(known.name()) || self.extended.contains(known.name())
        })
    }
}

/// Whether a type is one of the roots that a file may add fields to.
fn is_root(type_name: &str) -> bool {
    matches!(type_name, "Query" | "Mutation")
}

/// The object type, if it is one.
fn as_object(known: &ExtendedType) -> Option<&Node<apollo_compiler::schema::ObjectType>> {
    match known {
        ExtendedType::Object(object) => Some(object),
        ExtendedType::Scalar(_)
        | ExtendedType::Interface(_)
        | ExtendedType::Union(_)
        | ExtendedType::Enum(_)
        | ExtendedType::InputObject(_) => None,
    }
}

#[cfg(test)]
mod tests;
