//! Leaves out of a schema what names types that are not there: a class that the file counts on may be
//! gone, or not there yet.

use std::collections::HashSet;

use apollo_compiler::ast::{FieldDefinition, InputValueDefinition};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};

use super::read::field_names;
use super::{CustomSchema, is_root};

/// Takes what can not be out of a schema, until all that is left fits together.
pub(super) fn prune(custom: &CustomSchema, schema: &mut Schema) {
    let mut left_out = HashSet::new();
    loop {
        let missing = missing(custom, schema);
        if missing.is_empty() || missing.is_subset(&left_out) {
            break;
        }
        for own in custom.own_types() {
            let name = own.name();
            let Some(mut present) = schema.types.get(name).cloned() else { continue };
            if !prune_type(&mut present, &field_names(own), &missing) {
                continue;
            }
            if is_empty(&present) && !is_root(name) {
                schema.types.swap_remove(name);
            } else {
                schema.types.insert(name.clone(), present);
            }
        }
        left_out.extend(missing);
    }
    if !left_out.is_empty() {
        let mut names: Vec<&str> = left_out.iter().map(|name| name.as_str()).collect();
        names.sort_unstable();
        tracing::warn!(
            types = names.join(", "),
            "parts of the GraphQL definitions are left out: no class gives these types"
        );
    }
}

/// The types that our definitions name and the schema does not have.
fn missing(custom: &CustomSchema, schema: &Schema) -> HashSet<Name> {
    let mut named: Vec<&Name> = Vec::new();
    for own in custom.own_types() {
        match schema.types.get(own.name()) {
            Some(ExtendedType::Object(object)) => {
                let fields =
                    field_names(own).into_iter().filter_map(|name| object.fields.get(name));
                named.extend(fields.flat_map(|field| types_of(field)));
                named.extend(object.implements_interfaces.iter().map(|name| &name.name));
            }
            Some(ExtendedType::Interface(interface)) => {
                named.extend(interface.fields.values().flat_map(|field| types_of(field)));
                named.extend(interface.implements_interfaces.iter().map(|name| &name.name));
            }
            Some(ExtendedType::Union(union)) => {
                named.extend(union.members.iter().map(|member| &member.name));
            }
            Some(ExtendedType::InputObject(input)) => {
                named.extend(input.fields.values().map(|field| field.ty.inner_named_type()));
            }
            Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)) | None => {}
        }
    }
    named.into_iter().filter(|name| !schema.types.contains_key(*name)).cloned().collect()
}

/// The types that a field and its arguments name.
fn types_of(field: &FieldDefinition) -> impl Iterator<Item = &Name> {
    let arguments = field.arguments.iter().map(|argument| argument.ty.inner_named_type());
    std::iter::once(field.ty.inner_named_type()).chain(arguments)
}

/// Takes members out of a type that name unknown types; tells whether there were any.
fn prune_type(present: &mut ExtendedType, own: &[&Name], missing: &HashSet<Name>) -> bool {
    let is_own = |name: &Name| own.contains(&name);
    let fits = |field: &FieldDefinition| {
        !missing.contains(field.ty.inner_named_type())
            && field.arguments.iter().all(|argument| fits_input(argument, missing))
    };
    match present {
        ExtendedType::Object(object) => {
            let wrong = |name: &Name, field: &FieldDefinition| is_own(name) && !fits(field);
            let has_wrong = object.fields.iter().any(|(name, field)| wrong(name, field))
                || object.implements_interfaces.iter().any(|name| missing.contains(&name.name));
            if has_wrong {
                let object = object.make_mut();
                object.fields.retain(|name, field| !wrong(name, field));
                object.implements_interfaces.retain(|name| !missing.contains(&name.name));
            }
            has_wrong
        }
        ExtendedType::Interface(interface) => {
            let has_wrong = interface.fields.values().any(|field| !fits(field))
                || interface.implements_interfaces.iter().any(|name| missing.contains(&name.name));
            if has_wrong {
                let interface = interface.make_mut();
                interface.fields.retain(|_, field| fits(field));
                interface.implements_interfaces.retain(|name| !missing.contains(&name.name));
            }
            has_wrong
        }
        ExtendedType::Union(union) => {
            let has_wrong = union.members.iter().any(|member| missing.contains(&member.name));
            if has_wrong {
                union.make_mut().members.retain(|member| !missing.contains(&member.name));
            }
            has_wrong
        }
        ExtendedType::InputObject(input) => {
            let has_wrong = input.fields.values().any(|field| !fits_input(field, missing));
            if has_wrong {
                input.make_mut().fields.retain(|_, field| fits_input(field, missing));
            }
            has_wrong
        }
        ExtendedType::Scalar(_) | ExtendedType::Enum(_) => false,
    }
}

fn fits_input(input: &InputValueDefinition, missing: &HashSet<Name>) -> bool {
    !missing.contains(input.ty.inner_named_type())
}

fn is_empty(known: &ExtendedType) -> bool {
    match known {
        ExtendedType::Object(object) => object.fields.is_empty(),
        ExtendedType::Interface(interface) => interface.fields.is_empty(),
        ExtendedType::Union(union) => union.members.is_empty(),
        ExtendedType::InputObject(input) => input.fields.is_empty(),
        ExtendedType::Scalar(_) | ExtendedType::Enum(_) => false,
    }
}
