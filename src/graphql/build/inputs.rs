//! What objects of a class are written with: fields to create and to update, pointers, relations.

use apollo_compiler::ast::Type;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, name};

use super::parts::{Inputs, add_input, input_object, list_of, named};
use super::{OwnField, Targets, users};
use crate::graphql::names::{self, ClassNames};
use crate::schema::{ClassSchema, FieldType};

/// The input types with which objects of a class are written.
pub(super) fn write_types(
    class: &ClassSchema,
    names: &ClassNames,
    (own_create, own_update): (&[OwnField<'_>], &[OwnField<'_>]),
    targets: &Targets<'_>,
) -> Vec<ExtendedType> {
    let create = create_name(names);
    let update = names::name(&format!("Update{}FieldsInput", names.type_name));
    let update_fields = fields(own_update, |own| input_type(&own.field.kind, targets));
    let create_fields = fields(own_create, |own| {
        let ty = input_type(&own.field.kind, targets);
        if own.field.required { ty.non_null() } else { ty }
    });
    let mut pointer = Inputs::default();
    add_input(&mut pointer, name!("link"), named(&name!("ID")));
    add_input(&mut pointer, name!("createAndLink"), named(&create));
    let mut relation = Inputs::default();
    add_input(&mut relation, name!("add"), list_of(&name!("ID")));
    add_input(&mut relation, name!("remove"), list_of(&name!("ID")));
    add_input(&mut relation, name!("createAndAdd"), list_of(&create));
    let mut types = vec![
        input_object(update, update_fields),
        input_object(pointer_name(names), pointer),
        input_object(relation_name(names), relation),
    ];
    if class.name == *users::USERS {
        types.push(users::log_in_with_type(&create_fields));
    }
    types.push(input_object(create, create_fields));
    types
}

fn fields(own: &[OwnField<'_>], ty: impl Fn(&OwnField<'_>) -> Type) -> Inputs {
    let mut fields = Inputs::with_capacity_and_hasher(own.len(), Default::default());
    add_input(&mut fields, name!("ACL"), named(&name!("ACLInput")));
    for own in own.iter().filter(|own| own.is_own()) {
        add_input(&mut fields, own.name.clone(), ty(own));
    }
    fields
}

fn create_name(class: &ClassNames) -> Name {
    names::name(&format!("Create{}FieldsInput", class.type_name))
}

fn pointer_name(class: &ClassNames) -> Name {
    names::name(&format!("{}PointerInput", class.type_name))
}

fn relation_name(class: &ClassNames) -> Name {
    names::name(&format!("{}RelationInput", class.type_name))
}

fn input_type(kind: &FieldType, targets: &Targets<'_>) -> Type {
    match kind {
        FieldType::String => named(&name!("String")),
        FieldType::Number => named(&name!("Float")),
        FieldType::Boolean => named(&name!("Boolean")),
        FieldType::Date => named(&name!("Date")),
        FieldType::Object => named(&name!("Object")),
        FieldType::Bytes => named(&name!("Bytes")),
        FieldType::File => named(&name!("FileInput")),
        FieldType::GeoPoint => named(&name!("GeoPointInput")),
        FieldType::Array => named(&name!("Any")).list(),
        FieldType::Polygon => list_of(&name!("GeoPointInput")),
        FieldType::Acl => named(&name!("ACLInput")),
        FieldType::Pointer(_) => named(&targets.names(kind).map_or(name!("Object"), pointer_name)),
        FieldType::Relation(_) => {
            named(&targets.names(kind).map_or(name!("Object"), relation_name))
        }
    }
}
