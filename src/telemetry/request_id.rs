//! The id that ties the log lines of one request together.

use std::fmt;

/// Longest id that is taken over from a client.
const CHARS_MAX: usize = 64;

/// An id of letters, digits, hyphens and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// Takes over the id a client sent, if it is sane: it will stand in log lines and headers.
    pub fn accept(text: &str) -> Option<Self> {
        let is_sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = !text.is_empty() && text.len() <= CHARS_MAX;
        (fits && text.chars().all(is_sane)).then(|| Self(text.to_owned()))
    }

    /// Makes an id from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(RequestId::accept(text).as_ref().map(RequestId::as_str), expected, "{text}");
    }

    #[test]
    fn ids_of_clients() {
        check("a-B_9", Some("a-B_9"));
        check(&"x".repeat(64), Some(&"x".repeat(64)));
        check(&"x".repeat(65), None);
        check("", None);
        check("a b", None);
        check("a\nb", None);
        check("ä", None);
        check("a\"}", None);
    }

    #[test]
    fn ids_of_our_own() {
        let id = RequestId::from_random([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(RequestId::accept(id.as_str()), Some(id));
    }
}
