//! The pieces that types are made of.

use apollo_compiler::ast::{DirectiveList, FieldDefinition, InputValueDefinition, Type};
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::schema::{self, Component, ComponentName, ExtendedType};
use apollo_compiler::{Name, Node};

/// The fields of an object type.
pub(super) type Fields = IndexMap<Name, Component<FieldDefinition>>;
/// The fields of an input type.
pub(super) type Inputs = IndexMap<Name, Component<InputValueDefinition>>;

/// The type of that name; it may be null.
pub(super) fn named(name: &Name) -> Type {
    Type::Named(name.clone())
}

/// A list of what is never null; the list may be null.
pub(super) fn list_of(name: &Name) -> Type {
    Type::NonNullNamed(name.clone()).list()
}

/// Adds a field without arguments.
pub(super) fn add_field(fields: &mut Fields, name: Name, ty: Type) {
    add_field_with(fields, name, ty, Vec::new());
}

/// Adds a field with arguments.
pub(super) fn add_field_with(
    fields: &mut Fields,
    name: Name,
    ty: Type,
    arguments: Vec<Node<InputValueDefinition>>,
) {
    let directives = DirectiveList::new();
    let field =
        FieldDefinition { description: None, name: name.clone(), arguments, ty, directives };
    fields.insert(name, Component::new(field));
}

/// An argument or an input field.
pub(super) fn input(name: Name, ty: Type) -> InputValueDefinition {
    InputValueDefinition {
        description: None,
        name,
        ty: Node::new(ty),
        default_value: None,
        directives: DirectiveList::new(),
    }
}

/// Adds an input field.
pub(super) fn add_input(inputs: &mut Inputs, name: Name, ty: Type) {
    inputs.insert(name.clone(), Component::new(input(name, ty)));
}

/// An object type that implements these interfaces.
pub(super) fn object(name: Name, interfaces: &[Name], fields: Fields) -> ExtendedType {
    let implements: IndexSet<ComponentName> = interfaces.iter().map(ComponentName::from).collect();
    ExtendedType::Object(Node::new(schema::ObjectType {
        description: None,
        name,
        implements_interfaces: implements,
        directives: schema::DirectiveList::default(),
        fields,
    }))
}

/// An input type.
pub(super) fn input_object(name: Name, fields: Inputs) -> ExtendedType {
    ExtendedType::InputObject(Node::new(schema::InputObjectType {
        description: None,
        name,
        directives: schema::DirectiveList::default(),
        fields,
    }))
}
