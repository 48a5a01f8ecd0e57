//! Writes the caller and his session, and what mutations of accounts answer.

use super::{Nulled, Writer, Writing};
use crate::graphql::plan::{ValuePayload, ViewerContent, ViewerPayload, ViewerSelection};
use crate::graphql::resolve::{Subject, Viewer, Written};

impl<'a> Writer<'a> {
    /// The caller, under that one of his names.
    pub(super) fn viewer(
        &mut self,
        (selection, at): (&'a ViewerSelection, usize),
        viewer: &'a Viewer,
    ) -> Writing {
        self.out.push(b'{');
        for (position, slot) in selection.viewers[at].iter().enumerate() {
            self.comma(position);
            self.field(&slot.slot, |writer| match slot.content {
                ViewerContent::TypeName => writer.text("Viewer"),
                ViewerContent::SessionToken => writer.text(&viewer.session_token),
                ViewerContent::User(user) => writer.shown((&selection.users, user), &viewer.user),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    pub(super) fn viewer_payload(
        &mut self,
        payload: &'a ViewerPayload,
        written: &'a Written,
    ) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, at| {
            match &written.subject {
                Subject::Viewer(viewer) => writer.viewer((&payload.viewer, at), viewer),
                Subject::Object(_)
                | Subject::Value(_)
                | Subject::Class(_)
                | Subject::Config(_)
                | Subject::File(_) => Err(Nulled),
            }
        })
    }

    pub(super) fn value_payload(
        &mut self,
        payload: &'a ValuePayload,
        written: &'a Written,
    ) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, _| {
            match &written.subject {
                Subject::Value(value) => writer.json(value),
                Subject::Object(_)
                | Subject::Viewer(_)
                | Subject::Class(_)
                | Subject::File(_)
                | Subject::Config(_) => Err(Nulled),
            }
        })
    }
}
