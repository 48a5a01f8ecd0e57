//! From the client's `where` to a [`Filter`] (`parse-server:src/Controllers/DatabaseController.js`,
//! `validateQuery`).

use super::operators::{geo, regex, subquery, text};
use super::{Comparison, Condition, Filter};
use crate::error::{Code, Error, Result};
use crate::value::{Json, Members, Pointer, wire};

/// Reads a `where`.
pub fn parse_filter(json: &Json) -> Result<Filter> {
    let members = match json {
        Json::Object(members) => members,
        Json::Null => return Ok(Filter::everything()),
        Json::String(text) if text.is_empty() => return Ok(Filter::everything()),
        Json::Array(elements) if elements.is_empty() => return Ok(Filter::everything()),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err(Error::new(Code::InvalidKeyName, "Invalid key name: 0"));
        }
    };
    let mut parts = Vec::with_capacity(members.len());
    for (key, value) in members {
        parts.push(parse_entry(key, value)?);
    }
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Ok(Filter::All(parts)),
    }
}

fn parse_entry(key: &str, value: &Json) -> Result<Filter> {
    match key {
        "$or" => Ok(Filter::Any(parse_list(key, value)?)),
        "$and" => Ok(Filter::And(parse_list(key, value)?)),
        "$nor" => Ok(Filter::Nor(parse_list(key, value)?)),
        "$relatedTo" => parse_related(value),
        // Access control lists are the plan's business; what a client says of them changes nothing.
        "_rperm" | "_wperm" => Ok(Filter::everything()),
        "ACL" => Err(Error::new(Code::InvalidQuery, "Cannot query on ACL.")),
        _ if is_key_name(key) => Ok(Filter::Field(key.to_owned(), parse_conditions(value)?)),
        _ => Err(Error::new(Code::InvalidKeyName, format!("Invalid key name: {key}"))),
    }
}

/// `[A-Za-z][A-Za-z0-9_.]*`, without empty parts.
fn is_key_name(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        && key.split('.').all(|part| !part.is_empty())
}

fn parse_list(key: &str, value: &Json) -> Result<Vec<Filter>> {
    let Json::Array(parts) = value else {
        return Err(Error::denied(Code::InvalidQuery, format!("{key} must be an array")));
    };
    if parts.is_empty() {
        return Err(Error::new(
            Code::InvalidQuery,
            format!("Bad {key} format - use an array of at least 1 value."),
        ));
    }
    parts.iter().map(parse_filter).collect()
}

/// Reads `{"object": <pointer>, "key": <relation field>}`.
pub fn parse_related(value: &Json) -> Result<Filter> {
    let improper = || Error::new(Code::InvalidQuery, "improper usage of $relatedTo");
    let owner: Pointer = value.get("object").and_then(wire::read_pointer).ok_or_else(improper)?;
    let key = value
        .get("key")
        .and_then(Json::as_str)
        .filter(|key| !key.is_empty())
        .ok_or_else(improper)?;
    Ok(Filter::RelatedTo { owner, key: key.to_owned() })
}

/// The conditions on one field: operators, or a bare value that the field must equal.
fn parse_conditions(value: &Json) -> Result<Vec<Condition>> {
    match value.as_object() {
        Some(members) if members.keys().any(|key| key.starts_with('$')) => parse_operators(members),
        _ => Ok(vec![Condition::Compare(Comparison::Equal, value.clone())]),
    }
}

fn parse_operators(members: &Members) -> Result<Vec<Condition>> {
    let mut conditions = Vec::with_capacity(members.len());
    for (operator, value) in members {
        if let Some(condition) = parse_operator(operator, value, members)? {
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

fn parse_operator(operator: &str, value: &Json, siblings: &Members) -> Result<Option<Condition>> {
    let compare = |comparison| Ok(Some(Condition::Compare(comparison, value.clone())));
    match operator {
        "$eq" => compare(Comparison::Equal),
        "$ne" => compare(Comparison::NotEqual),
        "$lt" => compare(Comparison::Less),
        "$lte" => compare(Comparison::LessOrEqual),
        "$gt" => compare(Comparison::Greater),
        "$gte" => compare(Comparison::GreaterOrEqual),
        "$in" => Ok(Some(Condition::In(list(value, "bad $in value")?))),
        "$nin" => Ok(Some(Condition::NotIn(list(value, "bad $nin value")?))),
        "$all" => parse_all(value).map(Some),
        "$containedBy" => {
            Ok(Some(Condition::ContainedBy(list(value, "bad $containedBy: should be an array")?)))
        }
        "$exists" => Ok(Some(Condition::Exists(value.is_truthy()))),
        "$regex" => regex::parse(value, siblings.get("$options")).map(Some),
        "$options" if siblings.contains_key("$regex") => Ok(None),
        "$text" => text::parse(value).map(Some),
        "$nearSphere" | "$near" => geo::near(value, siblings).map(Some),
        _ if geo::is_distance(operator)
            && (siblings.contains_key("$nearSphere") || siblings.contains_key("$near")) =>
        {
            Ok(None)
        }
        "$within" => geo::within(value).map(Some),
        "$geoWithin" => geo::geo_within(value).map(Some),
        "$geoIntersects" => geo::geo_intersects(value).map(Some),
        "$not" => Ok(Some(Condition::Not(parse_conditions(value)?))),
        "$inQuery" => Ok(Some(Condition::InQuery(subquery::in_query(operator, value)?))),
        "$notInQuery" => Ok(Some(Condition::NotInQuery(subquery::in_query(operator, value)?))),
        "$select" => subquery::select(operator, value)
            .map(|(query, key)| Some(Condition::Select(query, key))),
        "$dontSelect" => subquery::select(operator, value)
            .map(|(query, key)| Some(Condition::DontSelect(query, key))),
        _ => Err(Error::new(Code::InvalidJson, format!("bad constraint: {operator}"))),
    }
}

fn list(value: &Json, refusal: &'static str) -> Result<Vec<Json>> {
    value.as_array().map(<[Json]>::to_vec).ok_or_else(|| Error::new(Code::InvalidJson, refusal))
}

/// `$all` takes values, or patterns in place of all values.
fn parse_all(value: &Json) -> Result<Condition> {
    let elements = list(value, "bad $all value")?;
    let patterns = elements.iter().filter(|element| element.get("$regex").is_some()).count();
    if patterns == 0 {
        return Ok(Condition::All(elements));
    }
    if patterns < elements.len() {
        return Err(Error::new(
            Code::InvalidJson,
            "All $all values must be of regex type or none: mixed values",
        ));
    }
    let patterns: Result<Vec<_>> = elements
        .iter()
        .map(|element| {
            let source = element.get("$regex").and_then(Json::as_str);
            let source = source
                .ok_or_else(|| Error::new(Code::InvalidQuery, "$regex value must be a string"))?;
            regex::pattern(source, element.get("$options"))
        })
        .collect();
    Ok(Condition::AllRegex(patterns?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_refused(text: &str, code: i32, expected: &str) {
        let refused = parse_filter(&Json::parse(text.as_bytes()).unwrap()).unwrap_err();
        assert_eq!((refused.code() as i32, refused.text()), (code, expected), "{text}");
    }

    #[test]
    fn malformed_conditions_have_the_contract_s_texts() {
        check_refused(r#"{"$foo":1}"#, 105, "Invalid key name: $foo");
        check_refused(r#"{"$where":"true"}"#, 105, "Invalid key name: $where");
        check_refused(r#"{"bad-name":1}"#, 105, "Invalid key name: bad-name");
        check_refused(r#"{"_hashed_password":1}"#, 105, "Invalid key name: _hashed_password");
        check_refused(r#"{"$or":["x"]}"#, 105, "Invalid key name: 0");
        check_refused(r#"{"$or":{"a":1}}"#, 102, "Permission denied");
        check_refused(r#"{"$nor":[]}"#, 102, "Bad $nor format - use an array of at least 1 value.");
        check_refused(r#"{"a":{"$in":5}}"#, 107, "bad $in value");
        check_refused(r#"{"a":{"$containedBy":5}}"#, 107, "bad $containedBy: should be an array");
        check_refused(r#"{"a":{"$regex":5}}"#, 102, "$regex value must be a string");
        check_refused(r#"{"a":{"$inQuery":"x"}}"#, 102, "improper usage of $inQuery");
        check_refused(r#"{"a":{"$select":{"key":"name"}}}"#, 102, "improper usage of $select");
        check_refused(
            r#"{"a":{"$geoIntersects":{"$point":"x"}}}"#,
            107,
            "bad $geoIntersect value; $point should be GeoPoint",
        );
        check_refused(
            r#"{"a":{"$geoWithin":{"$polygon":"x"}}}"#,
            107,
            "bad $geoWithin value; $polygon should be Polygon object or Array of Parse.GeoPoint's",
        );
    }

    #[test]
    fn a_value_is_not_an_operator() {
        let filter = parse_filter(&Json::parse(br#"{"a":{"b":{"$gt":1}}}"#).unwrap()).unwrap();
        assert!(
            matches!(filter, Filter::Field(_, conditions) if matches!(conditions[..], [Condition::Compare(..)]))
        );
    }
}
