//! Rows of events: decoded once, to be held against many questions; and made of what other processes say.

use std::collections::HashMap;
use std::sync::Arc;

use crate::adapters::pubsub::{Event, Message, Position};
use crate::schema::{ClassSchema, FieldType, is_write_only};
use crate::value::{
    Acl, Cell, Column, Date, FieldName, Form, Json, Layout, Members, ObjectId, Stored,
    StoredBuilder, Value, wire,
};

/// The fields of a row.
pub(super) type Row = HashMap<FieldName, Value>;

/// An event with its rows decoded.
#[derive(Debug)]
pub(super) struct Happening {
    pub event: Arc<Event>,
    pub before: Option<Row>,
    pub after: Option<Row>,
    /// Its number if it is of this process; else greater than any.
    pub number_here: u64,
    /// Where events stand with it.
    pub sequence: Arc<str>,
    /// About how much memory it takes.
    pub bytes: usize,
}

impl Happening {
    pub(super) fn new(event: Arc<Event>, is_own: bool, sequence: Arc<str>) -> Self {
        let number_here = if is_own { event.position.number } else { u64::MAX };
        let before = event.before.as_ref().and_then(row_of);
        let after = event.after.as_ref().and_then(row_of);
        let cells = |stored: &Option<Stored>| {
            stored.as_ref().map_or(0, |stored| {
                let columns = stored.layout().columns.len();
                (0..columns).map(|at| 96 + text_bytes(stored.row(0).cell(at)) * 2).sum()
            })
        };
        let bytes: usize = 256 + cells(&event.before) + cells(&event.after);
        Self { event, before, after, number_here, sequence, bytes }
    }
}

fn text_bytes(cell: Cell<'_>) -> usize {
    match cell {
        Cell::Text(text) | Cell::Json(text) => text.len(),
        Cell::Null | Cell::Bool(_) | Cell::Number(_) | Cell::Date(_) | Cell::Point(_) => 0,
    }
}

/// The fields of the only row; nothing if there is none.
fn row_of(stored: &Stored) -> Option<Row> {
    let row = stored.rows().next()?;
    let columns = &stored.layout().columns;
    let field = |(at, column): (usize, &Column)| {
        let value = match (&*column.name == "ACL", row.cell(at)) {
            (true, Cell::Json(text)) => Value::Acl(
                // A list that can not be read lets nobody in.
                Json::parse(text.as_bytes())
                    .ok()
                    .and_then(|json| Acl::from_json(&json))
                    .or_else(|| Some(Acl::new(Vec::new(), Vec::new()))),
            ),
            (_, cell) => wire::cell_to_value(cell, &column.form),
        };
        (column.name.clone(), value)
    };
    Some(columns.iter().enumerate().map(field).collect())
}

/// What another process says as an event of ours. `unnumbered` gives a position to an event that has none.
pub(super) fn event_of(
    class: &ClassSchema,
    message: Message,
    unnumbered: impl FnOnce() -> Position,
) -> Option<Event> {
    let id = |members: &Option<Members>| {
        let id = members.as_ref()?.get("objectId")?.as_str()?;
        Some(ObjectId::from(id))
    };
    let id = id(&message.after).or_else(|| id(&message.before))?;
    let before = message.before.as_ref().map(|members| stored_of(class, members));
    let after = message.after.as_ref().map(|members| stored_of(class, members));
    let position = message.position.unwrap_or_else(unnumbered);
    Some(Event { class: class.name.clone(), id, before, after, position })
}

/// An object in wire form as a row of its class. Fields that the class does not have, and values that do not fit, are left
/// out: nobody can ask for them either.
fn stored_of(class: &ClassSchema, members: &Members) -> Stored {
    let fields = class.fields.iter().filter(|(name, field)| {
        !matches!(field.kind, FieldType::Relation(_)) && !is_write_only(&class.name, name)
    });
    let mut fields: Vec<(&FieldName, &FieldType)> =
        fields.map(|(name, field)| (name, &field.kind)).collect();
    // The first column is the id.
    fields.sort_by_key(|(name, _)| ***name != *"objectId");
    let form = |name: &str, kind: &FieldType| match name {
        "createdAt" | "updatedAt" => Form::Timestamp,
        _ => kind.form(),
    };
    let columns = fields
        .iter()
        .map(|(name, kind)| Column { name: (*name).clone(), form: form(name, kind) })
        .collect();
    let layout = Arc::new(Layout { class: class.name.clone(), columns });
    let mut row = StoredBuilder::new(layout);
    for (name, kind) in fields {
        push(&mut row, kind, members.get(name.as_str()).unwrap_or(&Json::Null));
    }
    row.finish()
}

fn push(row: &mut StoredBuilder, kind: &FieldType, json: &Json) {
    let date = |text: Option<&str>| match text.and_then(Date::parse) {
        Some(date) => Cell::Date(date),
        None => Cell::Null,
    };
    if let (FieldType::Date, Json::String(text)) = (kind, json) {
        return row.push(date(Some(text)));
    }
    if let (FieldType::Acl, Json::Object(_)) = (kind, json) {
        return row.push(Cell::Json(&json.to_text()));
    }
    let value = match json.is_null() {
        true => Value::Null,
        false => wire::read_value(json.clone()).unwrap_or(Value::Null),
    };
    match (kind, &value) {
        (FieldType::String, Value::String(text)) => row.push(Cell::Text(text)),
        (FieldType::Number, Value::Number(number)) => row.push(Cell::Number(*number)),
        (FieldType::Boolean, Value::Bool(flag)) => row.push(Cell::Bool(*flag)),
        (FieldType::Date, Value::Date(date)) => row.push(Cell::Date(*date)),
        (FieldType::GeoPoint, Value::GeoPoint(point)) => row.push(Cell::Point(*point)),
        (FieldType::File, Value::File(name)) => row.push(Cell::Text(name)),
        (FieldType::Pointer(class), Value::Pointer(pointer)) if *class == pointer.class => {
            row.push(Cell::Text(&pointer.id));
        }
        (FieldType::Polygon, Value::Polygon(polygon)) => {
            row.push(Cell::Json(&wire::ring_to_json(polygon).to_text()));
        }
        (FieldType::Bytes, Value::Bytes(content)) => row.push(Cell::Json(&content.to_text())),
        (FieldType::Array, Value::Array(_)) | (FieldType::Object, Value::Object(_)) => {
            row.push(Cell::Json(&json.to_text()));
        }
        _ => row.push(Cell::Null),
    }
}
