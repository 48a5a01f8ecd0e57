//! Whether a message has the form that it must have. The texts are those of the validator that parse-server uses
//! (`parse-server:src/LiveQuery/RequestSchema.js`, npm `tv4`): clients compare them (`parse-js-sdk:src/LiveQueryClient.ts` knows
//! `Additional properties not allowed`).

use std::collections::HashMap;

use crate::value::{Json, Members};

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Text,
    Number,
    /// An object of any members.
    Object,
    /// A list of texts that are not the same, at least one.
    Texts,
    /// An object of these members.
    Members(&'static Shape),
    /// A member that parse-server does not know: true, false or a text.
    FlagOrText,
}

/// What an object must hold.
pub(super) struct Shape {
    pub(super) required: &'static [&'static str],
    pub(super) members: &'static [(&'static str, Form)],
}

/// The members of a message, if it fits; else what is wrong with it.
pub(super) fn fit<'a>(json: &'a Json, shape: &Shape) -> Result<&'a Members, String> {
    let Json::Object(members) = json else { return Err(wrong_type(json, "object")) };
    for name in shape.required {
        if !members.contains_key(*name) {
            return Err(format!("Missing required property: {name}"));
        }
    }
    for (name, value) in members {
        let Some((_, form)) = shape.members.iter().find(|(known, _)| known == name) else {
            return Err("Additional properties not allowed".to_owned());
        };
        check(value, *form)?;
    }
    Ok(members)
}

fn check(value: &Json, form: Form) -> Result<(), String> {
    match (form, value) {
        (Form::Text, Json::String(_))
        | (Form::Number, Json::Number(_))
        | (Form::Object, Json::Object(_))
        | (Form::FlagOrText, Json::Bool(_) | Json::String(_)) => Ok(()),
        (Form::Texts, Json::Array(elements)) => texts(elements),
        (Form::Members(shape), _) => fit(value, shape).map(|_| ()),
        (Form::Text, _) => Err(wrong_type(value, "string")),
        (Form::Number, _) => Err(wrong_type(value, "number")),
        (Form::Object, _) => Err(wrong_type(value, "object")),
        (Form::Texts, _) => Err(wrong_type(value, "array")),
        (Form::FlagOrText, _) => Err(wrong_type(value, "boolean/string")),
    }
}

fn texts(elements: &[Json]) -> Result<(), String> {
    if elements.is_empty() {
        return Err("Array is too short (0), minimum 1".to_owned());
    }
    let mut first: HashMap<String, usize> = HashMap::with_capacity(elements.len());
    let mut same: Option<(usize, usize)> = None;
    for (at, element) in elements.iter().enumerate() {
        let before = *first.entry(element.to_text()).or_insert(at);
        if before != at && same.is_none_or(|(one, _)| before < one) {
            same = Some((before, at));
        }
    }
    if let Some((one, other)) = same {
        return Err(format!("Array items are not unique (indices {one} and {other})"));
    }
    elements.iter().try_for_each(|element| check(element, Form::Text))
}

/// `Invalid type: null (expected object)`
pub(super) fn wrong_type(value: &Json, expected: &str) -> String {
    let found = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    format!("Invalid type: {found} (expected {expected})")
}
