//! `$regex` and `$options`: patterns for a linear-time engine.
//!
//! Clients write the dialect of PCRE. The SDKs quote literal text as `\Q…\E`; that is escaped here.
//! Look-around and back-references need a back-tracking engine, which a client could use to stop the
//! server, and are refused.

use crate::error::{Code, Error, Result};
use crate::query::{Condition, Pattern, RegexOptions};
use crate::value::Json;

/// A pattern may be this long, in bytes.
const PATTERN_BYTES_MAX: usize = 4_096;
/// What a compiled pattern may take, in bytes.
const PROGRAM_BYTES_MAX: usize = 1 << 20;

/// Reads `$regex` with its `$options`.
pub(in crate::query) fn parse(regex: &Json, options: Option<&Json>) -> Result<Condition> {
    let Some(source) = regex.as_str() else {
        return Err(Error::new(Code::InvalidQuery, "$regex value must be a string"));
    };
    Ok(Condition::Regex(pattern(source, options)?))
}

/// Reads and checks a pattern.
pub(in crate::query) fn pattern(source: &str, options: Option<&Json>) -> Result<Pattern> {
    let mut options = parse_options(options)?;
    let source = leading_flags(source, &mut options);
    if source.len() > PATTERN_BYTES_MAX {
        return Err(Error::new(Code::InvalidQuery, "Bad $regex: the pattern is too long."));
    }
    let source = unquote(source);
    if needs_backtracking(&source) {
        return Err(Error::new(
            Code::InvalidQuery,
            "Bad $regex: look-around and back-references are not supported.",
        ));
    }
    let pattern = Pattern { source, options };
    compile(&pattern).map_err(|cause| {
        Error::new(Code::InvalidQuery, "Bad $regex: the pattern is invalid.").with_cause(cause)
    })?;
    Ok(pattern)
}

/// The engine's form of a pattern.
pub fn compile(pattern: &Pattern) -> std::result::Result<::regex::Regex, ::regex::Error> {
    ::regex::RegexBuilder::new(&pattern.source)
        .case_insensitive(pattern.options.ignore_case)
        .multi_line(pattern.options.multi_line)
        .dot_matches_new_line(pattern.options.dot_all)
        .ignore_whitespace(pattern.options.extended)
        .size_limit(PROGRAM_BYTES_MAX)
        .dfa_size_limit(PROGRAM_BYTES_MAX)
        .build()
}

fn parse_options(options: Option<&Json>) -> Result<RegexOptions> {
    let mut parsed = RegexOptions::default();
    let Some(options) = options.filter(|json| !json.is_null()) else { return Ok(parsed) };
    let text = options.as_str().map_or_else(|| options.to_text(), str::to_owned);
    let bad = || Error::new(Code::InvalidQuery, format!("Bad $options value for query: {text}"));
    if text.is_empty() {
        return Err(bad());
    }
    if !text.chars().all(|flag| parsed.set(flag)) {
        return Err(bad());
    }
    Ok(parsed)
}

impl RegexOptions {
    /// Sets the option of this letter; false if there is none.
    fn set(&mut self, flag: char) -> bool {
        match flag {
            'i' => self.ignore_case = true,
            'm' => self.multi_line = true,
            's' => self.dot_all = true,
            'x' => self.extended = true,
            _ => return false,
        }
        true
    }
}

/// Flags at the start of a pattern (`(?i)a`) are options: not every back end reads them there.
fn leading_flags<'s>(source: &'s str, options: &mut RegexOptions) -> &'s str {
    let flags = source.strip_prefix("(?").and_then(|rest| rest.split_once(')'));
    let Some((flags, rest)) = flags else { return source };
    let mut with_flags = *options;
    let known = !flags.is_empty() && flags.chars().all(|flag| with_flags.set(flag));
    if !known {
        return source;
    }
    *options = with_flags;
    rest
}

/// Escapes what stands between `\Q` and `\E`.
fn unquote(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next();
        let after = &rest[at + 1 + escape.map_or(0, char::len_utf8)..];
        rest = match escape {
            Some('Q') => {
                let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
                out.push_str(&::regex::escape(literal));
                after
            }
            Some('E') => after,
            other => {
                out.push('\\');
                out.extend(other);
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// Whether a pattern has look-around or a back-reference, outside of escapes and classes.
fn needs_backtracking(source: &str) -> bool {
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                if matches!(bytes.get(at + 1), Some(b'1'..=b'9' | b'k')) {
                    return true;
                }
                at += 2;
            }
            b'(' => {
                let after = &bytes[at + 1..];
                if [b"?=".as_slice(), b"?!", b"?<=", b"?<!"]
                    .iter()
                    .any(|look| after.starts_with(look))
                {
                    return true;
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, options: &str, text: &str, expected: bool) {
        let options = Json::from(options);
        let options = Some(&options).filter(|options| options.as_str() != Some(""));
        let pattern = pattern(source, options).unwrap();
        assert_eq!(compile(&pattern).unwrap().is_match(text), expected, "{source} on {text}");
    }

    #[test]
    fn sdk_quotes_are_literal() {
        check("^\\QAnn\\E", "", "Anna", true);
        check("\\QO'Neil %_\\E", "", "Eve O'Neil %_", true);
        check("^\\Qa.c\\E", "", "abc", false);
        check("\\Qa\\E\\\\E\\Qb\\E", "", "a\\Eb", true);
    }

    #[test]
    fn options_are_known() {
        check("^CAT", "i", "catherine", true);
        check("^ A  # comment", "x", "Ann", true);
        check("a.b", "s", "a\nb", true);
        check("^b", "m", "a\nb", true);
        check("(?i)^CAT", "", "catherine", true);
        check("(?ix)^ CAT", "", "catherine", true);
        assert_eq!(
            pattern("A", Some(&Json::from(""))).unwrap_err().text(),
            "Bad $options value for query: "
        );
        assert_eq!(
            pattern("A", Some(&Json::from("z"))).unwrap_err().text(),
            "Bad $options value for query: z"
        );
    }

    #[test]
    fn backtracking_is_refused() {
        for source in ["^(?!A)", "(?=a)", "(?<=a)b", "(a)\\1", "(?<n>a)\\k<n>"] {
            assert_eq!(
                pattern(source, None).unwrap_err().text(),
                "Bad $regex: look-around and back-references are not supported.",
                "{source}"
            );
        }
        for source in ["[", "a{1000000}", "(", &"a".repeat(5000)] {
            assert!(pattern(source, None).is_err(), "{source}");
        }
    }
}
