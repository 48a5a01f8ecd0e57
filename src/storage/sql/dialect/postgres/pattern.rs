//! Patterns in the dialect of PostgreSQL's regular expressions.

use crate::query::Pattern;

/// The pattern with its flags as embedded options, and with the escapes that PostgreSQL writes in another way.
pub(super) fn translated(pattern: &Pattern) -> String {
    let options = pattern.options;
    // Without an option, a dot of PostgreSQL matches a line end.
    let lines = match (options.multi_line, options.dot_all) {
        (false, false) => 'p',
        (true, false) => 'n',
        (false, true) => 's',
        (true, true) => 'w',
    };
    let mut text = String::with_capacity(pattern.source.len() + 6);
    text.push_str("(?");
    text.push(lines);
    for (flag, is_set) in [('i', options.ignore_case), ('x', options.extended)] {
        if is_set {
            text.push(flag);
        }
    }
    text.push(')');
    write_source(&pattern.source, &mut text);
    text
}

fn write_source(source: &str, out: &mut String) {
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match (c, after.chars().next()) {
            ('\\', Some(escaped)) => {
                match escaped {
                    'b' => out.push_str("\\y"),
                    'B' => out.push_str("\\Y"),
                    'z' => out.push_str("\\Z"),
                    other => {
                        out.push('\\');
                        out.push(other);
                    }
                }
                &after[escaped.len_utf8()..]
            }
            ('(', Some('?')) => {
                out.push('(');
                // PostgreSQL knows no names of groups.
                group_name(after).unwrap_or(after)
            }
            _ => {
                out.push(c);
                after
            }
        };
    }
}

/// What comes after the name of a group.
fn group_name(text: &str) -> Option<&str> {
    let named = text.strip_prefix("?P<").or_else(|| text.strip_prefix("?<"))?;
    named.split_once('>').map(|(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::RegexOptions;

    #[test]
    fn escapes_and_flags_are_translated() {
        for (source, options, expected) in [
            ("^a\\b", RegexOptions::default(), "(?p)^a\\y"),
            (
                "(?P<x>a)(?<y>b)(?:c)",
                RegexOptions { ignore_case: true, ..RegexOptions::default() },
                "(?pi)(a)(b)(?:c)",
            ),
            (
                "a.b\\\\b",
                RegexOptions { dot_all: true, multi_line: true, ..RegexOptions::default() },
                "(?w)a.b\\\\b",
            ),
        ] {
            assert_eq!(translated(&Pattern { source: source.to_owned(), options }), expected);
        }
    }
}
