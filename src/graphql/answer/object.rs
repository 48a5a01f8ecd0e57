//! Writes objects of a class.

use super::{Nulled, Writer, Writing};
use crate::access::ObjectView;
use crate::error::Error;
use crate::graphql::plan::{Content, ObjectSelection, ObjectSlot, Slot};
use crate::graphql::resolve::{Below, CustomValues, ObjectSet, Related};
use crate::ops::read::{Branch, Found};
use crate::value::json::{write_number, write_string};
use crate::value::{Cell, FieldName, Form, Json, wire};

/// A selection held against the rows that it is written from: which column each field comes from is
/// looked up once, not per row.
pub(super) struct Bound<'a> {
    pub(super) selection: &'a ObjectSelection,
    pub(super) found: &'a Found,
    columns: Vec<Option<usize>>,
    children: Vec<Child<'a>>,
    auth_data_response: Option<&'a Json>,
}

/// What a field leads to.
pub(super) enum Child<'a> {
    /// Nothing.
    None,
    /// Objects behind a pointer or in an array: those of each class, if anything of them is written.
    Behind(&'a Branch, Vec<Option<Bound<'a>>>),
    /// Objects in a relation: for each set its selections.
    Related(&'a Related, Vec<Vec<Bound<'a>>>),
    /// Objects in a relation that could not be read.
    Failed(&'a Error),
    /// Values of a field of the user's own definitions.
    Custom(&'a CustomValues),
}

impl<'a> Bound<'a> {
    /// One of the selections that a set was read for.
    pub(super) fn of(selection: &'a ObjectSelection, set: &'a ObjectSet, at: usize) -> Self {
        let below = set.below.get(at).map_or(&[] as &[Below], Vec::as_slice);
        let auth_data_response = set.auth_data_response.as_ref();
        Self { auth_data_response, ..Self::bind(selection, &set.found, below) }
    }

    /// All selections that a set was read for.
    pub(super) fn all(selections: &'a [ObjectSelection], set: &'a ObjectSet) -> Vec<Self> {
        selections.iter().enumerate().map(|(at, selection)| Self::of(selection, set, at)).collect()
    }

    fn bind(selection: &'a ObjectSelection, found: &'a Found, below: &'a [Below]) -> Self {
        let column = |slot: &ObjectSlot| found.objects.column(slot.content.field()?);
        let columns = selection.slots.iter().map(column).collect();
        let leads = selection.slots.iter().any(|slot| slot.content.leads_on());
        let children = if leads { children(selection, found, below) } else { Vec::new() };
        Self { selection, found, columns, children, auth_data_response: None }
    }
}

fn children<'a>(
    selection: &'a ObjectSelection,
    found: &'a Found,
    below: &'a [Below],
) -> Vec<Child<'a>> {
    let bind = |at: usize, slot: &'a ObjectSlot| match (&slot.content, below.get(at)) {
        (Content::Relation(_, _, page), Some(Below::Relation(related))) => {
            let sets = related.sets.iter().map(|set| Bound::all(&page.nodes, set)).collect();
            Child::Related(related, sets)
        }
        (Content::Relation(..), Some(Below::Failed(error))) => Child::Failed(error),
        (Content::Custom(..), Some(Below::Custom(values))) => Child::Custom(values),
        (Content::Pointer(field, target), below) => behind(found, field, below, |_| Some(target)),
        (Content::Array(field, elements), below) => {
            behind(found, field, below, |found| elements.class(&found.class.name))
        }
        _ => Child::None,
    };
    selection.slots.iter().enumerate().map(|(at, slot)| bind(at, slot)).collect()
}

fn behind<'a>(
    found: &'a Found,
    field: &FieldName,
    below: Option<&'a Below>,
    selection: impl Fn(&Found) -> Option<&'a ObjectSelection>,
) -> Child<'a> {
    let Some(branch) = found.branch(field) else { return Child::None };
    let below_of = |at: usize| match below {
        Some(Below::Behind(below)) => below.get(at).map_or(&[] as &[Below], Vec::as_slice),
        Some(Below::Nothing | Below::Relation(_) | Below::Failed(_) | Below::Custom(_)) | None => {
            &[]
        }
    };
    let targets = branch.targets.found().iter().enumerate();
    let bounds =
        targets.map(|(at, target)| Some(Bound::bind(selection(target)?, target, below_of(at))));
    Child::Behind(branch, bounds.collect())
}

impl Content {
    /// The column that it is written from.
    fn field(&self) -> Option<&str> {
        match self {
            Self::Scalar(field)
            | Self::File(field, _)
            | Self::Point(field, _)
            | Self::Polygon(field, _)
            | Self::Array(field, _)
            | Self::Pointer(field, _) => Some(field),
            Self::Acl(_) => Some("ACL"),
            Self::TypeName(_)
            | Self::Nothing
            | Self::AuthDataResponse
            | Self::GlobalId
            | Self::ObjectId
            | Self::Custom(..)
            | Self::Relation(..) => None,
        }
    }

    fn leads_on(&self) -> bool {
        match self {
            Self::Array(..) | Self::Pointer(..) | Self::Relation(..) | Self::Custom(..) => true,
            Self::TypeName(_)
            | Self::Nothing
            | Self::AuthDataResponse
            | Self::GlobalId
            | Self::ObjectId
            | Self::Scalar(_)
            | Self::Acl(_)
            | Self::File(..)
            | Self::Point(..)
            | Self::Polygon(..) => false,
        }
    }
}

impl<'a> Writer<'a> {
    /// The only object of a set.
    pub(super) fn only_object(&mut self, bound: &Bound<'a>) -> Writing {
        if bound.found.objects.is_empty() {
            return Err(Nulled);
        }
        self.object(bound, bound.found.objects.object(0))
    }

    /// One object.
    pub(super) fn object(&mut self, bound: &Bound<'a>, row: ObjectView<'a>) -> Writing {
        self.out.push(b'{');
        for (at, slot) in bound.selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| writer.field_of_row(bound, at, row))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// One field of an object.
    pub(super) fn field_of_row(
        &mut self,
        bound: &Bound<'a>,
        at: usize,
        row: ObjectView<'a>,
    ) -> Writing {
        let cell = bound.columns[at].map_or(Cell::Null, |column| row.cell(column));
        self.content(bound, (at, &bound.selection.slots[at]), row, cell)
    }

    fn content(
        &mut self,
        bound: &Bound<'a>,
        (at, slot): (usize, &'a ObjectSlot),
        row: ObjectView<'a>,
        cell: Cell<'a>,
    ) -> Writing {
        let class = &bound.selection.types;
        let missing = matches!(cell, Cell::Null);
        match &slot.content {
            Content::TypeName(name) => self.text(name),
            Content::Nothing => self.raw(b"null"),
            Content::AuthDataResponse => match bound.auth_data_response {
                Some(response) => self.json(response),
                None => self.raw(b"null"),
            },
            Content::GlobalId => self.global_id(&class.class.name, row.id()),
            Content::Custom(_, field) => {
                self.custom_of_row(field, bound.children.get(at), row.id())
            }
            Content::ObjectId => self.text(row.id()),
            Content::Acl(selection) => self.acl(selection, cell),
            Content::Relation(field, ..) => match bound.children.get(at) {
                Some(Child::Related(related, sets)) => self.related(slot, related, sets, row.id()),
                Some(Child::Failed(error)) => self.failed(&slot.slot, error),
                Some(Child::None | Child::Behind(..) | Child::Custom(_)) | None => {
                    self.null(&slot.slot, &class.names.type_name, field)
                }
            },
            Content::Scalar(field)
            | Content::File(field, _)
            | Content::Point(field, _)
            | Content::Polygon(field, _)
            | Content::Array(field, _)
            | Content::Pointer(field, _)
                if missing =>
            {
                self.null(&slot.slot, &class.names.type_name, field)
            }
            Content::Scalar(_) => {
                let form =
                    bound.columns[at].map(|column| &bound.found.objects.column_at(column).form);
                self.scalar(cell, form.unwrap_or(&Form::Plain))
            }
            Content::File(_, selection) => self.file(selection, cell),
            Content::Point(_, selection) => self.point_cell(selection, cell),
            Content::Polygon(_, selection) => self.polygon(selection, cell),
            Content::Array(_, selection) => self.array(selection, bound.children.get(at), cell),
            Content::Pointer(field, target) => match self.behind(bound, at, target, cell) {
                Some((target, row)) => self.object(target, row),
                None => self.null(&slot.slot, &class.names.type_name, field),
            },
        }
    }

    /// The object behind a pointer, if the caller may see it.
    fn behind<'b>(
        &self,
        bound: &'b Bound<'a>,
        at: usize,
        target: &ObjectSelection,
        cell: Cell<'a>,
    ) -> Option<(&'b Bound<'a>, ObjectView<'a>)> {
        let Child::Behind(branch, bounds) = bound.children.get(at)? else { return None };
        let Cell::Text(id) = cell else { return None };
        let (found, row) = branch.targets.get(&target.types.class.name, id)?;
        let bound = bounds.iter().flatten().find(|bound| std::ptr::eq(bound.found, found))?;
        Some((bound, row))
    }

    /// A scalar that is not null, in its short form.
    fn scalar(&mut self, cell: Cell<'a>, form: &Form) -> Writing {
        match (form, cell) {
            (Form::Pointer(_), cell) => {
                wire::write_cell(cell, form, self.surroundings.files, &mut self.out)
            }
            (_, Cell::Number(number)) => write_number(number, &mut self.out),
            (_, Cell::Date(date)) => {
                self.out.push(b'"');
                date.write_iso(&mut self.out);
                self.out.push(b'"');
            }
            (_, Cell::Text(text)) => write_string(text, &mut self.out),
            (_, Cell::Json(json)) => self.out.extend_from_slice(json.as_bytes()),
            (_, cell @ (Cell::Null | Cell::Bool(_) | Cell::Point(_))) => {
                wire::write_cell(cell, &Form::Plain, self.surroundings.files, &mut self.out);
            }
        }
        Ok(())
    }

    pub(super) fn related(
        &mut self,
        slot: &'a ObjectSlot,
        related: &'a Related,
        sets: &[Vec<Bound<'a>>],
        owner: &str,
    ) -> Writing {
        let Content::Relation(_, _, selection) = &slot.content else { return Err(Nulled) };
        let Some((set, rows)) = related.pages.get(owner) else { return Err(Nulled) };
        let bounds = sets.get(*set).map_or(&[] as &[Bound<'a>], Vec::as_slice);
        self.page(selection, bounds, rows)
    }

    /// An object of which nothing but its id is known, or wanted.
    pub(super) fn bare_object(&mut self, selection: &'a ObjectSelection, id: &str) -> Writing {
        let class = &selection.types.class.name;
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.bare_field(&slot.slot, &slot.content, class, id)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn bare_field(
        &mut self,
        slot: &'a Slot,
        content: &'a Content,
        class: &str,
        id: &str,
    ) -> Writing {
        self.field(slot, |writer| match content {
            Content::TypeName(name) => writer.text(name),
            Content::GlobalId => writer.global_id(class, id),
            Content::ObjectId => writer.text(id),
            Content::Nothing | Content::AuthDataResponse => writer.raw(b"null"),
            Content::Scalar(_)
            | Content::Acl(_)
            | Content::File(..)
            | Content::Point(..)
            | Content::Polygon(..)
            | Content::Array(..)
            | Content::Pointer(..)
            | Content::Custom(..)
            | Content::Relation(..) => Err(Nulled),
        })
    }
}
