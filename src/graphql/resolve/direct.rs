//! Conditions of subscriptions: what asks for other objects can not be subscribed to, but to ask for objects whose pointers
//! lead to certain ids (`have: {objectId: {equalTo: …}}`, the only way to say it here) asks for none.

use crate::schema::{ClassSchema, FieldType};
use crate::value::{ClassName, Json, Members};

/// Conditions in wire form, with those on ids behind pointers put as conditions on the pointers.
pub(super) fn direct(class: &ClassSchema, filter: Members) -> Members {
    let conditions = filter.into_iter().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("$or" | "$and" | "$nor", Json::Array(parts)) => {
                Json::Array(parts.into_iter().map(|part| direct_part(class, part)).collect())
            }
            (_, Json::Object(conditions)) => match class.kind(&name) {
                Some(FieldType::Pointer(target)) => Json::Object(on_pointer(target, conditions)),
                Some(_) | None => Json::Object(conditions),
            },
            (_, value) => value,
        };
        (name, value)
    });
    conditions.collect()
}

fn direct_part(class: &ClassSchema, part: Json) -> Json {
    match part {
        Json::Object(filter) => Json::Object(direct(class, filter)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => part,
    }
}

fn on_pointer(target: &ClassName, conditions: Members) -> Members {
    let mut out = Members::with_capacity(conditions.len());
    for (operator, value) in conditions {
        let list = match operator.as_str() {
            "$inQuery" => Some("$in"),
            "$notInQuery" => Some("$nin"),
            _ => None,
        };
        match (list, ids(&value)) {
            (Some(list), Some(ids)) => {
                let pointers = ids.into_iter().map(|id| pointer(target, id)).collect();
                out.insert(list.to_owned(), Json::Array(pointers));
            }
            _ => {
                out.insert(operator, value);
            }
        }
    }
    out
}

/// The ids that a sub-query asks for, if it asks for nothing else.
fn ids(subquery: &Json) -> Option<Vec<&str>> {
    let filter = subquery.get("where")?.as_object()?;
    let (name, conditions) = filter.first().filter(|_| filter.len() == 1)?;
    let conditions = conditions.as_object().filter(|_| name == "objectId")?;
    let (operator, value) = conditions.first().filter(|_| conditions.len() == 1)?;
    match operator.as_str() {
        "$eq" => Some(vec![value.as_str()?]),
        "$in" => value.as_array()?.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

fn pointer(class: &ClassName, id: &str) -> Json {
    Json::from([
        ("__type", Json::from("Pointer")),
        ("className", Json::from(class.as_str())),
        ("objectId", Json::from(id)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::build::tests::contract_schema;

    fn check(given: &str, expected: &str) {
        let schema = contract_schema();
        let class = &schema.class("AllTypes").unwrap().class;
        let pointers: Vec<_> = class
            .fields
            .iter()
            .filter(|(_, field)| matches!(field.kind, FieldType::Pointer(_)))
            .collect();
        let (name, target) = (pointers[0].0.as_str(), pointers[0].1.kind.target().unwrap());
        let filled = |text: &str| text.replace("FIELD", name).replace("CLASS", target);
        let Ok(Json::Object(filter)) = Json::parse(filled(given).as_bytes()) else {
            panic!("{given}")
        };
        assert_eq!(Json::Object(direct(class, filter)).to_text(), filled(expected));
    }

    #[test]
    fn ids_behind_pointers_are_asked_for_directly() {
        const POINTER: &str = r#"{"__type":"Pointer","className":"CLASS","objectId":"a"}"#;
        let within = |conditions: &str| format!(r#"{{"FIELD":{{{conditions}}}}}"#);
        let query = |operator: &str, filter: &str| {
            within(&format!(r#""{operator}":{{"className":"CLASS","where":{filter}}}"#))
        };
        let listed = |operator: &str| within(&format!(r#""{operator}":[{POINTER}]"#));
        check(&query("$inQuery", r#"{"objectId":{"$eq":"a"}}"#), &listed("$in"));
        check(&query("$notInQuery", r#"{"objectId":{"$in":["a"]}}"#), &listed("$nin"));
        let nested = query("$inQuery", r#"{"objectId":{"$eq":"a"}}"#);
        check(&format!(r#"{{"$or":[{nested}]}}"#), &format!(r#"{{"$or":[{}]}}"#, listed("$in")));
        for other in [
            r#"{}"#,
            r#"{"name":{"$eq":"a"}}"#,
            r#"{"objectId":{"$eq":"a"},"name":{"$eq":"b"}}"#,
            r#"{"objectId":{"$in":["a"],"$ne":"b"}}"#,
            r#"{"objectId":{"$in":[5]}}"#,
            r#"{"objectId":{"$ne":"a"}}"#,
        ] {
            check(&query("$inQuery", other), &query("$inQuery", other));
        }
    }
}
