//! What a closure changes of an object before it is saved.

use serde::Serialize;

use crate::cloud::hook::ObjectState;
use crate::error::{Code, Error, Result};
use crate::value::{Json, Members};

/// Changes of an object before it is saved, on top of those that the request makes.
///
/// ```
/// use parsimony::Changes;
///
/// let changes = Changes::none().set("slug", "hello-world").increment("revision", 1.0);
/// ```
#[derive(Debug, Default)]
pub struct Changes {
    ops: Members,
    failed: Option<Error>,
}

impl Changes {
    /// No change.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets a field.
    #[must_use]
    pub fn set(mut self, field: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => drop(self.ops.insert(field.to_owned(), Json::from(value))),
            Err(cause) => {
                self.failed =
                    Some(Error::new(Code::ScriptFailed, "Script failed.").with_cause(cause));
            }
        }
        self
    }

    /// Empties a field.
    #[must_use]
    pub fn unset(self, field: &str) -> Self {
        self.op(field, [("__op", Json::from("Delete"))])
    }

    /// Adds to a number.
    #[must_use]
    pub fn increment(self, field: &str, amount: f64) -> Self {
        self.op(field, [("__op", Json::from("Increment")), ("amount", Json::from(amount))])
    }

    /// Appends to an array what it does not have.
    #[must_use]
    pub fn add_unique<T: Serialize>(mut self, field: &str, elements: &[T]) -> Self {
        match serde_json::to_value(elements) {
            Ok(elements) => {
                self.op(field, [("__op", Json::from("AddUnique")), ("objects", elements.into())])
            }
            Err(cause) => {
                self.failed =
                    Some(Error::new(Code::ScriptFailed, "Script failed.").with_cause(cause));
                self
            }
        }
    }

    fn op<const N: usize>(mut self, field: &str, op: [(&str, Json); N]) -> Self {
        self.ops.insert(field.to_owned(), Json::from(op));
        self
    }

    /// The changes of the request with these on top.
    pub(super) fn over(self, asked: Option<Members>) -> Result<Members> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let mut ops = asked.unwrap_or_default();
        ops.extend(self.ops);
        Ok(ops)
    }
}

/// The fields of an object with what is to change.
pub(super) fn applied(object: &ObjectState) -> Members {
    let mut fields = object.data.clone();
    for (key, op) in object.ops.iter().flatten() {
        let mut path = key.split('.');
        let Some(field) = path.next() else { continue };
        let rest: Vec<&str> = path.collect();
        match rest.is_empty() {
            true => apply(&mut fields, field, op),
            false => {
                let inside = fields.entry(field.to_owned()).or_insert_with(Json::empty);
                apply_inside(inside, &rest, op);
            }
        }
    }
    fields
}

fn apply_inside(json: &mut Json, path: &[&str], op: &Json) {
    let Json::Object(members) = json else { return };
    match path {
        [] => {}
        [name] => apply(members, name, op),
        [name, rest @ ..] => {
            let inside = members.entry((*name).to_owned()).or_insert_with(Json::empty);
            apply_inside(inside, rest, op);
        }
    }
}

fn apply(fields: &mut Members, field: &str, op: &Json) {
    let Some(kind) = op.get("__op").and_then(Json::as_str) else {
        match op.get("$undefined") {
            Some(_) => drop(fields.shift_remove(field)),
            None => drop(fields.insert(field.to_owned(), op.clone())),
        }
        return;
    };
    let elements = || op.get("objects").and_then(Json::as_array).unwrap_or_default();
    let current = || match fields.get(field) {
        Some(Json::Array(elements)) => elements.clone(),
        _ => Vec::new(),
    };
    let value = match kind {
        "Delete" => {
            fields.shift_remove(field);
            return;
        }
        "Increment" => {
            let amount = op.get("amount").and_then(Json::as_number).unwrap_or_default();
            let before = fields.get(field).and_then(Json::as_number).unwrap_or_default();
            Json::Number(before + amount)
        }
        "Add" => Json::Array([&current()[..], elements()].concat()),
        "AddUnique" => {
            let mut all = current();
            for element in elements() {
                if !all.contains(element) {
                    all.push(element.clone());
                }
            }
            Json::Array(all)
        }
        "Remove" => {
            let mut left = current();
            left.retain(|element| !elements().contains(element));
            Json::Array(left)
        }
        // A relation is no value of the object.
        _ => return,
    };
    fields.insert(field.to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ClassName;

    fn members(text: &str) -> Members {
        let Json::Object(members) = Json::parse(text.as_bytes()).unwrap() else { panic!("{text}") };
        members
    }

    fn check(data: &str, ops: &str, expected: &str) {
        let (data, ops) = (members(data), Some(members(ops)));
        let object = ObjectState { class: ClassName::from("A"), id: None, data, ops };
        assert_eq!(Json::Object(applied(&object)).to_text(), expected);
    }

    #[test]
    fn operations_are_applied() {
        check(r#"{"a":1,"b":2}"#, r#"{"a":"x","c":null}"#, r#"{"a":"x","b":2,"c":null}"#);
        check(r#"{"a":1,"b":2}"#, r#"{"a":{"__op":"Delete"},"b":{"$undefined":true}}"#, "{}");
        check(
            r#"{"n":1}"#,
            r#"{"n":{"__op":"Increment","amount":2},"m":{"__op":"Increment","amount":-1}}"#,
            r#"{"n":3,"m":-1}"#,
        );
        check(
            r#"{"a":[1,2]}"#,
            r#"{"a":{"__op":"AddUnique","objects":[2,3]},"b":{"__op":"Add","objects":[1]}}"#,
            r#"{"a":[1,2,3],"b":[1]}"#,
        );
        check(r#"{"a":[1,2,1]}"#, r#"{"a":{"__op":"Remove","objects":[1]}}"#, r#"{"a":[2]}"#);
        check(r#"{"o":{"k":1}}"#, r#"{"o.k":2,"o.d.e":3}"#, r#"{"o":{"k":2,"d":{"e":3}}}"#);
        check("{}", r#"{"r":{"__op":"AddRelation","objects":[]}}"#, "{}");
    }

    #[test]
    fn changes_come_on_top() {
        let asked = Some(members(r#"{"a":1,"b":1}"#));
        let changes = Changes::none().set("b", 2).unset("c").increment("n", 1.5);
        let expected =
            r#"{"a":1,"b":2,"c":{"__op":"Delete"},"n":{"__op":"Increment","amount":1.5}}"#;
        assert_eq!(Json::Object(changes.over(asked).unwrap()).to_text(), expected);
    }
}
