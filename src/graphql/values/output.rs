//! Output values: what a cloud function gave, as the scalars and enums of its field's type
//! (`graphql/graphql-js:src/type/scalars.ts`, `parse-server:src/GraphQL/loaders/defaultGraphQLTypes.js`).

use apollo_compiler::schema::EnumType;

use super::inspect::inspect;
use crate::value::Json;
use crate::value::json::{write_number, write_string};

/// Appends a value as a scalar. If it can not be one, nothing is appended and the error says why.
pub(crate) fn write_scalar(scalar: &str, value: &Json, out: &mut Vec<u8>) -> Result<(), String> {
    match scalar {
        "Int" => write_int(value, out),
        "Float" => match as_number(value) {
            Some(number) if number.is_finite() => {
                write_number(number, out);
                Ok(())
            }
            _ => Err(format!("Float cannot represent non numeric value: {}", inspect(value))),
        },
        "String" => write_text(value, out)
            .ok_or_else(|| format!("String cannot represent value: {}", inspect(value))),
        "Boolean" => match value {
            Json::Bool(_) => write_plain(value, out),
            Json::Number(number) if number.is_finite() => {
                write_plain(&Json::Bool(*number != 0.0), out)
            }
            Json::Number(_) | Json::Null | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                Err(format!("Boolean cannot represent a non boolean value: {}", inspect(value)))
            }
        },
        "ID" => match value {
            Json::String(_) => write_plain(value, out),
            Json::Number(number) if number.fract() == 0.0 => {
                write_string(&value.to_text(), out);
                Ok(())
            }
            Json::Number(_) | Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                Err(format!("ID cannot represent value: {}", inspect(value)))
            }
        },
        "Date" => write_typed("Date", "iso", value, out),
        "Bytes" => write_typed("Bytes", "base64", value, out),
        "File" => write_typed("File", "name", value, out),
        "Object" => match value {
            Json::Object(_) | Json::Array(_) => write_plain(value, out),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                Err(format!("{} is not a valid Object", inspect(value)))
            }
        },
        _ => write_plain(value, out),
    }
}

/// Appends a value of an enum.
pub(crate) fn write_enum(
    definition: &EnumType,
    value: &Json,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match value.as_str().filter(|text| definition.values.contains_key(*text)) {
        Some(_) => write_plain(value, out),
        None => {
            Err(format!("Enum \"{}\" cannot represent value: {}", definition.name, inspect(value)))
        }
    }
}

fn write_plain(value: &Json, out: &mut Vec<u8>) -> Result<(), String> {
    value.write(out);
    Ok(())
}

fn write_int(value: &Json, out: &mut Vec<u8>) -> Result<(), String> {
    let number = as_number(value).filter(|number| number.is_finite() && number.fract() == 0.0);
    let Some(number) = number else {
        return Err(format!("Int cannot represent non-integer value: {}", inspect(value)));
    };
    if !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number) {
        let shown = inspect(value);
        return Err(format!("Int cannot represent non 32-bit signed integer value: {shown}"));
    }
    write_number(number, out);
    Ok(())
}

fn as_number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => Some(*number),
        Json::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn write_text(value: &Json, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Json::String(text) => write_string(text, out),
        Json::Bool(flag) => write_string(if *flag { "true" } else { "false" }, out),
        Json::Number(number) if number.is_finite() => write_string(&value.to_text(), out),
        Json::Number(_) | Json::Null | Json::Array(_) | Json::Object(_) => return None,
    }
    Some(())
}

/// A value that has a short form: a text, or an object that says its type and holds that text.
fn write_typed(kind: &str, member: &str, value: &Json, out: &mut Vec<u8>) -> Result<(), String> {
    let is_kind = value.get("__type").and_then(Json::as_str) == Some(kind);
    let text = match value.as_str() {
        None if is_kind => value.get(member).and_then(Json::as_str),
        text => text,
    };
    match text {
        Some(text) => {
            write_string(text, out);
            Ok(())
        }
        None => Err(format!("{} is not a valid {kind}", inspect(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scalar: &str, value: &str, expected: Result<&str, &str>) {
        let mut out = Vec::new();
        let written = write_scalar(scalar, &Json::parse(value.as_bytes()).unwrap(), &mut out);
        let written = written.map(|()| String::from_utf8(out).unwrap());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(written, expected, "{scalar} {value}");
    }

    #[test]
    fn scalars_are_written_as_graphql_js_writes_them() {
        check("Int", r#""7""#, Ok("7"));
        check("Int", "true", Ok("1"));
        check("Int", "3.7", Err("Int cannot represent non-integer value: 3.7"));
        check("Int", "[1,2]", Err("Int cannot represent non-integer value: [1, 2]"));
        check(
            "Int",
            "3000000000",
            Err("Int cannot represent non 32-bit signed integer value: 3000000000"),
        );
        check("Float", r#""1.5""#, Ok("1.5"));
        check("Float", r#""x""#, Err(r#"Float cannot represent non numeric value: "x""#));
        check("Float", r#""inf""#, Err(r#"Float cannot represent non numeric value: "inf""#));
        check("String", "5", Ok(r#""5""#));
        check("String", "true", Ok(r#""true""#));
        check("String", r#"{"a":1}"#, Err("String cannot represent value: { a: 1 }"));
        check("Boolean", "3.7", Ok("true"));
        check("Boolean", r#""x""#, Err(r#"Boolean cannot represent a non boolean value: "x""#));
        check("ID", "12", Ok(r#""12""#));
        check("ID", "1.5", Err("ID cannot represent value: 1.5"));
    }

    #[test]
    fn values_of_parse_are_written_in_their_short_form() {
        let date = r#"{"__type":"Date","iso":"1970-01-01T00:00:00.000Z"}"#;
        check("Date", date, Ok(r#""1970-01-01T00:00:00.000Z""#));
        check("Date", r#""1970""#, Ok(r#""1970""#));
        check("Date", "5", Err("5 is not a valid Date"));
        check("Bytes", r#"{"__type":"Bytes","base64":"aGk="}"#, Ok(r#""aGk=""#));
        check("Object", r#"{"a":1}"#, Ok(r#"{"a":1}"#));
        check("Object", "1", Err("1 is not a valid Object"));
        check("Any", "[1]", Ok("[1]"));
        check("Whatever", r#"{"a":1}"#, Ok(r#"{"a":1}"#));
    }
}
