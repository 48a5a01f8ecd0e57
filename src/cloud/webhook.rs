//! Functions and triggers that a web server answers: what it is asked, as parse-server asks it, and what its answers mean
//! (`parse-server:src/Controllers/HooksController.js`).
//!
//! The addresses come from holders of the master key only, so that any address may be asked. Redirects are not followed:
//! who moves a webhook changes its address.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::time::{sleep, timeout};

use super::hook::{
    Asker, FunctionRequest, HostValue, ObjectAnswer, ObjectState, Scene, Subject, TriggerAnswer,
    TriggerRequest,
};
use super::thrown::{Thrown, error_of};
use super::{TriggerKind, Webhook, WebhookOf};
use crate::error::{Code, Error, Result};
use crate::options::WebhookConfig;
use crate::value::{Json, Members};

/// What opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Web servers close connections that are idle, many after five seconds. What is sent at that moment is lost, and must
/// not be sent again.
const IDLE_MAX: Duration = Duration::from_secs(2);
/// How often one question is asked at most.
const ATTEMPTS_MAX: u32 = 3;
/// What is waited before a question is asked again, times the number of attempts so far.
const PAUSE: Duration = Duration::from_millis(100);
/// Headers that only this server needs to know.
const OWN_HEADERS: [&str; 5] =
    ["x-parse-master-key", "x-parse-maintenance-key", "authorization", "cookie", "content-length"];

/// The way to webhooks: one for all of them.
#[derive(Debug)]
pub struct WebhookLine {
    config: WebhookConfig,
    /// Opened on first use: most applications have no webhook.
    client: OnceLock<Client>,
}

/// Whether the same question may reach a webhook twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    /// It may: the webhook is asked about something that is read.
    Harmless,
    /// It must not: the webhook may do something. It is asked again only if nothing of the question was sent.
    Harmful,
}

/// Why there is no answer.
enum Failure {
    /// Nothing was sent.
    Unsent(reqwest::Error),
    /// Something was sent, and who knows what came of it.
    Broken(reqwest::Error),
    /// The web server is there and says that it can not answer now.
    Busy(StatusCode),
    /// There is an answer that is none.
    Refused(&'static str, String),
}

impl WebhookLine {
    /// The way to webhooks as the options have it.
    pub fn new(config: WebhookConfig) -> Self {
        Self { config, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = Client::builder().redirect(Policy::none()).no_proxy();
        let builder = builder.connect_timeout(CONNECT_TIMEOUT).user_agent("parsimony");
        let builder = builder.pool_idle_timeout(IDLE_MAX);
        let client = builder.build().map_err(Error::internal)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Asks a question and gives back what is behind `success`, if anything is.
    async fn ask(&self, url: &str, question: &Json, repeats: Repeats) -> Result<Option<Json>> {
        let asked = self.ask_again(url, question.to_text().into_bytes(), repeats);
        match timeout(Duration::from_millis(self.config.timeout_ms), asked).await {
            Ok(answer) => success_of(answer?),
            Err(_) => Err(Error::new(Code::Timeout, "Webhook took too long.")),
        }
    }

    async fn ask_again(&self, url: &str, body: Vec<u8>, repeats: Repeats) -> Result<Option<Json>> {
        let client = self.client()?;
        let mut attempt = 1;
        loop {
            let failure = match self.ask_once(client, url, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let may_repeat = match &failure {
                Failure::Unsent(_) => true,
                Failure::Broken(_) | Failure::Busy(_) => repeats == Repeats::Harmless,
                Failure::Refused(..) => false,
            };
            if !may_repeat || attempt == ATTEMPTS_MAX {
                return Err(failure.into_error());
            }
            sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    async fn ask_once(
        &self,
        client: &Client,
        url: &str,
        body: Vec<u8>,
    ) -> std::result::Result<Option<Json>, Failure> {
        let mut request = client.post(url).header("content-type", "application/json").body(body);
        if let Some(key) = &self.config.key {
            request = request.header("x-parse-webhook-key", key.expose());
        }
        // An address may hold a password, and what went wrong goes to the log.
        let sent = request.send().await.map_err(reqwest::Error::without_url);
        let mut response =
            sent.map_err(|cause| match cause.is_connect() || cause.is_builder() {
                true => Failure::Unsent(cause),
                false => Failure::Broken(cause),
            })?;
        let status = response.status();
        let most = usize::try_from(self.config.answer_bytes_max).unwrap_or(usize::MAX);
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|cause| Failure::Broken(cause.without_url()))?
        {
            if body.len() + chunk.len() > most {
                let cause = format!("the answer is larger than {most} bytes");
                return Err(Failure::Refused("Webhook answered too much.", cause));
            }
            body.extend_from_slice(&chunk);
        }
        read(status, &body)
    }
}

/// What an answer says. A text that is no JSON says nothing, as far as the original is concerned.
fn read(status: StatusCode, body: &[u8]) -> std::result::Result<Option<Json>, Failure> {
    let json = Json::parse(body).ok();
    let tells_error = json.as_ref().and_then(|json| json.get("error")).is_some();
    match status {
        StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS
            if !tells_error =>
        {
            Err(Failure::Busy(status))
        }
        status if status.is_success() || tells_error => match json {
            Some(Json::String(_) | Json::Number(_) | Json::Bool(_)) => {
                Err(Failure::Refused("Malformed response", "it is no object".to_owned()))
            }
            Some(answer @ (Json::Object(_) | Json::Array(_))) => Ok(Some(answer)),
            Some(Json::Null) | None => Ok(None),
        },
        status => Err(Failure::Refused("Webhook failed.", format!("it answered {status}"))),
    }
}

/// What is behind `success`, or the error that the webhook tells.
fn success_of(answer: Option<Json>) -> Result<Option<Json>> {
    let Some(Json::Object(mut answer)) = answer else { return Ok(None) };
    match answer.swap_remove("error") {
        Some(error) if error.is_truthy() => {
            let thrown = Json::from([("kind", Json::from("value")), ("value", error)]);
            Err(error_of(&Thrown(thrown), Code::ScriptFailed, "Script failed."))
        }
        Some(_) | None => Ok(answer.swap_remove("success")),
    }
}

impl Failure {
    /// The log reads why; a client does not learn where a webhook is.
    fn into_error(self) -> Error {
        let failed = |text, cause: Box<dyn std::error::Error + Send + Sync>| {
            let error = Error::new(Code::ScriptFailed, text).with_cause(cause);
            tracing::error!("a webhook failed: {}", error.log_text());
            error
        };
        match self {
            Self::Unsent(cause) => failed("Webhook can not be reached.", cause.into()),
            Self::Broken(cause) => failed("Webhook failed.", cause.into()),
            Self::Busy(status) => failed("Webhook failed.", format!("it answered {status}").into()),
            Self::Refused(text, cause) => failed(text, cause.into()),
        }
    }
}

impl Webhook {
    /// A webhook at an address.
    pub fn new(of: WebhookOf, url: &str, line: &Arc<WebhookLine>) -> Self {
        Self { of, url: Arc::from(url), line: Arc::clone(line) }
    }

    /// Asks for the value of a function.
    pub(super) async fn call_function(
        &self,
        request: FunctionRequest,
    ) -> Result<Option<HostValue>> {
        let mut question = Members::new();
        question.insert("params".to_owned(), spoken(Json::Object(request.params)));
        question.insert("functionName".to_owned(), Json::from(&*request.name));
        tell_asker(&request.asker, &mut question);
        let answer = self.line.ask(&self.url, &Json::Object(question), Repeats::Harmful).await?;
        Ok(answer.map(|value| HostValue::from(&value)))
    }

    /// Asks what a trigger does.
    pub(super) async fn run_trigger(&self, request: &TriggerRequest) -> Result<TriggerAnswer> {
        let mut question = Members::new();
        question.insert("triggerName".to_owned(), Json::from(request.kind.name()));
        tell_subject(&request.subject, &mut question);
        tell_asker(&request.asker, &mut question);
        let repeats = match request.kind {
            TriggerKind::BeforeFind | TriggerKind::AfterFind => Repeats::Harmless,
            TriggerKind::BeforeSave
            | TriggerKind::AfterSave
            | TriggerKind::BeforeDelete
            | TriggerKind::AfterDelete
            | TriggerKind::BeforeLogin
            | TriggerKind::AfterLogin
            | TriggerKind::AfterLogout
            | TriggerKind::BeforePasswordResetRequest
            | TriggerKind::BeforeConnect
            | TriggerKind::BeforeSubscribe
            | TriggerKind::AfterEvent => Repeats::Harmful,
        };
        let answer = self.line.ask(&self.url, &Json::Object(question), repeats).await?;
        Ok(meaning(request.kind, answer))
    }
}

/// What a trigger's answer changes: before a save the whole object, after a find the objects, otherwise nothing. `true`
/// and an empty object change nothing.
fn meaning(kind: TriggerKind, answer: Option<Json>) -> TriggerAnswer {
    match (kind, answer) {
        (TriggerKind::BeforeSave, Some(Json::Object(mut ops))) => {
            ops.retain(|name, _| {
                !["className", "objectId", "createdAt", "updatedAt", "__type"]
                    .contains(&name.as_str())
            });
            let object = (!ops.is_empty()).then(|| ObjectAnswer { ops, ..ObjectAnswer::default() });
            TriggerAnswer { object, ..TriggerAnswer::default() }
        }
        (TriggerKind::AfterFind, Some(Json::Array(objects))) => {
            let members = |object: Json| match object {
                Json::Object(members) => Some(members),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    None
                }
            };
            let objects = objects.into_iter().filter_map(members).collect();
            TriggerAnswer { objects: Some(objects), ..TriggerAnswer::default() }
        }
        _ => TriggerAnswer::default(),
    }
}

fn tell_asker(asker: &Asker, question: &mut Members) {
    let mut tell = |name: &str, value: Json| question.insert(name.to_owned(), value);
    tell("master", Json::Bool(asker.master));
    tell("isReadOnly", Json::Bool(asker.read_only));
    if let Some(user) = &asker.user {
        let mut told = object(user);
        told.shift_remove("className");
        tell("user", Json::Object(told));
    }
    if let Some(id) = &asker.installation_id {
        tell("installationId", Json::from(&**id));
    }
    let mut headers = Members::clone(&asker.headers);
    headers.retain(|name, _| !OWN_HEADERS.contains(&name.as_str()));
    tell("headers", Json::Object(headers));
    tell("ip", Json::from(&*asker.ip));
    tell("context", asker.context.clone());
}

fn tell_subject(subject: &Subject, question: &mut Members) {
    let mut tell = |name: &str, value: Json| question.insert(name.to_owned(), value);
    match subject {
        Subject::Object { object: now, original } => {
            tell("object", Json::Object(object(now)));
            if let Some(original) = original {
                tell("original", Json::Object(object(original)));
            }
        }
        Subject::Query { query, count, is_get } => {
            tell("query", Json::Object(query.clone()));
            tell("count", Json::Bool(*count));
            tell("isGet", Json::Bool(*is_get));
        }
        Subject::Objects { objects, query, .. } => {
            let objects = objects.iter().map(|found| Json::Object(object(found)));
            tell("objects", Json::Array(objects.collect()));
            tell("query", Json::Object(query.clone()));
        }
        Subject::File { file, size } => {
            let mut told = Members::new();
            told.insert("name".to_owned(), Json::from(file.name.as_str()));
            let texts =
                [("url", &file.url), ("base64", &file.base64), ("contentType", &file.content_type)];
            for (name, text) in texts {
                if let Some(text) = text {
                    told.insert(name.to_owned(), Json::from(text.as_str()));
                }
            }
            told.insert("metadata".to_owned(), Json::Object(file.metadata.clone()));
            told.insert("tags".to_owned(), Json::Object(file.tags.clone()));
            tell("file", Json::Object(told));
            if let Some(size) = size {
                tell("fileSize", Json::Number(*size as f64));
            }
        }
        Subject::Config { now, before } => {
            tell("object", Json::from([("params", Json::Object(now.clone()))]));
            tell("original", Json::from([("params", Json::Object(before.clone()))]));
        }
        Subject::Connection(scene) => {
            tell("event", Json::from("connect"));
            tell_scene(scene, question);
        }
        Subject::Subscription { scene, asked, query } => {
            tell("event", Json::from("subscribe"));
            if let Some(asked) = asked {
                tell("op", Json::from(asked.op()));
                tell("requestId", Json::Number(asked.number));
            }
            tell("query", Json::Object(query.clone()));
            tell_scene(scene, question);
        }
        Subject::Event(event) => {
            tell("event", Json::from(event.event.as_str()));
            tell("object", Json::Object(object(&event.object)));
            if let Some(original) = &event.original {
                tell("original", Json::Object(object(original)));
            }
            tell_scene(&event.scene, question);
        }
    }
}

fn tell_scene(scene: &Scene, question: &mut Members) {
    let mut tell = |name: &str, value: Json| question.insert(name.to_owned(), value);
    tell("clients", Json::Number(scene.clients as f64));
    tell("subscriptions", Json::Number(scene.subscriptions as f64));
    if let Some(token) = &scene.session_token {
        tell("sessionToken", Json::from(&**token));
    }
}

/// An object as a webhook reads it: what is stored, and over it what is to change.
fn object(state: &ObjectState) -> Members {
    let mut told = state.data.clone();
    for (name, op) in state.ops.iter().flatten() {
        match name.split_once('.') {
            Some((field, inside)) => put_inside(&mut told, field, inside, op),
            None => {
                told.insert(name.clone(), op.clone());
            }
        }
    }
    if let Some(id) = &state.id {
        told.insert("objectId".to_owned(), Json::from(id.as_str()));
    }
    told.insert("className".to_owned(), Json::from(state.class.as_str()));
    told
}

/// Sets what lies inside an object field.
fn put_inside(members: &mut Members, field: &str, inside: &str, value: &Json) {
    let member = members.entry(field.to_owned()).or_insert_with(Json::empty);
    let Json::Object(members) = member else { return };
    match inside.split_once('.') {
        Some((field, inside)) => put_inside(members, field, inside, value),
        None => {
            members.insert(inside.to_owned(), value.clone());
        }
    }
}

/// Parameters as parse-server says them: dates as texts, everything else as it came.
fn spoken(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let is_date = members.get("__type").and_then(Json::as_str) == Some("Date");
            match members.get("iso") {
                Some(iso) if is_date => iso.clone(),
                Some(_) | None => Json::Object(
                    members.into_iter().map(|(name, member)| (name, spoken(member))).collect(),
                ),
            }
        }
        Json::Array(elements) => Json::Array(elements.into_iter().map(spoken).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ClassName, ObjectId};

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    fn check_read(status: u16, body: &str, expected: std::result::Result<&str, &str>) {
        let read = read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let answered = read.map_err(Failure::into_error).and_then(success_of);
        let got = answered.map(|value| value.map_or("nothing".to_owned(), |value| value.to_text()));
        let got = got.map_err(|error| error.text().to_owned());
        assert_eq!(got, expected.map(str::to_owned).map_err(str::to_owned), "{status} {body}");
    }

    #[test]
    fn answers_are_read() {
        check_read(200, r#"{"success":{"a":1}}"#, Ok(r#"{"a":1}"#));
        check_read(200, r#"{"success":0}"#, Ok("0"));
        check_read(200, r#"{"success":null}"#, Ok("null"));
        check_read(200, "{}", Ok("nothing"));
        check_read(200, "", Ok("nothing"));
        check_read(200, "the text: not json", Ok("nothing"));
        check_read(200, "[1]", Ok("nothing"));
        check_read(200, r#"{"error":"no"}"#, Err("no"));
        check_read(200, r#"{"success":1,"error":"no"}"#, Err("no"));
        check_read(200, r#"{"error":{"code":777,"message":"told"}}"#, Err("told"));
        check_read(200, r#"{"error":""}"#, Ok("nothing"));
        check_read(200, r#""x""#, Err("Malformed response"));
        check_read(500, r#"{"success":1}"#, Err("Webhook failed."));
        check_read(500, r#"{"error":"no"}"#, Err("no"));
        check_read(503, "busy", Err("Webhook failed."));
        check_read(302, "", Err("Webhook failed."));
    }

    #[test]
    fn objects_are_told_with_their_changes() {
        let state = ObjectState {
            class: ClassName::from("Thing"),
            id: Some(ObjectId::from("x")),
            data: json(r#"{"a":1,"o":{"b":1},"s":"t"}"#).as_object().unwrap().clone(),
            ops: json(r#"{"a":2,"o.c":3,"s":{"__op":"Delete"}}"#).as_object().cloned(),
        };
        assert_eq!(
            Json::Object(object(&state)).to_text(),
            r#"{"a":2,"o":{"b":1,"c":3},"s":{"__op":"Delete"},"objectId":"x","className":"Thing"}"#
        );
    }

    #[test]
    fn what_is_saved_is_what_the_webhook_says() {
        let ops = |answer: &str| {
            let meant = meaning(TriggerKind::BeforeSave, Some(json(answer)));
            meant.object.map(|object| Json::Object(object.ops).to_text())
        };
        assert_eq!(ops(r#"{"className":"A","objectId":"x","v":1}"#).unwrap(), r#"{"v":1}"#);
        assert_eq!(ops("{}"), None);
        assert_eq!(ops("true"), None);
    }

    #[test]
    fn dates_are_texts() {
        let params = json(r#"{"d":[{"__type":"Date","iso":"i"}],"p":{"__type":"Pointer"}}"#);
        assert_eq!(spoken(params).to_text(), r#"{"d":["i"],"p":{"__type":"Pointer"}}"#);
    }
}
