//! From the driver's rows to cells: the binary form of each type, read where it lies.

use bytes::Bytes;
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Column, Row, TypeInfo, ValueRef};

use super::parameters::EPOCH_MS;
use crate::storage::sql::{CellKind, Shape};
use crate::value::json::write_number;
use crate::value::{Acl, Cell, Date, GeoPoint, StoredBuilder};

/// Text of one answer may take this many bytes: positions in it are 32 bits.
const TEXT_BYTES_MAX: usize = u32::MAX as usize;

/// Reads rows into cells. Access lists of neighbouring rows are mostly the same, so the last one is kept.
#[derive(Default)]
pub(super) struct RowReader {
    /// The types of the columns; they are the same for all rows.
    types: Vec<u32>,
    readers: Option<Vec<u8>>,
    writers: Option<Vec<u8>>,
    acl: String,
    scratch: Vec<u8>,
}

impl RowReader {
    /// Appends the cells of a row, whose columns begin at a position.
    pub(super) fn read(
        &mut self,
        row: &PgRow,
        first: usize,
        shape: &Shape,
        builder: &mut StoredBuilder,
    ) -> sqlx::Result<()> {
        if self.types.is_empty() {
            let types = row.columns().iter().map(|column| column.type_info().oid());
            self.types.extend(types.map(|oid| oid.map_or(0, |oid| oid.0)));
        }
        let mut at = first;
        for kind in &shape.cells {
            let value = row.try_get_raw(at)?;
            match kind {
                CellKind::Point => {
                    builder.push(point(bytes(&value), bytes(&row.try_get_raw(at + 1)?)))
                }
                CellKind::Acl => {
                    self.read_acl(bytes(&value), bytes(&row.try_get_raw(at + 1)?), builder)?;
                }
                CellKind::Text
                | CellKind::Number
                | CellKind::Bool
                | CellKind::Date
                | CellKind::Json => {
                    let oid = self.types.get(at).copied().unwrap_or_default();
                    self.read_cell(*kind, oid, &value, builder)?;
                }
            }
            at += kind.width();
        }
        if builder.text_bytes() > TEXT_BYTES_MAX {
            return Err(unreadable("the answer is too large"));
        }
        Ok(())
    }

    fn read_cell(
        &mut self,
        kind: CellKind,
        oid: u32,
        value: &PgValueRef<'_>,
        builder: &mut StoredBuilder,
    ) -> sqlx::Result<()> {
        let Some(bytes) = bytes(value) else {
            builder.push(Cell::Null);
            return Ok(());
        };
        let cell = match oid {
            BOOL => Cell::Bool(bytes.first() == Some(&1)),
            INT2 | INT4 | INT8 => Cell::Number(signed(bytes) as f64),
            FLOAT4 => Cell::Number(f64::from(f32::from_be_bytes(fixed(bytes)?))),
            FLOAT8 => Cell::Number(f64::from_be_bytes(fixed(bytes)?)),
            TIMESTAMPTZ | TIMESTAMP => {
                let millis = i64::from_be_bytes(fixed(bytes)?).div_euclid(1_000);
                Date::from_millis(millis.saturating_add(EPOCH_MS)).map_or(Cell::Null, Cell::Date)
            }
            JSONB | JSON | POLYGON => {
                self.scratch.clear();
                match oid {
                    POLYGON => polygon(bytes, &mut self.scratch)?,
                    JSONB => compact(bytes.get(1..).unwrap_or_default(), &mut self.scratch),
                    _ => compact(bytes, &mut self.scratch),
                }
                Cell::Json(utf8(&self.scratch)?)
            }
            _ if kind == CellKind::Json => {
                self.scratch.clear();
                compact(bytes, &mut self.scratch);
                Cell::Json(utf8(&self.scratch)?)
            }
            NUMERIC => {
                let name = value.type_info().name().to_owned();
                return Err(unreadable(&format!("a column of type {name} can not be read")));
            }
            _ => Cell::Text(utf8(bytes)?),
        };
        builder.push(cell);
        Ok(())
    }

    fn read_acl(
        &mut self,
        readers: Option<&[u8]>,
        writers: Option<&[u8]>,
        builder: &mut StoredBuilder,
    ) -> sqlx::Result<()> {
        if readers.is_none() && writers.is_none() {
            builder.push(Cell::Null);
            return Ok(());
        }
        if self.readers.as_deref() != readers || self.writers.as_deref() != writers {
            let acl = Acl::new(texts(readers)?, texts(writers)?);
            self.acl = acl.to_json().to_text();
            self.readers = readers.map(<[u8]>::to_vec);
            self.writers = writers.map(<[u8]>::to_vec);
        }
        builder.push(Cell::Json(&self.acl));
        Ok(())
    }
}

const BOOL: u32 = 16;
const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const JSON: u32 = 114;
const POLYGON: u32 = 604;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;
const NUMERIC: u32 = 1700;
const JSONB: u32 = 3802;

/// The text in a column.
pub(super) fn text(row: &PgRow, at: usize) -> sqlx::Result<&str> {
    let value = row.try_get_raw(at)?;
    value.as_str().map_err(sqlx::Error::Decode)
}

/// The whole number in a column.
pub(super) fn integer(row: &PgRow, at: usize) -> sqlx::Result<i64> {
    Ok(bytes(&row.try_get_raw(at)?).map_or(0, signed))
}

/// The bytes in a column.
pub(super) fn content(row: &PgRow, at: usize) -> sqlx::Result<Bytes> {
    Ok(Bytes::copy_from_slice(bytes(&row.try_get_raw(at)?).unwrap_or_default()))
}

fn unreadable(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

fn bytes<'r>(value: &PgValueRef<'r>) -> Option<&'r [u8]> {
    if value.is_null() { None } else { value.as_bytes().ok() }
}

fn utf8(bytes: &[u8]) -> sqlx::Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| unreadable("a text is not UTF-8"))
}

fn fixed<const N: usize>(bytes: &[u8]) -> sqlx::Result<[u8; N]> {
    bytes.try_into().map_err(|_| unreadable("a value is not as long as its type"))
}

fn signed(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_be_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_be_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

fn point<'a>(latitude: Option<&[u8]>, longitude: Option<&[u8]>) -> Cell<'a> {
    let number = |bytes: Option<&[u8]>| fixed(bytes?).ok().map(f64::from_be_bytes);
    match (number(latitude), number(longitude)) {
        (Some(latitude), Some(longitude)) => Cell::Point(GeoPoint { latitude, longitude }),
        _ => Cell::Null,
    }
}

/// Reads numbers and texts off the front of a binary value.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> sqlx::Result<&'b [u8]> {
        let (front, rest) =
            self.0.split_at_checked(count).ok_or_else(|| unreadable("a value ends too early"))?;
        self.0 = rest;
        Ok(front)
    }

    fn int(&mut self) -> sqlx::Result<i32> {
        Ok(i32::from_be_bytes(fixed(self.take(4)?)?))
    }

    fn float(&mut self) -> sqlx::Result<f64> {
        Ok(f64::from_be_bytes(fixed(self.take(8)?)?))
    }
}

/// The elements of a `text[]` (see `parameters::array`); of nothing, none.
fn texts(array: Option<&[u8]>) -> sqlx::Result<Vec<String>> {
    let Some(array) = array else { return Ok(Vec::new()) };
    let mut reader = Reader(array);
    let dimensions = reader.int()?;
    reader.take(8)?;
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    let count = reader.int()?;
    reader.take(4)?;
    let mut texts = Vec::new();
    for _ in 0..count {
        if let Ok(length) = usize::try_from(reader.int()?) {
            texts.push(utf8(reader.take(length)?)?.to_owned());
        }
    }
    Ok(texts)
}

/// A polygon as the rows hold it: `[[latitude,longitude],…]`. In the column the longitude comes first.
fn polygon(bytes: &[u8], out: &mut Vec<u8>) -> sqlx::Result<()> {
    let mut reader = Reader(bytes);
    let count = reader.int()?;
    out.push(b'[');
    for at in 0..count {
        let (longitude, latitude) = (reader.float()?, reader.float()?);
        out.extend_from_slice(if at == 0 { b"[" } else { b",[" });
        write_number(latitude, out);
        out.push(b',');
        write_number(longitude, out);
        out.push(b']');
    }
    out.push(b']');
    Ok(())
}

/// JSON as JavaScript prints it: without the blanks that PostgreSQL puts between values, and numbers in their shortest
/// form.
fn compact(json: &[u8], out: &mut Vec<u8>) {
    out.reserve(json.len());
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        let from = at;
        match byte {
            b'"' => {
                at += 1;
                while let Some(&byte) = json.get(at) {
                    at += if byte == b'\\' { 2 } else { 1 };
                    if byte == b'"' {
                        break;
                    }
                }
                out.extend_from_slice(&json[from..at.min(json.len())]);
            }
            b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            b'-' | b'0'..=b'9' => {
                while matches!(json.get(at), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    at += 1;
                }
                number(&json[from..at], out);
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

/// Digits that a number has exactly.
const EXACT_DIGITS: usize = 15;

fn number(text: &[u8], out: &mut Vec<u8>) {
    let is_plain = text.len() <= EXACT_DIGITS && text.iter().all(u8::is_ascii_digit);
    let parsed = if is_plain {
        None
    } else {
        std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())
    };
    match parsed {
        Some(number) => write_number(number, out),
        None => out.extend_from_slice(text),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn json_is_compact() {
        let text = r#"{"a": [1, 1.0, -2.50, 1e3, 123456789012345678], "b c": "x, \" y: 1.0", "d": {}, "e": null}"#;
        let mut out = Vec::new();
        compact(text.as_bytes(), &mut out);
        let expected =
            r#"{"a":[1,1,-2.5,1000,123456789012345680],"b c":"x, \" y: 1.0","d":{},"e":null}"#;
        assert_eq!(std::str::from_utf8(&out), Ok(expected));
    }
}
