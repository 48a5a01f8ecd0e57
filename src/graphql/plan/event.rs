//! What is written of an event of a class.

use apollo_compiler::Node;
use apollo_compiler::executable::Field;

use super::payload::type_name;
use super::{Collector, Columns, ObjectSelection, Slot};
use crate::value::ClassName;

/// What is written of an event of a class.
pub(crate) struct EventSelection {
    /// The class.
    pub(crate) class: ClassName,
    /// The payload type.
    pub(crate) type_name: apollo_compiler::Name,
    /// The fields, in order.
    pub(crate) slots: Vec<EventSlot>,
    /// What is written of the object; more than one if it is selected under several names.
    pub(crate) nodes: Sought,
    /// What is written of the object as it was before.
    pub(crate) originals: Sought,
}

/// Selections of the same object, and the columns that they need.
pub(crate) struct Sought {
    /// The selections.
    pub(crate) selections: Vec<ObjectSelection>,
    /// The columns, and the pointers to follow.
    pub(crate) columns: Columns,
}

/// A field of an event.
pub(crate) struct EventSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: EventContent,
}

/// What stands in a field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventContent {
    /// The name of the type.
    TypeName,
    /// What became of the object.
    Event,
    /// Where the event stands.
    Sequence,
    /// The object, as that one of its selections.
    Node(usize),
    /// The object before, as that one of its selections.
    Original(usize),
}

impl EventSelection {
    /// What these fields, which subscribe to a class, select.
    pub(super) fn of(
        class: &ClassName,
        collector: &Collector<'_>,
        fields: &[&Node<Field>],
    ) -> Option<Self> {
        let type_name = type_name(fields);
        let (mut nodes, mut originals) = (Vec::new(), Vec::new());
        let mut slots = Vec::new();
        for fields in collector.below(&type_name, fields) {
            let first = fields.first()?;
            let content = match first.name.as_str() {
                "__typename" => EventContent::TypeName,
                "event" => EventContent::Event,
                "sequence" => EventContent::Sequence,
                "original" => {
                    originals.push(ObjectSelection::of(class, collector, &fields)?);
                    EventContent::Original(originals.len() - 1)
                }
                _ => {
                    nodes.push(ObjectSelection::of(class, collector, &fields)?);
                    EventContent::Node(nodes.len() - 1)
                }
            };
            slots.push(EventSlot { slot: Slot::of(first), content });
        }
        let [nodes, originals] = [nodes, originals].map(Sought::of);
        Some(Self { class: class.clone(), type_name, slots, nodes, originals })
    }

    /// Whether an event holds all that is written of it, so that all who see the same of it read the same.
    pub(crate) fn stays_in_row(&self) -> bool {
        self.nodes.columns.stays_in_row() && self.originals.columns.stays_in_row()
    }
}

impl Sought {
    fn of(selections: Vec<ObjectSelection>) -> Self {
        let columns = Columns::of(&selections);
        Self { selections, columns }
    }
}
