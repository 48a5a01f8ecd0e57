//! What is written of an object of a class.

use std::sync::Arc;

use apollo_compiler::executable::Field;
use apollo_compiler::{Name, Node};

use super::{ArraySelection, Collector, CustomField, PageSelection, RecordSelection, Slot};
use crate::graphql::build::ClassTypes;
use crate::graphql::custom::Source;
use crate::schema::FieldType;
use crate::value::{ClassName, FieldName};

/// What is written of an object of a class.
pub(crate) struct ObjectSelection {
    /// The class.
    pub(crate) types: Arc<ClassTypes>,
    /// The fields, in order.
    pub(crate) slots: Vec<ObjectSlot>,
    /// Whether a relation is selected, here or behind a pointer.
    pub(crate) reach: Reach,
}

/// Whether an object's own row and the rows behind its pointers are all that is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    /// They are.
    #[default]
    Row,
    /// A relation has to be read too, or a field of the user's own definitions.
    Beyond,
}

/// A field of an object.
pub(crate) struct ObjectSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: Content,
}

/// What stands in a field of an object.
pub(crate) enum Content {
    /// The name of the type.
    TypeName(Name),
    /// Null, always: nothing gives this field a value.
    Nothing,
    /// What identity providers answered when the object was written, if it is the one that was.
    AuthDataResponse,
    /// The global id.
    GlobalId,
    /// The id within the class.
    ObjectId,
    /// The value of a field.
    Scalar(FieldName),
    /// The access control list.
    Acl(RecordSelection),
    /// A file.
    File(FieldName, RecordSelection),
    /// A point.
    Point(FieldName, RecordSelection),
    /// A list of points.
    Polygon(FieldName, RecordSelection),
    /// A list of objects and other elements.
    Array(FieldName, ArraySelection),
    /// An object behind a pointer.
    Pointer(FieldName, ObjectSelection),
    /// Objects in a relation; the field of the document holds the arguments.
    Relation(FieldName, Node<Field>, PageSelection),
    /// A field of the user's own definitions; the column that its value is read from, if there is one.
    Custom(Option<FieldName>, Box<CustomField>),
}

impl ObjectSelection {
    /// What these fields, which lead to objects of a class, select.
    pub(crate) fn of(
        class: &ClassName,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Option<Self> {
        let types = Arc::clone(collector.schema().class(class)?);
        let collected = collector.below(&types.names.type_name, fields);
        let slots: Vec<ObjectSlot> =
            collected.iter().filter_map(|fields| slot(&types, collector, fields)).collect();
        let reach = if slots.iter().any(|slot| slot.content.leaves_row()) {
            Reach::Beyond
        } else {
            Reach::Row
        };
        Some(Self { types, slots, reach })
    }
}

impl Content {
    fn leaves_row(&self) -> bool {
        match self {
            Self::Relation(..) | Self::Custom(..) => true,
            Self::Pointer(_, target) => target.reach == Reach::Beyond,
            Self::Array(_, elements) => {
                elements.classes().any(|selection| selection.reach == Reach::Beyond)
            }
            Self::TypeName(_)
            | Self::Nothing
            | Self::AuthDataResponse
            | Self::GlobalId
            | Self::ObjectId
            | Self::Scalar(_)
            | Self::Acl(_)
            | Self::File(..)
            | Self::Point(..)
            | Self::Polygon(..) => false,
        }
    }
}

fn slot(
    types: &ClassTypes,
    collector: &Collector<'_>,
    fields: &[&Node<Field>],
) -> Option<ObjectSlot> {
    let first = fields.first()?;
    Some(ObjectSlot { slot: Slot::of(first), content: content(types, collector, fields)? })
}

fn content(
    types: &ClassTypes,
    collector: &Collector<'_>,
    fields: &[&Node<Field>],
) -> Option<Content> {
    let first = fields.first()?;
    match first.name.as_str() {
        "__typename" => return Some(Content::TypeName(types.names.type_name.clone())),
        "id" => return Some(Content::GlobalId),
        "objectId" => return Some(Content::ObjectId),
        _ => {}
    }
    if let Some(custom) = CustomField::of(&types.names.type_name, collector, fields) {
        return Some(Content::Custom(column(types, &custom), Box::new(custom)));
    }
    let Some((name, field)) = types.class.known(&first.name) else {
        let is_response = first.name == "authDataResponse";
        return Some(if is_response { Content::AuthDataResponse } else { Content::Nothing });
    };
    let name = name.clone();
    let record = || RecordSelection::of(collector, fields);
    Some(match &field.kind {
        FieldType::String
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Object
        | FieldType::Bytes => Content::Scalar(name),
        FieldType::Acl => Content::Acl(record()),
        FieldType::File => Content::File(name, record()),
        FieldType::GeoPoint => Content::Point(name, record()),
        FieldType::Polygon => Content::Polygon(name, record()),
        FieldType::Array => Content::Array(name, ArraySelection::of(collector, fields)),
        FieldType::Pointer(target) => match ObjectSelection::of(target, collector, fields) {
            Some(selection) => Content::Pointer(name, selection),
            None => Content::Scalar(name),
        },
        FieldType::Relation(target) => match PageSelection::of(target, collector, fields) {
            Some(page) => Content::Relation(name, Node::clone(first), page),
            None => Content::Scalar(name),
        },
    })
}

/// The column behind a field of the user's own definitions: one that says no other source, and whose name is
/// that of a column that clients may read.
fn column(types: &ClassTypes, custom: &CustomField) -> Option<FieldName> {
    let (name, field) = types.class.known(&custom.field.name)?;
    let is_secret = types.class.name == *"_User" && *name == *"password";
    let is_column = match &field.kind {
        FieldType::Relation(_) => false,
        FieldType::String
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Object
        | FieldType::Array
        | FieldType::GeoPoint
        | FieldType::Polygon
        | FieldType::File
        | FieldType::Bytes
        | FieldType::Pointer(_)
        | FieldType::Acl => true,
    };
    (custom.source == Source::Parent && is_column && !is_secret).then(|| name.clone())
}
