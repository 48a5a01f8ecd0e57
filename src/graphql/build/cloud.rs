//! The mutation that calls functions of cloud code: it is there while there are any whose names GraphQL can say
//! (`parse-server:src/GraphQL/loaders/functionsMutations.js`).

use std::sync::Arc;

use apollo_compiler::ast::{DirectiveList, Type};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{self, Component, EnumValueDefinition, ExtendedType};
use apollo_compiler::{Name, Node, Schema, name};

use super::parts::{
    Fields, Inputs, add_field, add_field_with, add_input, input, input_object, named, object,
};

/// The names of the functions.
const FUNCTIONS: Name = name!("CloudCodeFunction");
const INPUT: Name = name!("CallCloudCodeInput");
const PAYLOAD: Name = name!("CallCloudCodePayload");
/// The mutation.
pub(super) const CALL: Name = name!("callCloudCode");
/// Names that are no values of an enumeration.
const WORDS: [&str; 3] = ["true", "false", "null"];

/// Takes what an earlier schema has of functions out of it.
pub(super) fn take_out(schema: &mut Schema) {
    for name in [FUNCTIONS, INPUT, PAYLOAD] {
        schema.types.swap_remove(&name);
    }
}

/// Puts the types into the schema and gives the mutation; nothing if there is no function that could be called.
pub(super) fn put_in(schema: &mut Schema, functions: &[Arc<str>]) -> Option<Fields> {
    let names = functions.iter().filter(|name| !WORDS.contains(&&***name));
    let names: Vec<Name> = names.filter_map(|function| Name::new(function).ok()).collect();
    if names.is_empty() {
        return None;
    }
    for fresh in [functions_type(names), input_type(), payload_type()] {
        schema.types.insert(fresh.name().clone(), fresh);
    }
    let mut fields = Fields::default();
    let argument = Node::new(input(name!("input"), Type::NonNullNamed(INPUT)));
    add_field_with(&mut fields, CALL, named(&PAYLOAD), vec![argument]);
    Some(fields)
}

fn functions_type(names: Vec<Name>) -> ExtendedType {
    let mut values = IndexMap::default();
    for value in names {
        let directives = DirectiveList::new();
        let definition =
            EnumValueDefinition { description: None, value: value.clone(), directives };
        values.insert(value, Component::new(definition));
    }
    ExtendedType::Enum(Node::new(schema::EnumType {
        description: Some(Node::new_str("The functions of cloud code.")),
        name: FUNCTIONS,
        directives: schema::DirectiveList::default(),
        values,
    }))
}

fn input_type() -> ExtendedType {
    let mut inputs = Inputs::default();
    add_input(&mut inputs, name!("clientMutationId"), named(&name!("String")));
    add_input(&mut inputs, name!("functionName"), Type::NonNullNamed(FUNCTIONS));
    add_input(&mut inputs, name!("params"), named(&name!("Object")));
    input_object(INPUT, inputs)
}

fn payload_type() -> ExtendedType {
    let mut fields = Fields::default();
    add_field(&mut fields, name!("clientMutationId"), named(&name!("String")));
    add_field(&mut fields, name!("result"), named(&name!("Any")));
    object(PAYLOAD, &[], fields)
}
