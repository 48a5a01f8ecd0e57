//! The SQL functions that this program gives to SQLite: tests of JSON, patterns, words and places.
//!
//! They decide with the same code as [`matches`](crate::query::matches()), so that a row in the database
//! and an object in memory meet the same conditions.

use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Result};

use super::json_text;
use crate::query::matches::{Node, NodeTest, has_words, occurrences};
use crate::query::operators::regex::compile;
use crate::query::{Comparison, Pattern, RegexOptions, TextSearch};
use crate::value::{GeoPoint, Json, Polygon, wire};

/// Compiled patterns that a connection keeps.
const PATTERNS_MAX: usize = 64;

/// The compiled patterns of a connection, latest first.
type Patterns = Arc<Mutex<Vec<(String, Arc<Regex>)>>>;

/// Registers all functions on a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    let patterns = Patterns::default();
    let shared = Arc::clone(&patterns);
    connection.create_scalar_function("parse_json", 4, flags, move |ctx| json(ctx, &shared))?;
    connection.create_scalar_function("parse_regex", 2, flags, move |ctx| regex(ctx, &patterns))?;
    connection.create_scalar_function("parse_at", 2, flags, |ctx| at(ctx, sql_value))?;
    connection.create_scalar_function("parse_get", 2, flags, |ctx| {
        at(ctx, |json| SqlValue::Text(json.to_text()))
    })?;
    connection.create_scalar_function("parse_double", 1, flags, double)?;
    connection.create_scalar_function("parse_words", 2, flags, words)?;
    connection.create_scalar_function("parse_score", 2, flags, score)?;
    connection.create_scalar_function("parse_grants", 2, flags, grants)?;
    connection.create_scalar_function("parse_angle", 4, flags, angle)?;
    connection.create_scalar_function("parse_inside", 3, flags, inside)?;
    super::computed::register(connection, flags)?;
    super::changes::register(connection, flags)?;
    connection.create_scalar_function("parse_folded", 1, flags, folded)
}

/// A text in lower case, of any script: what names and addresses are unique by.
fn folded(ctx: &Context<'_>) -> Result<Option<String>> {
    Ok(text(ctx, 0)?.map(str::to_lowercase))
}

fn user_error(text: &'static str) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(text.into())
}

/// The text of an argument; nothing for `NULL`.
fn text<'a>(ctx: &'a Context<'_>, at: usize) -> Result<Option<&'a str>> {
    match ctx.get_raw(at) {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map(Some).map_err(|_| user_error("text is not UTF-8"))
        }
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(user_error("not a text"))
        }
    }
}

/// Something that is made of a text argument once per statement.
fn made<T: Send + Sync + 'static>(
    ctx: &Context<'_>,
    at: usize,
    make: impl Fn(&str) -> Option<T>,
) -> Result<Arc<T>> {
    ctx.get_or_create_aux(
        at as std::ffi::c_int,
        |value| -> std::result::Result<T, Box<dyn std::error::Error + Send + Sync>> {
            value.as_str().ok().and_then(&make).ok_or_else(|| "malformed argument".into())
        },
    )
}

/// The parts of a path argument; none for `NULL`.
pub(super) fn path(ctx: &Context<'_>, at: usize) -> Result<Arc<Vec<String>>> {
    if matches!(ctx.get_raw(at), ValueRef::Null) {
        return Ok(Arc::default());
    }
    made(ctx, at, |text| serde_json::from_str(text).ok())
}

/// What a JSON test compares with.
enum Literal {
    Json(Json),
    Pattern(Arc<Regex>),
    Patterns(Vec<Arc<Regex>>),
    Words(TextSearch),
}

/// `parse_json(test, json, path, literal)`: true, false, or `NULL` where nothing is.
fn json(ctx: &Context<'_>, patterns: &Patterns) -> Result<Option<bool>> {
    let Some(json) = text(ctx, 1)? else { return Ok(None) };
    let path = path(ctx, 2)?;
    let Some(json) = json_text::read_at(json, &path) else { return Ok(None) };
    let Some(node) = Node::of(&json) else { return Ok(None) };
    let Some(test) = text(ctx, 0)? else { return Ok(None) };
    let literal = made(ctx, 3, |text| literal(test, text, patterns))?;
    Ok(Some(meets(test, node, &literal)))
}

fn literal(test: &str, text: &str, patterns: &Patterns) -> Option<Literal> {
    match test {
        "regex" => pattern(text, patterns).map(Literal::Pattern),
        "all regex" => {
            let sources: Vec<String> = serde_json::from_str(text).ok()?;
            sources
                .iter()
                .map(|source| pattern(source, patterns))
                .collect::<Option<_>>()
                .map(Literal::Patterns)
        }
        "words" => search(text).map(Literal::Words),
        _ => Json::parse(text.as_bytes()).ok().map(Literal::Json),
    }
}

fn meets(test: &str, node: Node<'_>, literal: &Literal) -> bool {
    let json = match literal {
        Literal::Json(json) => json,
        Literal::Pattern(pattern) => return node.any_text(|text| pattern.is_match(text)),
        Literal::Patterns(patterns) => {
            return node.is_array()
                && patterns.iter().all(|pattern| node.any_text(|text| pattern.is_match(text)));
        }
        Literal::Words(search) => return node.as_str().is_some_and(|text| has_words(text, search)),
    };
    let list = json.as_array().unwrap_or_default();
    match test {
        "=" => node.compare(Comparison::Equal, json),
        "<>" => node.compare(Comparison::NotEqual, json),
        "<" => node.compare(Comparison::Less, json),
        "<=" => node.compare(Comparison::LessOrEqual, json),
        ">" => node.compare(Comparison::Greater, json),
        ">=" => node.compare(Comparison::GreaterOrEqual, json),
        "in" => list.iter().any(|literal| node.is_or_has(literal)),
        "not in" => !list.iter().any(|literal| node.is_or_has(literal)),
        "has" => node.test(&NodeTest::Contains(json)),
        "has not" => !node.test(&NodeTest::Contains(json)),
        "all" => node.test(&NodeTest::All(list)),
        "within" => node.test(&NodeTest::ContainedBy(list)),
        _ => false,
    }
}

/// `parse_at(json, path)` and `parse_get(json, path)`: what is there, as an SQL value or as JSON text.
fn at(ctx: &Context<'_>, form: impl Fn(Json) -> SqlValue) -> Result<SqlValue> {
    let Some(json) = text(ctx, 0)? else { return Ok(SqlValue::Null) };
    let found = json_text::read_at(json, &path(ctx, 1)?);
    Ok(found.filter(|json| !json.is_null()).map_or(SqlValue::Null, form))
}

fn sql_value(json: Json) -> SqlValue {
    match json {
        Json::Null => SqlValue::Null,
        Json::Bool(flag) => SqlValue::Integer(i64::from(flag)),
        Json::Number(number) => SqlValue::Real(number),
        Json::String(text) => SqlValue::Text(text),
        Json::Array(_) | Json::Object(_) => SqlValue::Text(json.to_text()),
    }
}

/// `parse_double(text)`
fn double(ctx: &Context<'_>) -> Result<Option<f64>> {
    Ok(text(ctx, 0)?.and_then(|text| text.parse().ok()))
}

/// Splits a text into its flags and what comes after the first colon.
fn flagged(text: &str) -> Option<(&str, &str)> {
    text.split_once(':')
}

fn pattern(text: &str, patterns: &Patterns) -> Option<Arc<Regex>> {
    let mut known = patterns.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = known.iter().position(|(known, _)| known == text) {
        known[..=at].rotate_right(1);
        return Some(Arc::clone(&known[0].1));
    }
    let (flags, source) = flagged(text)?;
    let options = RegexOptions {
        ignore_case: flags.contains('i'),
        multi_line: flags.contains('m'),
        dot_all: flags.contains('s'),
        extended: flags.contains('x'),
    };
    let compiled = Arc::new(compile(&Pattern { source: source.to_owned(), options }).ok()?);
    known.truncate(PATTERNS_MAX - 1);
    known.insert(0, (text.to_owned(), Arc::clone(&compiled)));
    Some(compiled)
}

/// `parse_regex(text, pattern)`
fn regex(ctx: &Context<'_>, patterns: &Patterns) -> Result<Option<bool>> {
    let Some(value) = text(ctx, 0)? else { return Ok(None) };
    let pattern = made(ctx, 1, |text| pattern(text, patterns))?;
    Ok(Some(pattern.is_match(value)))
}

fn search(text: &str) -> Option<TextSearch> {
    let (flags, term) = flagged(text)?;
    Some(TextSearch {
        term: term.to_owned(),
        language: None,
        case_sensitive: flags.contains('c'),
        diacritic_sensitive: flags.contains('d'),
    })
}

/// `parse_words(text, search)`
fn words(ctx: &Context<'_>) -> Result<Option<bool>> {
    let Some(value) = text(ctx, 0)? else { return Ok(None) };
    let search = made(ctx, 1, search)?;
    Ok(Some(has_words(value, &search)))
}

/// `parse_score(text, search)`
fn score(ctx: &Context<'_>) -> Result<Option<i64>> {
    let Some(value) = text(ctx, 0)? else { return Ok(None) };
    let search = made(ctx, 1, search)?;
    Ok(Some(i64::try_from(occurrences(value, &search)).unwrap_or(i64::MAX)))
}

/// Those who ask, and what a list said of them. Lists of neighbouring rows are mostly the same, so the answer to the
/// last one is kept.
struct Asking {
    grantees: Vec<String>,
    last: Mutex<(Vec<u8>, bool)>,
}

impl Asking {
    fn of(grantees: &str) -> Option<Self> {
        let grantees = serde_json::from_str(grantees).ok()?;
        Some(Self { grantees, last: Mutex::new((b"[]".to_vec(), false)) })
    }

    fn is_granted(&self, list: &[u8]) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != list {
            let granted = std::str::from_utf8(list)
                .is_ok_and(|list| json_text::has_string(list, &self.grantees));
            last.0.clear();
            last.0.extend_from_slice(list);
            last.1 = granted;
        }
        last.1
    }
}

/// `parse_grants(list, grantees)`: whether the list names one of the grantees.
fn grants(ctx: &Context<'_>) -> Result<bool> {
    match ctx.get_raw(0) {
        ValueRef::Null => Ok(true),
        ValueRef::Text(list) => Ok(made(ctx, 1, Asking::of)?.is_granted(list)),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(user_error("not a text"))
        }
    }
}

fn number(ctx: &Context<'_>, at: usize) -> Option<f64> {
    match ctx.get_raw(at) {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

fn point(ctx: &Context<'_>, at: usize) -> Option<GeoPoint> {
    Some(GeoPoint { latitude: number(ctx, at)?, longitude: number(ctx, at + 1)? })
}

/// `parse_angle(latitude, longitude, latitude, longitude)`
fn angle(ctx: &Context<'_>) -> Result<Option<f64>> {
    let (Some(from), Some(to)) = (point(ctx, 0), point(ctx, 2)) else { return Ok(None) };
    Ok(Some(from.radians_to(to)))
}

/// `parse_inside(latitude, longitude, ring)`
fn inside(ctx: &Context<'_>) -> Result<Option<bool>> {
    let (Some(point), Some(_)) = (point(ctx, 0), text(ctx, 2)?) else { return Ok(None) };
    let polygon: Arc<Polygon> =
        made(ctx, 2, |text| wire::read_ring(&Json::parse(text.as_bytes()).ok()?).ok())?;
    Ok(Some(polygon.contains(point)))
}
