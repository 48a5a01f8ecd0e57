//! A request before it is sent: generated values are in it by name (`<id:3>`), so that each side gets its own.

use serde_json::Value;

use crate::process::{APP_ID, MASTER_KEY};

/// Who asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Caller {
    Public,
    Master,
    /// With the session token of this name.
    Session(String),
}

/// What is sent as the body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Value),
    Text(&'static str),
}

/// A request to both sides.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Below the mount path, or with `/` at its beginning from the root.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) caller: Caller,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The order of results means something.
    pub(crate) ordered: bool,
}

impl Request {
    fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            caller: Caller::Public,
            headers: Vec::new(),
            ordered: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(Body::Json(body)), ..Self::new("POST", path) }
    }

    pub(crate) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(Body::Json(body)), ..Self::new("PUT", path) }
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path)
    }

    /// Sends this text instead of JSON.
    pub(crate) fn text(self, text: &'static str) -> Self {
        Self { body: Some(Body::Text(text)), ..self }
    }

    /// A parameter: texts as they are, all else as JSON.
    pub(crate) fn query(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.query.push((name.to_owned(), value));
        self
    }

    pub(crate) fn by(self, caller: &Caller) -> Self {
        Self { caller: caller.clone(), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The order of results is compared.
    pub(crate) fn ordered(self) -> Self {
        Self { ordered: true, ..self }
    }

    /// Everything on one line, as rules and reports see it.
    pub(crate) fn line(&self) -> String {
        let caller = match &self.caller {
            Caller::Public => String::new(),
            Caller::Master => " by master".to_owned(),
            Caller::Session(token) => format!(" by {token}"),
        };
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let headers: String =
            self.headers.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
        let body = match &self.body {
            Some(Body::Json(json)) => format!(" {json}"),
            Some(Body::Text(text)) => format!(" {text}"),
            None => String::new(),
        };
        format!("{} {}{query}{body}{caller}{headers}", self.method, self.path)
    }

    /// Path and query as they are sent, with names replaced by `fill`.
    pub(crate) fn target(&self, fill: impl Fn(&str) -> String) -> String {
        let path = fill(&self.path);
        let mut target = if path.starts_with('/') { path } else { format!("/parse/{path}") };
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(&format!("{}={}", encode(name), encode(&fill(value))));
        }
        target
    }

    /// The headers that are sent.
    pub(crate) fn all_headers(&self, fill: impl Fn(&str) -> String) -> Vec<(String, String)> {
        let mut headers = vec![("X-Parse-Application-Id".to_owned(), APP_ID.to_owned())];
        match &self.caller {
            Caller::Public => {}
            Caller::Master => {
                headers.push(("X-Parse-Master-Key".to_owned(), MASTER_KEY.to_owned()));
            }
            Caller::Session(token) => {
                headers.push(("X-Parse-Session-Token".to_owned(), fill(token)));
            }
        }
        if self.body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        for (name, value) in &self.headers {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push(((*name).to_owned(), fill(value)));
        }
        headers
    }
}

/// As JavaScript's `encodeURIComponent` does it.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
