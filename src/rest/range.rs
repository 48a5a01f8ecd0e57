//! Which part of a file a request asks for (RFC 9110, sections 13 and 14).

use axum::http::{HeaderMap, header};

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From this byte to before that one.
    Range(u64, u64),
    /// What lies behind its end.
    Outside,
    /// Nothing: the client has it already.
    Unchanged,
}

impl Part {
    /// The HTTP status of the answer.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Whole => 200,
            Self::Range(..) => 206,
            Self::Unchanged => 304,
            Self::Outside => 416,
        }
    }
}

/// A version as a strong entity tag.
pub(super) fn quoted(version: &str) -> String {
    format!("\"{version}\"")
}

/// The part of a file of so many bytes that a request asks for. Several ranges at once, and what is no range, mean the
/// whole file.
pub(super) fn part(asked: &HeaderMap, bytes: u64, tag: Option<&str>) -> Part {
    let text = |name| asked.get(name).and_then(|value| value.to_str().ok());
    if let (Some(known), Some(tag)) = (text(header::IF_NONE_MATCH), tag) {
        let mut known = known.split(',').map(str::trim);
        if known.any(|known| known == "*" || known.trim_start_matches("W/") == tag) {
            return Part::Unchanged;
        }
    }
    // A part of other content than the client has is of no use to it.
    if let Some(condition) = text(header::IF_RANGE)
        && Some(condition.trim()) != tag
    {
        return Part::Whole;
    }
    text(header::RANGE).and_then(|range| read(range, bytes)).unwrap_or(Part::Whole)
}

fn read(range: &str, bytes: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // More than a number can be is more than any file has.
        is_number.then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (from, to) = match (first.trim(), last.trim()) {
        ("", last) => (bytes.saturating_sub(number(last)?), bytes),
        (first, "") => (number(first)?, bytes),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, if last < bytes { last + 1 } else { bytes })
        }
    };
    Some(if from < to { Part::Range(from, to) } else { Part::Outside })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expected: Part) {
        let mut asked = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            asked.insert(name, value.parse().unwrap());
        }
        assert_eq!(part(&asked, 10, Some("\"v\"")), expected, "{headers:?}");
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-4", Part::Range(0, 5)),
            ("bytes=2-2", Part::Range(2, 3)),
            ("bytes=5-", Part::Range(5, 10)),
            ("bytes=5-99999999999999999999", Part::Range(5, 10)),
            ("bytes=-3", Part::Range(7, 10)),
            ("bytes=-30", Part::Range(0, 10)),
            ("Bytes = 0 - 4", Part::Range(0, 5)),
            ("bytes=10-", Part::Outside),
            ("bytes=99999999999999999999-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=--5", Part::Whole),
            ("bytes=+1-5", Part::Whole),
            ("items=0-4", Part::Whole),
            ("0-4", Part::Whole),
            ("", Part::Whole),
        ] {
            check(&[("range", range)], expected);
        }
    }

    #[test]
    fn conditions() {
        check(&[("if-none-match", "\"v\"")], Part::Unchanged);
        check(&[("if-none-match", "\"a\", W/\"v\"")], Part::Unchanged);
        check(&[("if-none-match", "*")], Part::Unchanged);
        check(&[("if-none-match", "\"a\"")], Part::Whole);
        check(&[("if-range", "\"v\""), ("range", "bytes=0-4")], Part::Range(0, 5));
        check(&[("if-range", "\"a\""), ("range", "bytes=0-4")], Part::Whole);
        check(&[("if-none-match", "\"v\""), ("range", "bytes=0-4")], Part::Unchanged);
    }

    #[test]
    fn nothing_is_no_range_of_an_empty_file() {
        let mut asked = HeaderMap::new();
        asked.insert("range", "bytes=0-0".parse().unwrap());
        assert_eq!(part(&asked, 0, None), Part::Outside);
        assert_eq!(part(&HeaderMap::new(), 0, None), Part::Whole);
    }
}
