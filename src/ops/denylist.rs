//! Keys and values that no write may carry (`requestKeywordDenylist`), and addresses that no file in it may have
//! (`fileUpload.allowedFileUrlDomains`), looked for at every depth (`parse-server:src/Utils.js`,
//! `checkProhibitedKeywords`).

use regex::Regex;

use crate::error::{Code, Error, Result};
use crate::options::{DenylistEntry, UrlDomains};
use crate::value::{Fields, Json, Members, Op, Value, wire};

/// The compiled list.
#[derive(Debug, Default)]
pub struct Denylist {
    entries: Vec<Denied>,
    /// Nothing if a file may be anywhere.
    urls: Option<FilePlaces>,
}

/// Where files may be that a request names by their addresses.
#[derive(Debug)]
pub struct FilePlaces {
    /// Hosts.
    pub domains: UrlDomains,
    /// What the addresses of this server's own files begin with.
    pub own: Vec<String>,
}

impl FilePlaces {
    /// Refuses a file whose address is somewhere else.
    fn check(&self, file: &Members) -> Result<()> {
        let url = match (file.get("__type").and_then(Json::as_str), file.get("url")) {
            (Some("File"), Some(Json::String(url))) if !url.is_empty() => url,
            _ => return Ok(()),
        };
        if self.own.iter().any(|own| url.starts_with(own)) {
            return Ok(());
        }
        let refused = |text: String| Err(Error::new(Code::FileSaveFailed, text));
        let Ok(url) = url::Url::parse(url) else {
            return refused("Invalid file URL.".to_owned());
        };
        let host = url.host_str().unwrap_or_default();
        match self.domains.allow(host) {
            true => Ok(()),
            false => refused(format!("File URL domain '{host}' is not allowed.")),
        }
    }
}

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
        Self { entries: compiled.collect(), urls: None }
    }

    /// The same, with files only where they may be.
    #[must_use]
    pub fn with_files(self, places: FilePlaces) -> Self {
        let urls = (!places.domains.allow_any()).then_some(places);
        Self { urls, ..self }
    }

    /// Refuses files somewhere else among values that are not stored.
    pub fn check_files(&self, members: &Members) -> Result<()> {
        match &self.urls {
            Some(urls) => members.values().try_for_each(|member| check_files(urls, member)),
            None => Ok(()),
        }
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

    /// Refuses members that carry something on the list.
    pub fn check_members(&self, members: &Members) -> Result<()> {
        for (key, member) in members {
            self.check_member(key, member)?;
            self.check_inside(member)?;
        }
        Ok(())
    }

    /// Whether an entry speaks of a key.
    fn lists(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|denied| denied.key.as_ref().is_none_or(|regex| regex.is_match(key)))
    }

    fn check_member(&self, key: &str, value: &Json) -> Result<()> {
        for denied in &self.entries {
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
                if let Some(urls) = &self.urls {
                    urls.check(members)?;
                }
                self.check_members(members)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
        }
    }
}

fn check_files(urls: &FilePlaces, json: &Json) -> Result<()> {
    match json {
        Json::Array(elements) => elements.iter().try_for_each(|element| check_files(urls, element)),
        Json::Object(members) => {
            urls.check(members)?;
            members.values().try_for_each(|member| check_files(urls, member))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
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
