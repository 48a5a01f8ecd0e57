//! How the columns of an answer become cells.

use std::sync::Arc;

use super::{Operand, Sql};
use crate::access::Allowed;
use crate::query::Query;
use crate::schema::{ClassSchema, FieldType, is_write_only};
use crate::value::{Column, FieldName, Form, Layout};

/// What a column of an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// a text
    Text,
    /// a number
    Number,
    /// a boolean
    Bool,
    /// a date
    Date,
    /// JSON, as text
    Json,
    /// latitude and longitude: two columns
    Point,
    /// the lists of readers and writers: two columns
    Acl,
}

impl CellKind {
    /// What is read of a field of a type.
    pub fn of(kind: &FieldType) -> Self {
        match kind {
            FieldType::String
            | FieldType::File
            | FieldType::Pointer(_)
            | FieldType::Relation(_) => Self::Text,
            FieldType::Number => Self::Number,
            FieldType::Boolean => Self::Bool,
            FieldType::Date => Self::Date,
            FieldType::Object | FieldType::Array | FieldType::Polygon | FieldType::Bytes => {
                Self::Json
            }
            FieldType::GeoPoint => Self::Point,
            FieldType::Acl => Self::Acl,
        }
    }

    /// How many columns of the answer it takes.
    pub fn width(self) -> usize {
        match self {
            Self::Text | Self::Number | Self::Bool | Self::Date | Self::Json => 1,
            Self::Point | Self::Acl => 2,
        }
    }
}

/// The columns of an answer: what their cells are and how they are read.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The columns.
    pub layout: Arc<Layout>,
    /// What each of them holds.
    pub cells: Vec<CellKind>,
}

impl Shape {
    /// The shape of an answer with these fields of a class, `objectId` first. Relations have no column, and
    /// neither have names that are no fields.
    pub fn of(class: &ClassSchema, fields: &[FieldName]) -> Self {
        let mut columns = Vec::with_capacity(fields.len() + 1);
        let mut cells = Vec::with_capacity(fields.len() + 1);
        let others = fields.iter().map(|field| &**field).filter(|field| *field != "objectId");
        for name in std::iter::once("objectId").chain(others) {
            let Some((name, field)) = class.column(name) else { continue };
            if matches!(field.kind, FieldType::Relation(_)) {
                continue;
            }
            columns.push(Column { name: name.clone(), form: form(name, &field.kind) });
            cells.push(CellKind::of(&field.kind));
        }
        Self { layout: Arc::new(Layout { class: class.name.clone(), columns }), cells }
    }

    /// The shape of whole rows: all columns of a class that anybody may read, `objectId` first.
    pub fn whole(class: &ClassSchema) -> Self {
        let readable = class.fields.keys().filter(|field| !is_write_only(&class.name, field));
        Self::of(class, &readable.cloned().collect::<Vec<_>>())
    }

    /// The shape of the answer to a question, with the columns that its plan needs to decide.
    pub(super) fn of_query(query: &Allowed<Query>) -> Self {
        let (class, mut shape) =
            (&query.inner().class, Self::of(&query.inner().class, &query.inner().columns));
        if query.deciding().is_empty() {
            return shape;
        }
        let mut columns = shape.layout.columns.clone();
        for (name, field) in query.deciding().iter().filter_map(|name| class.known(name)) {
            let name = Allowed::<Query>::deciding_column(name);
            columns.push(Column { name, form: field.kind.form() });
            shape.cells.push(CellKind::of(&field.kind));
        }
        shape.layout = Arc::new(Layout { class: class.name.clone(), columns });
        shape
    }

    /// The same shape with a computed number at its end.
    pub fn with_number(self, name: &str) -> Self {
        let mut columns = self.layout.columns.clone();
        columns.push(Column { name: FieldName::from(name), form: Form::Plain });
        let mut cells = self.cells;
        cells.push(CellKind::Number);
        Self { layout: Arc::new(Layout { class: self.layout.class.clone(), columns }), cells }
    }

    /// How many columns of the answer it takes.
    pub fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.width()).sum()
    }

    /// Appends what is read for each column.
    pub fn write(&self, sql: &mut Sql<'_>, table: &'static str, class: &ClassSchema) {
        sql.join(&self.layout.columns, ", ", |sql, column| {
            if let Some((name, field)) = class.column(read_field(&column.name)) {
                let operand = Operand { class, field: name, kind: &field.kind, path: &[] };
                sql.dialect().read(sql, table, &operand);
            }
        });
    }
}

/// The field that a column is read from. A column that is read only to decide is named otherwise.
pub(super) fn read_field(column: &str) -> &str {
    column.rsplit_once(':').map_or(column, |(_, field)| field)
}

/// The wire form of a field.
pub fn form(name: &str, kind: &FieldType) -> Form {
    if *kind == FieldType::Date && (name == "createdAt" || name == "updatedAt") {
        Form::Timestamp
    } else {
        kind.form()
    }
}
