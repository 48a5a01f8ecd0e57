//! The root mutations of a class, with their input and payload types.

use apollo_compiler::ast::Type;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Node, name};

use super::ClassTypes;
use super::parts::{
    Fields, Inputs, add_field, add_field_with, add_input, input, input_object, named, object,
};
use crate::graphql::names::{self, ClassNames};

/// What a mutation of a class does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Makes an object.
    Create,
    /// Changes an object.
    Update,
    /// Removes an object.
    Delete,
}

impl Verb {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("create", "Create"),
            Self::Update => ("update", "Update"),
            Self::Delete => ("delete", "Delete"),
        }
    }

    /// The name of the mutation.
    pub(crate) fn field_name(self, class: &ClassNames) -> Name {
        names::name(&format!("{}{}", self.words().0, class.type_name))
    }

    fn input_name(self, class: &ClassNames) -> Name {
        names::name(&format!("{}{}Input", self.words().1, class.type_name))
    }

    fn payload_name(self, class: &ClassNames) -> Name {
        names::name(&format!("{}{}Payload", self.words().1, class.type_name))
    }
}

/// The root mutations of a class.
pub(super) fn mutations(types: &ClassTypes) -> Fields {
    let class = &types.names;
    let mut fields = Fields::default();
    for verb in Verb::ALL {
        let Some(name) = types.mutation_name(verb) else { continue };
        let argument = input(name!("input"), Type::NonNullNamed(verb.input_name(class)));
        let payload = named(&verb.payload_name(class));
        add_field_with(&mut fields, name, payload, vec![Node::new(argument)]);
    }
    fields
}

/// The input and payload types of the mutations of a class.
pub(super) fn mutation_types(class: &ClassNames) -> Vec<ExtendedType> {
    let mut types = Vec::with_capacity(2 * Verb::ALL.len());
    for verb in Verb::ALL {
        let mut inputs = Inputs::default();
        if verb != Verb::Create {
            add_input(&mut inputs, name!("id"), Type::NonNullNamed(name!("ID")));
        }
        if verb != Verb::Delete {
            let fields = names::name(&format!("{}{}FieldsInput", verb.words().1, class.type_name));
            add_input(&mut inputs, name!("fields"), named(&fields));
        }
        add_input(&mut inputs, name!("clientMutationId"), named(&name!("String")));
        types.push(input_object(verb.input_name(class), inputs));
        let mut payload = Fields::default();
        add_field(&mut payload, class.get.clone(), Type::NonNullNamed(class.type_name.clone()));
        add_field(&mut payload, name!("clientMutationId"), named(&name!("String")));
        types.push(object(verb.payload_name(class), &[], payload));
    }
    types
}
