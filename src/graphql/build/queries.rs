//! The root queries of a class: one object by its id, and many.

use apollo_compiler::ast::Type;
use apollo_compiler::{Node, name};

use super::ClassTypes;
use super::connections::connection_name;
use super::parts::{Fields, add_field_with, input, named};

/// The root queries of a class.
pub(super) fn queries(types: &ClassTypes) -> Fields {
    let class = &types.names;
    let mut fields = Fields::default();
    let id = input(name!("id"), Type::NonNullNamed(name!("ID")));
    let options = input(name!("options"), named(&name!("ReadOptionsInput")));
    let get = types.get_name();
    if let Some(get) = get.clone() {
        let one = Type::NonNullNamed(class.type_name.clone());
        add_field_with(&mut fields, get, one, vec![Node::new(id), Node::new(options)]);
    }
    // Where singular and plural are the same word, the query of one object wins.
    if let Some(find) = types.find_name().filter(|find| Some(find) != get.as_ref()) {
        let many = Type::NonNullNamed(connection_name(class));
        add_field_with(&mut fields, find, many, types.find_arguments.clone());
    }
    fields
}
