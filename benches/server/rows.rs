//! Rows as the REST API shows them, written straight from the driver's values.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::driver::json::{write_date, write_number, write_text};

/// What a column holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Flag,
    /// `createdAt` and `updatedAt`
    Timestamp,
    Date,
    Json,
    Author,
}

type Columns = &'static [(&'static str, Kind)];

const POST: Columns = &[
    ("objectId", Kind::Text),
    ("createdAt", Kind::Timestamp),
    ("updatedAt", Kind::Timestamp),
    ("title", Kind::Text),
    ("text", Kind::Text),
    ("category", Kind::Text),
    ("views", Kind::Number),
    ("published", Kind::Flag),
    ("publishedAt", Kind::Date),
    ("tags", Kind::Json),
    ("author", Kind::Author),
];

const AUTHOR: Columns = &[
    ("objectId", Kind::Text),
    ("createdAt", Kind::Timestamp),
    ("updatedAt", Kind::Timestamp),
    ("name", Kind::Text),
    ("city", Kind::Text),
    ("age", Kind::Number),
];

/// The columns of a post.
pub(crate) fn post_columns() -> String {
    columns("o", POST)
}

/// The columns of a post, then those of its author.
pub(crate) fn post_and_author_columns() -> String {
    format!("{}, {}", columns("o", POST), columns("a", AUTHOR))
}

fn columns(table: &str, columns: Columns) -> String {
    columns.iter().map(|(name, _)| format!("{table}.\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Writes a post.
pub(crate) fn write_post(row: &Row<'_>, out: &mut Vec<u8>) -> rusqlite::Result<()> {
    out.push(b'{');
    write_columns(row, 0, POST, out)?;
    out.push(b'}');
    Ok(())
}

/// Writes a post with its author in place of the pointer.
pub(crate) fn write_post_and_author(row: &Row<'_>, out: &mut Vec<u8>) -> rusqlite::Result<()> {
    let last = POST.len() - 1;
    out.push(b'{');
    write_columns(row, 0, &POST[..last], out)?;
    out.extend_from_slice(b",\"author\":{");
    write_columns(row, POST.len(), AUTHOR, out)?;
    out.extend_from_slice(b",\"__type\":\"Object\",\"className\":\"Author\"}}");
    Ok(())
}

fn write_columns(
    row: &Row<'_>,
    first: usize,
    columns: Columns,
    out: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    let start = out.len();
    for (at, (name, kind)) in columns.iter().enumerate() {
        let value = row.get_ref(first + at)?;
        if value == ValueRef::Null {
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        write_value(value, *kind, out)?;
    }
    Ok(())
}

fn write_value(value: ValueRef<'_>, kind: Kind, out: &mut Vec<u8>) -> rusqlite::Result<()> {
    match kind {
        Kind::Text => write_text(value.as_str()?, out),
        Kind::Number => write_number(value.as_f64()?, out),
        Kind::Flag if value.as_i64()? != 0 => out.extend_from_slice(b"true"),
        Kind::Flag => out.extend_from_slice(b"false"),
        Kind::Json => out.extend_from_slice(value.as_str()?.as_bytes()),
        Kind::Timestamp => {
            out.push(b'"');
            write_date(value.as_i64()?, out);
            out.push(b'"');
        }
        Kind::Date => {
            out.extend_from_slice(b"{\"__type\":\"Date\",\"iso\":\"");
            write_date(value.as_i64()?, out);
            out.extend_from_slice(b"\"}");
        }
        Kind::Author => {
            out.extend_from_slice(
                b"{\"__type\":\"Pointer\",\"className\":\"Author\",\"objectId\":",
            );
            write_text(value.as_str()?, out);
            out.push(b'}');
        }
    }
    Ok(())
}
