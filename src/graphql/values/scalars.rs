//! Scalars: those of GraphQL and those of Parse (`parse-server:src/GraphQL/loaders/defaultGraphQLTypes.js`).

use crate::graphql::uploads::is_upload;
use crate::value::{Date, Json, json};

/// Whether a scalar is one that GraphQL itself defines.
pub(super) fn is_standard(scalar: &str) -> bool {
    matches!(scalar, "Int" | "Float" | "String" | "Boolean" | "ID")
}

/// The value of a scalar of Parse in its wire form, or nothing if it is none.
pub(super) fn read_own(scalar: &str, value: Json) -> Option<Json> {
    match scalar {
        "Object" => matches!(value, Json::Object(_) | Json::Array(_)).then_some(value),
        "Date" => read_date(&value),
        "Bytes" => read_bytes(value),
        "File" => read_file(value),
        // Files come beside the document, never in it.
        "Upload" => is_upload(&value).then_some(value),
        _ => Some(value),
    }
}

fn read_date(value: &Json) -> Option<Json> {
    let text = match typed(value, "Date") {
        true => value.get("iso")?.as_str()?,
        false => value.as_str()?,
    };
    let iso = Date::parse(text)?.to_iso();
    Some(Json::from([("__type", Json::from("Date")), ("iso", Json::from(iso))]))
}

fn read_bytes(value: Json) -> Option<Json> {
    if typed(&value, "Bytes") {
        value.get("base64")?.as_str()?;
        return Some(value);
    }
    value.as_str()?;
    Some(Json::from([("__type", Json::from("Bytes")), ("base64", value)]))
}

fn read_file(value: Json) -> Option<Json> {
    if typed(&value, "File") {
        value.get("name")?.as_str()?;
        return value.get("url").is_none_or(|url| url.as_str().is_some()).then_some(value);
    }
    value.as_str()?;
    Some(Json::from([("__type", Json::from("File")), ("name", value)]))
}

fn typed(value: &Json, kind: &str) -> bool {
    value.get("__type").and_then(Json::as_str) == Some(kind)
}

/// The value of a scalar of GraphQL, or nothing if it is none.
pub(super) fn read_standard(scalar: &str, value: &Json) -> Option<Json> {
    let fits = match (scalar, value) {
        ("Int", Json::Number(number)) => is_int(*number),
        ("Float", Json::Number(number)) => number.is_finite(),
        ("String" | "ID", Json::String(_)) | ("Boolean", Json::Bool(_)) => true,
        ("ID", Json::Number(number)) if number.fract() == 0.0 => {
            let mut digits = Vec::new();
            json::write_number(*number, &mut digits);
            return Some(Json::String(String::from_utf8_lossy(&digits).into_owned()));
        }
        _ => false,
    };
    fits.then(|| value.clone())
}

fn is_int(number: f64) -> bool {
    number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number)
}

/// Why a value is not a scalar of GraphQL; `shown` is the value as the text shows it.
pub(super) fn standard_problem(scalar: &str, value: &Json, shown: &str) -> String {
    match (scalar, value) {
        ("Int", Json::Number(number)) if number.fract() == 0.0 => {
            format!("Int cannot represent non 32-bit signed integer value: {shown}")
        }
        ("Int", _) => format!("Int cannot represent non-integer value: {shown}"),
        ("Float", _) => format!("Float cannot represent non numeric value: {shown}"),
        ("Boolean", _) => format!("Boolean cannot represent a non boolean value: {shown}"),
        ("ID", _) => format!("ID cannot represent value: {shown}"),
        _ => format!("String cannot represent a non string value: {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scalar: &str, value: &str, expected: Option<&str>) {
        let read = read_own(scalar, Json::parse(value.as_bytes()).unwrap());
        assert_eq!(read.map(|json| json.to_text()).as_deref(), expected, "{scalar} {value}");
    }

    #[test]
    fn own_scalars_take_their_short_and_their_wire_form() {
        let date = r#"{"__type":"Date","iso":"2014-03-04T05:06:07.089Z"}"#;
        check("Date", r#""2014-03-04T05:06:07.089Z""#, Some(date));
        check("Date", date, Some(date));
        check("Date", r#""nope""#, None);
        check("Date", "5", None);
        check("Bytes", r#""aGVsbG8=""#, Some(r#"{"__type":"Bytes","base64":"aGVsbG8="}"#));
        check("Bytes", "5", None);
        check("File", r#""a.png""#, Some(r#"{"__type":"File","name":"a.png"}"#));
        check("Object", r#""x""#, None);
        check("Any", "[1]", Some("[1]"));
    }
}
