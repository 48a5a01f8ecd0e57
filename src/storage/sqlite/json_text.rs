//! JSON text as it stands in a column: looked into without building what is not asked for.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::query::matches::position;
use crate::value::Json;

/// The value at a path; nothing if there is none.
pub(super) fn read_at(text: &str, path: &[String]) -> Option<Json> {
    let mut reader = serde_json::Deserializer::from_str(text);
    At(path).deserialize(&mut reader).ok().flatten()
}

/// Whether a JSON array of strings has one of some texts.
pub(super) fn has_string(text: &str, wanted: &[String]) -> bool {
    let mut found = false;
    let mut reader = serde_json::Deserializer::from_str(text);
    // The visitor stops at the first hit, which the reader takes for an error.
    let _ = reader.deserialize_seq(HasString { wanted, found: &mut found });
    found
}

struct At<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Json>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let Some((part, rest)) = self.0.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(is_it) = access.next_key_seed(KeyIs(part))? {
            if is_it {
                found = access.next_value_seed(At(rest))?;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let Some((part, rest)) = self.0.split_first() else { return Ok(None) };
        let wanted = position(part);
        let mut found = None;
        for at in 0.. {
            if Some(at) == wanted {
                match access.next_element_seed(At(rest))? {
                    Some(element) => found = element,
                    None => break,
                }
            } else if access.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a key is the wanted one.
struct KeyIs<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

struct HasString<'w> {
    wanted: &'w [String],
    found: &'w mut bool,
}

impl<'de> Visitor<'de> for HasString<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(is_it) = access.next_element_seed(IsOneOf(self.wanted))? {
            if is_it {
                *self.found = true;
                break;
            }
        }
        Ok(())
    }
}

struct IsOneOf<'w>(&'w [String]);

impl<'de> DeserializeSeed<'de> for IsOneOf<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsOneOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.iter().any(|wanted| wanted == text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &[&str], expected: Option<&str>) {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        assert_eq!(
            read_at(text, &path).map(|json| json.to_text()).as_deref(),
            expected,
            "{text} {path:?}"
        );
    }

    #[test]
    fn paths_lead_inside() {
        check(r#"{"a":{"b":[1,{"c":"x"}]},"d":2}"#, &["a", "b", "1", "c"], Some(r#""x""#));
        check(r#"{"a":{"b":[1,2]},"d":2}"#, &["a", "b"], Some("[1,2]"));
        check(r#"{"a":null}"#, &["a"], Some("null"));
        check(r#"{"a":1}"#, &["a", "b"], None);
        check(r#"[1,2]"#, &["2"], None);
        check(r#"[1,2]"#, &["01"], None);
        check(r#"{"0":5}"#, &["0"], Some("5"));
        check(r#"{"a\"b":5}"#, &["a\"b"], Some("5"));
        check("5", &[], Some("5"));
        check("nonsense", &["a"], None);
    }

    #[test]
    fn grantees_are_found() {
        let wanted = ["u1".to_owned(), "role:a".to_owned()];
        assert!(has_string(r#"["x","role:a"]"#, &wanted));
        assert!(!has_string(r#"["x","u"]"#, &wanted));
        assert!(!has_string("[]", &wanted));
        assert!(!has_string("nonsense", &wanted));
    }
}
