//! What user code threw.

use crate::error::{Code, Error};
use crate::value::Json;

/// What user code threw, in the form of the host protocol (`error.data.thrown`).
#[derive(Clone, Debug, PartialEq)]
pub struct Thrown(pub Json);

/// The error that a client reads: a Parse error keeps its code and text; everything else has the code of its place and
/// its text, or `nothing` if it has none (`parse-server:src/triggers.js`, `resolveError`).
pub fn error_of(Thrown(thrown): &Thrown, code: Code, nothing: &'static str) -> Error {
    let kind = thrown.get("kind").and_then(Json::as_str).unwrap_or_default();
    let text = |json: &Json| json.get("message").and_then(Json::as_str).map(str::to_owned);
    match kind {
        "parse" => {
            let number = thrown.get("code").and_then(Json::as_number);
            let number = number.map_or(i64::from(code as i32), |number| number as i64);
            match thrown.get("message") {
                Some(Json::String(text)) => Error::thrown(number, text.as_str(), None),
                Some(other) if !other.is_null() => {
                    let json = other.to_text();
                    Error::thrown(number, json.as_str(), Some(&json))
                }
                Some(_) | None => Error::thrown(number, nothing, None),
            }
        }
        "error" => Error::thrown(
            i64::from(code as i32),
            text(thrown).filter(|text| !text.is_empty()).unwrap_or_else(|| nothing.to_owned()),
            None,
        ),
        _ => of_value(thrown.get("value"), code, nothing),
    }
}

fn of_value(value: Option<&Json>, code: Code, nothing: &'static str) -> Error {
    let number = i64::from(code as i32);
    match value.filter(|value| value.is_truthy()) {
        Some(Json::String(text)) => Error::thrown(number, text.as_str(), None),
        Some(Json::Object(members)) if members.contains_key("message") || is_form(members) => {
            let told = members.get("message").and_then(Json::as_str);
            Error::thrown(number, told.unwrap_or(nothing), None)
        }
        Some(other) => {
            let json = other.to_text();
            Error::thrown(number, json.as_str(), Some(&json))
        }
        None => Error::thrown(number, nothing, None),
    }
}

/// Whether it is a value in the form of the protocol, such as `{"$undefined": true}`.
fn is_form(members: &crate::value::Members) -> bool {
    members.len() == 1 && members.keys().any(|name| name.starts_with('$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(thrown: &str, number: i64, text: &str) {
        let thrown = Thrown(Json::parse(thrown.as_bytes()).unwrap());
        let error = error_of(&thrown, Code::ScriptFailed, "Script failed.");
        assert_eq!((error.number(), error.text()), (number, text), "{thrown:?}");
    }

    #[test]
    fn what_was_thrown_keeps_its_text() {
        check(r#"{"kind":"parse","code":1234,"message":"custom code"}"#, 1234, "custom code");
        check(r#"{"kind":"error","name":"Error","message":"a plain error"}"#, 141, "a plain error");
        check(r#"{"kind":"value","value":"a plain string"}"#, 141, "a plain string");
        check(r#"{"kind":"value","value":{"code":77,"message":"an object"}}"#, 141, "an object");
        check(r#"{"kind":"value","value":{"$undefined":true}}"#, 141, "Script failed.");
        check(r#"{"kind":"value","value":5}"#, 141, "5");
        check(r#"{"kind":"value","value":{"code":5}}"#, 141, r#"{"code":5}"#);
        check(r#"{"kind":"value","value":""}"#, 141, "Script failed.");
        check(r#"{"kind":"value","value":0}"#, 141, "Script failed.");
        check(r#"{"kind":"value","value":false}"#, 141, "Script failed.");
        check(r#"{"kind":"value"}"#, 141, "Script failed.");
    }

    #[test]
    fn a_number_keeps_its_status() {
        let thrown = Thrown(Json::parse(br#"{"kind":"parse","code":101,"message":"x"}"#).unwrap());
        assert_eq!(error_of(&thrown, Code::ScriptFailed, "").status(), 404);
    }
}
