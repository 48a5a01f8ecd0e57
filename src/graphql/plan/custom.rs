//! What is written of fields that the user's own definitions add, and of the types that they define.

use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::executable::Field;
use apollo_compiler::schema::{EnumType, ExtendedType};
use apollo_compiler::{Name, Node};

use super::{ArraySelection, Collector, Nullness, ObjectSelection, RecordSelection, Slot};
use crate::graphql::custom::Source;

/// A field of the user's own definitions, or of one of his types.
pub(crate) struct CustomField {
    /// The type that has the field.
    pub(crate) parent: Name,
    /// The field of the document, for its arguments.
    pub(crate) field: Node<Field>,
    /// The field as its type defines it.
    pub(crate) definition: Node<FieldDefinition>,
    /// What gives it its value.
    pub(crate) source: Source,
    /// What is written of the value.
    pub(crate) kind: Kind,
}

/// What is written of a value, or of each element of a list.
pub(crate) enum Kind {
    /// A scalar, by its name.
    Scalar(Name),
    /// One of the values of an enum.
    Enum(Node<EnumType>),
    /// An object of one of these types; more than one for interfaces and unions.
    Object(Vec<Shape>),
}

/// What is written of an object of a type.
pub(crate) struct Shape {
    /// The type.
    pub(crate) type_name: Name,
    /// What is written.
    pub(crate) content: ShapeContent,
}

/// What is written of an object.
pub(crate) enum ShapeContent {
    /// An object of a class.
    Class(ObjectSelection),
    /// An access control list.
    Acl(RecordSelection),
    /// A file.
    File(RecordSelection),
    /// An element of an array that is no object.
    Element(RecordSelection),
    /// Members of plain JSON.
    Own(Vec<OwnSlot>),
}

/// A field of an object that is plain JSON.
pub(crate) struct OwnSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there; the name of the type if nothing else.
    pub(crate) field: Option<CustomField>,
}

impl CustomField {
    /// What these fields, which select one field of an object of this type, lead to. Nothing if the type
    /// does not have it from the user's definitions.
    pub(crate) fn of(
        parent: &Name,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Option<Self> {
        let first = *fields.first()?;
        let (definition, source) = collector.schema().custom().field(parent, &first.name)?;
        Self::with(parent, Node::clone(definition), source.clone(), (collector, fields))
    }

    /// The same for a type of plain JSON, whoever defines it.
    fn of_own(parent: &Name, collector: &Collector<'_>, fields: &[&Node<Field>]) -> Option<Self> {
        let first = *fields.first()?;
        if let Some(own) = Self::of(parent, collector, fields) {
            return Some(own);
        }
        let definition = collector.schema().types().type_field(parent, &first.name).ok()?;
        Self::with(parent, Node::clone(definition), Source::Parent, (collector, fields))
    }

    fn with(
        parent: &Name,
        definition: Node<FieldDefinition>,
        source: Source,
        (collector, fields): (&Collector<'_>, &[&Node<Field>]),
    ) -> Option<Self> {
        let field = Node::clone(fields.first()?);
        let kind = Kind::of(definition.ty.inner_named_type(), collector, fields)?;
        Some(Self { parent: parent.clone(), field, definition, source, kind })
    }

    /// The type of its value.
    pub(crate) fn ty(&self) -> &Type {
        &self.definition.ty
    }

    /// The place in the answer. Whether it may be null says the type that has the field, not the interface
    /// through which it is selected.
    pub(crate) fn slot(&self) -> Slot {
        let nullness =
            if self.ty().is_non_null() { Nullness::Required } else { Nullness::Nullable };
        Slot { nullness, ..Slot::of(&self.field) }
    }
}

impl Kind {
    fn of(type_name: &Name, collector: &Collector<'_>, fields: &[&Node<Field>]) -> Option<Self> {
        let schema = collector.schema();
        let shape = |type_name: &Name| Shape::of(type_name, collector, fields);
        Some(match schema.types().types.get(type_name)? {
            ExtendedType::Scalar(scalar) => Self::Scalar(scalar.name.clone()),
            ExtendedType::Enum(definition) => Self::Enum(Node::clone(definition)),
            ExtendedType::Object(object) => Self::Object(vec![shape(&object.name)?]),
            ExtendedType::Interface(interface) => {
                let implementers = schema.implementers().get(&interface.name);
                let objects = implementers.iter().flat_map(|known| &known.objects);
                Self::Object(objects.filter_map(shape).collect())
            }
            ExtendedType::Union(union) => Self::Object(
                union.members.iter().filter_map(|member| shape(&member.name)).collect(),
            ),
            ExtendedType::InputObject(_) => return None,
        })
    }

    /// Whether an object says itself of which type it is.
    pub(crate) fn is_abstract(&self, ty: &Type) -> bool {
        match self {
            Self::Object(shapes) => {
                let named = ty.inner_named_type();
                !matches!(shapes.as_slice(), [only] if only.type_name == *named)
            }
            Self::Scalar(_) | Self::Enum(_) => false,
        }
    }
}

impl Shape {
    fn of(type_name: &Name, collector: &Collector<'_>, fields: &[&Node<Field>]) -> Option<Self> {
        let record = || RecordSelection::of_type(type_name, collector, fields);
        let content = match (collector.schema().class_of_type(type_name), type_name.as_str()) {
            (Some(types), _) => {
                let class = types.class.name.clone();
                ShapeContent::Class(ObjectSelection::of(&class, collector, fields)?)
            }
            (None, "ACL") => ShapeContent::Acl(record()),
            (None, "FileInfo") => ShapeContent::File(record()),
            (None, "Element") => ShapeContent::Element(record()),
            (None, _) => {
                let slots = collector.below(type_name, fields).into_iter();
                ShapeContent::Own(
                    slots.filter_map(|fields| own_slot(type_name, collector, &fields)).collect(),
                )
            }
        };
        Some(Self { type_name: type_name.clone(), content })
    }
}

fn own_slot(parent: &Name, collector: &Collector<'_>, fields: &[&Node<Field>]) -> Option<OwnSlot> {
    let first = fields.first()?;
    if first.name == "__typename" {
        return Some(OwnSlot { slot: Slot::of(first), field: None });
    }
    let field = CustomField::of_own(parent, collector, fields)?;
    Some(OwnSlot { slot: field.slot(), field: Some(field) })
}

impl ArraySelection {
    /// The position of what is written of objects of a class, among [`ArraySelection::classes`].
    pub(crate) fn position(&self, class: &str) -> Option<usize> {
        self.classes().position(|selection| selection.types.class.name == *class)
    }
}
