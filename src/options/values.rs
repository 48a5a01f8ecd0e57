//! Values as flags, variables and files spell them, brought into one form per kind of option.

use serde_json::{Number, Value};

use crate::options::host;
use crate::options::table::Kind;

/// Reads a value that came as text, from a flag or a variable or as a text in JSON.
pub(super) fn from_text(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text | Kind::TextOrFunction => Some(Value::from(text)),
        Kind::Integer => integer(text),
        Kind::Flag | Kind::FlagOrFunction => flag(text),
        Kind::List | Kind::TextOrList => list(text),
        Kind::Object | Kind::Group => parsed(text).filter(Value::is_object),
        Kind::ListOf => parsed(text).filter(is_list_of_objects),
        Kind::Json => Some(parsed(text).unwrap_or_else(|| Value::from(text))),
        Kind::Adapter => Some(adapter(text)),
        Kind::Function => None,
        Kind::IntegerOrFlag => integer(text).or_else(|| flag(text)),
        Kind::IntegerOrText => Some(integer(text).unwrap_or_else(|| Value::from(text))),
    }
}

/// Reads a value that came as JSON. What a configuration in JavaScript made stands where its kind allows it.
pub(super) fn from_json(kind: Kind, value: Value) -> Option<Value> {
    if host::is_reference(&value) {
        return takes_reference(kind, &value).then_some(value);
    }
    let fits = match kind {
        Kind::Text | Kind::TextOrFunction => value.is_string(),
        Kind::Integer => value.is_i64(),
        Kind::Flag | Kind::FlagOrFunction => value.is_boolean(),
        Kind::List | Kind::TextOrList => value.is_array(),
        Kind::Object | Kind::Group | Kind::Adapter => value.is_object(),
        Kind::ListOf => is_list_of_objects(&value),
        Kind::Json => true,
        Kind::Function => false,
        Kind::IntegerOrFlag => value.is_i64() || value.is_boolean(),
        Kind::IntegerOrText => value.is_i64(),
    };
    match value {
        value if fits => Some(value),
        Value::String(text) => from_text(kind, &text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn takes_reference(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Function | Kind::TextOrFunction | Kind::FlagOrFunction => host::is_function(value),
        Kind::Adapter | Kind::Json => true,
        Kind::Text
        | Kind::Integer
        | Kind::Flag
        | Kind::List
        | Kind::Object
        | Kind::Group
        | Kind::ListOf
        | Kind::TextOrList
        | Kind::IntegerOrFlag
        | Kind::IntegerOrText => false,
    }
}

fn integer(text: &str) -> Option<Value> {
    text.trim().parse::<i64>().ok().map(|number| Value::Number(Number::from(number)))
}

/// `1` and `0` are how switches are spelled in environments (`VERBOSE=1`).
fn flag(text: &str) -> Option<Value> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(Value::Bool(true)),
        "false" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn list(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('[') {
        return parsed(text).filter(Value::is_array);
    }
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    Some(entries.map(Value::from).collect())
}

fn adapter(text: &str) -> Value {
    parsed(text).filter(Value::is_object).unwrap_or_else(|| Value::from(text))
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|entries| entries.iter().all(Value::is_object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts() {
        let check = |kind: Kind, text: &str, expected: Option<Value>| {
            assert_eq!(from_text(kind, text), expected, "{kind:?} {text}");
        };
        check(Kind::Text, "", Some(json!("")));
        check(Kind::Text, "12", Some(json!("12")));
        check(Kind::Integer, "12", Some(json!(12)));
        check(Kind::Integer, " -1 ", Some(json!(-1)));
        check(Kind::Integer, "12abc", None);
        check(Kind::Integer, "", None);
        check(Kind::Flag, "true", Some(json!(true)));
        check(Kind::Flag, "1", Some(json!(true)));
        check(Kind::Flag, "FALSE", Some(json!(false)));
        check(Kind::Flag, "0", Some(json!(false)));
        check(Kind::Flag, "yes", None);
        check(Kind::List, "a, b,,c", Some(json!(["a", "b", "c"])));
        check(Kind::List, "", Some(json!([])));
        check(Kind::List, r#"["a",{"b":1}]"#, Some(json!(["a", {"b": 1}])));
        check(Kind::List, "[a", None);
        check(Kind::TextOrList, "a", Some(json!(["a"])));
        check(Kind::Object, r#"{"a":1}"#, Some(json!({"a": 1})));
        check(Kind::Object, "[]", None);
        check(Kind::Object, "nonsense", None);
        check(Kind::Group, r#"{"a":1}"#, Some(json!({"a": 1})));
        check(Kind::ListOf, r#"[{"a":1}]"#, Some(json!([{"a": 1}])));
        check(Kind::ListOf, r#"["a"]"#, None);
        check(Kind::Json, "2", Some(json!(2)));
        check(Kind::Json, "loopback", Some(json!("loopback")));
        check(Kind::Adapter, "./a.js", Some(json!("./a.js")));
        check(Kind::Adapter, r#"{"module":"a"}"#, Some(json!({"module": "a"})));
        check(Kind::Function, "anything", None);
        check(Kind::IntegerOrFlag, "4", Some(json!(4)));
        check(Kind::IntegerOrFlag, "true", Some(json!(true)));
        check(Kind::IntegerOrFlag, "many", None);
        check(Kind::IntegerOrText, "7d", Some(json!("7d")));
        check(Kind::IntegerOrText, "7", Some(json!(7)));
        check(Kind::FlagOrFunction, "1", Some(json!(true)));
    }

    #[test]
    fn json_values() {
        let check = |kind: Kind, value: Value, expected: Option<Value>| {
            assert_eq!(from_json(kind, value.clone()), expected, "{kind:?} {value}");
        };
        check(Kind::Text, json!("a"), Some(json!("a")));
        check(Kind::Text, json!(1), None);
        check(Kind::Integer, json!(1), Some(json!(1)));
        check(Kind::Integer, json!("1"), Some(json!(1)));
        check(Kind::Integer, json!(1.5), None);
        check(Kind::Integer, json!(true), None);
        check(Kind::Flag, json!(true), Some(json!(true)));
        check(Kind::Flag, json!("1"), Some(json!(true)));
        check(Kind::Flag, json!(1), None);
        check(Kind::List, json!(["a"]), Some(json!(["a"])));
        check(Kind::List, json!("a,b"), Some(json!(["a", "b"])));
        check(Kind::List, json!({}), None);
        check(Kind::Group, json!({}), Some(json!({})));
        check(Kind::Group, json!([]), None);
        check(Kind::ListOf, json!([{}, 1]), None);
        check(Kind::Json, json!([1]), Some(json!([1])));
        check(Kind::Adapter, json!("a"), Some(json!("a")));
        check(Kind::Adapter, json!(1), None);
        check(Kind::Function, json!({}), None);
    }

    #[test]
    fn what_javascript_made() {
        let function = json!({"$host": "verifyUserEmails", "kind": "function"});
        let object = json!({"$host": "emailAdapter", "kind": "object", "methods": ["sendMail"]});
        for kind in [Kind::Function, Kind::TextOrFunction, Kind::FlagOrFunction] {
            assert_eq!(from_json(kind, function.clone()), Some(function.clone()), "{kind:?}");
            assert_eq!(from_json(kind, object.clone()), None, "{kind:?}");
        }
        assert_eq!(from_json(Kind::Adapter, object.clone()), Some(object.clone()));
        for kind in [Kind::Text, Kind::Flag, Kind::Object, Kind::Group, Kind::List] {
            assert_eq!(from_json(kind, function.clone()), None, "{kind:?}");
        }
    }
}
