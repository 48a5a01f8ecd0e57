//! Writes the elements of arrays: objects of classes, and anything else.

use serde_json::value::RawValue;

use super::object::{Bound, Child};
use super::{Nulled, Writer, Writing};
use crate::access::ObjectView;
use crate::graphql::names::type_name;
use crate::graphql::plan::{ArraySelection, RecordSelection};
use crate::value::{Cell, ClassName, Json, wire};

impl<'a> Writer<'a> {
    /// An array. Pointers whose objects the caller may see are written as those objects.
    pub(super) fn array(
        &mut self,
        selection: &'a ArraySelection,
        child: Option<&Child<'a>>,
        cell: Cell<'a>,
    ) -> Writing {
        let Cell::Json(text) = cell else { return Err(Nulled) };
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else { return Err(Nulled) };
        self.out.push(b'[');
        for (at, element) in elements.into_iter().enumerate() {
            let element = element.get();
            self.element(at, |writer| {
                if element == "null" {
                    return writer.raw(b"null");
                }
                match target(element, child) {
                    Some((_, Some(bound), row)) => writer.object(bound, row),
                    Some((class, None, _)) => writer.other_object(&selection.rest, &class),
                    None => writer.plain_element(&selection.element, element),
                }
            });
        }
        self.out.push(b']');
        Ok(())
    }

    /// An object of a class that no fragment names.
    pub(super) fn other_object(&mut self, selection: &'a RecordSelection, class: &str) -> Writing {
        let type_name = type_name(class);
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| writer.text(&type_name))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// An element that is no object of a class, from its JSON text.
    pub(super) fn plain_element(
        &mut self,
        selection: &'a RecordSelection,
        element: &str,
    ) -> Writing {
        self.record(selection, |writer, _, _| writer.raw(element.as_bytes()))
    }
}

/// The object that an element points to, with its class and what is written of it.
fn target<'a, 'b>(
    element: &str,
    child: Option<&'b Child<'a>>,
) -> Option<(ClassName, Option<&'b Bound<'a>>, ObjectView<'a>)> {
    let Some(Child::Behind(branch, bounds)) = child else { return None };
    if !element.starts_with('{') || !element.contains("\"__type\"") {
        return None;
    }
    let pointer = wire::read_pointer(&Json::parse(element.as_bytes()).ok()?)?;
    let (found, row) = branch.targets.get(&pointer.class, &pointer.id)?;
    let bound = bounds.iter().flatten().find(|bound| std::ptr::eq(bound.found, found));
    Some((pointer.class, bound, row))
}
