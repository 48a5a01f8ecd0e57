//! Rows that a caller may see.

use std::sync::Arc;

use super::Plan;
use super::fields::{RowMasks, Visible};
use crate::value::{Cell, ClassName, Column, Layout, RowView, Stored, StoredBuilder};

/// Rows of one class with the columns that their reader may see.
#[derive(Clone, Debug)]
pub struct Objects {
    stored: Stored,
    visible: Visible,
    rows: Option<Vec<usize>>,
}

impl Objects {
    pub(super) fn new(stored: Stored, visible: Visible) -> Self {
        Self { stored, visible, rows: None }
    }

    /// Objects that a hook of the server's own code put into an answer: it decides what its reader sees.
    pub(crate) fn of_hook(stored: Stored) -> Self {
        let some = (0..stored.layout().columns.len()).collect();
        Self { stored, visible: Visible { some, by_row: None }, rows: None }
    }

    /// No objects of a class.
    pub fn none(class: ClassName) -> Self {
        let layout = Layout { class, columns: Vec::new() };
        Self {
            stored: Stored::none(layout.into()),
            visible: Visible { some: Vec::new(), by_row: None },
            rows: None,
        }
    }

    /// The class of the objects.
    pub fn class(&self) -> &ClassName {
        &self.stored.layout().class
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or_else(|| self.stored.len(), Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The object at a position.
    pub fn object(&self, at: usize) -> ObjectView<'_> {
        let row = self.rows.as_ref().map_or(at, |rows| rows[at]);
        let (visible, is_masked) = match &self.visible.by_row {
            None => (&self.visible.some, false),
            Some(masks) => (&masks.masks[masks.of_row[row]], true),
        };
        ObjectView { row: self.stored.row(row), visible, is_masked }
    }

    /// Some of the objects, with some of their columns.
    #[must_use]
    pub fn narrowed(&self, rows: Vec<usize>, keep: impl Fn(&str) -> bool) -> Self {
        let rows =
            rows.into_iter().map(|at| self.rows.as_ref().map_or(at, |rows| rows[at])).collect();
        let columns = &self.stored.layout().columns;
        let kept = |visible: &Vec<usize>| {
            visible.iter().copied().filter(|&position| keep(&columns[position].name)).collect()
        };
        let by_row = self.visible.by_row.as_ref().map(|rows| RowMasks {
            of_row: rows.of_row.clone(),
            masks: rows.masks.iter().map(kept).collect(),
        });
        let visible = Visible { some: kept(&self.visible.some), by_row };
        Self { stored: self.stored.clone(), visible, rows: Some(rows) }
    }

    /// The same objects with other JSON in a column: for each object a text, or nothing if its cell stays.
    #[must_use]
    pub fn with_json(&self, column: usize, texts: &[Option<String>]) -> Self {
        let row = |at: usize| self.rows.as_ref().map_or(at, |rows| rows[at]);
        let texts: std::collections::HashMap<usize, &str> = texts
            .iter()
            .enumerate()
            .filter_map(|(at, text)| Some((row(at), text.as_deref()?)))
            .collect();
        let mut changed = StoredBuilder::new(Arc::clone(self.stored.layout()));
        for (at, stored) in self.stored.rows().enumerate() {
            for position in 0..self.stored.layout().columns.len() {
                match texts.get(&at).filter(|_| position == column) {
                    Some(text) => changed.push(Cell::Json(text)),
                    None => changed.push(stored.cell(position)),
                }
            }
        }
        Self { stored: changed.finish(), visible: self.visible.clone(), rows: self.rows.clone() }
    }

    /// The same objects as somebody else may see them.
    #[must_use]
    pub fn revealed_by(&self, plan: &Plan) -> Self {
        Self { rows: self.rows.clone(), ..plan.reveal(self.stored.clone()) }
    }

    /// Whether these are the same rows in memory, whatever is seen of them.
    pub fn is_same_row(&self, other: &Self) -> bool {
        self.stored.is_same(&other.stored) && self.rows == other.rows
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = ObjectView<'_>> {
        (0..self.len()).map(|at| self.object(at))
    }

    /// The position of a field's column among those that may be seen of some objects; the same for all.
    pub fn column(&self, field: &str) -> Option<usize> {
        let position = self.stored.layout().position(field)?;
        self.visible.some.contains(&position).then_some(position)
    }

    /// The column at a position.
    pub fn column_at(&self, position: usize) -> &Column {
        &self.stored.layout().columns[position]
    }
}

/// One object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectView<'a> {
    row: RowView<'a>,
    visible: &'a [usize],
    is_masked: bool,
}

impl<'a> ObjectView<'a> {
    /// The object's id.
    pub fn id(&self) -> &'a str {
        self.row.id()
    }

    /// The columns that may be seen, with their cells.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &'a Column, Cell<'a>)> {
        let row = self.row;
        self.visible
            .iter()
            .map(move |&position| (position, &row.layout().columns[position], row.cell(position)))
    }

    /// The cell at a position that [`Objects::column`] gave; empty if it may not be seen of this object.
    pub fn cell(&self, position: usize) -> Cell<'a> {
        if self.is_masked && !self.visible.contains(&position) {
            return Cell::Null;
        }
        self.row.cell(position)
    }
}
