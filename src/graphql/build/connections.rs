//! Pages of objects of a class: the connection and the edge of Relay.

use apollo_compiler::ast::Type;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, name};

use super::parts::{Fields, add_field, named, object};
use crate::graphql::names::{self, ClassNames};

/// The name of the connection type of a class.
pub(super) fn connection_name(class: &ClassNames) -> Name {
    names::name(&format!("{}Connection", class.type_name))
}

/// The connection and the edge type of a class.
pub(super) fn connection_types(class: &ClassNames) -> [ExtendedType; 2] {
    let edge_name = names::name(&format!("{}Edge", class.type_name));
    let mut connection = Fields::default();
    add_field(&mut connection, name!("pageInfo"), Type::NonNullNamed(name!("PageInfo")));
    add_field(&mut connection, name!("edges"), named(&edge_name).list());
    add_field(&mut connection, name!("count"), Type::NonNullNamed(name!("Int")));
    let mut edge = Fields::default();
    add_field(&mut edge, name!("cursor"), Type::NonNullNamed(name!("String")));
    add_field(&mut edge, name!("node"), named(&class.type_name));
    [object(connection_name(class), &[], connection), object(edge_name, &[], edge)]
}
