//! The wire form of values and operations: the one place that knows `__type` and `__op`
//! (`parse-server:src/Controllers/SchemaController.js`, `getObjectType`; `Parse-SDK-JS:src/encode.ts`).

pub use super::wire_ops::{fields_to_members, key_to_name, op_to_json, shown_value};

use super::stored::Form;
use super::{
    Acl, Cell, ClassName, Date, FieldName, GeoPoint, Json, Key, Members, ObjectId, Op, Pointer,
    Polygon, Value, json,
};
use crate::error::{Code, Error, Result};

/// How many parts a dotted key may have, and how deep a value may be nested. Together they stay below what
/// [`Json::parse`] can read back.
const PATH_PARTS_MAX: usize = 20;
const NESTING_MAX: usize = 100;

/// Reads what a client wants to do to a field. A dotted name is a way into an object field.
pub fn read_entry(name: &str, json: Json) -> Result<(Key, Op)> {
    if name.split('.').count() > PATH_PARTS_MAX {
        return Err(Error::new(
            Code::InvalidKeyName,
            format!("a key may have {PATH_PARTS_MAX} parts at most"),
        ));
    }
    let mut parts = name.split('.');
    let field = FieldName::from(parts.next().unwrap_or_default());
    let key = Key { field, path: parts.map(str::to_owned).collect() };
    let op = read_op(&key, json)?;
    Ok((key, op))
}

fn read_op(key: &Key, json: Json) -> Result<Op> {
    let name = match json.get("__op") {
        None | Some(Json::Null) => return Ok(Op::Set(read_field_value(key, json)?)),
        Some(Json::String(name)) => name.clone(),
        Some(other) => return Err(unknown_op(other)),
    };
    let Json::Object(mut members) = json else { return Err(unknown_op(&Json::from(name))) };
    match name.as_str() {
        "Delete" => Ok(Op::Delete),
        "Increment" => Ok(Op::Increment(amount(members.get("amount"))?)),
        "Add" => Ok(Op::Add(elements(members.swap_remove("objects"))?)),
        "AddUnique" => Ok(Op::AddUnique(elements(members.swap_remove("objects"))?)),
        "Remove" => Ok(Op::Remove(removed(members.swap_remove("objects"))?)),
        "SetOnInsert" => {
            let value = members.swap_remove("amount").unwrap_or(Json::Null);
            Ok(Op::SetOnInsert(read_field_value(key, value)?))
        }
        "AddRelation" => {
            Ok(Op::Relate { add: pointers(members.get("objects"))?, remove: Vec::new() })
        }
        "RemoveRelation" => {
            Ok(Op::Relate { add: Vec::new(), remove: pointers(members.get("objects"))? })
        }
        "Batch" => read_relation_batch(members.get("ops")),
        _ => Err(unknown_op(&Json::from(name))),
    }
}

fn unknown_op(name: &Json) -> Error {
    let name = name.as_str().map_or_else(|| name.to_text(), str::to_owned);
    Error::new(Code::InvalidJson, format!("unknown operation: {name}"))
}

/// `Increment` takes a number or a numeric string.
fn amount(json: Option<&Json>) -> Result<Option<f64>> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Number(number)) => Ok(Some(*number)),
        Some(Json::String(text)) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
            Ok(text.trim().parse().ok())
        }
        Some(_) => Err(Error::new(Code::InvalidJson, "incrementing must provide a number")),
    }
}

fn elements(json: Option<Json>) -> Result<Option<Vec<Json>>> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(elements)) => {
            elements.iter().try_for_each(check_nested)?;
            Ok(Some(elements))
        }
        Some(_) => Err(Error::new(Code::InvalidJson, "objects to add must be an array")),
    }
}

/// What `Remove` gets may also be a single value.
fn removed(json: Option<Json>) -> Result<Option<Vec<Json>>> {
    match json {
        Some(Json::Array(_)) | Some(Json::Null) | None => elements(json),
        Some(single) => Ok(Some(vec![single])),
    }
}

fn pointers(json: Option<&Json>) -> Result<Vec<Pointer>> {
    let Some(list) = json.and_then(Json::as_array) else {
        return Err(Error::new(
            Code::InvalidJson,
            "objects of a relation must be an array of pointers",
        ));
    };
    list.iter()
        .map(|json| {
            read_pointer(json).ok_or_else(|| {
                Error::new(Code::InvalidJson, "objects of a relation must be pointers")
            })
        })
        .collect()
}

fn read_relation_batch(ops: Option<&Json>) -> Result<Op> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for op in ops.and_then(Json::as_array).unwrap_or_default() {
        match op.get("__op").and_then(Json::as_str) {
            Some("AddRelation") => add.extend(pointers(op.get("objects"))?),
            Some("RemoveRelation") => remove.extend(pointers(op.get("objects"))?),
            other => return Err(unknown_op(&Json::from(other.unwrap_or_default()))),
        }
    }
    Ok(Op::Relate { add, remove })
}

/// A pointer with class and id, or nothing.
pub fn read_pointer(json: &Json) -> Option<Pointer> {
    let kind = json.get("__type").and_then(Json::as_str);
    if !matches!(kind, Some("Pointer" | "Object")) {
        return None;
    }
    let class = ClassName::from(json.get("className")?.as_str()?);
    let id = ObjectId::from(json.get("objectId")?.as_str()?);
    Some(Pointer { class, id })
}

fn read_field_value(key: &Key, json: Json) -> Result<Value> {
    if key.field == "ACL" && key.path.is_empty() {
        return Ok(Value::Acl(Acl::from_json(&json)));
    }
    // Inside an object field nothing is typed: what the client wrote is kept.
    if let Json::Object(members) = &json
        && !key.path.is_empty()
    {
        check_members(members)?;
        return Ok(Value::Object(members.clone()));
    }
    read_value(json)
}

/// Reads a value; what is inside arrays and objects stays as it is.
pub fn read_value(json: Json) -> Result<Value> {
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(flag) => Ok(Value::Bool(flag)),
        Json::Number(number) => Ok(Value::Number(number)),
        Json::String(text) => Ok(Value::String(text)),
        Json::Array(elements) => {
            elements.iter().try_for_each(check_nested)?;
            Ok(Value::Array(elements))
        }
        Json::Object(members) => match members.get("__type").and_then(Json::as_str) {
            Some(kind) => read_typed(kind, &members),
            None => {
                check_members(&members)?;
                Ok(Value::Object(members))
            }
        },
    }
}

fn read_typed(kind: &str, members: &Members) -> Result<Value> {
    let invalid = || Error::new(Code::IncorrectType, format!("This is not a valid {kind}"));
    // As in the original, empty is absent (`parse-server:src/Controllers/SchemaController.js`, `getObjectType`).
    let text = |key: &str| members.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    match kind {
        "Date" => Ok(Value::Date(text("iso").and_then(Date::parse).ok_or_else(invalid)?)),
        "Bytes" => {
            let content = members.get("base64").cloned().ok_or_else(invalid)?;
            if content.as_str() == Some("") {
                return Err(invalid());
            }
            check_nested(&content)?;
            Ok(Value::Bytes(content))
        }
        "GeoPoint" => {
            let number = |key: &str| members.get(key).and_then(Json::as_number).ok_or_else(invalid);
            Ok(Value::GeoPoint(GeoPoint {
                latitude: number("latitude")?,
                longitude: number("longitude")?,
            }))
        }
        "Polygon" => {
            Ok(Value::Polygon(read_ring(members.get("coordinates").ok_or_else(invalid)?)?))
        }
        "File" => Ok(Value::File(text("name").ok_or_else(invalid)?.to_owned())),
        "Pointer" | "Object" => {
            let class = ClassName::from(text("className").ok_or_else(invalid)?);
            let id = match members.get("objectId") {
                None | Some(Json::Null) => "",
                Some(id) => id.as_str().ok_or_else(invalid)?,
            };
            Ok(Value::Pointer(Pointer { class, id: ObjectId::from(id) }))
        }
        "Relation" => Ok(Value::Relation(ClassName::from(text("className").ok_or_else(invalid)?))),
        _ => Err(invalid()),
    }
}

/// Reads `[[latitude, longitude], …]`.
pub fn read_ring(json: &Json) -> Result<Polygon> {
    let points = json.as_array().unwrap_or_default();
    if points.len() < 3 {
        return Err(Error::new(Code::InvalidJson, "Polygon must have at least 3 values"));
    }
    let ring: Option<Vec<GeoPoint>> = points
        .iter()
        .map(|pair| match pair.as_array() {
            Some([latitude, longitude]) => Some(GeoPoint {
                latitude: latitude.as_number()?,
                longitude: longitude.as_number()?,
            }),
            _ => None,
        })
        .collect();
    let ring = ring.ok_or_else(|| {
        Error::new(Code::InvalidJson, "Polygon coordinates must be pairs of numbers")
    })?;
    Polygon::new(ring)
}

fn check_nested(json: &Json) -> Result<()> {
    check_depth(json, NESTING_MAX)
}

fn check_depth(json: &Json, left: usize) -> Result<()> {
    if left == 0 {
        return Err(Error::new(
            Code::InvalidNestedKey,
            format!("values may be nested {NESTING_MAX} deep at most"),
        ));
    }
    match json {
        Json::Array(elements) => {
            elements.iter().try_for_each(|element| check_depth(element, left - 1))
        }
        Json::Object(members) => check_members_depth(members, left),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

fn check_members(members: &Members) -> Result<()> {
    check_members_depth(members, NESTING_MAX)
}

fn check_members_depth(members: &Members, left: usize) -> Result<()> {
    for (key, member) in members {
        if key.contains(['$', '.']) {
            return Err(Error::new(
                Code::InvalidNestedKey,
                "Nested keys should not contain the '$' or '.' characters",
            ));
        }
        check_depth(member, left - 1)?;
    }
    Ok(())
}

/// The wire form of a value, as it stands in an array, an event or a default.
pub fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => Json::Number(*number),
        Value::String(text) => Json::String(text.clone()),
        Value::Date(date) => {
            Json::from([("__type", Json::from("Date")), ("iso", Json::from(date.to_iso()))])
        }
        Value::Bytes(content) => {
            Json::from([("__type", Json::from("Bytes")), ("base64", content.clone())])
        }
        Value::GeoPoint(point) => point_to_json(*point),
        Value::Polygon(polygon) => {
            Json::from([("__type", Json::from("Polygon")), ("coordinates", ring_to_json(polygon))])
        }
        Value::File(name) => {
            Json::from([("__type", Json::from("File")), ("name", Json::from(name.as_str()))])
        }
        Value::Pointer(pointer) => pointer_to_json(pointer),
        Value::Relation(class) => Json::from([
            ("__type", Json::from("Relation")),
            ("className", Json::from(class.as_str())),
        ]),
        Value::Acl(acl) => acl.as_ref().map_or(Json::Null, Acl::to_json),
        Value::Array(elements) => Json::Array(elements.clone()),
        Value::Object(members) => Json::Object(members.clone()),
    }
}

/// `{"__type":"Pointer",…}`
pub fn pointer_to_json(pointer: &Pointer) -> Json {
    Json::from([
        ("__type", Json::from("Pointer")),
        ("className", Json::from(pointer.class.as_str())),
        ("objectId", Json::from(pointer.id.as_str())),
    ])
}

/// `{"__type":"GeoPoint",…}`
pub fn point_to_json(point: GeoPoint) -> Json {
    Json::from([
        ("__type", Json::from("GeoPoint")),
        ("latitude", Json::Number(point.latitude)),
        ("longitude", Json::Number(point.longitude)),
    ])
}

/// `[[latitude,longitude],…]`
pub fn ring_to_json(polygon: &Polygon) -> Json {
    let pair = |point: &GeoPoint| {
        Json::Array(vec![Json::Number(point.latitude), Json::Number(point.longitude)])
    };
    Json::Array(polygon.ring().iter().map(pair).collect())
}

/// Where files are found: what stands before their names in a URL.
#[derive(Clone, Debug, Default)]
pub struct FileUrls {
    /// For example `http://localhost:1337/parse/files/myAppId/`.
    pub prefix: String,
}

impl FileUrls {
    /// The URL of a file. The name is percent-encoded as `encodeURIComponent` does it.
    pub fn url(&self, name: &str) -> String {
        let mut url = self.prefix.clone();
        percent_encode(name, &mut url);
        url
    }
}

/// A text as `encodeURIComponent` encodes it.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    percent_encode(text, &mut encoded);
    encoded
}

fn percent_encode(text: &str, out: &mut String) {
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Appends the wire form of a cell that is not [`Cell::Null`].
pub fn write_cell(cell: Cell<'_>, form: &Form, files: &FileUrls, out: &mut Vec<u8>) {
    match (form, cell) {
        (Form::Date, Cell::Date(date)) => {
            out.extend_from_slice(b"{\"__type\":\"Date\",\"iso\":\"");
            date.write_iso(out);
            out.extend_from_slice(b"\"}");
        }
        (Form::Pointer(class), Cell::Text(id)) => {
            out.extend_from_slice(b"{\"__type\":\"Pointer\",\"className\":");
            json::write_string(class, out);
            out.extend_from_slice(b",\"objectId\":");
            json::write_string(id, out);
            out.push(b'}');
        }
        (Form::File, Cell::Text(name)) => {
            out.extend_from_slice(b"{\"__type\":\"File\",\"name\":");
            json::write_string(name, out);
            out.extend_from_slice(b",\"url\":");
            json::write_string(&files.url(name), out);
            out.push(b'}');
        }
        (Form::Bytes, Cell::Json(content)) => {
            out.extend_from_slice(b"{\"__type\":\"Bytes\",\"base64\":");
            out.extend_from_slice(content.as_bytes());
            out.push(b'}');
        }
        (Form::Polygon, Cell::Json(ring)) => {
            out.extend_from_slice(b"{\"__type\":\"Polygon\",\"coordinates\":");
            out.extend_from_slice(ring.as_bytes());
            out.push(b'}');
        }
        (_, cell) => write_plain_cell(cell, out),
    }
}

fn write_plain_cell(cell: Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Bool(flag) => Json::Bool(flag).write(out),
        Cell::Number(number) => json::write_number(number, out),
        Cell::Date(date) => {
            out.push(b'"');
            date.write_iso(out);
            out.push(b'"');
        }
        Cell::Point(point) => point_to_json(point).write(out),
        Cell::Text(text) => json::write_string(text, out),
        Cell::Json(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// The value of a cell.
pub fn cell_to_value(cell: Cell<'_>, form: &Form) -> Value {
    match (form, cell) {
        (_, Cell::Null) => Value::Null,
        (_, Cell::Bool(flag)) => Value::Bool(flag),
        (_, Cell::Number(number)) => Value::Number(number),
        (_, Cell::Date(date)) => Value::Date(date),
        (_, Cell::Point(point)) => Value::GeoPoint(point),
        (Form::Pointer(class), Cell::Text(id)) => {
            Value::Pointer(Pointer { class: class.clone(), id: ObjectId::from(id) })
        }
        (Form::File, Cell::Text(name)) => Value::File(name.to_owned()),
        (_, Cell::Text(text)) => Value::String(text.to_owned()),
        (form, Cell::Json(text)) => {
            json_to_value(Json::parse(text.as_bytes()).unwrap_or(Json::Null), form)
        }
    }
}

fn json_to_value(json: Json, form: &Form) -> Value {
    match (form, json) {
        (_, Json::Null) => Value::Null,
        (Form::Bytes, content) => Value::Bytes(content),
        (Form::Polygon, ring) => read_ring(&ring).map_or(Value::Null, Value::Polygon),
        (_, Json::Array(elements)) => Value::Array(elements),
        (_, Json::Object(members)) => Value::Object(members),
        (_, Json::Bool(flag)) => Value::Bool(flag),
        (_, Json::Number(number)) => Value::Number(number),
        (_, Json::String(text)) => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(text: &str) -> std::result::Result<Op, (i32, String)> {
        read_entry("f", Json::parse(text.as_bytes()).unwrap())
            .map(|(_, op)| op)
            .map_err(|error| (error.code() as i32, error.text().to_owned()))
    }

    fn check_round_trip(text: &str) {
        match op(text) {
            Ok(Op::Set(value)) => assert_eq!(value_to_json(&value).to_text(), text),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn check_refused(text: &str, code: i32, message: &str) {
        assert_eq!(op(text), Err((code, message.to_owned())), "{text}");
    }

    #[test]
    fn every_type_keeps_its_form() {
        check_round_trip(r#""text""#);
        check_round_trip("1.5");
        check_round_trip("true");
        check_round_trip("null");
        check_round_trip(r#"{"__type":"Date","iso":"2014-03-04T05:06:07.089Z"}"#);
        check_round_trip(r#"{"__type":"GeoPoint","latitude":40.5,"longitude":-30.25}"#);
        check_round_trip(r#"{"__type":"Bytes","base64":"aGVsbG8="}"#);
        check_round_trip(r#"{"__type":"File","name":"picture.png"}"#);
        check_round_trip(r#"{"__type":"Pointer","className":"T","objectId":"x"}"#);
        check_round_trip(r#"{"__type":"Relation","className":"T"}"#);
        check_round_trip(r#"{"k":"v","d":{"__type":"Date","iso":"anything"}}"#);
        check_round_trip(r#"[1,"two",{"three":3},null,[4]]"#);
    }

    #[test]
    fn malformed_values_are_refused_with_the_contract_s_codes() {
        check_refused(r#"{"__type":"Nope","v":1}"#, 111, "This is not a valid Nope");
        check_refused(r#"{"__type":"GeoPoint","latitude":1}"#, 111, "This is not a valid GeoPoint");
        check_refused(r#"{"__type":"File"}"#, 111, "This is not a valid File");
        check_refused(r#"{"__type":"File","name":""}"#, 111, "This is not a valid File");
        check_refused(r#"{"__type":"Bytes","base64":""}"#, 111, "This is not a valid Bytes");
        check_refused(r#"{"__type":"Date","iso":"nope"}"#, 111, "This is not a valid Date");
        check_refused(
            r#"{"__type":"Polygon","coordinates":"x"}"#,
            107,
            "Polygon must have at least 3 values",
        );
        check_refused(
            r#"{"$bad":1}"#,
            121,
            "Nested keys should not contain the '$' or '.' characters",
        );
        check_refused(
            r#"[{"a.b":1}]"#,
            121,
            "Nested keys should not contain the '$' or '.' characters",
        );
        check_refused(r#"{"__op":"Nope"}"#, 107, "unknown operation: Nope");
        check_refused(r#"{"__op":"Add","objects":"x"}"#, 107, "objects to add must be an array");
    }

    #[test]
    fn operations_are_read() {
        assert_eq!(op(r#"{"__op":"Increment","amount":"1"}"#), Ok(Op::Increment(Some(1.0))));
        assert_eq!(op(r#"{"__op":"Increment"}"#), Ok(Op::Increment(None)));
        assert_eq!(op(r#"{"__op":"Delete"}"#), Ok(Op::Delete));
        assert_eq!(
            op(r#"{"__op":"Remove","objects":"x"}"#),
            Ok(Op::Remove(Some(vec![Json::from("x")])))
        );
        let pointer = Pointer { class: ClassName::from("T"), id: ObjectId::from("x") };
        assert_eq!(
            op(
                r#"{"__op":"Batch","ops":[{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"T","objectId":"x"}]}]}"#
            ),
            Ok(Op::Relate { add: vec![pointer], remove: vec![] })
        );
    }
}
