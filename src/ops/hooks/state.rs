//! Objects as hooks see them.

use crate::cloud::hook::ObjectState;
use crate::ops::Ctx;
use crate::ops::read::{self, Found};
use crate::value::wire::{self, FileUrls};
use crate::value::{ClassName, Fields, Json, Members, ObjectId, Op};

/// The stored state of one of the objects that were found, with the objects behind its followed pointers.
pub(in crate::ops) fn state_of(ctx: &Ctx, found: &Found, at: usize) -> ObjectState {
    let mut data = read::members_of(found, at, &ctx.app.files);
    // What a hook put there says its class itself.
    let named = match found.is_replaced {
        true => data.shift_remove("className"),
        false => None,
    };
    let named = named.as_ref().and_then(Json::as_str).map(ClassName::from);
    object_state(named.unwrap_or_else(|| found.class.name.clone()), data)
}

/// An object of its fields; its id may be among them.
pub(in crate::ops) fn object_state(class: ClassName, mut data: Members) -> ObjectState {
    let id = data.shift_remove("objectId");
    let id = id.as_ref().and_then(Json::as_str).map(ObjectId::from);
    ObjectState { class, id, data, ops: None }
}

/// The fields of an object that was made by operations.
pub(in crate::ops) fn created(fields: &Fields, files: &FileUrls) -> Members {
    let mut data = Members::new();
    for (key, op) in fields.iter() {
        let value = match op {
            Op::Set(value) | Op::SetOnInsert(value) => wire::shown_value(value, files),
            Op::Increment(amount) => amount.map_or(Json::Null, Json::Number),
            Op::Add(elements) | Op::AddUnique(elements) => {
                Json::Array(elements.clone().unwrap_or_default())
            }
            Op::Remove(_) => Json::Array(Vec::new()),
            Op::Relate { add, remove } => match add.iter().chain(remove).next() {
                Some(pointer) => read::relation(&pointer.class),
                None => continue,
            },
            Op::Delete => continue,
        };
        if !value.is_null() {
            data.insert(key.field.to_string(), value);
        }
    }
    data
}

/// The fields of an object that was changed by operations. `results` are the new values that only storage knows.
pub(in crate::ops) fn updated(
    mut data: Members,
    fields: &Fields,
    results: &Members,
    files: &FileUrls,
) -> Members {
    for (key, op) in fields.iter() {
        let name = key.field.as_str();
        match op {
            Op::Set(value) if key.path.is_empty() => {
                let value = wire::shown_value(value, files);
                match value.is_null() {
                    true => data.shift_remove(name),
                    false => data.insert(name.to_owned(), value),
                };
            }
            Op::Delete | Op::Increment(None) if key.path.is_empty() => {
                data.shift_remove(name);
            }
            Op::Set(value) => {
                set_inside(&mut data, name, &key.path, Some(wire::value_to_json(value)))
            }
            Op::Delete | Op::Increment(None) => set_inside(&mut data, name, &key.path, None),
            Op::Relate { add, remove } => {
                if let Some(pointer) = add.iter().chain(remove).next() {
                    data.insert(name.to_owned(), read::relation(&pointer.class));
                }
            }
            Op::SetOnInsert(_)
            | Op::Increment(Some(_))
            | Op::Add(_)
            | Op::AddUnique(_)
            | Op::Remove(_) => {}
        }
    }
    for (name, value) in results {
        merge(data.entry(name.clone()).or_default(), value);
    }
    data
}

/// Sets or removes a member inside an object field; objects on the way are made.
fn set_inside(data: &mut Members, name: &str, path: &[String], value: Option<Json>) {
    let field = data.entry(name.to_owned()).or_insert_with(Json::empty);
    let Some((last, way)) = path.split_last() else { return };
    let mut at = field;
    for part in way {
        let Json::Object(members) = at else { return };
        at = members.entry(part.clone()).or_insert_with(Json::empty);
    }
    let Json::Object(members) = at else { return };
    match value {
        Some(value) => members.insert(last.clone(), value),
        None => members.shift_remove(last),
    };
}

/// Puts one value over another; of objects, member by member.
fn merge(known: &mut Json, value: &Json) {
    match (known, value) {
        (Json::Object(known), Json::Object(value)) if !known.contains_key("__type") => {
            for (name, member) in value {
                merge(known.entry(name.clone()).or_default(), member);
            }
        }
        (known, value) => *known = value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::wire::read_entry;

    fn parse(text: &str) -> Members {
        Json::parse(text.as_bytes()).unwrap().as_object().unwrap().clone()
    }

    fn fields(text: &str) -> Fields {
        let mut fields = Fields::default();
        for (name, json) in parse(text) {
            let (key, op) = read_entry(&name, json).unwrap();
            fields.put(key, op);
        }
        fields
    }

    fn check(stored: &str, ops: &str, results: &str, expected: &str) {
        let files = FileUrls::default();
        let after = updated(parse(stored), &fields(ops), &parse(results), &files);
        assert_eq!(Json::Object(after).to_text(), expected, "{ops}");
    }

    #[test]
    fn operations_change_the_state() {
        check(r#"{"a":1}"#, r#"{"a":2,"b":"x"}"#, "{}", r#"{"a":2,"b":"x"}"#);
        check(r#"{"a":1,"b":2}"#, r#"{"a":{"__op":"Delete"},"b":null}"#, "{}", "{}");
        check(r#"{"n":1}"#, r#"{"n":{"__op":"Increment","amount":2}}"#, r#"{"n":3}"#, r#"{"n":3}"#);
        check(r#"{"o":{"x":1}}"#, r#"{"o.y":2}"#, "{}", r#"{"o":{"x":1,"y":2}}"#);
        check("{}", r#"{"o.y.z":2}"#, "{}", r#"{"o":{"y":{"z":2}}}"#);
        check(r#"{"o":{"x":1}}"#, r#"{"o.x":{"__op":"Delete"}}"#, "{}", r#"{"o":{}}"#);
        check(
            r#"{"o":{"x":1,"n":1}}"#,
            r#"{"o.n":{"__op":"Increment","amount":1}}"#,
            r#"{"o":{"n":2}}"#,
            r#"{"o":{"x":1,"n":2}}"#,
        );
    }

    #[test]
    fn a_new_object_has_the_results_of_its_operations() {
        let made = created(
            &fields(
                r#"{"a":1,"n":{"__op":"Increment","amount":2},"gone":{"__op":"Delete"},"no":null}"#,
            ),
            &FileUrls::default(),
        );
        assert_eq!(Json::Object(made).to_text(), r#"{"a":1,"n":2}"#);
    }
}
