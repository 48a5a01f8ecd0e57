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
    let one = Type::NonNullNamed(class.type_name.clone());
    add_field_with(&mut fields, class.get.clone(), one, vec![Node::new(id), Node::new(options)]);
    // Where singular and plural are the same word, the query of one object wins.
    if class.find != class.get {
        let many = Type::NonNullNamed(connection_name(class));
        add_field_with(&mut fields, class.find.clone(), many, types.find_arguments.clone());
    }
    fields
}
