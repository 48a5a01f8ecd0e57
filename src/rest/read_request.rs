//! The parameters of reading routes.

use crate::error::{Code, Error, Result};
use crate::query::{FindRequest, parse_filter};
use crate::value::{Json, Members};

const FIND_PARAMETERS: [&str; 16] = [
    "skip",
    "limit",
    "order",
    "count",
    "keys",
    "excludeKeys",
    "include",
    "includeAll",
    "redirectClassNameForKey",
    "where",
    "readPreference",
    "includeReadPreference",
    "subqueryReadPreference",
    "hint",
    "explain",
    "comment",
];
const GET_PARAMETERS: [&str; 6] = [
    "keys",
    "include",
    "excludeKeys",
    "readPreference",
    "includeReadPreference",
    "subqueryReadPreference",
];

/// Reads the parameters of a find.
pub(super) fn of_find(parameters: &Members) -> Result<FindRequest> {
    if let Some(unknown) = parameters.keys().find(|key| !FIND_PARAMETERS.contains(&key.as_str())) {
        return Err(Error::new(
            Code::InvalidQuery,
            format!("Invalid parameter for query: {unknown}"),
        ));
    }
    read(parameters)
}

/// Reads the parameters of a get.
pub(super) fn of_get(parameters: &Members) -> Result<FindRequest> {
    if parameters.keys().any(|key| !GET_PARAMETERS.contains(&key.as_str())) {
        return Err(Error::new(Code::InvalidQuery, "Improper encode of parameter"));
    }
    read(parameters)
}

fn read(parameters: &Members) -> Result<FindRequest> {
    let truthy = |key: &str| parameters.get(key).is_some_and(Json::is_truthy);
    let text = |key: &str| parameters.get(key).filter(|json| json.is_truthy()).map(plain);
    Ok(FindRequest {
        filter: parse_filter(&read_where(parameters.get("where"))?)?,
        order: text("order").map(|order| FindRequest::parse_order(&order)).unwrap_or_default(),
        skip: number(parameters, "skip")?.unwrap_or(0),
        limit: number(parameters, "limit")?,
        keys: text("keys").map(|keys| names(&keys)),
        exclude_keys: text("excludeKeys").map(|keys| names(&keys)).unwrap_or_default(),
        include: text("include").map(|include| names(&include)).unwrap_or_default(),
        include_all: truthy("includeAll"),
        count: truthy("count"),
        explain: truthy("explain"),
        hint: text("hint"),
        comment: text("comment"),
        redirect_class_for_key: text("redirectClassNameForKey"),
        lean: false,
    })
}

/// A `where` is an object, or the text of one.
pub(super) fn read_where(json: Option<&Json>) -> Result<Json> {
    let invalid = || Error::new(Code::InvalidJson, "where parameter is not valid JSON");
    match json {
        None => Ok(Json::empty()),
        Some(Json::String(text)) if text.is_empty() => Ok(Json::empty()),
        Some(Json::String(text)) => {
            let json = Json::parse(text.as_bytes()).map_err(|cause| invalid().with_cause(cause))?;
            read_where(Some(&json))
        }
        Some(Json::Bool(_) | Json::Number(_)) => Err(invalid()),
        Some(json) => Ok(json.clone()),
    }
}

/// A number that is not negative, or the text of one.
fn number(parameters: &Members, key: &str) -> Result<Option<u64>> {
    let number = match parameters.get(key) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Number(number)) => *number,
        Some(other) => plain(other).trim().parse().unwrap_or(f64::NAN),
    };
    if number >= 0.0 && number.fract() == 0.0 {
        return Ok(Some(number as u64));
    }
    Err(Error::new(Code::InvalidQuery, format!("{key} must be a number that is not negative")))
}

fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(elements) => elements.iter().map(plain).collect::<Vec<_>>().join(","),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => json.to_text(),
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
