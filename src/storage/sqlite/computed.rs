//! The SQL functions of pipelines: wire forms, parts of dates, ends of groups.

use chrono::{DateTime, Datelike, Timelike, Utc};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Result};

use super::functions::path;
use super::json_text::read_at;
use crate::value::json::{write_number, write_string};
use crate::value::{ClassName, Date, GeoPoint, Json, ObjectId, Pointer, Value, wire};

/// Registers the functions on a connection.
pub(super) fn register(connection: &Connection, flags: FunctionFlags) -> Result<()> {
    connection.create_scalar_function("parse_wire", 3, flags, to_wire)?;
    connection.create_scalar_function("parse_members", -1, flags, members)?;
    connection.create_scalar_function("parse_number", 2, flags, number)?;
    connection.create_scalar_function("parse_plain", 1, flags, plain)?;
    connection.create_scalar_function("parse_date_part", 2, flags, date_part)?;
    connection.create_scalar_function("parse_date_text", 2, flags, date_text)?;
    connection.create_aggregate_function("parse_first", 1, flags, First)?;
    connection.create_aggregate_function("parse_last", 1, flags, Last)
}

fn as_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `parse_wire(type, value, class or longitude)`: the wire form of a value as JSON text.
fn to_wire(ctx: &Context<'_>) -> Result<Option<String>> {
    let kind = ctx.get_raw(0).as_str()?;
    let value = match (kind, ctx.get_raw(1)) {
        (_, ValueRef::Null) => return Ok(None),
        ("boolean", ValueRef::Integer(flag)) => Value::Bool(flag != 0),
        ("date", ValueRef::Integer(millis)) => {
            Date::from_millis(millis).map_or(Value::Null, Value::Date)
        }
        ("point", latitude) => match (latitude.as_f64(), ctx.get_raw(2).as_f64()) {
            (Ok(latitude), Ok(longitude)) => Value::GeoPoint(GeoPoint { latitude, longitude }),
            _ => return Ok(None),
        },
        (_, ValueRef::Integer(number)) => Value::Number(number as f64),
        (_, ValueRef::Real(number)) => Value::Number(number),
        ("file", ValueRef::Text(name)) => Value::File(as_text(name)),
        ("bytes", ValueRef::Text(json)) => Value::Bytes(Json::parse(json).unwrap_or(Json::Null)),
        ("polygon", ValueRef::Text(json)) => {
            match wire::read_ring(&Json::parse(json).unwrap_or(Json::Null)) {
                Ok(polygon) => Value::Polygon(polygon),
                Err(_) => return Ok(None),
            }
        }
        ("pointer", ValueRef::Text(id)) => {
            let class = ClassName::from(ctx.get_raw(2).as_str().unwrap_or_default());
            Value::Pointer(Pointer { class, id: ObjectId::from(as_text(id)) })
        }
        (_, ValueRef::Text(text)) => Value::String(as_text(text)),
        (_, ValueRef::Blob(_)) => return Ok(None),
    };
    Ok(Some(wire::value_to_json(&value).to_text()))
}

/// `parse_members(name, json, …)`: an object of those that are not `NULL`.
fn members(ctx: &Context<'_>) -> Result<String> {
    let mut out = vec![b'{'];
    for at in (1..ctx.len()).step_by(2) {
        let (ValueRef::Text(name), ValueRef::Text(json)) = (ctx.get_raw(at - 1), ctx.get_raw(at))
        else {
            continue;
        };
        if out.len() > 1 {
            out.push(b',');
        }
        write_string(&as_text(name), &mut out);
        out.push(b':');
        out.extend_from_slice(json);
    }
    out.push(b'}');
    Ok(as_text(&out))
}

/// `parse_number(json, path)`
fn number(ctx: &Context<'_>) -> Result<Option<f64>> {
    let ValueRef::Text(json) = ctx.get_raw(0) else { return Ok(None) };
    let Ok(json) = std::str::from_utf8(json) else { return Ok(None) };
    Ok(read_at(json, &path(ctx, 1)?).and_then(|json| json.as_number()))
}

/// `parse_plain(value)`: a value that `parse_at` gave, as JSON text. There, integers are booleans.
fn plain(ctx: &Context<'_>) -> Result<Option<String>> {
    let mut out = Vec::new();
    match ctx.get_raw(0) {
        ValueRef::Null | ValueRef::Blob(_) => return Ok(None),
        ValueRef::Integer(flag) => {
            out.extend_from_slice(if flag != 0 { b"true" } else { b"false" })
        }
        ValueRef::Real(number) => write_number(number, &mut out),
        ValueRef::Text(text) => write_string(&as_text(text), &mut out),
    }
    Ok(Some(as_text(&out)))
}

fn date(ctx: &Context<'_>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ctx.get_raw(1).as_i64().ok()?)
}

/// `parse_date_part(part, millis)`
fn date_part(ctx: &Context<'_>) -> Result<Option<i64>> {
    let Some(date) = date(ctx) else { return Ok(None) };
    Ok(match ctx.get_raw(0).as_str()? {
        "year" => Some(i64::from(date.year())),
        "month" => Some(i64::from(date.month())),
        "day" => Some(i64::from(date.day())),
        "weekday" => Some(i64::from(date.weekday().num_days_from_sunday()) + 1),
        "yearday" => Some(i64::from(date.ordinal())),
        "hour" => Some(i64::from(date.hour())),
        "minute" => Some(i64::from(date.minute())),
        "second" => Some(i64::from(date.second())),
        "millisecond" => Some(i64::from(date.timestamp_subsec_millis())),
        _ => None,
    })
}

/// `parse_date_text(format, millis)`
fn date_text(ctx: &Context<'_>) -> Result<Option<String>> {
    let Some(date) = date(ctx) else { return Ok(None) };
    let mut out = String::new();
    let mut rest = ctx.get_raw(0).as_str()?.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('Y') => out.push_str(&format!("{:04}", date.year())),
            Some('m') => out.push_str(&format!("{:02}", date.month())),
            Some('d') => out.push_str(&format!("{:02}", date.day())),
            Some('H') => out.push_str(&format!("{:02}", date.hour())),
            Some('M') => out.push_str(&format!("{:02}", date.minute())),
            Some('S') => out.push_str(&format!("{:02}", date.second())),
            Some('L') => out.push_str(&format!("{:03}", date.timestamp_subsec_millis())),
            Some('j') => out.push_str(&format!("{:03}", date.ordinal())),
            Some('u') => out.push_str(&date.weekday().number_from_monday().to_string()),
            Some('w') => out.push_str(&date.weekday().number_from_sunday().to_string()),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Ok(Some(out))
}

/// `parse_first(value ORDER BY place)`
struct First;

impl Aggregate<Option<SqlValue>, SqlValue> for First {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<SqlValue>> {
        Ok(None)
    }

    fn step(&self, ctx: &mut Context<'_>, value: &mut Option<SqlValue>) -> Result<()> {
        if value.is_none() {
            *value = Some(ctx.get(0)?);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, value: Option<Option<SqlValue>>) -> Result<SqlValue> {
        Ok(value.flatten().unwrap_or(SqlValue::Null))
    }
}

/// `parse_last(value ORDER BY place)`
struct Last;

impl Aggregate<SqlValue, SqlValue> for Last {
    fn init(&self, _: &mut Context<'_>) -> Result<SqlValue> {
        Ok(SqlValue::Null)
    }

    fn step(&self, ctx: &mut Context<'_>, value: &mut SqlValue) -> Result<()> {
        *value = ctx.get(0)?;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, value: Option<SqlValue>) -> Result<SqlValue> {
        Ok(value.unwrap_or(SqlValue::Null))
    }
}
