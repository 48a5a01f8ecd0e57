//! Tests of `jsonb`: of arrays and objects, and of what is inside them.

use super::super::account_provider;
use super::indexes::account_place;
use super::pattern::translated;
use super::words::write_test as write_words;
use crate::query::{Comparison, matches};
use crate::storage::sql::{Bind, JsonTest, Operand, Sql};
use crate::value::Json;

/// The elements of `t.j`, none if it is no array.
const ELEMENTS: &str =
    "jsonb_array_elements(CASE WHEN jsonb_typeof(t.j) = 'array' THEN t.j ELSE '[]'::jsonb END)";

/// Appends the JSON that a path leads to; `NULL` if nothing is there.
pub(super) fn write_inside(sql: &mut Sql<'_>, operand: &Operand<'_>) {
    if !operand.has_inside() {
        sql.push("NULL::jsonb");
    } else if operand.path.is_empty() {
        sql.column(operand);
    } else {
        sql.push("NULLIF(")
            .column(operand)
            .push(" #> ")
            .bind(Bind::Texts(operand.path.to_vec()))
            .push(", 'null'::jsonb)");
    }
}

/// Appends what JSON at a path is ordered by: texts come after everything else (to `jsonb`, they come first), byte by
/// byte.
pub(super) fn write_order(sql: &mut Sql<'_>, operand: &Operand<'_>, direction: &'static str) {
    sql.push("(jsonb_typeof(");
    write_inside(sql, operand);
    sql.push(") = 'string')").push(direction).push(", CASE WHEN jsonb_typeof(");
    write_inside(sql, operand);
    sql.push(") <> 'string' THEN ");
    write_inside(sql, operand);
    sql.push(" END").push(direction).push(", (");
    write_inside(sql, operand);
    sql.push(" #>> '{}') COLLATE \"C\"").push(direction);
}

/// Appends a test, of which the answer is `NULL` where nothing is.
pub(super) fn write_test(sql: &mut Sql<'_>, operand: &Operand<'_>, test: JsonTest<'_>) {
    // What containment by the index's rule finds is more than what is equal, never less.
    let is_narrowed = operand.path.is_empty() && matches!(test, JsonTest::Contains(_));
    if let (true, JsonTest::Contains(element)) = (is_narrowed, test) {
        sql.push("(")
            .column(operand)
            .push(" @> ")
            .bind(Bind::Json(Json::Array(vec![element.clone()]).to_text()))
            .push(" AND ");
    }
    // What the index over the ids of a provider's accounts finds is more than what is equal: `->>` makes a number a text.
    if let JsonTest::Compare(Comparison::Equal, Json::String(id)) = test
        && let Some(provider) = account_provider(operand)
    {
        sql.push_written(&account_place("o.", provider)).push(" = ").bind(Bind::Text(id.clone()));
        sql.push(" AND ");
    }
    sql.push("(SELECT CASE WHEN t.j IS NULL THEN NULL ELSE ");
    write_answer(sql, test);
    sql.push(" END FROM (SELECT ");
    write_inside(sql, operand);
    sql.push(" AS j) AS t)");
    if is_narrowed {
        sql.push(")");
    }
}

fn write_answer(sql: &mut Sql<'_>, test: JsonTest<'_>) {
    match test {
        JsonTest::Compare(comparison, literal) => write_comparison(sql, comparison, literal),
        JsonTest::In(literals) => write_one_of(sql, literals),
        JsonTest::NotIn(literals) => {
            sql.push("NOT ");
            write_one_of(sql, literals);
        }
        JsonTest::Contains(element) => write_contains(sql, element),
        JsonTest::ContainsNot(element) => {
            sql.push("NOT ");
            write_contains(sql, element);
        }
        JsonTest::All(elements) => {
            sql.push(
                "(jsonb_typeof(t.j) = 'array' AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(",
            )
            .bind(list(elements));
            sql.push(") AS w(v) WHERE NOT EXISTS (SELECT 1 FROM ")
                .push(ELEMENTS)
                .push(" AS e(v) WHERE e.v = w.v)))");
        }
        JsonTest::ContainedBy(elements) => {
            sql.push("(jsonb_typeof(t.j) = 'array' AND NOT EXISTS (SELECT 1 FROM ").push(ELEMENTS);
            sql.push(" AS e(v) WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(")
                .bind(list(elements));
            sql.push(") AS w(v) WHERE w.v = e.v)))");
        }
        JsonTest::Regex(pattern) => write_regex(sql, &translated(pattern)),
        JsonTest::AllRegex(patterns) => {
            sql.push("(jsonb_typeof(t.j) = 'array'");
            for pattern in patterns {
                sql.push(" AND ");
                write_regex(sql, &translated(pattern));
            }
            sql.push(")");
        }
        JsonTest::Words(search) => {
            if matches::words(&search.term, search).is_empty() {
                sql.push("FALSE");
                return;
            }
            sql.push("(jsonb_typeof(t.j) = 'string' AND ");
            write_words(sql, search, &mut |sql| {
                sql.push("(t.j #>> '{}')");
            });
            sql.push(")");
        }
    }
}

fn list(elements: &[Json]) -> Bind {
    Bind::Json(Json::Array(elements.to_vec()).to_text())
}

fn write_contains(sql: &mut Sql<'_>, element: &Json) {
    sql.push("EXISTS (SELECT 1 FROM ")
        .push(ELEMENTS)
        .push(" AS e(v) WHERE e.v = ")
        .bind(Bind::Json(element.to_text()))
        .push(")");
}

fn write_one_of(sql: &mut Sql<'_>, literals: &[Json]) {
    sql.push("EXISTS (SELECT 1 FROM jsonb_array_elements(")
        .bind(list(literals))
        .push(") AS w(v) WHERE w.v = t.j OR ");
    sql.push("EXISTS (SELECT 1 FROM ").push(ELEMENTS).push(" AS e(v) WHERE e.v = w.v))");
}

fn write_regex(sql: &mut Sql<'_>, pattern: &str) {
    sql.push("CASE jsonb_typeof(t.j) WHEN 'string' THEN (t.j #>> '{}') ~ ")
        .bind(Bind::Text(pattern.to_owned()));
    sql.push(" ELSE EXISTS (SELECT 1 FROM ")
        .push(ELEMENTS)
        .push(" AS e(v) WHERE jsonb_typeof(e.v) = 'string' AND (e.v #>> '{}') ~ ");
    sql.bind(Bind::Text(pattern.to_owned())).push(") END");
}

/// A literal of another type is neither less nor greater. Dates are compared by their text.
fn write_comparison(sql: &mut Sql<'_>, comparison: Comparison, literal: &Json) {
    let word = match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    };
    if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        sql.push("t.j").push(word).bind(Bind::Json(literal.to_text()));
        return;
    }
    match literal {
        Json::Number(number) => {
            sql.push("CASE jsonb_typeof(t.j) WHEN 'number' THEN (t.j)::double precision")
                .push(word);
            sql.bind(Bind::Number(*number)).push(" ELSE FALSE END");
        }
        Json::String(text) => {
            sql.push("CASE jsonb_typeof(t.j) WHEN 'string' THEN (t.j #>> '{}')").push(word);
            sql.bind(Bind::Text(text.clone())).push(" COLLATE \"C\" ELSE FALSE END");
        }
        Json::Bool(flag) => {
            sql.push("CASE jsonb_typeof(t.j) WHEN 'boolean' THEN (t.j)::boolean").push(word);
            sql.bind(Bind::Bool(*flag)).push(" ELSE FALSE END");
        }
        Json::Object(members) if members.get("__type").and_then(Json::as_str) == Some("Date") => {
            let iso = members.get("iso").and_then(Json::as_str).unwrap_or_default();
            sql.push("CASE WHEN t.j ->> '__type' = 'Date' AND jsonb_typeof(t.j -> 'iso') = 'string' THEN (t.j ->> 'iso')").push(word);
            sql.bind(Bind::Text(iso.to_owned())).push(" COLLATE \"C\" ELSE FALSE END");
        }
        Json::Null | Json::Array(_) | Json::Object(_) => {
            sql.push("FALSE");
        }
    }
}
