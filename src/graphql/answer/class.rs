//! Writes descriptions of classes.

use std::sync::Arc;

use super::{Nulled, Writer, Writing};
use crate::graphql::plan::{ClassSelection, RecordSelection};
use crate::schema::{ClassSchema, FieldType};

impl<'a> Writer<'a> {
    /// Several classes.
    pub(super) fn classes(
        &mut self,
        selection: &'a ClassSelection,
        classes: &'a [Arc<ClassSchema>],
    ) -> Writing {
        self.out.push(b'[');
        for (at, class) in classes.iter().enumerate() {
            self.comma(at);
            self.class(selection, class)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// One class.
    pub(super) fn class(
        &mut self,
        selection: &'a ClassSelection,
        class: &'a ClassSchema,
    ) -> Writing {
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match slot.name.as_str() {
                "name" => writer.text(&class.name),
                "schemaFields" => {
                    writer.out.push(b'[');
                    for (at, (name, field)) in class.fields.iter().enumerate() {
                        writer.comma(at);
                        let selection = slot.field(&field.kind).ok_or(Nulled)?;
                        writer.class_field(selection, name, &field.kind)?;
                    }
                    writer.raw(b"]")
                }
                _ => writer.text("Class"),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn class_field(
        &mut self,
        selection: &'a RecordSelection,
        field: &str,
        kind: &FieldType,
    ) -> Writing {
        self.record(selection, |writer, name, _| match name {
            "name" => writer.text(field),
            _ => writer.text(kind.target().map_or("", |target| target.as_str())),
        })
    }
}
