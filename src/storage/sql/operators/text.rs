//! Patterns and words.

use crate::query::{Pattern, TextSearch};
use crate::schema::FieldType;
use crate::storage::sql::{Operand, Sql, quote};

/// A text column matches a pattern.
pub(crate) fn regex(sql: &mut Sql<'_>, operand: &Operand<'_>, pattern: &Pattern) {
    if *operand.kind != FieldType::String {
        return sql.false_unless_empty(operand);
    }
    let mut column = String::from("o.");
    quote(&sql.dialect().column(operand.class, operand.field, operand.kind), &mut column);
    sql.dialect().regex(sql, &column, pattern);
}

/// A text column has the words of a search.
pub(crate) fn words(sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
    if *operand.kind != FieldType::String {
        return sql.false_unless_empty(operand);
    }
    sql.dialect().words(sql, operand, search);
}

/// The text that every match of a pattern starts with, and whether the pattern says nothing more.
///
/// Only patterns that are sure to match at the start only are looked at: `^`, then plain letters.
pub(crate) fn prefix(pattern: &Pattern) -> Option<(String, bool)> {
    let options = pattern.options;
    if options.ignore_case || options.multi_line || options.extended || pattern.source.contains('|')
    {
        return None;
    }
    let mut rest = pattern.source.strip_prefix('^')?.chars().peekable();
    let mut prefix = String::new();
    while let Some(&c) = rest.peek() {
        match c {
            '*' | '?' | '{' => {
                prefix.pop();
                return some_prefix(prefix, false);
            }
            '\\' => {
                let mut ahead = rest.clone();
                ahead.next();
                match ahead.next() {
                    Some(escaped)
                        if escaped.is_ascii_punctuation() && !matches!(escaped, '<' | '>') =>
                    {
                        prefix.push(escaped)
                    }
                    _ => return some_prefix(prefix, false),
                }
                rest = ahead;
            }
            '.' | '+' | '(' | ')' | '[' | ']' | '}' | '^' | '$' => {
                return some_prefix(prefix, false);
            }
            plain => {
                prefix.push(plain);
                rest.next();
            }
        }
    }
    some_prefix(prefix, true)
}

fn some_prefix(prefix: String, is_all: bool) -> Option<(String, bool)> {
    (!prefix.is_empty()).then_some((prefix, is_all))
}

/// The smallest text that is greater than every text with this prefix.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::RegexOptions;

    fn check(source: &str, expected: Option<(&str, bool)>) {
        let pattern = Pattern { source: source.to_owned(), options: RegexOptions::default() };
        let expected = expected.map(|(text, is_all)| (text.to_owned(), is_all));
        assert_eq!(prefix(&pattern), expected, "{source}");
    }

    #[test]
    fn prefixes_are_found() {
        check("^Ann", Some(("Ann", true)));
        check("^a\\.b\\-c", Some(("a.b-c", true)));
        check("^Ann.*x", Some(("Ann", false)));
        check("^Ann?", Some(("An", false)));
        check("^Ann+", Some(("Ann", false)));
        check("^Ann$", Some(("Ann", false)));
        check("^a*", None);
        check("^a|b", None);
        check("^(a|b)", None);
        check("Ann", None);
        check("^\\d", None);
        check("^a\\>", Some(("a", false)));
        check("^a\\d", Some(("a", false)));
        check("^", None);
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_text() {
        assert_eq!(after_prefix("Ann").as_deref(), Some("Ano"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
