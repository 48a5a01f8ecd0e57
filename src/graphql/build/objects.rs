//! The object type of a class.

use apollo_compiler::ast::Type;
use apollo_compiler::name;
use apollo_compiler::schema::ExtendedType;

use super::parts::{Fields, add_field, add_field_with, list_of, named, object};
use super::{OwnField, Targets, users};
use crate::graphql::names::ClassNames;
use crate::schema::{ClassSchema, Field, FieldType};

/// The object type of a class.
pub(super) fn object_type(
    class: &ClassSchema,
    names: &ClassNames,
    own: &[OwnField<'_>],
    targets: &Targets<'_>,
) -> ExtendedType {
    let mut fields = Fields::with_capacity_and_hasher(own.len() + 2, Default::default());
    let required = |scalar| Type::NonNullNamed(scalar);
    add_field(&mut fields, name!("id"), required(name!("ID")));
    add_field(&mut fields, name!("objectId"), required(name!("ID")));
    add_field(&mut fields, name!("createdAt"), required(name!("Date")));
    add_field(&mut fields, name!("updatedAt"), required(name!("Date")));
    add_field(&mut fields, name!("ACL"), required(name!("ACL")));
    for own in own.iter().filter(|own| own.is_own()) {
        if class.name == *users::USERS && own.name == "password" {
            continue;
        }
        let arguments = match own.field.kind {
            FieldType::Relation(_) => targets.find_arguments(&own.field.kind).unwrap_or_default(),
            FieldType::Pointer(_)
            | FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
            | FieldType::GeoPoint
            | FieldType::Polygon
            | FieldType::File
            | FieldType::Bytes
            | FieldType::Acl => &[],
        };
        let ty = output_type(own.field, targets);
        add_field_with(&mut fields, own.name.clone(), ty, arguments.to_vec());
    }
    if class.name == *users::USERS {
        add_field(&mut fields, name!("authDataResponse"), named(&name!("Object")));
    }
    object(names.type_name.clone(), &[name!("ParseObject"), name!("Node")], fields)
}

fn output_type(field: &Field, targets: &Targets<'_>) -> Type {
    let ty = match &field.kind {
        FieldType::String => named(&name!("String")),
        FieldType::Number => named(&name!("Float")),
        FieldType::Boolean => named(&name!("Boolean")),
        FieldType::Date => named(&name!("Date")),
        FieldType::Object => named(&name!("Object")),
        FieldType::Bytes => named(&name!("Bytes")),
        FieldType::File => named(&name!("FileInfo")),
        FieldType::GeoPoint => named(&name!("GeoPoint")),
        FieldType::Array => named(&name!("ArrayResult")).list(),
        FieldType::Polygon => list_of(&name!("GeoPoint")),
        FieldType::Acl => Type::NonNullNamed(name!("ACL")),
        FieldType::Pointer(_) => match targets.names(&field.kind) {
            Some(target) => named(&target.type_name),
            None => named(&name!("Object")),
        },
        FieldType::Relation(_) => match targets.names(&field.kind) {
            Some(target) => Type::NonNullNamed(super::connections::connection_name(target)),
            None => Type::NonNullNamed(name!("Object")),
        },
    };
    if field.required { ty.non_null() } else { ty }
}
