//! What objects of a class are found with: conditions and the arguments of a find.

use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Node, name};

use super::parts::{Inputs, add_input, input, input_object, list_of, named};
use super::{Fixed, OwnField, Targets, orders};
use crate::graphql::names::{self, ClassNames};
use crate::ops::graphql_config::ClassConfig;
use crate::schema::FieldType;

/// Names that are not fields but combine conditions.
const COMBINATORS: [Name; 3] = [name!("OR"), name!("AND"), name!("NOR")];

/// The condition on objects of a class, and the condition on a pointer or a relation into it.
pub(super) fn filter_types(
    names: &ClassNames,
    own: &[OwnField<'_>],
    config: &ClassConfig,
    targets: &Targets<'_>,
) -> [ExtendedType; 2] {
    let listed = config.constraint_fields.as_deref();
    let is_in = |field: &str| listed.is_none_or(|listed| listed.iter().any(|known| known == field));
    let filter = filter_name(names);
    let mut fields = Inputs::with_capacity_and_hasher(own.len() + 4, Default::default());
    let is_field = |own: &&OwnField<'_>| !COMBINATORS.contains(&own.name) && is_in(&own.name);
    for own in own.iter().filter(is_field) {
        let ty = match own.name.as_str() {
            "objectId" => name!("IdWhereInput"),
            _ => condition(&own.field.kind, targets),
        };
        add_input(&mut fields, own.name.clone(), named(&ty));
    }
    if is_in("id") {
        add_input(&mut fields, name!("id"), named(&name!("IdWhereInput")));
    }
    for combinator in COMBINATORS {
        add_input(&mut fields, combinator, list_of(&filter));
    }
    let mut relation = Inputs::default();
    add_input(&mut relation, name!("have"), named(&filter));
    add_input(&mut relation, name!("haveNot"), named(&filter));
    add_input(&mut relation, name!("exists"), named(&name!("Boolean")));
    [input_object(filter, fields), input_object(relation_filter_name(names), relation)]
}

/// The arguments of a find, at the root and at a relation; most are the same for all classes.
pub(super) fn find_arguments(class: &ClassNames, fixed: &Fixed) -> Vec<Node<InputValueDefinition>> {
    let filter = Node::new(input(name!("where"), named(&filter_name(class))));
    let order = Node::new(input(name!("order"), list_of(&orders::order_name(class))));
    [filter, order].into_iter().chain(fixed.page_arguments.iter().cloned()).collect()
}

/// The arguments of a find that say which part of a list is wanted.
pub(super) fn page_arguments() -> Vec<Node<InputValueDefinition>> {
    let arguments: [(Name, Type); 6] = [
        (name!("skip"), named(&name!("Int"))),
        (name!("after"), named(&name!("String"))),
        (name!("first"), named(&name!("Int"))),
        (name!("before"), named(&name!("String"))),
        (name!("last"), named(&name!("Int"))),
        (name!("options"), named(&name!("ReadOptionsInput"))),
    ];
    arguments.into_iter().map(|(name, ty)| Node::new(input(name, ty))).collect()
}

/// The name of the condition on objects of a class.
pub(super) fn filter_name(class: &ClassNames) -> Name {
    names::name(&format!("{}WhereInput", class.type_name))
}

fn relation_filter_name(class: &ClassNames) -> Name {
    names::name(&format!("{}RelationWhereInput", class.type_name))
}

fn condition(kind: &FieldType, targets: &Targets<'_>) -> Name {
    match kind {
        FieldType::String => name!("StringWhereInput"),
        FieldType::Number => name!("NumberWhereInput"),
        FieldType::Boolean => name!("BooleanWhereInput"),
        FieldType::Date => name!("DateWhereInput"),
        FieldType::Object | FieldType::Acl => name!("ObjectWhereInput"),
        FieldType::Array => name!("ArrayWhereInput"),
        FieldType::Bytes => name!("BytesWhereInput"),
        FieldType::File => name!("FileWhereInput"),
        FieldType::GeoPoint => name!("GeoPointWhereInput"),
        FieldType::Polygon => name!("PolygonWhereInput"),
        FieldType::Pointer(_) | FieldType::Relation(_) => {
            targets.names(kind).map_or(name!("Object"), relation_filter_name)
        }
    }
}
