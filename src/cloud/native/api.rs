//! The API of the server for the program that embeds it: the same requests as over HTTP, in process.

use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Query;
use crate::cloud::{ApiRequest, Gateway, Within};
use crate::error::{Code, Error, Result};
use crate::value::Date;

/// The keys that requests of the program carry.
pub(crate) struct Keys {
    /// The application id.
    pub app_id: String,
    /// The master key.
    pub master_key: String,
    /// The header and value of a client key, if clients need one.
    pub client_key: Option<(&'static str, String)>,
}

/// The way from closures to the server, which comes to be after them.
#[derive(Clone, Default)]
pub(crate) struct Link(Arc<OnceLock<(Weak<dyn Gateway>, Keys)>>);

impl Link {
    /// Connects the closures to their server, once.
    pub(crate) fn connect(&self, gateway: &Arc<dyn Gateway>, keys: Keys) {
        // A link belongs to one server, and a second call comes from nowhere.
        let _ = self.0.set((Arc::downgrade(gateway), keys));
    }

    /// The API for anybody, from outside of cloud code.
    pub(crate) fn public(&self) -> Api {
        self.api(Who::Public, None)
    }

    /// The API for somebody.
    pub(super) fn api(&self, who: Who, within: Option<Within>) -> Api {
        Api { link: self.clone(), who, within }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

/// Who makes a request.
#[derive(Clone)]
pub(super) enum Who {
    /// The holder of the master key.
    Master,
    /// The user of a session.
    Session(Arc<str>),
    /// Anybody.
    Public,
}

/// The API of the server, for one caller. It does what the REST API does, with all permissions and triggers, and
/// costs no connection. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    link: Link,
    who: Who,
    within: Option<Within>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.who {
            Who::Master => "Api(master)",
            Who::Session(_) => "Api(session)",
            Who::Public => "Api(public)",
        })
    }
}

/// What the server says of a new object.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Created {
    /// Its id.
    #[serde(rename = "objectId")]
    pub id: String,
    /// When it was created.
    #[serde(rename = "createdAt")]
    pub created_at: Date,
}

impl Api {
    /// The same API for the holder of the master key, whom no permission holds back.
    #[must_use]
    pub fn master(&self) -> Self {
        Self { who: Who::Master, ..self.clone() }
    }

    /// The same API for the user of a session.
    #[must_use]
    pub fn session(&self, token: &str) -> Self {
        Self { who: Who::Session(Arc::from(token)), ..self.clone() }
    }

    /// The same API for anybody.
    #[must_use]
    pub fn public(&self) -> Self {
        Self { who: Who::Public, ..self.clone() }
    }

    /// Creates an object. `fields` becomes a JSON object; see [`super::Pointer`], [`Date`] and their like for what JSON
    /// itself does not have.
    pub async fn create<T: Serialize + Sync>(&self, class: &str, fields: &T) -> Result<Created> {
        self.send("POST", &path(&["classes", class]), Some(fields)).await
    }

    /// One object. Error 101 if there is none that the caller may see.
    pub async fn get<T: DeserializeOwned>(&self, class: &str, id: &str) -> Result<T> {
        self.send("GET", &path(&["classes", class, id]), NOTHING).await
    }

    /// The objects that meet a question.
    pub async fn find<T: DeserializeOwned>(&self, query: &Query) -> Result<Vec<T>> {
        #[derive(Deserialize)]
        struct Results<T> {
            results: Vec<T>,
        }
        let found: Results<T> = self.ask(query).await?;
        Ok(found.results)
    }

    /// The first object that meets a question, if there is one.
    pub async fn first<T: DeserializeOwned>(&self, query: &Query) -> Result<Option<T>> {
        let found = self.find(&query.clone().limit(1)).await?;
        Ok(found.into_iter().next())
    }

    /// How many objects meet a question.
    pub async fn count(&self, query: &Query) -> Result<u64> {
        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }
        let query = query.clone().limit(0).with("count", "1".to_owned());
        let Count { count } = self.ask(&query).await?;
        Ok(count)
    }

    /// Changes fields of an object; those that are not named stay. Operations such as
    /// `{"__op": "Increment", "amount": 1}` work, too.
    pub async fn update<T: Serialize + Sync>(
        &self,
        class: &str,
        id: &str,
        fields: &T,
    ) -> Result<()> {
        let path = path(&["classes", class, id]);
        self.send::<_, IgnoredAny>("PUT", &path, Some(fields)).await.map(|_| ())
    }

    /// Deletes an object.
    pub async fn delete(&self, class: &str, id: &str) -> Result<()> {
        let path = path(&["classes", class, id]);
        self.send::<_, IgnoredAny>("DELETE", &path, NOTHING).await.map(|_| ())
    }

    /// Calls a function of cloud code, whoever it is that answers: JavaScript, a webhook or this program.
    pub async fn call<P: Serialize + Sync, R: DeserializeOwned>(
        &self,
        function: &str,
        params: &P,
    ) -> Result<R> {
        #[derive(Deserialize)]
        #[serde(bound = "R: DeserializeOwned")]
        struct Returned<R> {
            #[serde(default = "Option::default")]
            result: Option<R>,
        }
        let returned: Returned<R> =
            self.send("POST", &path(&["functions", function]), Some(params)).await?;
        match returned.result {
            Some(result) => Ok(result),
            // A function that returned nothing fits a type that nothing fits.
            None => serde_json::from_value(Value::Null).map_err(Error::internal),
        }
    }

    /// Starts a job, which takes the master key, and returns the id of its status, an object of `_JobStatus`.
    pub async fn start_job<P: Serialize + Sync>(&self, job: &str, params: &P) -> Result<String> {
        let reply = self.reply("POST", &path(&["jobs", job]), body_of(Some(params))?).await?;
        let id = reply.headers.into_iter().find(|(name, _)| name == "x-parse-job-status-id");
        id.map(|(_, id)| id).ok_or_else(|| Error::internal("a job without a status"))
    }

    /// Any other request of the REST API: `path` begins with a slash below the mount path and may have a query string.
    pub async fn request<T: Serialize + Sync, R: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&T>,
    ) -> Result<R> {
        self.send(method, path, body).await
    }

    pub(super) async fn tell(&self, job_id: &str, message: &str) -> Result<()> {
        let (gateway, _) = self.connection()?;
        gateway.job_message(job_id, crate::value::Json::from(message)).await
    }

    async fn ask<R: DeserializeOwned>(&self, query: &Query) -> Result<R> {
        let mut target = path(&["classes", &query.class]);
        for (at, (name, value)) in query.parameters.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            escape(value, &mut target);
        }
        self.send("GET", &target, NOTHING).await
    }

    async fn send<T: Serialize + Sync, R: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&T>,
    ) -> Result<R> {
        let reply = self.reply(method, path, body_of(body)?).await?;
        serde_json::from_slice(&reply.body).map_err(Error::internal)
    }

    async fn reply(&self, method: &str, path: &str, body: Bytes) -> Result<crate::cloud::ApiReply> {
        let (gateway, keys) = self.connection()?;
        let mut headers = vec![
            ("x-parse-application-id".to_owned(), keys.app_id.clone()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(keys.client_key.iter().map(|(name, key)| ((*name).to_owned(), key.clone())));
        match &self.who {
            Who::Master => headers.push(("x-parse-master-key".to_owned(), keys.master_key.clone())),
            Who::Session(token) => {
                headers.push(("x-parse-session-token".to_owned(), token.to_string()));
            }
            Who::Public => {}
        }
        let request = ApiRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
            within: self.within.clone(),
        };
        let reply = gateway.api(request).await;
        if reply.status < 400 { Ok(reply) } else { Err(refusal(&reply.body, reply.status)) }
    }

    fn connection(&self) -> Result<(Arc<dyn Gateway>, &Keys)> {
        let connection = self.link.0.get().and_then(|(gateway, keys)| {
            let gateway = gateway.upgrade()?;
            Some((gateway, keys))
        });
        connection.ok_or_else(|| Error::internal("the server does not run"))
    }
}

/// No body.
const NOTHING: Option<&()> = None;

fn body_of<T: Serialize>(body: Option<&T>) -> Result<Bytes> {
    match body {
        None => Ok(Bytes::new()),
        Some(body) => match serde_json::to_value(body) {
            Ok(Value::Null) => Ok(Bytes::from_static(b"{}")),
            Ok(body @ Value::Object(_)) => Ok(Bytes::from(body.to_string())),
            Ok(other) => {
                Err(Error::new(Code::InvalidJson, format!("{other} is not a JSON object")))
            }
            Err(cause) => Err(Error::new(Code::InvalidJson, cause.to_string())),
        },
    }
}

/// The error that the server answered.
fn refusal(body: &[u8], status: u16) -> Error {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    let text = body.get("error").and_then(Value::as_str);
    match (body.get("code").and_then(Value::as_i64), text) {
        (Some(number), Some(text)) => Error::thrown(number, text, None),
        (None, Some(text)) => Error::plain(status, text.to_owned()),
        (_, None) => Error::internal(format!("the server answered with status {status}: {body}")),
    }
}

fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        escape(segment, &mut path);
    }
    path
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped() {
        assert_eq!(path(&["classes", "A", "x/../y z"]), "/classes/A/x%2F..%2Fy%20z");
    }

    #[test]
    fn only_objects_are_sent() {
        assert_eq!(body_of(Some(&json!({"a": 1}))).unwrap(), Bytes::from_static(b"{\"a\":1}"));
        assert_eq!(body_of(Some(&())).unwrap(), Bytes::from_static(b"{}"));
        assert_eq!(body_of(Some(&[1])).unwrap_err().code(), Code::InvalidJson);
    }

    #[test]
    fn errors_keep_their_numbers() {
        let error = refusal(br#"{"code":9001,"error":"Nobody is that fast."}"#, 400);
        assert_eq!((error.number(), error.text()), (9001, "Nobody is that fast."));
        assert_eq!(refusal(br#"{"error":"unauthorized"}"#, 403).status(), 403);
        assert_eq!(refusal(b"<html>", 404).text(), "Internal server error.");
    }
}
