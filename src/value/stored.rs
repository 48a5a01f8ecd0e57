//! Rows as the driver delivered them: one allocation for all cells and one for all text of a result, so
//! that an answer can be written straight from it.
//!
//! A [`Stored`] says nothing about who may see it; only an access plan turns it into something that a
//! door can encode.

use std::sync::Arc;

use super::{ClassName, Date, FieldName, GeoPoint};

/// The columns of a result.
#[derive(Debug, PartialEq)]
pub struct Layout {
    /// The class of the rows.
    pub class: ClassName,
    /// The columns in the order of the cells. The first is always `objectId`.
    pub columns: Vec<Column>,
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The field.
    pub name: FieldName,
    /// How its cells are written on the wire.
    pub form: Form,
}

/// The wire form of a column's cells.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// As the cell is: text, number, boolean, JSON.
    Plain,
    /// `createdAt` and `updatedAt`: the bare ISO text.
    Timestamp,
    /// `{"__type":"Date","iso":…}`
    Date,
    /// The cell holds the id, the column the class.
    Pointer(ClassName),
    /// The cell holds the file's name.
    File,
    /// The cell holds JSON, almost always the base64 text.
    Bytes,
    /// The cell is a [`Cell::Point`].
    GeoPoint,
    /// The cell holds `[[latitude,longitude],…]` as JSON.
    Polygon,
}

impl Layout {
    /// The position of a field's column.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == *field)
    }
}

/// One value of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A date.
    Date(Date),
    /// A point.
    Point(GeoPoint),
    /// A text.
    Text(&'a str),
    /// A compact JSON text, valid as it stands.
    Json(&'a str),
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Null,
    Bool(bool),
    Number(f64),
    Date(Date),
    Point(GeoPoint),
    Text(u32, u32),
    Json(u32, u32),
}

/// The rows of one result.
#[derive(Clone, Debug)]
pub struct Stored(Arc<Rows>);

#[derive(Debug)]
struct Rows {
    layout: Arc<Layout>,
    slots: Vec<Slot>,
    text: String,
}

impl Stored {
    /// A result without rows.
    pub fn none(layout: Arc<Layout>) -> Self {
        StoredBuilder::new(layout).finish()
    }

    /// The columns.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.0.layout
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.slots.len() / self.0.layout.columns.len().max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.slots.is_empty()
    }

    /// Bytes of text in all rows together.
    pub fn text_bytes(&self) -> usize {
        self.0.text.len()
    }

    /// Whether this is the same result in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The row at a position.
    pub fn row(&self, at: usize) -> RowView<'_> {
        RowView { rows: &self.0, first: at * self.0.layout.columns.len() }
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = RowView<'_>> {
        (0..self.len()).map(|at| self.row(at))
    }
}

/// One row of a result.
#[derive(Clone, Copy, Debug)]
pub struct RowView<'a> {
    rows: &'a Rows,
    first: usize,
}

impl<'a> RowView<'a> {
    /// The columns.
    pub fn layout(&self) -> &'a Layout {
        &self.rows.layout
    }

    /// The cell of a column.
    pub fn cell(&self, column: usize) -> Cell<'a> {
        let text = |from: u32, to: u32| &self.rows.text[from as usize..to as usize];
        match self.rows.slots[self.first + column] {
            Slot::Null => Cell::Null,
            Slot::Bool(flag) => Cell::Bool(flag),
            Slot::Number(number) => Cell::Number(number),
            Slot::Date(date) => Cell::Date(date),
            Slot::Point(point) => Cell::Point(point),
            Slot::Text(from, to) => Cell::Text(text(from, to)),
            Slot::Json(from, to) => Cell::Json(text(from, to)),
        }
    }

    /// The cell of a field, if the result has it.
    pub fn field(&self, name: &str) -> Option<Cell<'a>> {
        Some(self.cell(self.layout().position(name)?))
    }

    /// The object's id.
    pub fn id(&self) -> &'a str {
        match self.cell(0) {
            Cell::Text(id) => id,
            Cell::Null
            | Cell::Bool(_)
            | Cell::Number(_)
            | Cell::Date(_)
            | Cell::Point(_)
            | Cell::Json(_) => "",
        }
    }
}

/// Fills a [`Stored`] cell by cell, row by row.
#[derive(Debug)]
pub struct StoredBuilder(Rows);

impl StoredBuilder {
    /// Starts a result with these columns.
    pub fn new(layout: Arc<Layout>) -> Self {
        Self(Rows { layout, slots: Vec::new(), text: String::new() })
    }

    /// Adds the next cell.
    pub fn push(&mut self, cell: Cell<'_>) {
        let slot = match cell {
            Cell::Null => Slot::Null,
            Cell::Bool(flag) => Slot::Bool(flag),
            Cell::Number(number) => Slot::Number(number),
            Cell::Date(date) => Slot::Date(date),
            Cell::Point(point) => Slot::Point(point),
            Cell::Text(text) => {
                let (from, to) = self.append(text);
                Slot::Text(from, to)
            }
            Cell::Json(text) => {
                let (from, to) = self.append(text);
                Slot::Json(from, to)
            }
        };
        self.0.slots.push(slot);
    }

    /// Makes room for so many more rows like those that there are.
    pub fn expect_more(&mut self, rows: usize) {
        let known = self.0.slots.len() / self.0.layout.columns.len().max(1);
        self.0.slots.reserve(rows * self.0.layout.columns.len());
        self.0.text.reserve(rows * self.0.text.len() / known.max(1));
    }

    fn append(&mut self, text: &str) -> (u32, u32) {
        let from = self.0.text.len() as u32;
        self.0.text.push_str(text);
        (from, self.0.text.len() as u32)
    }

    /// Bytes of text so far; a result must stay below 4 GiB.
    pub fn text_bytes(&self) -> usize {
        self.0.text.len()
    }

    /// The finished result.
    pub fn finish(self) -> Stored {
        Stored(Arc::new(self.0))
    }
}
