//! What the field rules of a validator look at and change: the parameters of a function, or an object that is going to be
//! stored.

use std::borrow::Cow;

use crate::cloud::hook::ObjectState;
use crate::value::{Json, Members};

/// Where the values are.
pub(super) enum Candidate<'a> {
    /// In the parameters of a function.
    Params(&'a mut Members),
    /// In an object: in what is to change, else in what is stored.
    Object {
        /// The object.
        object: &'a mut ObjectState,
        /// Whether it is stored already.
        is_stored: bool,
    },
    /// Nowhere: what is asked about has no fields.
    Nothing,
}

impl Candidate<'_> {
    /// The value of a field.
    pub(super) fn value(&self, key: &str) -> Option<Cow<'_, Json>> {
        match self {
            Self::Params(params) => params.get(key).map(Cow::Borrowed),
            Self::Object { object, .. } => {
                let stored = object.data.get(key);
                match object.ops.as_ref().and_then(|ops| ops.get(key)) {
                    Some(op) => applied(stored, op),
                    None => stored.map(Cow::Borrowed),
                }
            }
            Self::Nothing => None,
        }
    }

    /// Sets a field.
    pub(super) fn set(&mut self, key: &str, value: &Json) {
        match self {
            Self::Params(params) => {
                params.insert(key.to_owned(), value.clone());
            }
            Self::Object { object, .. } => {
                let ops = object.ops.get_or_insert_default();
                forget(ops, key);
                ops.insert(key.to_owned(), value.clone());
            }
            Self::Nothing => {}
        }
    }

    /// Keeps a field as it is stored; of an object that is not stored yet, as the rule says.
    pub(super) fn hold(&mut self, key: &str, default: Option<&Json>) {
        let Self::Object { object, is_stored } = self else { return };
        if *is_stored {
            forget(object.ops.get_or_insert_default(), key);
        } else if let Some(value) = default {
            self.set(key, value);
        }
    }
}

/// Takes back what is to change of a field, inside it too.
fn forget(ops: &mut Members, key: &str) {
    let is_inside = |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    ops.retain(|name, _| name != key && !is_inside(name));
}

/// The value of a field after an operation; nothing if it is gone.
fn applied<'a>(stored: Option<&'a Json>, op: &'a Json) -> Option<Cow<'a, Json>> {
    let is_plain = op.get("__op").is_none();
    if is_plain {
        let is_undefined = op.get("$undefined").is_some();
        return (!is_undefined).then_some(Cow::Borrowed(op));
    }
    let elements = || op.get("objects").and_then(Json::as_array).unwrap_or_default();
    let list = || stored.and_then(Json::as_array).unwrap_or_default().to_vec();
    match op.get("__op").and_then(Json::as_str)? {
        "Delete" => None,
        "Increment" => {
            let now = stored.and_then(Json::as_number).unwrap_or(0.0);
            let amount = op.get("amount").and_then(Json::as_number).unwrap_or(0.0);
            Some(Cow::Owned(Json::Number(now + amount)))
        }
        "Add" => Some(Cow::Owned(Json::Array([&list(), elements()].concat()))),
        "AddUnique" => {
            let mut list = list();
            for element in elements() {
                if !list.contains(element) {
                    list.push(element.clone());
                }
            }
            Some(Cow::Owned(Json::Array(list)))
        }
        "Remove" => {
            let mut list = list();
            list.retain(|element| !elements().contains(element));
            Some(Cow::Owned(Json::Array(list)))
        }
        "SetOnInsert" => stored.or(op.get("amount")).map(Cow::Borrowed),
        _ => Some(Cow::Borrowed(op)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stored: &str, op: &str, expected: &str) {
        let parse = |text: &str| Json::parse(text.as_bytes()).unwrap();
        let (stored, op) = (parse(stored), parse(op));
        let got = applied(Some(&stored).filter(|stored| !stored.is_null()), &op);
        assert_eq!(got.map_or("nothing".to_owned(), |json| json.to_text()), expected);
    }

    #[test]
    fn operations_are_applied() {
        check("1", "2", "2");
        check("1", r#"{"__op":"Delete"}"#, "nothing");
        check("1", r#"{"__op":"Increment","amount":2}"#, "3");
        check("null", r#"{"__op":"Increment","amount":2}"#, "2");
        check("[1]", r#"{"__op":"Add","objects":[1]}"#, "[1,1]");
        check("[1]", r#"{"__op":"AddUnique","objects":[1,2]}"#, "[1,2]");
        check("[1,2]", r#"{"__op":"Remove","objects":[1]}"#, "[2]");
        check("1", r#"{"$undefined":true}"#, "nothing");
    }
}
