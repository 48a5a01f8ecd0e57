//! What is written of values that are not objects of a class: files, points, access control lists, pages'
//! ends, classes.

use apollo_compiler::executable::Field;
use apollo_compiler::{Name, Node, name};

use super::{Collector, Slot};
use crate::schema::FieldType;

/// What is written of a value whose type has a fixed set of fields.
pub(crate) struct RecordSelection {
    /// The type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<RecordSlot>,
}

/// A field of such a value.
pub(crate) struct RecordSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// The field of the type.
    pub(crate) name: Name,
    /// What is written of what stands there, if that has fields.
    pub(crate) below: Option<RecordSelection>,
}

impl RecordSelection {
    /// What these fields select of their type.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let type_name =
            fields.first().map_or("", |field| field.definition.ty.inner_named_type().as_str());
        Self::of_type(type_name, collector, fields)
    }

    /// What these fields select of a type.
    pub(super) fn of_type(
        type_name: &str,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Self {
        let collected = collector.below(type_name, fields);
        let slots = collected.iter().filter_map(|fields| {
            let first = fields.first()?;
            let leaf = first.selection_set.is_empty();
            let below = if leaf { None } else { Some(Self::of(collector, fields)) };
            Some(RecordSlot { slot: Slot::of(first), name: first.name.clone(), below })
        });
        Self { type_name: crate::graphql::names::name(type_name), slots: slots.collect() }
    }

    /// Whether a field is selected.
    pub(super) fn has(&self, field: &str) -> bool {
        self.slots.iter().any(|slot| slot.name == field)
    }
}

/// What is written of a class.
pub(crate) struct ClassSelection {
    /// The fields, in order.
    pub(crate) slots: Vec<ClassSlot>,
}

/// A field of a class's description.
pub(crate) struct ClassSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// The field of the type.
    pub(crate) name: Name,
    /// For the list of fields: what is written of a field of each type.
    pub(crate) fields: Vec<RecordSelection>,
}

impl ClassSelection {
    /// What these fields, which lead to classes, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let collected = collector.below("Class", fields);
        let slots = collected.iter().filter_map(|fields| {
            let first = fields.first()?;
            let each = |type_name: &Name| RecordSelection::of_type(type_name, collector, fields);
            let fields = if first.name == "schemaFields" {
                FIELD_TYPES.iter().map(each).collect()
            } else {
                Vec::new()
            };
            Some(ClassSlot { slot: Slot::of(first), name: first.name.clone(), fields })
        });
        Self { slots: slots.collect() }
    }
}

impl ClassSlot {
    /// What is written of a field of this type.
    pub(crate) fn field(&self, kind: &FieldType) -> Option<&RecordSelection> {
        self.fields.get(position(kind))
    }
}

const FIELD_TYPES: [Name; 13] = [
    name!("SchemaStringField"),
    name!("SchemaNumberField"),
    name!("SchemaBooleanField"),
    name!("SchemaDateField"),
    name!("SchemaObjectField"),
    name!("SchemaArrayField"),
    name!("SchemaGeoPointField"),
    name!("SchemaPolygonField"),
    name!("SchemaFileField"),
    name!("SchemaBytesField"),
    name!("SchemaPointerField"),
    name!("SchemaRelationField"),
    name!("SchemaACLField"),
];

fn position(kind: &FieldType) -> usize {
    match kind {
        FieldType::String => 0,
        FieldType::Number => 1,
        FieldType::Boolean => 2,
        FieldType::Date => 3,
        FieldType::Object => 4,
        FieldType::Array => 5,
        FieldType::GeoPoint => 6,
        FieldType::Polygon => 7,
        FieldType::File => 8,
        FieldType::Bytes => 9,
        FieldType::Pointer(_) => 10,
        FieldType::Relation(_) => 11,
        FieldType::Acl => 12,
    }
}
