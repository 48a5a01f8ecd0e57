//! Search for words. Letters lose their accents without an extension: they are taken apart, and the marks go.

use crate::query::{TextSearch, matches};
use crate::storage::sql::{Bind, Operand, Sql};

/// What stands around a text to take its accents off. An index has the same words.
const PLAIN: (&str, &str) = ("regexp_replace(normalize(", ", NFD), '[\\u0300-\\u036f]', '', 'g')");

type Write<'w> = &'w mut dyn FnMut(&mut Sql<'_>);

/// What an index of the words of columns is made of.
pub(super) fn index(columns: &[String]) -> String {
    let (before, after) = PLAIN;
    let words = |column: &String| format!("to_tsvector('simple', {before}{column}{after})");
    format!("USING gin ({})", columns.iter().map(words).collect::<Vec<_>>().join(", "))
}

/// A text column has the words of a search.
pub(super) fn write_words(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    if matches::words(&search.term, search).is_empty() {
        return sql.false_unless_empty(operand);
    }
    write_test(sql, search, &mut |sql| {
        sql.column(operand);
    });
}

/// How well a text column meets a search.
pub(super) fn write_score(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    let column: Write<'_> = &mut |sql| {
        sql.column(operand);
    };
    sql.push("ts_rank(");
    write_search(sql, search, false, column, ", ");
    sql.push(", 32)");
}

/// A text has the words of a search, of which there is at least one.
pub(super) fn write_test(sql: &mut Sql<'_>, search: &TextSearch, text: Write<'_>) {
    sql.push("(");
    write_search(sql, search, false, text, " @@ ");
    // An index has no accents, so what it finds is looked at again.
    if search.diacritic_sensitive {
        sql.push(" AND ");
        write_search(sql, search, true, text, " @@ ");
    }
    if search.case_sensitive {
        for word in matches::words(&search.term, search) {
            sql.push(" AND ");
            write_plain(sql, search.diacritic_sensitive, text);
            sql.push(" ~ ").bind(Bind::Text(format!("\\m{word}\\M")));
        }
    }
    sql.push(")");
}

/// The words of a text and those of a search, with an operator between them. Words are stemmed if the search names its
/// language.
fn write_search(
    sql: &mut Sql<'_>,
    search: &TextSearch,
    has_accents: bool,
    text: Write<'_>,
    between: &'static str,
) {
    let language = match search.language.as_deref() {
        Some("en" | "english") => "'english'",
        Some("de" | "german") => "'german'",
        Some("fr" | "french") => "'french'",
        Some("es" | "spanish") => "'spanish'",
        Some("it" | "italian") => "'italian'",
        Some("pt" | "portuguese") => "'portuguese'",
        Some("nl" | "dutch") => "'dutch'",
        Some("ru" | "russian") => "'russian'",
        _ => "'simple'",
    };
    let term: Write<'_> = &mut |sql| {
        sql.bind(Bind::Text(search.term.clone()));
    };
    sql.push("to_tsvector(").push(language).push(", ");
    write_plain(sql, has_accents, text);
    sql.push(")").push(between).push("plainto_tsquery(").push(language).push(", ");
    write_plain(sql, has_accents, term);
    sql.push(")");
}

/// Appends a text, without its accents unless they count.
fn write_plain(sql: &mut Sql<'_>, has_accents: bool, text: Write<'_>) {
    if has_accents {
        return text(sql);
    }
    sql.push(PLAIN.0);
    text(sql);
    sql.push(PLAIN.1);
}
