//! What is written after a mutation.

use apollo_compiler::executable::Field;
use apollo_compiler::{Name, Node};

use super::{ClassSelection, Collector, Columns, ObjectSelection, RecordSelection, Slot};
use crate::value::ClassName;

/// What is written after a mutation of an object.
pub(crate) struct ObjectPayload {
    /// The class.
    pub(crate) class: ClassName,
    /// The payload type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<PayloadSlot>,
    /// What is written of the object; more than one if it is selected under several names.
    pub(crate) objects: Vec<ObjectSelection>,
    /// The columns that the object needs.
    pub(crate) columns: Columns,
}

/// What is written after a mutation of a class.
pub(crate) struct ClassPayload {
    /// The payload type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<PayloadSlot>,
    /// What is written of the class; more than one if it is selected under several names.
    pub(crate) classes: Vec<ClassSelection>,
}

/// What is written after a value of the app's configuration was set, or a file stored.
pub(crate) struct ConfigPayload {
    /// The payload type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<PayloadSlot>,
    /// What is written of the value; more than one if it is selected under several names.
    pub(crate) values: Vec<RecordSelection>,
}

/// A field of a payload.
pub(crate) struct PayloadSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: PayloadContent,
}

/// What stands in a field of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadContent {
    /// The name of the type.
    TypeName,
    /// What the client sent to know its mutation again.
    ClientMutationId,
    /// What was written, as that one of the payload's selections.
    Subject(usize),
}

impl ObjectPayload {
    /// What these fields, which write objects of a class, select.
    pub(super) fn of(
        class: &ClassName,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Option<Self> {
        let mut objects = Vec::new();
        let (type_name, slots) = slots(collector, fields, |fields| {
            objects.extend(ObjectSelection::of(class, collector, fields));
        });
        let columns = Columns::of(&objects);
        Some(Self { class: class.clone(), type_name, slots, objects, columns })
    }
}

impl ClassPayload {
    /// What these fields, which write classes, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let mut classes = Vec::new();
        let (type_name, slots) = slots(collector, fields, |fields| {
            classes.push(ClassSelection::of(collector, fields));
        });
        Self { type_name, slots, classes }
    }
}

impl ConfigPayload {
    /// What these fields, which set values, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let mut values = Vec::new();
        let (type_name, slots) = slots(collector, fields, |fields| {
            values.push(RecordSelection::of(collector, fields));
        });
        Self { type_name, slots, values }
    }
}

/// The type of a payload.
pub(super) fn type_name(fields: &[&Node<Field>]) -> Name {
    let type_name = fields.first().map(|field| field.definition.ty.inner_named_type().clone());
    type_name.unwrap_or_else(|| crate::graphql::names::name("Payload"))
}

/// The type of a payload and its fields; `subject` hears of each field that leads to what was done.
pub(super) fn slots<'d>(
    collector: &Collector<'d>,
    fields: &[&'d Node<Field>],
    mut subject: impl FnMut(&[&'d Node<Field>]),
) -> (Name, Vec<PayloadSlot>) {
    let type_name = type_name(fields);
    let mut slots = Vec::new();
    let mut subjects = 0;
    for fields in collector.below(&type_name, fields) {
        let Some(first) = fields.first() else { continue };
        let content = match first.name.as_str() {
            "__typename" => PayloadContent::TypeName,
            "clientMutationId" => PayloadContent::ClientMutationId,
            _ => {
                subject(&fields);
                subjects += 1;
                PayloadContent::Subject(subjects - 1)
            }
        };
        slots.push(PayloadSlot { slot: Slot::of(first), content });
    }
    (type_name, slots)
}
