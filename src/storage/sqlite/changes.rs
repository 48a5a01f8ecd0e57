//! The SQL functions that change arrays and objects in place.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::functions::path;
use crate::query::matches::position;
use crate::value::Json;

/// Registers the functions on a connection.
pub(super) fn register(connection: &Connection, flags: FunctionFlags) -> Result<()> {
    connection.create_scalar_function("parse_add", 2, flags, |ctx| {
        elements(ctx, |list, more| list.extend(more))
    })?;
    connection
        .create_scalar_function("parse_add_unique", 2, flags, |ctx| elements(ctx, add_unique))?;
    connection.create_scalar_function("parse_remove", 2, flags, |ctx| {
        elements(ctx, |list, gone| list.retain(|element| !gone.contains(element)))
    })?;
    connection.create_scalar_function("parse_set", 3, flags, |ctx| {
        let value = json(ctx, 2)?;
        inside(ctx, |place, part| *slot(place, part) = value)
    })?;
    connection.create_scalar_function("parse_increment", 3, flags, |ctx| {
        let amount: f64 = ctx.get(2)?;
        inside(ctx, |place, part| {
            let place = slot(place, part);
            *place = Json::Number(place.as_number().unwrap_or(0.0) + amount);
        })
    })?;
    connection.create_scalar_function("parse_unset", 2, flags, |ctx| {
        let mut root = json(ctx, 0)?;
        unset(&mut root, &path(ctx, 1)?);
        Ok((!root.is_null()).then(|| root.to_text()))
    })
}

/// The JSON of an argument; `null` for `NULL` and for what is no JSON.
fn json(ctx: &Context<'_>, at: usize) -> Result<Json> {
    match ctx.get_raw(at) {
        ValueRef::Text(text) => Ok(Json::parse(text).unwrap_or(Json::Null)),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => {
            Ok(Json::Null)
        }
    }
}

fn list(json: Json) -> Vec<Json> {
    match json {
        Json::Array(elements) => elements,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            Vec::new()
        }
    }
}

/// Changes the elements of the array in the first argument with those of the second. Nothing counts as
/// the empty array.
fn elements(ctx: &Context<'_>, change: impl Fn(&mut Vec<Json>, Vec<Json>)) -> Result<String> {
    let mut elements = list(json(ctx, 0)?);
    change(&mut elements, list(json(ctx, 1)?));
    Ok(Json::Array(elements).to_text())
}

fn add_unique(list: &mut Vec<Json>, more: Vec<Json>) {
    for element in more {
        if !list.contains(&element) {
            list.push(element);
        }
    }
}

/// Changes what the path in the second argument leads to: `change` gets the last object on the way and the
/// last part. Objects that are missing on the way are made; what stands in the way of one is replaced.
fn inside(ctx: &Context<'_>, change: impl FnOnce(&mut Json, &str)) -> Result<String> {
    let mut root = match json(ctx, 0)? {
        object @ Json::Object(_) => object,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Json::empty()
        }
    };
    let path = path(ctx, 1)?;
    if let Some((last, way)) = path.split_last() {
        let mut place = &mut root;
        for part in way {
            place = slot(place, part);
        }
        change(place, last);
    }
    Ok(root.to_text())
}

/// The member or the element that a part of a path names, made if it is missing.
fn slot<'a>(place: &'a mut Json, part: &str) -> &'a mut Json {
    let at =
        place.as_array().and_then(|elements| position(part).filter(|at| *at <= elements.len()));
    if at.is_none() && !matches!(place, Json::Object(_)) {
        *place = Json::empty();
    }
    match (place, at) {
        (Json::Array(elements), Some(at)) => {
            if at == elements.len() {
                elements.push(Json::Null);
            }
            &mut elements[at]
        }
        (Json::Object(members), _) => members.entry(part.to_owned()).or_insert(Json::Null),
        (other, _) => other,
    }
}

/// Removes what a path leads to. An element of an array is emptied, so that the others keep their places.
fn unset(place: &mut Json, path: &[String]) {
    let Some((part, rest)) = path.split_first() else { return };
    match place {
        Json::Object(members) if rest.is_empty() => {
            members.shift_remove(part);
        }
        Json::Object(members) => {
            if let Some(member) = members.get_mut(part) {
                unset(member, rest);
            }
        }
        Json::Array(elements) => {
            if let Some(element) = position(part).and_then(|at| elements.get_mut(at)) {
                if rest.is_empty() { *element = Json::Null } else { unset(element, rest) }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
