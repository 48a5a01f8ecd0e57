//! Writes answers: bytes straight from rows, in the order of the selection, with nulls where something
//! failed and the errors beside them.
//!
//! Where a field that may not be null has no value, what was written of its object is taken back and the
//! object becomes null, or what holds it in turn.

mod array;
mod class;
mod custom;
mod event;
mod object;
mod page;
mod record;
mod viewer;

use apollo_compiler::parser::{SourceMap, SourceSpan};

use super::build::AccountVerb;
use super::errors::{GraphQlError, Kind, Openness, Place, Step, from_verb, write_errors};
use super::global_id::write_global_id;
use super::introspection::Types;
use super::plan::{
    Action, ClassPayload, ConfigPayload, Nullness, ObjectPayload, ObjectSelection, PayloadContent,
    PayloadSlot, Plan, Root, Slot,
};
use super::resolve::{Outcome, Shown, Subject, Written};
use crate::error::{Error, Result};
use crate::value::Json;
use crate::value::json::write_string;
use crate::value::wire::FileUrls;

use object::Bound;

/// More errors than this are counted but not told.
const ERRORS_MAX: usize = 1_000;

/// There is no value where there has to be one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nulled;

type Writing = std::result::Result<(), Nulled>;

/// A step of the path to what is being written.
#[derive(Clone, Copy, Debug)]
enum At<'a> {
    Key(&'a str),
    Index(usize),
}

/// What an answer is written with.
pub(crate) struct Writer<'a> {
    out: Vec<u8>,
    path: Vec<At<'a>>,
    errors: Vec<GraphQlError>,
    surroundings: Surroundings<'a>,
}

/// What the writer has to know besides rows.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// Where files are found.
    pub(crate) files: &'a FileUrls,
    /// The text of the document, for places.
    pub(crate) sources: &'a SourceMap,
    /// The type of the root.
    pub(crate) root_type: &'a str,
    /// What the compiler said of the schema.
    pub(crate) types: Option<&'a Types>,
    /// How much the caller learns of refusals.
    pub(crate) openness: Openness,
}

/// Writes the whole body of an answer.
pub(crate) fn write_answer<'a>(
    plan: &'a Plan,
    outcomes: &'a [Result<Outcome>],
    surroundings: Surroundings<'a>,
) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::with_capacity(1024),
        path: Vec::new(),
        errors: Vec::new(),
        surroundings,
    };
    writer.out.extend_from_slice(b"{\"data\":");
    let data = writer.out.len();
    if writer.roots(plan, outcomes).is_err() {
        writer.take_back(data);
    }
    let Writer { mut out, errors, .. } = writer;
    if !errors.is_empty() {
        out.push(b',');
        write_errors(&errors, &mut out);
    }
    out.push(b'}');
    out
}

impl<'a> Writer<'a> {
    fn roots(&mut self, plan: &'a Plan, outcomes: &'a [Result<Outcome>]) -> Writing {
        self.out.push(b'{');
        for (at, (root, outcome)) in plan.roots.iter().zip(outcomes).enumerate() {
            self.comma(at);
            self.field(&root.slot, |writer| match outcome {
                Ok(outcome) => writer.outcome(root, outcome),
                Err(error) => writer.root_failed(root, error),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn outcome(&mut self, root: &'a Root, outcome: &'a Outcome) -> Writing {
        match (&root.action, outcome) {
            (Action::TypeName, _) => self.text(self.surroundings.root_type),
            (Action::Health, _) => self.raw(b"true"),
            (Action::Types, _) => self.types(&root.slot),
            (Action::Get(selection, _), Outcome::Object(set)) => {
                self.only_object(&Bound::of(selection, set, 0))
            }
            (_, Outcome::Node(selection, set)) => self.only_object(&Bound::of(selection, set, 0)),
            (Action::Find(_, selection), Outcome::Page(set, rows)) => {
                let bounds = Bound::all(&selection.nodes, set);
                self.page(selection, &bounds, rows)
            }
            (Action::Class(selection), Outcome::Class(class)) => self.class(selection, class),
            (Action::Classes(selection), Outcome::Classes(classes)) => {
                self.classes(selection, classes)
            }
            (Action::Config(selection), Outcome::Config(value)) => {
                self.config_value(selection, value)
            }
            (Action::WriteConfig(payload), Outcome::Written(written)) => {
                self.config_payload(payload, written)
            }
            (Action::CreateFile(payload), Outcome::Written(written)) => {
                self.file_payload(payload, written)
            }
            (Action::Viewer(selection), Outcome::Viewer(viewer)) => {
                self.viewer((selection, 0), viewer)
            }
            (Action::LogIn(_, payload), Outcome::Written(written)) => {
                self.viewer_payload(payload, written)
            }
            (
                Action::Account(_, payload) | Action::CallFunction(payload),
                Outcome::Written(written),
            ) => self.value_payload(payload, written),
            (Action::WriteObject(_, payload), Outcome::Written(written)) => {
                self.object_payload(payload, written)
            }
            (Action::WriteClass(_, payload), Outcome::Written(written)) => {
                self.class_payload(payload, written)
            }
            (Action::Subscribe(selection), Outcome::Event(event)) => self.event(selection, event),
            (Action::Custom(field), Outcome::Custom(tree)) => {
                self.typed(field, field.ty(), tree, 0)
            }
            (
                Action::Get(..)
                | Action::Custom(_)
                | Action::Subscribe(_)
                | Action::Find(..)
                | Action::Node(_)
                | Action::Class(_)
                | Action::Classes(_)
                | Action::Config(_)
                | Action::Viewer(_)
                | Action::LogIn(..)
                | Action::Account(..)
                | Action::WriteConfig(_)
                | Action::CallFunction(_)
                | Action::CreateFile(_)
                | Action::WriteObject(..)
                | Action::WriteClass(..),
                _,
            ) => Err(Nulled),
        }
    }

    fn config_payload(&mut self, payload: &'a ConfigPayload, written: &'a Written) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, at| {
            match &written.subject {
                Subject::Config(value) => writer.config_value(&payload.values[at], value),
                Subject::Object(_)
                | Subject::Viewer(_)
                | Subject::Value(_)
                | Subject::File(_)
                | Subject::Class(_) => Err(Nulled),
            }
        })
    }

    fn file_payload(&mut self, payload: &'a ConfigPayload, written: &'a Written) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, at| {
            match &written.subject {
                Subject::File(file) => writer.saved_file(&payload.values[at], file),
                Subject::Object(_)
                | Subject::Viewer(_)
                | Subject::Value(_)
                | Subject::Config(_)
                | Subject::Class(_) => Err(Nulled),
            }
        })
    }

    fn class_payload(&mut self, payload: &'a ClassPayload, written: &'a Written) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, at| {
            match &written.subject {
                Subject::Class(class) => writer.class(&payload.classes[at], class),
                Subject::Object(_)
                | Subject::Viewer(_)
                | Subject::Value(_)
                | Subject::File(_)
                | Subject::Config(_) => Err(Nulled),
            }
        })
    }

    fn object_payload(&mut self, payload: &'a ObjectPayload, written: &'a Written) -> Writing {
        self.payload(&payload.type_name, &payload.slots, written, |writer, at| {
            match &written.subject {
                Subject::Object(shown) => writer.shown((&payload.objects, at), shown),
                Subject::Viewer(_)
                | Subject::Value(_)
                | Subject::Class(_)
                | Subject::Config(_)
                | Subject::File(_) => Err(Nulled),
            }
        })
    }

    /// An object that was written, as that one of its selections.
    fn shown(
        &mut self,
        (selections, at): (&'a [ObjectSelection], usize),
        shown: &'a Shown,
    ) -> Writing {
        match shown {
            Shown::Set(set) => self.only_object(&Bound::of(&selections[at], set, at)),
            Shown::Id(id) => self.bare_object(&selections[at], id),
        }
    }

    fn payload(
        &mut self,
        type_name: &'a str,
        slots: &'a [PayloadSlot],
        written: &'a Written,
        subject: impl Fn(&mut Self, usize) -> Writing,
    ) -> Writing {
        self.out.push(b'{');
        for (at, slot) in slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match slot.content {
                PayloadContent::TypeName => writer.text(type_name),
                PayloadContent::ClientMutationId => match &written.client_mutation_id {
                    Some(id) => writer.json(id),
                    None => writer.raw(b"null"),
                },
                PayloadContent::Subject(at) => subject(writer, at),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn types(&mut self, slot: &Slot) -> Writing {
        match self.surroundings.types.and_then(|types| types.get(&*slot.key)) {
            Some(types) => self.raw(types),
            None => self.raw(b"null"),
        }
    }

    /// Writes a key and its value. A value that is missing becomes null where it may.
    fn field(&mut self, slot: &'a Slot, value: impl FnOnce(&mut Self) -> Writing) -> Writing {
        self.out.push(b'"');
        self.out.extend_from_slice(slot.key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.path.push(At::Key(&slot.key));
        let from = self.out.len();
        let written = value(self);
        self.path.pop();
        match (written, slot.nullness) {
            (Err(Nulled), Nullness::Nullable) => {
                self.take_back(from);
                Ok(())
            }
            (written, _) => written,
        }
    }

    /// Writes an element of a list whose elements may be null.
    fn element(&mut self, at: usize, value: impl FnOnce(&mut Self) -> Writing) {
        self.comma(at);
        self.path.push(At::Index(at));
        let from = self.out.len();
        if value(self).is_err() {
            self.take_back(from);
        }
        self.path.pop();
    }

    /// Null, which where it may not stand is an error of its own.
    fn null(&mut self, slot: &Slot, type_name: &str, field: &str) -> Writing {
        match slot.nullness {
            Nullness::Nullable => self.raw(b"null"),
            Nullness::Required => {
                let message =
                    format!("Cannot return null for non-nullable field {type_name}.{field}.");
                self.error(slot.span, GraphQlError::new(Kind::InternalServerError, message));
                Err(Nulled)
            }
        }
    }

    fn failed(&mut self, slot: &Slot, error: &Error) -> Writing {
        let error = from_verb(error, self.surroundings.openness);
        self.error(slot.span, error);
        Err(Nulled)
    }

    /// Two resolvers of the original let errors out without their codes.
    fn root_failed(&mut self, root: &Root, error: &Error) -> Writing {
        let mut told = from_verb(error, self.surroundings.openness);
        let has_code = !matches!(
            root.action,
            Action::Account(AccountVerb::ResetPassword | AccountVerb::ConfirmResetPassword, _)
        );
        if !has_code {
            told.kind = Kind::InternalServerError;
        }
        self.error(root.slot.span, told);
        Err(Nulled)
    }

    fn error(&mut self, span: Option<SourceSpan>, mut error: GraphQlError) {
        if self.errors.len() >= ERRORS_MAX {
            return;
        }
        error.places.extend(Place::of(span, self.surroundings.sources));
        let steps = self.path.iter().map(|step| match step {
            At::Key(key) => Step::Key((*key).to_owned()),
            At::Index(at) => Step::Index(*at),
        });
        error.path = steps.collect();
        self.errors.push(error);
    }

    fn take_back(&mut self, from: usize) {
        self.out.truncate(from);
        self.out.extend_from_slice(b"null");
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.out.push(b',');
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> Writing {
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Writing {
        write_string(text, &mut self.out);
        Ok(())
    }

    fn json(&mut self, value: &Json) -> Writing {
        value.write(&mut self.out);
        Ok(())
    }

    fn global_id(&mut self, class: &str, id: &str) -> Writing {
        write_global_id(class, id, &mut self.out);
        Ok(())
    }
}
