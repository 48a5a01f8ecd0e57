//! Tests of JSON text, by the functions that this program registers.

use super::super::{account_provider, is_provider_name};
use super::words::search_text;
use crate::query::{Comparison, Pattern, RegexOptions};
use crate::storage::sql::{Bind, JsonTest, Operand, Sql};
use crate::value::Json;

/// Appends a test, of which the answer is `NULL` where nothing is.
pub(super) fn write_test(sql: &mut Sql<'_>, operand: &Operand<'_>, test: JsonTest<'_>) {
    let (word, literal) = match test {
        JsonTest::Compare(comparison, literal) => (comparison_word(comparison), literal.to_text()),
        JsonTest::In(literals) => ("in", list_text(literals)),
        JsonTest::NotIn(literals) => ("not in", list_text(literals)),
        JsonTest::Contains(element) => ("has", element.to_text()),
        JsonTest::ContainsNot(element) => ("has not", element.to_text()),
        JsonTest::All(elements) => ("all", list_text(elements)),
        JsonTest::ContainedBy(elements) => ("within", list_text(elements)),
        JsonTest::Regex(pattern) => ("regex", pattern_text(pattern)),
        JsonTest::AllRegex(patterns) => (
            "all regex",
            list_text(
                &patterns
                    .iter()
                    .map(|pattern| Json::from(pattern_text(pattern)))
                    .collect::<Vec<_>>(),
            ),
        ),
        JsonTest::Words(search) => ("words", search_text(search)),
    };
    if let JsonTest::Compare(Comparison::Equal, Json::String(id)) = test
        && let Some(place) = account_provider(operand).map(place)
    {
        sql.push("json_extract(").column(operand).push(", ").push_written(&place);
        sql.push(") = ").bind(Bind::Text(id.clone())).push(" AND ");
    }
    sql.push("parse_json('").push(word).push("', ");
    sql.column(operand).push(", ");
    write_path(sql, operand.path);
    sql.push(", ").bind(Bind::Text(literal)).push(")");
}

/// Appends `authData` without the secrets of a second factor: of that, it says only that it is set up.
pub(super) fn write_redacted<'s, 'd>(sql: &'s mut Sql<'d>, table: &'static str) -> &'s mut Sql<'d> {
    sql.push("CASE WHEN json_type(").push(table).push("\"authData\", '$.mfa') IS NULL THEN ");
    sql.push(table).push("\"authData\" ELSE json_set(").push(table);
    sql.push("\"authData\", '$.mfa', json('{\"status\":\"enabled\"}')) END")
}

/// Where the id of a provider's account stands in `authData`, as the index of [`account_index`] has it: without the
/// index, whoever logs in would be looked for in all users.
fn place(provider: &str) -> String {
    format!("'$.\"{provider}\".\"id\"'")
}

/// The statement that makes the index over the account ids of an identity provider; nothing for what can not be the
/// name of one.
pub fn account_index(provider: &str) -> Option<String> {
    is_provider_name(provider).then(|| {
        format!(
            "CREATE UNIQUE INDEX IF NOT EXISTS \"_User:authData:{provider}\" ON \"_User\" (json_extract(\"authData\", {}))",
            place(provider)
        )
    })
}

fn comparison_word(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// An array as JSON text.
pub(super) fn list_text(elements: &[Json]) -> String {
    Json::Array(elements.to_vec()).to_text()
}

/// A pattern with its flags in front, `i` and `:` for example.
fn pattern_text(pattern: &Pattern) -> String {
    let RegexOptions { ignore_case, multi_line, dot_all, extended } = pattern.options;
    let mut text = String::with_capacity(pattern.source.len() + 5);
    for (flag, is_set) in [('i', ignore_case), ('m', multi_line), ('s', dot_all), ('x', extended)] {
        if is_set {
            text.push(flag);
        }
    }
    text.push(':');
    text.push_str(&pattern.source);
    text
}

/// Appends the parts of a path as a JSON array; `NULL` for none.
pub(super) fn write_path(sql: &mut Sql<'_>, path: &[String]) {
    if path.is_empty() {
        sql.push("NULL");
    } else {
        let path = Json::Array(path.iter().map(|part| Json::from(part.as_str())).collect());
        sql.bind(Bind::Json(path.to_text()));
    }
}

/// A text column matches a pattern.
pub(super) fn write_regex(sql: &mut Sql<'_>, column: &str, pattern: &Pattern) {
    sql.push("parse_regex(")
        .push_written(column)
        .push(", ")
        .bind(Bind::Text(pattern_text(pattern)))
        .push(")");
}
