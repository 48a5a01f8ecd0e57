//! Which objects a program asks for.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::value::{Json, Members};

/// A question for objects of a class. The words are those of the REST API.
///
/// ```
/// use parsimony::Query;
/// use serde_json::json;
///
/// let query = Query::of("Task")
///     .filter(json!({"done": false, "priority": {"$gte": 2}}))
///     .order("-priority,createdAt")
///     .include("list")
///     .limit(20);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub(super) class: String,
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Query {
    /// All objects of a class.
    pub fn of(class: impl Into<String>) -> Self {
        Self { class: class.into(), parameters: Vec::new() }
    }

    /// Only objects that meet these conditions, as `where` of the REST API writes them.
    #[must_use]
    pub fn filter(self, conditions: impl Into<Value>) -> Self {
        self.with("where", conditions.into().to_string())
    }

    /// In this order: names of fields between commas, `-` in front of those that go down.
    #[must_use]
    pub fn order(self, fields: &str) -> Self {
        self.with("order", fields.to_owned())
    }

    /// So many objects at most; without a limit the option `defaultLimit` decides.
    #[must_use]
    pub fn limit(self, count: u64) -> Self {
        self.with("limit", count.to_string())
    }

    /// Without so many objects at the start.
    #[must_use]
    pub fn skip(self, count: u64) -> Self {
        self.with("skip", count.to_string())
    }

    /// With the objects behind these pointers: names of fields between commas, possibly dotted.
    #[must_use]
    pub fn include(self, fields: &str) -> Self {
        self.with("include", fields.to_owned())
    }

    /// With these fields only, between commas.
    #[must_use]
    pub fn keys(self, fields: &str) -> Self {
        self.with("keys", fields.to_owned())
    }

    /// The class.
    pub fn class_name(&self) -> &str {
        &self.class
    }

    /// The conditions, as `where` of the REST API writes them; `{}` if there are none.
    pub fn conditions(&self) -> Value {
        let given = self.parameters.iter().find(|(name, _)| *name == "where");
        given.and_then(|(_, text)| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}))
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value));
        self
    }
}

impl Query {
    /// The question of the members that `Parse.Query` writes.
    pub(super) fn of_members(class: &str, members: &Members) -> Self {
        let mut query = Self::of(class);
        for (name, value) in members {
            let Some(name) = NAMES.iter().find(|known| *known == name) else { continue };
            let text = value.as_str().map_or_else(|| value.to_text(), str::to_owned);
            query.parameters.push((name, text));
        }
        query
    }

    /// The same as `Parse.Query` writes it.
    pub(super) fn into_members(self) -> Result<Members> {
        let read = |(name, value): (&str, String)| {
            let json = match name {
                "order" | "include" | "keys" | "excludeKeys" => Json::from(value),
                _ => Json::parse(value.as_bytes()).map_err(Error::internal)?,
            };
            Ok((name.to_owned(), json))
        };
        self.parameters.into_iter().map(read).collect()
    }
}

/// What of a question a closure may see and change.
const NAMES: [&str; 7] = ["where", "order", "limit", "skip", "include", "keys", "excludeKeys"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_go_both_ways() {
        let text = r#"{"where":{"a":1},"limit":2,"order":"-b","keys":"a,b"}"#;
        let Json::Object(members) = Json::parse(text.as_bytes()).unwrap() else { panic!("{text}") };
        let query = Query::of_members("A", &members);
        assert_eq!(Json::Object(query.clone().into_members().unwrap()).to_text(), text);
        let narrowed = query.limit(1).filter(serde_json::json!({"a": 2})).into_members().unwrap();
        assert_eq!(
            Json::Object(narrowed).to_text(),
            r#"{"order":"-b","keys":"a,b","limit":1,"where":{"a":2}}"#
        );
    }
}
