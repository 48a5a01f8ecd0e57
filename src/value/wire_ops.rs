//! The wire form of operations, as the SDKs write them: what a hook is shown of a save that has not happened yet.
//! A part of [`wire`](super::wire).

use super::wire::{FileUrls, pointer_to_json, value_to_json};
use super::{Fields, Json, Key, Members, Op, Pointer, Value};

/// The name under which an operation stands: dotted if it reaches into an object field.
pub fn key_to_name(key: &Key) -> String {
    let mut name = key.field.to_string();
    for part in &key.path {
        name.push('.');
        name.push_str(part);
    }
    name
}

/// Operations by their names, as a client would send them.
pub fn fields_to_members(fields: &Fields, files: &FileUrls) -> Members {
    fields.iter().map(|(key, op)| (key_to_name(key), op_to_json(op, files))).collect()
}

/// One operation.
pub fn op_to_json(op: &Op, files: &FileUrls) -> Json {
    let named = |name: &str, rest: Option<(&str, Json)>| {
        let mut members = Members::from([("__op".to_owned(), Json::from(name))]);
        members.extend(rest.map(|(key, value)| (key.to_owned(), value)));
        Json::Object(members)
    };
    let of_elements = |name: &str, elements: &Option<Vec<Json>>| {
        named(name, elements.as_ref().map(|elements| ("objects", Json::Array(elements.clone()))))
    };
    match op {
        Op::Set(value) => shown_value(value, files),
        Op::SetOnInsert(value) => named("SetOnInsert", Some(("amount", shown_value(value, files)))),
        Op::Delete => named("Delete", None),
        Op::Increment(amount) => {
            named("Increment", amount.map(|amount| ("amount", Json::Number(amount))))
        }
        Op::Add(elements) => of_elements("Add", elements),
        Op::AddUnique(elements) => of_elements("AddUnique", elements),
        Op::Remove(elements) => of_elements("Remove", elements),
        Op::Relate { add, remove } => {
            let objects = |pointers: &[Pointer]| {
                Some(("objects", Json::Array(pointers.iter().map(pointer_to_json).collect())))
            };
            match (add.is_empty(), remove.is_empty()) {
                (_, true) => named("AddRelation", objects(add)),
                (true, false) => named("RemoveRelation", objects(remove)),
                (false, false) => {
                    let both = vec![
                        named("AddRelation", objects(add)),
                        named("RemoveRelation", objects(remove)),
                    ];
                    named("Batch", Some(("ops", Json::Array(both))))
                }
            }
        }
    }
}

/// A value as clients see it: a file has its URL.
pub fn shown_value(value: &Value, files: &FileUrls) -> Json {
    let mut json = value_to_json(value);
    if let (Value::File(name), Json::Object(members)) = (value, &mut json) {
        members.insert("url".to_owned(), Json::from(files.url(name)));
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::wire::read_entry;

    #[test]
    fn an_operation_that_was_read_is_written_as_it_was() {
        let files = FileUrls { prefix: "http://x/files/".to_owned() };
        for text in [
            r#"{"__op":"Increment","amount":2}"#,
            r#"{"__op":"Increment"}"#,
            r#"{"__op":"Delete"}"#,
            r#"{"__op":"Add","objects":[1,"x"]}"#,
            r#"{"__op":"AddUnique","objects":[1]}"#,
            r#"{"__op":"Remove","objects":[1]}"#,
            r#"{"__op":"SetOnInsert","amount":5}"#,
            r#"{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"T","objectId":"x"}]}"#,
            r#"{"__op":"RemoveRelation","objects":[{"__type":"Pointer","className":"T","objectId":"x"}]}"#,
            r#"{"__op":"Batch","ops":[{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"T","objectId":"x"}]},{"__op":"RemoveRelation","objects":[{"__type":"Pointer","className":"T","objectId":"y"}]}]}"#,
            r#"{"__type":"Date","iso":"2020-01-02T03:04:05.678Z"}"#,
            r#"{"__type":"File","name":"a b.txt","url":"http://x/files/a%20b.txt"}"#,
            r#"{"a":[1,null]}"#,
            "null",
        ] {
            let (_, op) = read_entry("field", Json::parse(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(op_to_json(&op, &files).to_text(), text);
        }
    }

    #[test]
    fn a_dotted_name_stays_dotted() {
        let (key, _) = read_entry("info.address.city", Json::Null).unwrap();
        assert_eq!(key_to_name(&key), "info.address.city");
    }
}
