//! Functions and objects of a configuration written in JavaScript, and adapters written in it: they are called where the
//! server would call its own.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Cloud, Within, unavailable};
use crate::error::Result;
use crate::options::{HostDescription, HostReference};
use crate::value::{Json, Members};

/// Whoever answers for functions and objects in JavaScript.
#[async_trait]
pub trait Callbacks: Send + Sync + fmt::Debug {
    /// Calls a function, or a method of an object, with arguments in the form of the host protocol (section 3.5).
    /// `None` if it returned nothing. What it asks of the server itself belongs to what it runs within.
    ///
    /// What it throws comes back as an error 141 with its text, a Parse error with its code.
    async fn call(
        &self,
        reference: &HostReference,
        method: Option<&str>,
        args: Vec<Json>,
        within: Option<&Within>,
    ) -> Result<Option<Json>>;

    /// What is known of a function or an object; nothing before it is loaded.
    fn describe(&self, reference: &HostReference) -> Option<Arc<HostDescription>>;
}

/// There is no JavaScript: whoever is called is not available.
#[derive(Debug)]
pub struct Nobody;

#[async_trait]
impl Callbacks for Nobody {
    async fn call(
        &self,
        _reference: &HostReference,
        _method: Option<&str>,
        _args: Vec<Json>,
        _within: Option<&Within>,
    ) -> Result<Option<Json>> {
        Err(unavailable())
    }

    fn describe(&self, reference: &HostReference) -> Option<Arc<HostDescription>> {
        reference.described().cloned()
    }
}

#[async_trait]
impl Callbacks for Cloud {
    async fn call(
        &self,
        reference: &HostReference,
        method: Option<&str>,
        args: Vec<Json>,
        within: Option<&Within>,
    ) -> Result<Option<Json>> {
        let answer = self.host()?.callback(reference.path(), method, args, within).await?;
        Ok(answer.and_then(settled))
    }

    fn describe(&self, reference: &HostReference) -> Option<Arc<HostDescription>> {
        if let Some(described) = reference.described() {
            return Some(Arc::clone(described));
        }
        self.adapter(reference.path()).map(|adapter| Arc::clone(&adapter.description))
    }
}

impl Cloud {
    /// Calls a function of the host, or a method of an object of the host, with arguments in the form of the host protocol
    /// (section 3.5). `None` if it returned nothing.
    ///
    /// What it throws comes back as an error 141 with its text, a Parse error with its code.
    pub async fn callback(
        &self,
        reference: &HostReference,
        method: Option<&str>,
        args: Vec<Json>,
    ) -> Result<Option<Json>> {
        self.call(reference, method, args, None).await
    }

    /// The same for a part of a request: what is called can not call itself for ever, and what it writes belongs to the
    /// transaction of the request.
    pub async fn callback_within(
        &self,
        reference: &HostReference,
        args: Vec<Json>,
        within: &Within,
    ) -> Result<Option<Json>> {
        self.call(reference, None, args, Some(within)).await
    }
}

/// An answer in wire form: dates have their type, what JSON has no form for is nothing. Bytes stay in the form of the
/// protocol.
fn settled(json: Json) -> Option<Json> {
    match json {
        Json::Object(members) => match special(&members) {
            Some(json) => json,
            None => {
                let settle = |(name, json)| Some((name, settled(json)?));
                Some(Json::Object(members.into_iter().filter_map(settle).collect()))
            }
        },
        Json::Array(elements) => {
            let settle = |json| settled(json).unwrap_or(Json::Null);
            Some(Json::Array(elements.into_iter().map(settle).collect()))
        }
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => Some(other),
    }
}

/// What one of the protocol's own forms stands for, if this is one that has to be settled.
fn special(members: &Members) -> Option<Option<Json>> {
    let (name, json) = members.first().filter(|_| members.len() == 1)?;
    match (name.as_str(), json) {
        ("$undefined", _) => Some(None),
        ("$number", _) => Some(Some(Json::Null)),
        ("$plain", json) => Some(Some(json.clone())),
        ("$date", Json::String(iso)) => {
            let date = [("__type", Json::from("Date")), ("iso", Json::from(iso.as_str()))];
            Some(Some(Json::from(date)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_settled() {
        let check = |answer: &str, expected: Option<&str>| {
            let settled = settled(Json::parse(answer.as_bytes()).unwrap());
            assert_eq!(settled.map(|json| json.to_text()).as_deref(), expected, "{answer}");
        };
        check(r#"{"$undefined":true}"#, None);
        check(r#"{"a":{"$undefined":true},"b":[{"$undefined":true}]}"#, Some(r#"{"b":[null]}"#));
        check(r#"{"$number":"NaN"}"#, Some("null"));
        check(
            r#"[{"$date":"2020-01-01T00:00:00.000Z"}]"#,
            Some(r#"[{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}]"#),
        );
        check(r#"{"$plain":{"$date":1}}"#, Some(r#"{"$date":1}"#));
        check(r#"{"$bytes":"YQ=="}"#, Some(r#"{"$bytes":"YQ=="}"#));
        check(r#"{"$date":"a","b":1}"#, Some(r#"{"$date":"a","b":1}"#));
    }
}
