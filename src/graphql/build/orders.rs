//! In which order objects of a class are found.

use apollo_compiler::ast::DirectiveList;
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{self, Component, EnumValueDefinition, ExtendedType};
use apollo_compiler::{Name, Node};

use super::OwnField;
use crate::graphql::names::{self, ClassNames};

/// The name of the order type of a class.
pub(super) fn order_name(class: &ClassNames) -> Name {
    names::name(&format!("{}Order", class.type_name))
}

/// The order type of a class: each field up and down.
pub(super) fn order_type(names: &ClassNames, own: &[OwnField<'_>]) -> ExtendedType {
    let mut values = IndexMap::with_capacity_and_hasher(2 * own.len() + 2, Default::default());
    for field in own.iter().map(|own| own.name.as_str()).chain(["id"]) {
        for direction in ["ASC", "DESC"] {
            let value = names::name(&format!("{field}_{direction}"));
            let directives = DirectiveList::new();
            let definition =
                EnumValueDefinition { description: None, value: value.clone(), directives };
            values.insert(value, Component::new(definition));
        }
    }
    ExtendedType::Enum(Node::new(schema::EnumType {
        description: None,
        name: order_name(names),
        directives: schema::DirectiveList::default(),
        values,
    }))
}
