//! Puts the definitions of a file into a schema that is being built.

use apollo_compiler::schema::{ExtendedType, ObjectType};
use apollo_compiler::{Name, Node, Schema};

use super::{CustomSchema, as_object, is_root, prune};

/// What a schema had when it was built before: which of our definitions are in it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Already {
    /// Nothing: the root types are as the classes give them.
    Nothing,
    /// The types that are defined, and the additions to the root types.
    TypesAndRoots,
}

/// Puts definitions into a schema. `generated` gives a type as the classes alone make it.
pub(crate) fn merge<'a>(
    custom: &CustomSchema,
    schema: &mut Schema,
    already: Already,
    generated: impl Fn(&Name) -> Option<&'a ExtendedType>,
) {
    if custom.is_empty() {
        return;
    }
    if already == Already::Nothing {
        add_directives(custom, schema);
    }
    for own in custom.own_types() {
        let name = own.name();
        if custom.defines(name) {
            if already == Already::Nothing {
                schema.types.insert(name.clone(), own.clone());
            }
        } else if is_root(name) {
            if already == Already::Nothing
                && let Some(root) = schema.types.get(name)
                && let Some(extended) = extended(root, own)
            {
                schema.types.insert(name.clone(), extended);
            }
        } else {
            // If there is nothing to extend, the class is not there, or not yet.
            let extended = generated(name).and_then(|generated| extended(generated, own));
            schema.types.extend(extended.map(|extended| (name.clone(), extended)));
        }
    }
    prune::prune(custom, schema);
}

fn add_directives(custom: &CustomSchema, schema: &mut Schema) {
    let own = custom.types.iter().flat_map(|types| &types.directive_definitions);
    for (name, definition) in own.filter(|(_, definition)| !definition.is_built_in()) {
        schema.directive_definitions.insert(name.clone(), Node::clone(definition));
    }
}

/// A type with the fields and interfaces that a file adds. A field of the file takes the place of one that
/// a class gives: a column that comes later must not break the file.
fn extended(generated: &ExtendedType, addition: &ExtendedType) -> Option<ExtendedType> {
    let (generated, addition) = (as_object(generated)?, as_object(addition)?);
    let mut object = ObjectType::clone(generated);
    for (name, field) in &addition.fields {
        object.fields.insert(name.clone(), field.clone());
    }
    object.implements_interfaces.extend(addition.implements_interfaces.iter().cloned());
    object.directives.extend(addition.directives.iter().cloned());
    Some(ExtendedType::Object(Node::new(object)))
}
