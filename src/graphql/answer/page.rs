//! Writes pages of objects.

use super::object::Bound;
use super::{Nulled, Writer, Writing};
use crate::graphql::global_id::write_cursor;
use crate::graphql::plan::{EdgeContent, EdgeSlot, PageContent, PageSelection, RecordSelection};
use crate::graphql::resolve::PageRows;
use crate::value::json::write_integer;

impl<'a> Writer<'a> {
    /// A page: `bounds` are the selections of its objects.
    pub(super) fn page(
        &mut self,
        selection: &'a PageSelection,
        bounds: &[Bound<'a>],
        rows: &PageRows,
    ) -> Writing {
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match &slot.content {
                PageContent::TypeName(name) => writer.text(name),
                PageContent::Count => {
                    let count = rows.count.unwrap_or(0);
                    write_integer(i64::try_from(count).unwrap_or(i64::MAX), &mut writer.out);
                    Ok(())
                }
                PageContent::PageInfo(info) => writer.page_info(info, rows),
                PageContent::Edges(edge, slots) => writer.edges(edge, slots, bounds, rows),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn page_info(&mut self, selection: &'a RecordSelection, rows: &PageRows) -> Writing {
        let read = rows.rows.len() as u64;
        let last = rows.offset + read.saturating_sub(1);
        let count = rows.count.unwrap_or(0);
        self.record(selection, |writer, name, _| match name {
            "hasNextPage" => writer.flag(count > rows.offset + read),
            "hasPreviousPage" => writer.flag(count > 0 && rows.offset > 0),
            "startCursor" => writer.cursor(rows.offset),
            "endCursor" => writer.cursor(last),
            _ => Err(Nulled),
        })
    }

    fn edges(
        &mut self,
        edge: &'a str,
        slots: &'a [EdgeSlot],
        bounds: &[Bound<'a>],
        rows: &PageRows,
    ) -> Writing {
        self.out.push(b'[');
        for (at, row) in rows.rows.iter().enumerate() {
            self.element(at, |writer| {
                writer.out.push(b'{');
                for (position, slot) in slots.iter().enumerate() {
                    writer.comma(position);
                    writer.field(&slot.slot, |writer| match slot.content {
                        EdgeContent::TypeName => writer.text(edge),
                        EdgeContent::Cursor => writer.cursor(rows.offset + at as u64),
                        EdgeContent::Node(node) => match bounds.get(node) {
                            Some(bound) => writer.object(bound, bound.found.objects.object(*row)),
                            None => Err(Nulled),
                        },
                    })?;
                }
                writer.out.push(b'}');
                Ok(())
            });
        }
        self.out.push(b']');
        Ok(())
    }

    fn cursor(&mut self, offset: u64) -> Writing {
        write_cursor(offset, &mut self.out);
        Ok(())
    }

    pub(super) fn flag(&mut self, flag: bool) -> Writing {
        self.raw(if flag { b"true" } else { b"false" })
    }
}
