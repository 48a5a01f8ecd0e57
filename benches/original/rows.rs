//! Rows as the REST API shows them, written straight from the driver's buffers.

use std::error::Error;

use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Row, ValueRef};

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

/// Why a row could not be written.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

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

/// Milliseconds from 1970 to 2000, where the times of PostgreSQL begin.
pub(crate) const EPOCH_MS: i64 = 946_684_800_000;

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
pub(crate) fn write_post(row: &PgRow, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.push(b'{');
    write_columns(row, 0, POST, out)?;
    out.push(b'}');
    Ok(())
}

/// Writes a post with its author in place of the pointer.
pub(crate) fn write_post_and_author(row: &PgRow, out: &mut Vec<u8>) -> Result<(), Failure> {
    let last = POST.len() - 1;
    out.push(b'{');
    write_columns(row, 0, &POST[..last], out)?;
    out.extend_from_slice(b",\"author\":{");
    write_columns(row, POST.len(), AUTHOR, out)?;
    out.extend_from_slice(b",\"__type\":\"Object\",\"className\":\"Author\"}}");
    Ok(())
}

fn write_columns(
    row: &PgRow,
    first: usize,
    columns: Columns,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let start = out.len();
    for (at, (name, kind)) in columns.iter().enumerate() {
        let value = row.try_get_raw(first + at)?;
        if value.is_null() {
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        write_value(&value, *kind, out)?;
    }
    Ok(())
}

fn write_value(value: &PgValueRef<'_>, kind: Kind, out: &mut Vec<u8>) -> Result<(), Failure> {
    let bytes = value.as_bytes()?;
    match kind {
        Kind::Text => write_text(std::str::from_utf8(bytes)?, out),
        Kind::Number => write_number(f64::from_be_bytes(bytes.try_into()?), out),
        Kind::Flag if bytes != [0] => out.extend_from_slice(b"true"),
        Kind::Flag => out.extend_from_slice(b"false"),
        // The first byte is the version of the form.
        Kind::Json => out.extend_from_slice(bytes.get(1..).unwrap_or_default()),
        Kind::Timestamp => {
            out.push(b'"');
            write_date(millis(bytes)?, out);
            out.push(b'"');
        }
        Kind::Date => {
            out.extend_from_slice(b"{\"__type\":\"Date\",\"iso\":\"");
            write_date(millis(bytes)?, out);
            out.extend_from_slice(b"\"}");
        }
        Kind::Author => {
            out.extend_from_slice(
                b"{\"__type\":\"Pointer\",\"className\":\"Author\",\"objectId\":",
            );
            write_text(std::str::from_utf8(bytes)?, out);
            out.push(b'}');
        }
    }
    Ok(())
}

fn millis(bytes: &[u8]) -> Result<i64, Failure> {
    Ok(i64::from_be_bytes(bytes.try_into()?).div_euclid(1_000) + EPOCH_MS)
}
