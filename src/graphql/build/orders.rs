//! In which order objects of a class are found.

use apollo_compiler::ast::DirectiveList;
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{self, Component, EnumValueDefinition, ExtendedType};
use apollo_compiler::{Name, Node};

use super::OwnField;
use crate::graphql::names::{self, ClassNames};
use crate::ops::graphql_config::ClassConfig;

/// The name of the order type of a class.
pub(super) fn order_name(class: &ClassNames) -> Name {
    names::name(&format!("{}Order", class.type_name))
}

/// The order type of a class: each field up and down, or what a configuration says.
pub(super) fn order_type(
    names: &ClassNames,
    own: &[OwnField<'_>],
    config: &ClassConfig,
) -> ExtendedType {
    let mut fields: Vec<(&str, bool, bool)> = own
        .iter()
        .map(|own| own.name.as_str())
        .chain(["id"])
        .filter_map(|field| {
            let Some(listed) = &config.sort_fields else { return Some((field, true, true)) };
            let listed = listed.iter().find(|listed| listed.field == field)?;
            Some((field, listed.ascending, listed.descending))
        })
        .filter(|(_, ascending, descending)| *ascending || *descending)
        .collect();
    // An enum without values is none.
    if fields.is_empty() {
        fields.push(("id", true, true));
    }
    let mut values = IndexMap::with_capacity_and_hasher(2 * fields.len(), Default::default());
    for (field, ascending, descending) in fields {
        let directions = [("ASC", ascending), ("DESC", descending)];
        for (direction, _) in directions.into_iter().filter(|(_, is_in)| *is_in) {
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
