//! Keys and values that no write may carry (`requestKeywordDenylist`), looked for at every depth
//! (`parse-server:src/Utils.js`, `checkProhibitedKeywords`).

use regex::Regex;

use crate::error::{Code, Error, Result};
use crate::options::DenylistEntry;
use crate::value::{Fields, Json, Op, Value, wire};

/// The compiled list.
#[derive(Debug, Default)]
pub struct Denylist(Vec<Denied>);

#[derive(Debug)]
struct Denied {
    key: Option<Regex>,
    value: Option<Json>,
    text: String,
}

impl Denylist {
    /// Compiles the entries of the options: a key is a regular expression.
    pub fn new(entries: &[DenylistEntry]) -> Self {
        let compiled = entries.iter().map(|entry| {
            let mut said = Vec::new();
            let value = entry.value.clone().map(Json::from);
            if let Some(key) = &entry.key {
                said.push(("key", Json::from(key.as_str())));
            }
            if let Some(value) = &value {
                said.push(("value", value.clone()));
            }
            let text = Json::Object(
                said.into_iter().map(|(name, json)| (name.to_owned(), json)).collect(),
            )
            .to_text();
            let key = entry
                .key
                .as_ref()
                .and_then(|key| Regex::new(key).or_else(|_| Regex::new(&regex::escape(key))).ok());
            Denied { key, value, text }
        });
        Self(compiled.collect())
    }

    /// Refuses fields that carry something on the list.
    pub fn check(&self, fields: &Fields) -> Result<()> {
        for (key, op) in fields.iter() {
            let names = || std::iter::once(&*key.field).chain(key.path.iter().map(String::as_str));
            // What most writes carry: a value without keys, under a name that is not on the list.
            if !has_keys(op) && !names().any(|name| self.lists(name)) {
                continue;
            }
            let json = match op {
                Op::Set(value) | Op::SetOnInsert(value) => content(value),
                Op::Add(elements) | Op::AddUnique(elements) | Op::Remove(elements) => {
                    Json::Array(elements.clone().unwrap_or_default())
                }
                Op::Delete | Op::Increment(_) | Op::Relate { .. } => Json::Null,
            };
            names().try_for_each(|name| self.check_member(name, &json))?;
            self.check_inside(&json)?;
        }
        Ok(())
    }

    /// Whether an entry speaks of a key.
    fn lists(&self, key: &str) -> bool {
        self.0.iter().any(|denied| denied.key.as_ref().is_none_or(|regex| regex.is_match(key)))
    }

    fn check_member(&self, key: &str, value: &Json) -> Result<()> {
        for denied in &self.0 {
            let key_fits = denied.key.as_ref().is_none_or(|regex| regex.is_match(key));
            let value_fits = denied.value.as_ref().is_none_or(|wanted| wanted == value);
            if key_fits && value_fits {
                return Err(Error::new(
                    Code::InvalidKeyName,
                    format!("Prohibited keyword in request data: {}.", denied.text),
                ));
            }
        }
        Ok(())
    }

    fn check_inside(&self, json: &Json) -> Result<()> {
        match json {
            Json::Array(elements) => {
                elements.iter().try_for_each(|element| self.check_inside(element))
            }
            Json::Object(members) => {
                for (key, member) in members {
                    self.check_member(key, member)?;
                    self.check_inside(member)?;
                }
                Ok(())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
        }
    }
}

/// Whether what is written may have keys inside.
fn has_keys(op: &Op) -> bool {
    match op {
        Op::Set(value) | Op::SetOnInsert(value) => {
            matches!(value, Value::Array(_) | Value::Object(_) | Value::Bytes(_))
        }
        Op::Add(_) | Op::AddUnique(_) | Op::Remove(_) => true,
        Op::Delete | Op::Increment(_) | Op::Relate { .. } => false,
    }
}

/// What a client chose of a value: the wire form of typed values has no free keys.
fn content(value: &Value) -> Json {
    match value {
        Value::Array(_)
        | Value::Object(_)
        | Value::String(_)
        | Value::Bool(_)
        | Value::Number(_) => wire::value_to_json(value),
        Value::Bytes(content) => content.clone(),
        Value::Null
        | Value::Date(_)
        | Value::GeoPoint(_)
        | Value::Polygon(_)
        | Value::File(_)
        | Value::Pointer(_)
        | Value::Relation(_)
        | Value::Acl(_) => Json::Null,
    }
}
