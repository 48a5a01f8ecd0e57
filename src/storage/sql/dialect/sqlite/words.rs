//! Search for words: in the table of a text index, or word by word.

use crate::query::{TextSearch, matches};
use crate::storage::sql::table::{has_text_index, text_table};
use crate::storage::sql::{Bind, Operand, Sql};

/// A text column has the words of a search.
pub(super) fn write_words(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    if !has_any_word(search) {
        return sql.false_unless_empty(operand);
    }
    let has_index = has_text_index(operand.class, operand.field);
    if has_index {
        sql.push("(o.\"_seq\" IN (SELECT rowid FROM ");
        write_match(sql, operand, search);
        sql.push(")");
    }
    if !has_index || search.case_sensitive || search.diacritic_sensitive {
        sql.push(if has_index { " AND parse_words(" } else { "(parse_words(" });
        sql.column(operand).push(", ").bind(Bind::Text(search_text(search))).push(")");
    }
    if has_index {
        sql.push(" OR (").column(operand).push(" IS NULL AND NULL)");
    }
    sql.push(")");
}

/// How well a text column meets a search.
pub(super) fn write_score(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    if has_text_index(operand.class, operand.field) && has_any_word(search) {
        sql.push("(SELECT -rank FROM ");
        write_match(sql, operand, search);
        sql.push(" AND rowid = o.\"_seq\")");
    } else {
        sql.push("parse_score(")
            .column(operand)
            .push(", ")
            .bind(Bind::Text(search_text(search)))
            .push(")");
    }
}

/// A search with its flags in front.
pub(super) fn search_text(search: &TextSearch) -> String {
    let mut text = String::with_capacity(search.term.len() + 3);
    for (flag, is_set) in [('c', search.case_sensitive), ('d', search.diacritic_sensitive)] {
        if is_set {
            text.push(flag);
        }
    }
    text.push(':');
    text.push_str(&search.term);
    text
}

fn has_any_word(search: &TextSearch) -> bool {
    !matches::words(&search.term, search).is_empty()
}

/// Writes the rows of the text index that have the words.
fn write_match(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    let folded = TextSearch { case_sensitive: false, diacritic_sensitive: false, ..search.clone() };
    let table = text_table(&operand.class.name, operand.field);
    let words: Vec<String> =
        matches::words(&folded.term, &folded).iter().map(|word| format!("\"{word}\"")).collect();
    sql.name(&table).push(" WHERE ").name(&table).push(" MATCH ").bind(Bind::Text(words.join(" ")));
}
