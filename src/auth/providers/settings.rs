//! The settings of one provider in the option `auth`, read with every mistake noted.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::options::Secret;

/// Settings that any provider may have: they say whether it is on, or steer caches that parse-server has.
const OF_ALL: [&str; 4] = ["cacheMaxAge", "cacheMaxEntries", "enableInsecureAuth", "enabled"];

/// The settings of a provider. What is read from it is expected; the rest is a mistake.
pub(super) struct Settings<'a> {
    name: &'a str,
    values: &'a Map<String, Value>,
    expected: BTreeSet<&'static str>,
    is_insecure_enabled: bool,
    problems: &'a mut Vec<String>,
}

impl<'a> Settings<'a> {
    /// `is_insecure_enabled` is the option `enableInsecureAuthAdapters`.
    pub(super) fn new(
        name: &'a str,
        values: &'a Map<String, Value>,
        is_insecure_enabled: bool,
        problems: &'a mut Vec<String>,
    ) -> Self {
        Self { name, values, expected: OF_ALL.into(), is_insecure_enabled, problems }
    }

    /// A text, if it is given.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)?.as_str().filter(|text| !text.is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => self.wrong(key, "expected a text"),
        }
    }

    /// A text that must be given.
    pub(super) fn required(&mut self, key: &'static str) -> String {
        self.demand(key);
        self.text(key).unwrap_or_default()
    }

    /// A text that must be given and must not be shown.
    pub(super) fn required_secret(&mut self, key: &'static str) -> Secret {
        Secret::new(self.required(key))
    }

    /// A text or a list of texts. A text alone is a list of one, so that no part of it ever counts
    /// (GHSA-r657-33vp-gp22).
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let entries = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let texts: Option<Vec<String>> = entries
            .iter()
            .map(|entry| entry.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
            .collect();
        texts.filter(|texts| !texts.is_empty()).unwrap_or_else(|| {
            self.wrong::<()>(key, "expected a text or a list of texts");
            Vec::new()
        })
    }

    /// Texts of which at least one must be given.
    pub(super) fn required_texts(&mut self, key: &'static str) -> Vec<String> {
        self.demand(key);
        self.texts(key)
    }

    /// A flag; off unless given.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        match self.value(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => self.wrong(key, "expected true or false").unwrap_or(false),
        }
    }

    /// A whole number within limits; the preset unless given.
    pub(super) fn integer(
        &mut self,
        key: &'static str,
        limits: std::ops::RangeInclusive<u64>,
        preset: u64,
    ) -> u64 {
        let Some(value) = self.value(key) else { return preset };
        let number = value.as_u64().filter(|number| limits.contains(number));
        number.unwrap_or_else(|| {
            let expected =
                format!("expected a whole number from {} to {}", limits.start(), limits.end());
            self.wrong(key, &expected).unwrap_or(preset)
        })
    }

    /// An object, if it is given.
    pub(super) fn object(&mut self, key: &'static str) -> Option<&'a Map<String, Value>> {
        let value = self.value(key)?;
        let object = value.as_object();
        if object.is_none() {
            self.wrong::<()>(key, "expected an object");
        }
        object
    }

    /// An address, if it is given.
    pub(super) fn url(&mut self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        let is_http = reqwest::Url::parse(&text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_http {
            self.wrong::<()>(key, "expected an address that starts with https://");
        }
        Some(text)
    }

    /// An address that must be given.
    pub(super) fn required_url(&mut self, key: &'static str) -> String {
        self.demand(key);
        self.url(key).unwrap_or_default()
    }

    /// Wants `enableInsecureAuth` for a provider that has no safe form.
    pub(super) fn demand_insecure(&mut self) {
        if !self.flag("enableInsecureAuth") {
            self.problem("this provider can not be verified safely; it works with `enableInsecureAuth: true` only");
        }
    }

    /// The same, and the option for the whole server.
    pub(super) fn demand_insecure_everywhere(&mut self) {
        self.demand_insecure();
        if !self.is_insecure_enabled {
            self.problem("this needs the option `enableInsecureAuthAdapters` too");
        }
    }

    /// Notes a mistake.
    pub(super) fn problem(&mut self, text: &str) {
        self.problems.push(format!("option `auth.{}`: {text}", self.name));
    }

    /// Ends the reading: what nobody asked for is a mistake. A misspelled check would be no check.
    pub(super) fn finish(mut self) {
        for key in self.values.keys() {
            if !self.expected.contains(key.as_str()) {
                let known: Vec<&str> = self.expected.iter().copied().collect();
                let text = format!("`{key}` is unknown; known are {}", known.join(", "));
                self.problem(&text);
            }
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.expected.insert(key);
        self.values.get(key).filter(|value| !value.is_null())
    }

    fn demand(&mut self, key: &'static str) {
        if self.value(key).is_none() {
            self.problem(&format!("`{key}` is required"));
        }
    }

    fn wrong<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        self.problem(&format!("`{key}`: {expected}"));
        None
    }
}
