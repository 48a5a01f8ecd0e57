//! What is written of the caller and his session, and after mutations of accounts.

use apollo_compiler::executable::Field;
use apollo_compiler::{Name, Node};

use super::payload::{PayloadSlot, slots};
use super::{Collector, Columns, ObjectSelection, Slot};
use crate::value::ClassName;

/// What is written of the caller; under several names perhaps.
pub(crate) struct ViewerSelection {
    /// The fields, in order, once for each name.
    pub(crate) viewers: Vec<Vec<ViewerSlot>>,
    /// What is written of the user, for all of them.
    pub(crate) users: Vec<ObjectSelection>,
    /// The columns that the user needs.
    pub(crate) columns: Columns,
}

/// A field of the caller.
pub(crate) struct ViewerSlot {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// What stands there.
    pub(crate) content: ViewerContent,
}

/// What stands in a field of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViewerContent {
    /// The name of the type.
    TypeName,
    /// The token of the session.
    SessionToken,
    /// The user, written as that one of the selections.
    User(usize),
}

/// What is written after somebody logged in.
pub(crate) struct ViewerPayload {
    /// The payload type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<PayloadSlot>,
    /// What is written of him.
    pub(crate) viewer: ViewerSelection,
}

/// What is written after a mutation that answers with a plain value.
pub(crate) struct ValuePayload {
    /// The payload type.
    pub(crate) type_name: Name,
    /// The fields, in order.
    pub(crate) slots: Vec<PayloadSlot>,
}

impl ViewerSelection {
    /// What these fields, which lead to the caller, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        Self::of_all(collector, &[fields.to_vec()])
    }

    fn of_all(collector: &Collector<'_>, named: &[Vec<&Node<Field>>]) -> Self {
        let mut users = Vec::new();
        let viewers = named.iter().map(|fields| viewer(collector, fields, &mut users)).collect();
        let columns = Columns::of(&users);
        Self { viewers, users, columns }
    }
}

fn viewer(
    collector: &Collector<'_>,
    fields: &[&Node<Field>],
    users: &mut Vec<ObjectSelection>,
) -> Vec<ViewerSlot> {
    let mut slots = Vec::new();
    for fields in collector.below("Viewer", fields) {
        let Some(first) = fields.first() else { continue };
        let content = match first.name.as_str() {
            "__typename" => ViewerContent::TypeName,
            "sessionToken" => ViewerContent::SessionToken,
            _ => {
                let class = ClassName::from("_User");
                users.extend(ObjectSelection::of(&class, collector, &fields));
                ViewerContent::User(users.len().saturating_sub(1))
            }
        };
        slots.push(ViewerSlot { slot: Slot::of(first), content });
    }
    slots
}

impl ViewerPayload {
    /// What these fields, which log somebody in, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let mut named = Vec::new();
        let (type_name, slots) = slots(collector, fields, |fields| named.push(fields.to_vec()));
        Self { type_name, slots, viewer: ViewerSelection::of_all(collector, &named) }
    }
}

impl ValuePayload {
    /// What these fields select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let (type_name, slots) = slots(collector, fields, |_| {});
        Self { type_name, slots }
    }
}
