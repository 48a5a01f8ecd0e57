//! What hosts ask of the server and tell it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Owner;
use super::member::Member;
use crate::cloud::worker::{Registration, Responder, Serving};
use crate::cloud::{ApiReply, ApiRequest, Gateway, Within};
use crate::value::{Json, json};

/// Answers one host.
pub(super) struct Desk {
    owner: Owner,
    gateway: Arc<dyn Gateway>,
    member: OnceLock<Weak<Member>>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default, borrow)]
    body: Option<&'a RawValue>,
}

impl Desk {
    pub(super) fn new(owner: Owner, gateway: Arc<dyn Gateway>) -> Self {
        Self { owner, gateway, member: OnceLock::new() }
    }

    /// Says whom it serves.
    pub(super) fn serves(&self, member: &Arc<Member>) {
        // It is said once.
        let _ = self.member.set(Arc::downgrade(member));
    }

    fn member(&self) -> Option<Arc<Member>> {
        self.member.get()?.upgrade()
    }

    fn api(&self, params: &RawValue, within: Option<Within>, reply: Responder) {
        let asked: Asked<'_> = match serde_json::from_str(params.get()) {
            Ok(asked) => asked,
            Err(cause) => return reply.failed(&cause.to_string()),
        };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => other.to_string(),
        };
        let headers = asked.headers.into_iter();
        let request = ApiRequest {
            method: asked.method.to_uppercase(),
            path: asked.path.into_owned(),
            headers: headers.map(|(name, value)| (name.to_lowercase(), text(value))).collect(),
            body: asked
                .body
                .map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.get().as_bytes())),
            within,
        };
        let gateway = Arc::clone(&self.gateway);
        self.gateway.spawn(Box::pin(async move {
            let answer = gateway.api(request).await;
            reply.result(|out| write_reply(&answer, out));
        }));
    }

    /// Takes what a host registers, or takes back, after it was loaded.
    fn register(&self, params: &Json, adds: bool, reply: Responder) {
        let registrations = match Registration::read_all(params.get("registrations")) {
            Ok(registrations) => registrations,
            Err(cause) => return reply.failed(&cause),
        };
        if let Some(member) = self.member() {
            match adds {
                true => member.register(registrations),
                false if params.get("all").is_some_and(Json::is_truthy) => member.unregister(None),
                false => member.unregister(Some(&registrations)),
            }
            if let Some(cloud) = self.owner.upgrade()
                && cloud.host.as_ref().is_some_and(|host| host.pool.has(&member))
            {
                cloud.register_host(|_| Some(member.registrations()));
            }
        }
        reply.result(|out| out.extend_from_slice(b"{}"));
    }

    fn job_message(&self, params: &Json, reply: Responder) {
        let id = params.get("jobId").and_then(Json::as_str).unwrap_or_default();
        let message = params.get("message").cloned().unwrap_or_default();
        // The job may end right behind its message, which must not come too late for that.
        let telling = self.gateway.job_message(id, message);
        self.gateway.spawn(Box::pin(async move {
            match telling.await {
                Ok(()) => reply.result(|out| out.extend_from_slice(b"{}")),
                Err(error) => reply.failed(error.text()),
            }
        }));
    }

    fn send_email(&self, params: &Json, reply: Responder) {
        let message = params.get("message").cloned().unwrap_or_default();
        let gateway = Arc::clone(&self.gateway);
        self.gateway.spawn(Box::pin(async move {
            match gateway.send_email(message).await {
                Ok(None) => reply.result(|out| out.extend_from_slice(b"{}")),
                Ok(Some(value)) => {
                    let answer = Json::from([("value", value)]);
                    reply.result(|out| answer.write(out));
                }
                Err(error) => reply.threw(&error),
            }
        }));
    }
}

impl Serving for Desk {
    fn request(&self, method: &str, params: &RawValue, within: Option<Within>, reply: Responder) {
        if method == "api.request" {
            return self.api(params, within, reply);
        }
        let params = Json::parse(params.get().as_bytes()).unwrap_or_default();
        match method {
            "cloud.register" => self.register(&params, true, reply),
            "cloud.unregister" => self.register(&params, false, reply),
            "job.message" => self.job_message(&params, reply),
            "email.send" => self.send_email(&params, reply),
            "ping" => reply.result(|out| out.extend_from_slice(b"{}")),
            other => reply.unknown_method(other),
        }
    }

    fn notification(&self, method: &str, params: &RawValue) {
        let params = Json::parse(params.get().as_bytes()).unwrap_or_default();
        let text = |key: &str| params.get(key).and_then(Json::as_str).unwrap_or_default();
        match method {
            "log" => {
                let args = params.get("args").and_then(Json::as_array).unwrap_or_default();
                let words: Vec<String> = args.iter().map(shown).collect();
                log(text("level"), &words.join(" "));
            }
            "console" => match text("stream") {
                // By a name of their own: a logger of the app that writes to the console is not to hear of that.
                "stderr" => tracing::error!(target: "cloud::console", "{}", text("text")),
                _ => tracing::info!(target: "cloud::console", "{}", text("text")),
            },
            _ => {}
        }
    }
}

fn shown(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_text(), str::to_owned)
}

fn log(level: &str, text: &str) {
    match level {
        "error" => tracing::error!(target: "cloud", "{text}"),
        "warn" => tracing::warn!(target: "cloud", "{text}"),
        "debug" | "verbose" => tracing::debug!(target: "cloud", "{text}"),
        "silly" => tracing::trace!(target: "cloud", "{text}"),
        _ => tracing::info!(target: "cloud", "{text}"),
    }
}

fn write_reply(answer: &ApiReply, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"status\":");
    json::write_integer(i64::from(answer.status), out);
    out.extend_from_slice(b",\"headers\":{");
    for (at, (name, value)) in answer.headers.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json::write_string(name, out);
        out.push(b':');
        json::write_string(value, out);
    }
    out.push(b'}');
    let is_json = answer
        .headers
        .iter()
        .any(|(name, value)| name == "content-type" && value.starts_with("application/json"));
    if !answer.body.is_empty() {
        out.extend_from_slice(b",\"body\":");
        match is_json {
            true => out.extend_from_slice(&answer.body),
            false => json::write_string(&String::from_utf8_lossy(&answer.body), out),
        }
    }
    out.push(b'}');
}
