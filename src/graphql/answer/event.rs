//! Writes events of objects.

use super::object::Bound;
use super::{Nulled, Writer, Writing};
use crate::error::Result;
use crate::graphql::plan::{EventContent, EventSelection, EventSlot, Sought};
use crate::graphql::resolve::{EventOutcome, ObjectSet};
use crate::live::Kind;

impl<'a> Writer<'a> {
    /// An event.
    pub(super) fn event(
        &mut self,
        selection: &'a EventSelection,
        outcome: &'a EventOutcome,
    ) -> Writing {
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match slot.content {
                EventContent::TypeName => writer.text(&selection.type_name),
                EventContent::Event => writer.text(event_name(outcome.kind)),
                EventContent::Sequence => writer.text(&outcome.sequence),
                EventContent::Node(at) => {
                    writer.seen(slot, (&selection.nodes, at), outcome.node.as_ref())
                }
                EventContent::Original(at) => {
                    writer.seen(slot, (&selection.originals, at), outcome.original.as_ref())
                }
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn seen(
        &mut self,
        slot: &'a EventSlot,
        (sought, at): (&'a Sought, usize),
        object: Option<&'a Result<ObjectSet>>,
    ) -> Writing {
        match object {
            None => self.raw(b"null"),
            Some(Ok(set)) => {
                let selection = sought.selections.get(at).ok_or(Nulled)?;
                self.only_object(&Bound::of(selection, set, at))
            }
            Some(Err(error)) => self.failed(&slot.slot, error),
        }
    }
}

/// A value of the enumeration of events.
fn event_name(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Create) => "CREATE",
        Some(Kind::Enter) => "ENTER",
        Some(Kind::Update) => "UPDATE",
        Some(Kind::Leave) => "LEAVE",
        Some(Kind::Delete) => "DELETE",
        None => "REFETCH",
    }
}
