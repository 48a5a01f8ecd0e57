//! `$inQuery`, `$notInQuery`, `$select`, `$dontSelect`.

use crate::error::{Code, Error, Result};
use crate::query::{FindRequest, Subquery, parse_filter};
use crate::value::{Json, Members};

/// Reads `{"className": …, "where": …}` with the page and order of the inner query.
pub(in crate::query) fn in_query(operator: &str, json: &Json) -> Result<Box<Subquery>> {
    let improper = || Error::new(Code::InvalidQuery, format!("improper usage of {operator}"));
    let query = json.as_object().ok_or_else(improper)?;
    read(query, improper)
}

/// Reads `{"query": {…}, "key": …}`.
pub(in crate::query) fn select(operator: &str, json: &Json) -> Result<(Box<Subquery>, String)> {
    let improper = || Error::new(Code::InvalidQuery, format!("improper usage of {operator}"));
    let members = json.as_object().filter(|members| members.len() == 2).ok_or_else(improper)?;
    let key = members
        .get("key")
        .and_then(Json::as_str)
        .filter(|key| !key.is_empty())
        .ok_or_else(improper)?;
    let query = members.get("query").and_then(Json::as_object).ok_or_else(improper)?;
    Ok((read(query, improper)?, key.to_owned()))
}

fn read(query: &Members, improper: impl Fn() -> Error) -> Result<Box<Subquery>> {
    let class = query.get("className").and_then(Json::as_str).filter(|class| !class.is_empty());
    let class = class.ok_or_else(&improper)?.to_owned();
    let filter = parse_filter(
        query.get("where").filter(|json| json.as_object().is_some()).ok_or_else(&improper)?,
    )?;
    let number = |key: &str| match query.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Number(number)) if *number >= 0.0 => Ok(Some(*number as u64)),
        Some(_) => Err(improper()),
    };
    let order =
        query.get("order").and_then(Json::as_str).map(FindRequest::parse_order).unwrap_or_default();
    let redirect = query.get("redirectClassNameForKey").and_then(Json::as_str).map(str::to_owned);
    let request = FindRequest {
        filter,
        order,
        skip: number("skip")?.unwrap_or(0),
        limit: number("limit")?,
        redirect_class_for_key: redirect,
        ..FindRequest::default()
    };
    Ok(Box::new(Subquery { class, request }))
}
