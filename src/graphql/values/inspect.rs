//! Values as error texts show them (`graphql/graphql-js:src/jsutils/inspect.ts`, `src/language/printer.ts`).

use apollo_compiler::ast::Value;

use crate::value::Json;

const DEPTH_MAX: usize = 2;
const ELEMENTS_MAX: usize = 10;

/// A JSON value, cut off where it is long or deep.
pub(crate) fn inspect(value: &Json) -> String {
    let mut out = String::new();
    write_inspected(value, 0, &mut out);
    out
}

fn write_inspected(value: &Json, depth: usize, out: &mut String) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            out.push_str(&value.to_text())
        }
        Json::Array(elements) if elements.is_empty() => out.push_str("[]"),
        Json::Array(_) if depth >= DEPTH_MAX => out.push_str("[Array]"),
        Json::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().take(ELEMENTS_MAX).enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_inspected(element, depth + 1, out);
            }
            match elements.len().saturating_sub(ELEMENTS_MAX) {
                0 => {}
                1 => out.push_str(", ... 1 more item"),
                more => out.push_str(&format!(", ... {more} more items")),
            }
            out.push(']');
        }
        Json::Object(members) if members.is_empty() => out.push_str("{}"),
        Json::Object(_) if depth >= DEPTH_MAX => out.push_str("[Object]"),
        Json::Object(members) => {
            out.push_str("{ ");
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push_str(": ");
                write_inspected(member, depth + 1, out);
            }
            out.push_str(" }");
        }
    }
}

/// A value as JavaScript turns it into text.
pub(super) fn script_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Object(_) => "[object Object]".to_owned(),
        Json::Array(elements) => {
            let texts = elements.iter().map(|element| match element {
                Json::Null => String::new(),
                Json::Bool(_)
                | Json::Number(_)
                | Json::String(_)
                | Json::Array(_)
                | Json::Object(_) => script_text(element),
            });
            texts.collect::<Vec<_>>().join(",")
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_text(),
    }
}

/// A literal as it stands in a document.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Enum(name) => name.to_string(),
        Value::Variable(name) => format!("${name}"),
        Value::String(text) => Json::from(text.as_str()).to_text(),
        Value::Float(number) => number.as_str().to_owned(),
        Value::Int(number) => number.as_str().to_owned(),
        Value::Boolean(flag) => flag.to_string(),
        Value::List(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| print(element)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(key, member)| format!("{key}: {}", print(member))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// The kind of a literal, as graphql-js names it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NullValue",
        Value::Enum(_) => "EnumValue",
        Value::Variable(_) => "Variable",
        Value::String(_) => "StringValue",
        Value::Float(_) => "FloatValue",
        Value::Int(_) => "IntValue",
        Value::Boolean(_) => "BooleanValue",
        Value::List(_) => "ListValue",
        Value::Object(_) => "ObjectValue",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_deep_values_are_cut_off() {
        for (value, expected) in [
            (r#"{"a":1,"b":"x"}"#, r#"{ a: 1, b: "x" }"#),
            (r#"{"a":{"b":{"c":1}}}"#, "{ a: { b: [Object] } }"),
            ("[1,2,3,4,5,6,7,8,9,10,11]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 1 more item]"),
            ("{}", "{}"),
        ] {
            assert_eq!(inspect(&Json::parse(value.as_bytes()).unwrap()), expected);
        }
    }
}
