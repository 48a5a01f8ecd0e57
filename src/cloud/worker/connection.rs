//! One connection to a host: JSON-RPC 2.0 over a byte stream, one object per line, requests both ways.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, oneshot, watch};

use crate::cloud::{Thrown, Within};
use crate::error::Error;
use crate::value::{Json, json};

/// Bytes that may wait to be sent; whoever asks for more is refused.
const OUTGOING_BYTES_MAX: usize = 1 << 28;
/// Room that is kept for reading and for writing.
const KEPT_BYTES: usize = 64 * 1024;

/// Error codes of the protocol that this side sends or understands.
const THROWN: i64 = -32_000;
const METHOD_NOT_FOUND: i64 = -32_601;
const CALLEE_FAILED: i64 = -32_603;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cloud) enum Failure {
    /// User code threw.
    Thrown(Thrown),
    /// The connection ended before the answer came, or there was none.
    Closed,
    /// The answer took too long.
    TimedOut,
    /// The host refused the call, or its answer can not be understood.
    Refused(String),
}

/// What the host may ask and tell.
pub(in crate::cloud) trait Serving: Send + Sync {
    /// Begins to answer a request. `within` is what the call that it names runs within.
    fn request(&self, method: &str, params: &RawValue, within: Option<Within>, reply: Responder);

    /// Takes a notification.
    fn notification(&self, method: &str, params: &RawValue);
}

/// A connection. Cheap to clone.
#[derive(Clone)]
pub(in crate::cloud) struct Connection(Arc<Shared>);

struct Shared {
    outgoing: Mutex<Outgoing>,
    something_to_send: Notify,
    calls: Mutex<HashMap<i64, Waiting>>,
    last_id: AtomicI64,
    is_closed: watch::Sender<bool>,
}

#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    is_closed: bool,
}

struct Waiting {
    answer: oneshot::Sender<Result<Box<RawValue>, Failure>>,
    within: Option<Within>,
}

/// Answers one request of the host.
pub(in crate::cloud) struct Responder {
    connection: Connection,
    id: i64,
}

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<i64>,
    #[serde(borrow)]
    method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    code: i64,
    #[serde(default, borrow)]
    message: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Connection {
    /// A connection over a stream, and the work of it: a future that ends with the connection.
    pub(in crate::cloud) fn over<S>(
        stream: S,
        serving: Arc<dyn Serving>,
        line_bytes_max: usize,
    ) -> (Self, impl Future<Output = ()> + Send)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let connection = Self(Arc::new(Shared {
            outgoing: Mutex::default(),
            something_to_send: Notify::new(),
            calls: Mutex::default(),
            last_id: AtomicI64::new(0),
            is_closed: watch::Sender::new(false),
        }));
        let (reading, writing) = tokio::io::split(stream);
        let work = {
            let connection = connection.clone();
            async move {
                let reason = tokio::select! {
                    reason = connection.read(reading, &*serving, line_bytes_max) => reason,
                    reason = connection.send(writing) => reason,
                };
                tracing::debug!(reason, "a connection to a host of cloud code ended");
                connection.close();
            }
        };
        (connection, work)
    }

    /// Calls a method; `params` writes its parameters as JSON. Whoever stops waiting cancels the call.
    pub(in crate::cloud) async fn call(
        &self,
        method: &str,
        within: Option<&Within>,
        params: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Box<RawValue>, Failure> {
        let id = self.0.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut line = Vec::with_capacity(512);
        line.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        json::write_integer(id, &mut line);
        line.extend_from_slice(b",\"method\":");
        json::write_string(method, &mut line);
        line.extend_from_slice(b",\"params\":");
        params(&mut line);
        line.extend_from_slice(b"}\n");
        let (answer, answered) = oneshot::channel();
        self.calls().insert(id, Waiting { answer, within: within.cloned() });
        let mut call = Call { connection: self, id, is_answered: false };
        self.write(&line)?;
        drop(line);
        let answer = answered.await.unwrap_or(Err(Failure::Closed));
        call.is_answered = true;
        answer
    }

    /// Tells something.
    pub(in crate::cloud) fn notify(&self, method: &str, params: &Json) {
        self.notify_with(method, |out| params.write(out));
    }

    /// Tells something; `params` writes it as JSON.
    pub(in crate::cloud) fn notify_with(&self, method: &str, params: impl FnOnce(&mut Vec<u8>)) {
        let mut line = b"{\"jsonrpc\":\"2.0\",\"method\":".to_vec();
        json::write_string(method, &mut line);
        line.extend_from_slice(b",\"params\":");
        params(&mut line);
        line.extend_from_slice(b"}\n");
        // Who is gone is told nothing any more.
        let _ = self.write(&line);
    }

    /// Whether it has ended.
    pub(in crate::cloud) fn is_closed(&self) -> bool {
        *self.0.is_closed.borrow()
    }

    /// Waits for its end.
    pub(in crate::cloud) async fn closed(&self) {
        let mut receiver = self.0.is_closed.subscribe();
        // The sender lives as long as this connection.
        let _ = receiver.wait_for(|closed| *closed).await;
    }

    /// Ends it; calls under way fail.
    pub(in crate::cloud) fn close(&self) {
        {
            let mut outgoing = self.outgoing();
            outgoing.is_closed = true;
            outgoing.bytes = Vec::new();
        }
        self.0.something_to_send.notify_one();
        self.0.is_closed.send_replace(true);
        let calls = std::mem::take(&mut *self.calls());
        for (_, waiting) in calls {
            // Nobody may be waiting any more.
            let _ = waiting.answer.send(Err(Failure::Closed));
        }
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.0.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<i64, Waiting>> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &[u8]) -> Result<(), Failure> {
        {
            let mut outgoing = self.outgoing();
            if outgoing.is_closed {
                return Err(Failure::Closed);
            }
            if outgoing.bytes.len().saturating_add(line.len()) > OUTGOING_BYTES_MAX {
                return Err(Failure::Refused("too much waits to be sent to the host".to_owned()));
            }
            outgoing.bytes.extend_from_slice(line);
        }
        self.0.something_to_send.notify_one();
        Ok(())
    }

    /// Sends what waits, all that there is at a time.
    async fn send(&self, mut writing: impl AsyncWrite + Unpin) -> &'static str {
        let mut sending = Vec::new();
        loop {
            {
                let mut outgoing = self.outgoing();
                if outgoing.is_closed {
                    return "closed";
                }
                std::mem::swap(&mut outgoing.bytes, &mut sending);
            }
            if sending.is_empty() {
                self.0.something_to_send.notified().await;
                continue;
            }
            if writing.write_all(&sending).await.is_err() {
                return "the host does not read any more";
            }
            sending.clear();
            sending.shrink_to(KEPT_BYTES);
        }
    }

    async fn read(
        &self,
        mut reading: impl AsyncRead + Unpin,
        serving: &dyn Serving,
        line_bytes_max: usize,
    ) -> &'static str {
        let mut bytes: Vec<u8> = Vec::with_capacity(KEPT_BYTES);
        let mut searched = 0;
        loop {
            match reading.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return "the host has closed it",
                Ok(_) => {}
            }
            let mut begin = 0;
            while let Some(length) = bytes[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + length;
                if !self.take(&bytes[begin..end], serving) {
                    return "the host sent what can not be understood";
                }
                (begin, searched) = (end + 1, end + 1);
            }
            bytes.drain(..begin);
            searched = bytes.len();
            if bytes.is_empty() {
                bytes.shrink_to(KEPT_BYTES);
            }
            if bytes.len() > line_bytes_max {
                return "the host sent more than may be sent at once";
            }
        }
    }

    /// Takes a line. `false` if it is no message at all.
    fn take(&self, line: &[u8], serving: &dyn Serving) -> bool {
        let message: Message<'_> = match serde_json::from_slice(line) {
            Ok(message) => message,
            Err(cause) => {
                tracing::error!(%cause, "a host of cloud code sent what is no message");
                return false;
            }
        };
        let nothing = RawValue::NULL;
        match (message.id, message.method) {
            (Some(id), Some(method)) => {
                let params = message.params.unwrap_or(nothing);
                let responder = Responder { connection: self.clone(), id };
                serving.request(&method, params, self.parent(params), responder);
            }
            (None, Some(method)) => {
                serving.notification(&method, message.params.unwrap_or(nothing));
            }
            (Some(id), None) => {
                let answer = match (message.result, message.error) {
                    (_, Some(error)) => Err(refused(error)),
                    (Some(result), None) => Ok(result.to_owned()),
                    (None, None) => Err(Failure::Refused("an answer without a result".to_owned())),
                };
                // An answer to a call that was cancelled means nothing any more.
                if let Some(waiting) = self.calls().remove(&id) {
                    let _ = waiting.answer.send(answer);
                }
            }
            (None, None) => return false,
        }
        true
    }

    /// What the call that a request names runs within.
    fn parent(&self, params: &RawValue) -> Option<Within> {
        #[derive(Deserialize)]
        struct Named {
            parent: Option<i64>,
        }
        let named: Named = serde_json::from_str(params.get()).ok()?;
        self.calls().get(&named.parent?)?.within.clone()
    }
}

/// A call that is cancelled when whoever made it stops waiting.
struct Call<'a> {
    connection: &'a Connection,
    id: i64,
    is_answered: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let is_known = self.connection.calls().remove(&self.id).is_some();
        if is_known && !self.is_answered {
            let params = Json::from([("id", Json::from(self.id as f64))]);
            self.connection.notify("$/cancel", &params);
        }
    }
}

impl Responder {
    /// Answers with a result; `write` writes it as JSON.
    pub(in crate::cloud) fn result(self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut line = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
        json::write_integer(self.id, &mut line);
        line.extend_from_slice(b",\"result\":");
        write(&mut line);
        line.extend_from_slice(b"}\n");
        // Who is gone is told nothing any more.
        let _ = self.connection.write(&line);
    }

    /// Answers that there is no such method.
    pub(in crate::cloud) fn unknown_method(self, method: &str) {
        self.error(METHOD_NOT_FOUND, &format!("unknown method {method}"));
    }

    /// Answers that it can not be done.
    pub(in crate::cloud) fn failed(self, text: &str) {
        self.error(CALLEE_FAILED, text);
    }

    /// Answers with an error that the user's code is to catch as one of its own.
    pub(in crate::cloud) fn threw(self, error: &Error) {
        let thrown = Json::from([
            ("kind", Json::from("parse")),
            ("code", Json::Number(error.number() as f64)),
            ("message", Json::from(error.text())),
        ]);
        let data = Json::from([("thrown", thrown)]);
        self.error_with(THROWN, error.text(), Some(&data));
    }

    fn error(self, code: i64, text: &str) {
        self.error_with(code, text, None);
    }

    fn error_with(self, code: i64, text: &str, data: Option<&Json>) {
        let mut line = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
        json::write_integer(self.id, &mut line);
        line.extend_from_slice(b",\"error\":{\"code\":");
        json::write_integer(code, &mut line);
        line.extend_from_slice(b",\"message\":");
        json::write_string(text, &mut line);
        if let Some(data) = data {
            line.extend_from_slice(b",\"data\":");
            data.write(&mut line);
        }
        line.extend_from_slice(b"}}\n");
        let _ = self.connection.write(&line);
    }
}

fn refused(error: &RawValue) -> Failure {
    let Ok(refusal) = serde_json::from_str::<Refusal<'_>>(error.get()) else {
        return Failure::Refused("an error that can not be understood".to_owned());
    };
    if refusal.code != THROWN {
        return Failure::Refused(format!("{} (code {})", refusal.message, refusal.code));
    }
    let data = refusal.data.and_then(|data| Json::parse(data.get().as_bytes()).ok());
    let thrown = data.as_ref().and_then(|data| data.get("thrown")).cloned();
    Failure::Thrown(Thrown(thrown.unwrap_or_else(Json::empty)))
}

#[cfg(test)]
mod tests;
