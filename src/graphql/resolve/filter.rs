//! Conditions: from the where inputs of the schema to the form that every door's conditions have
//! (`parse-server:src/GraphQL/transformers/query.js`).

use crate::graphql::build::GraphQlSchema;
use crate::graphql::global_id::local_id;
use crate::schema::{ClassSchema, FieldType};
use crate::value::{Json, Members};

/// The conditions on objects of a class, in wire form.
pub(super) fn wire_filter(schema: &GraphQlSchema, class: &ClassSchema, input: Members) -> Members {
    let mut out = Members::with_capacity(input.len());
    for (name, value) in input {
        match (name.as_str(), value) {
            (_, Json::Null) => {}
            ("OR", parts) => put(&mut out, "$or", wire_parts(schema, class, parts)),
            ("AND", parts) => put(&mut out, "$and", wire_parts(schema, class, parts)),
            ("NOR", parts) => put(&mut out, "$nor", wire_parts(schema, class, parts)),
            ("id", Json::Object(conditions)) => {
                put(&mut out, "objectId", local_ids(class, wire_conditions(schema, conditions)))
            }
            (_, Json::Object(conditions)) => match class.kind(&name) {
                Some(kind @ (FieldType::Pointer(_) | FieldType::Relation(_))) => {
                    put(&mut out, &name, wire_pointer(schema, kind, conditions));
                }
                Some(FieldType::Object | FieldType::Acl) => {
                    put_object_conditions(schema, &name, conditions, &mut out)
                }
                Some(_) | None => {
                    put(&mut out, &name, Json::Object(wire_conditions(schema, conditions)))
                }
            },
            (_, bare) => put(&mut out, &name, bare),
        }
    }
    out
}

fn wire_parts(schema: &GraphQlSchema, class: &ClassSchema, parts: Json) -> Json {
    let Json::Array(parts) = parts else { return parts };
    let wire = |part| match part {
        Json::Object(conditions) => Json::Object(wire_filter(schema, class, conditions)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => part,
    };
    Json::Array(parts.into_iter().map(wire).collect())
}

/// Conditions on the same field add up.
fn put(out: &mut Members, name: &str, value: Json) {
    match (out.get_mut(name), value) {
        (Some(Json::Object(known)), Json::Object(more)) => known.extend(more),
        (_, value) => {
            out.insert(name.to_owned(), value);
        }
    }
}

/// Conditions on an object field name a key inside it: they become conditions on that path.
fn put_object_conditions(
    schema: &GraphQlSchema,
    name: &str,
    conditions: Members,
    out: &mut Members,
) {
    for (operator, value) in conditions {
        let key = value.get("key").and_then(Json::as_str).map(str::to_owned);
        let (path, value) = match (key, value) {
            (Some(key), Json::Object(mut pair)) => {
                (format!("{name}.{key}"), pair.shift_remove("value").unwrap_or(Json::Null))
            }
            (_, value) => (name.to_owned(), value),
        };
        put(out, &path, Json::Object(wire_conditions(schema, Members::from([(operator, value)]))));
    }
}

fn local_ids(class: &ClassSchema, conditions: Members) -> Json {
    let local = |value: Json| match value {
        Json::String(id) => Json::from(local_id(&id, &class.name)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value,
    };
    let conditions = conditions.into_iter().map(|(operator, value)| match value {
        Json::Array(ids) => (operator, Json::Array(ids.into_iter().map(local).collect())),
        value @ (Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Object(_)) => (operator, local(value)),
    });
    Json::Object(conditions.collect())
}

/// Conditions on what a pointer or a relation leads to.
fn wire_pointer(schema: &GraphQlSchema, kind: &FieldType, conditions: Members) -> Json {
    let Some(target) = kind.target().and_then(|target| schema.class(target)) else {
        return Json::Object(conditions);
    };
    let subquery = |filter| {
        Json::from([
            ("className", Json::from(target.class.name.as_str())),
            ("where", Json::Object(filter)),
        ])
    };
    let mut out = Members::with_capacity(conditions.len());
    for (name, value) in conditions {
        match (name.as_str(), value) {
            ("have", Json::Object(filter)) => {
                out.insert(
                    "$inQuery".to_owned(),
                    subquery(wire_filter(schema, &target.class, filter)),
                );
            }
            ("haveNot", Json::Object(filter)) => {
                out.insert(
                    "$notInQuery".to_owned(),
                    subquery(wire_filter(schema, &target.class, filter)),
                );
            }
            ("exists", Json::Bool(there)) if matches!(kind, FieldType::Relation(_)) => {
                let operator = if there { "$inQuery" } else { "$notInQuery" };
                let any = Members::from([(
                    "objectId".to_owned(),
                    Json::from([("$exists", Json::Bool(true))]),
                )]);
                out.entry(operator.to_owned()).or_insert_with(|| subquery(any));
            }
            ("exists", Json::Bool(there)) => {
                out.insert("$exists".to_owned(), Json::Bool(there));
            }
            _ => {}
        }
    }
    Json::Object(out)
}

fn wire_conditions(schema: &GraphQlSchema, conditions: Members) -> Members {
    conditions.into_iter().map(|(name, value)| wire_condition(schema, name, value)).collect()
}

fn wire_condition(schema: &GraphQlSchema, name: String, value: Json) -> (String, Json) {
    let operator = match name.as_str() {
        "inQueryKey" => return ("$select".to_owned(), wire_select(schema, value)),
        "notInQueryKey" => return ("$dontSelect".to_owned(), wire_select(schema, value)),
        "text" => return ("$text".to_owned(), wire_text(value)),
        "nearSphere" => return ("$nearSphere".to_owned(), point(value)),
        "within" => {
            return (
                "$within".to_owned(),
                with_member(value, "box", "$box", |value| corners(&value)),
            );
        }
        "geoWithin" => {
            let value = with_member(value, "polygon", "$polygon", points);
            return (
                "$geoWithin".to_owned(),
                with_member(value, "centerSphere", "$centerSphere", |value| sphere(&value)),
            );
        }
        "geoIntersects" => {
            return ("$geoIntersects".to_owned(), with_member(value, "point", "$point", point));
        }
        "equalTo" => "$eq",
        "notEqualTo" => "$ne",
        "lessThan" => "$lt",
        "lessThanOrEqualTo" => "$lte",
        "greaterThan" => "$gt",
        "greaterThanOrEqualTo" => "$gte",
        "in" => "$in",
        "notIn" => "$nin",
        "exists" => "$exists",
        "contains" => "$all",
        "containedBy" => "$containedBy",
        "matchesRegex" => "$regex",
        "options" => "$options",
        "maxDistance" => "$maxDistance",
        "maxDistanceInRadians" => "$maxDistanceInRadians",
        "maxDistanceInMiles" => "$maxDistanceInMiles",
        "maxDistanceInKilometers" => "$maxDistanceInKilometers",
        _ => return (name, value),
    };
    (operator.to_owned(), value)
}

/// The inner `where` is written in the words of the schema too, although its type is any object.
fn wire_select(schema: &GraphQlSchema, value: Json) -> Json {
    let class = value.get("query").and_then(|query| query.get("className")).and_then(Json::as_str);
    let Some(types) = class.and_then(|class| schema.class(class)).cloned() else { return value };
    let inner = |filter| match filter {
        Json::Object(filter) => Json::Object(wire_filter(schema, &types.class, filter)),
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)) => other,
    };
    with_member(value, "query", "query", |query| with_member(query, "where", "where", inner))
}

fn wire_text(value: Json) -> Json {
    with_member(value, "search", "$search", |search| match search {
        Json::Object(words) => {
            Json::Object(words.into_iter().map(|(name, word)| (format!("${name}"), word)).collect())
        }
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)) => other,
    })
}

/// The same object with one member renamed and changed.
fn with_member(value: Json, name: &str, renamed: &str, change: impl Fn(Json) -> Json) -> Json {
    let Json::Object(members) = value else { return value };
    let members = members.into_iter().map(|(key, member)| match key == name {
        true => (renamed.to_owned(), change(member)),
        false => (key, member),
    });
    Json::Object(members.collect())
}

fn point(value: Json) -> Json {
    let Json::Object(mut members) = value else { return value };
    members.insert("__type".to_owned(), Json::from("GeoPoint"));
    Json::Object(members)
}

fn points(value: Json) -> Json {
    let Json::Array(list) = value else { return value };
    Json::Array(list.into_iter().map(point).collect())
}

fn corners(value: &Json) -> Json {
    let corner = |name| value.get(name).cloned().map(point).unwrap_or(Json::Null);
    Json::Array(vec![corner("bottomLeft"), corner("upperRight")])
}

fn sphere(value: &Json) -> Json {
    let centre = value.get("center").cloned().map(point).unwrap_or(Json::Null);
    let distance = value.get("distance").cloned().unwrap_or(Json::Null);
    Json::Array(vec![centre, distance])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::build::tests::contract_schema;

    fn check(input: &str, expected: &str) {
        let schema = contract_schema();
        let class = &schema.class("GameScore").unwrap().class;
        let Ok(Json::Object(input)) = Json::parse(input.as_bytes()) else { panic!("{input}") };
        assert_eq!(Json::Object(wire_filter(&schema, class, input)).to_text(), expected);
    }

    #[test]
    fn operators_get_their_wire_names() {
        check(r#"{"score":{"greaterThan":10,"lessThan":40}}"#, r#"{"score":{"$gt":10,"$lt":40}}"#);
        check(
            r#"{"OR":[{"score":{"equalTo":1}},{"playerName":{"in":["a"]}}]}"#,
            r#"{"$or":[{"score":{"$eq":1}},{"playerName":{"$in":["a"]}}]}"#,
        );
        check(
            r#"{"playerName":{"matchesRegex":"^P","options":"i"}}"#,
            r#"{"playerName":{"$regex":"^P","$options":"i"}}"#,
        );
        check(
            r#"{"playerName":{"text":{"search":{"term":"x","caseSensitive":true}}}}"#,
            r#"{"playerName":{"$text":{"$search":{"$term":"x","$caseSensitive":true}}}}"#,
        );
        check(
            r#"{"meta":{"equalTo":{"key":"a.b","value":0},"lessThan":{"key":"c","value":2}}}"#,
            r#"{"meta.a.b":{"$eq":0},"meta.c":{"$lt":2}}"#,
        );
    }

    #[test]
    fn global_ids_are_translated_where_they_are_ids() {
        // R2FtZVNjb3JlOng= is GameScore:x, UGxheWVyOng= is Player:x.
        check(
            r#"{"id":{"in":["R2FtZVNjb3JlOng=","UGxheWVyOng=","y"]}}"#,
            r#"{"objectId":{"$in":["x","UGxheWVyOng=","y"]}}"#,
        );
        check(
            r#"{"objectId":{"equalTo":"R2FtZVNjb3JlOng="}}"#,
            r#"{"objectId":{"$eq":"R2FtZVNjb3JlOng="}}"#,
        );
    }

    #[test]
    fn pointers_and_relations_become_queries() {
        check(
            r#"{"player":{"have":{"team":{"have":{"name":{"equalTo":"Red"}}}}}}"#,
            r#"{"player":{"$inQuery":{"className":"Player","where":{"team":{"$inQuery":{"className":"Team","where":{"name":{"$eq":"Red"}}}}}}}}"#,
        );
        check(r#"{"player":{"exists":false}}"#, r#"{"player":{"$exists":false}}"#);
        check(
            r#"{"opponents":{"exists":false}}"#,
            r#"{"opponents":{"$notInQuery":{"className":"Player","where":{"objectId":{"$exists":true}}}}}"#,
        );
        check(
            r#"{"playerName":{"inQueryKey":{"query":{"className":"Player","where":{"name":{"equalTo":"x"}}},"key":"name"}}}"#,
            r#"{"playerName":{"$select":{"query":{"className":"Player","where":{"name":{"$eq":"x"}}},"key":"name"}}}"#,
        );
    }

    #[test]
    fn points_get_their_type() {
        check(
            r#"{"location":{"nearSphere":{"latitude":1,"longitude":2},"maxDistanceInMiles":3}}"#,
            r#"{"location":{"$nearSphere":{"latitude":1,"longitude":2,"__type":"GeoPoint"},"$maxDistanceInMiles":3}}"#,
        );
        check(
            r#"{"location":{"geoWithin":{"centerSphere":{"center":{"latitude":1,"longitude":2},"distance":0.5}}}}"#,
            r#"{"location":{"$geoWithin":{"$centerSphere":[{"latitude":1,"longitude":2,"__type":"GeoPoint"},0.5]}}}"#,
        );
    }
}
