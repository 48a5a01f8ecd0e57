//! What a client is told.

use bytes::Bytes;

use super::message::RequestId;
use crate::http::Encoder;
use crate::live::{Shown, Subscribed};
use crate::value::wire::FileUrls;
use crate::value::{Json, json};

/// The number of this door's form of what is shown.
const FORM: u64 = 1;

/// What all messages to a connection have in common: `,"clientId":"…"` and, if the client has one, its installation.
pub(super) fn head(client: &str, installation: Option<&str>) -> Box<[u8]> {
    let mut head = Vec::with_capacity(128);
    head.extend_from_slice(b",\"clientId\":");
    json::write_string(client, &mut head);
    if let Some(installation) = installation {
        head.extend_from_slice(b",\"installationId\":");
        json::write_string(installation, &mut head);
    }
    head.into_boxed_slice()
}

/// The beginning of a message about a subscription, or about the connection.
fn begin(op: &str, head: &[u8], id: Option<RequestId>, room: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len() + 64 + room);
    out.extend_from_slice(b"{\"op\":\"");
    out.extend_from_slice(op.as_bytes());
    out.push(b'"');
    out.extend_from_slice(head);
    if let Some(RequestId(id)) = id {
        out.extend_from_slice(b",\"requestId\":");
        json::write_number(id, &mut out);
    }
    out
}

fn end(mut out: Vec<u8>) -> Bytes {
    out.push(b'}');
    Bytes::from(out)
}

/// The client is connected.
pub(super) fn connected(head: &[u8]) -> Bytes {
    end(begin("connected", head, None, 0))
}

/// A subscription holds; where events stand is for those who asked for it.
pub(super) fn subscribed(head: &[u8], id: RequestId, resume: Option<&Subscribed>) -> Bytes {
    let mut out = begin("subscribed", head, Some(id), 0);
    if let Some(Subscribed { sequence, is_resumed }) = resume {
        write_sequence(sequence, &mut out);
        out.extend_from_slice(b",\"resumed\":");
        Json::from(*is_resumed).write(&mut out);
    }
    end(out)
}

/// A subscription is over.
pub(super) fn unsubscribed(head: &[u8], id: RequestId) -> Bytes {
    end(begin("unsubscribed", head, Some(id), 0))
}

/// Something may have been missed.
pub(super) fn missed(head: &[u8], id: RequestId, sequence: &str) -> Bytes {
    let mut out = begin("missed", head, Some(id), 64);
    write_sequence(sequence, &mut out);
    end(out)
}

/// Something became of an object.
pub(super) fn event(
    head: &[u8],
    id: RequestId,
    shown: &Shown,
    has_sequence: bool,
    files: &FileUrls,
) -> Bytes {
    let objects = shown.encoded(FORM, |shown| objects(shown, files));
    let mut out = begin(shown.kind.name(), head, Some(id), objects.len());
    if has_sequence {
        write_sequence(&shown.sequence, &mut out);
    }
    out.extend_from_slice(&objects);
    Bytes::from(out)
}

/// `,"object":{…},"original":{…}}`
fn objects(shown: &Shown, files: &FileUrls) -> Bytes {
    let encoder = Encoder { files };
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b",\"object\":");
    encoder.named(&shown.object, &mut out);
    if let Some(original) = &shown.original {
        out.extend_from_slice(b",\"original\":");
        encoder.named(original, &mut out);
    }
    end(out)
}

fn write_sequence(sequence: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"sequence\":");
    json::write_string(sequence, out);
}

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i64,
    /// What is wrong, as JSON: a text, or whatever cloud code threw in place of one.
    pub(super) error: String,
    /// Whether the client should connect anew.
    pub(super) reconnect: bool,
    pub(super) request_id: Option<RequestId>,
}

impl Refusal {
    /// The message itself is wrong. Such refusals do not name the request (`parse-server:src/LiveQuery/Client.js`).
    pub(super) fn of_message(code: i64, text: &str) -> Self {
        Self { code, error: Json::from(text).to_text(), reconnect: true, request_id: None }
    }

    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(128 + self.error.len());
        out.extend_from_slice(b"{\"op\":\"error\",\"error\":");
        out.extend_from_slice(self.error.as_bytes());
        out.extend_from_slice(b",\"code\":");
        json::write_integer(self.code, &mut out);
        out.extend_from_slice(b",\"reconnect\":");
        Json::from(self.reconnect).write(&mut out);
        out.extend_from_slice(b",\"requestId\":");
        match self.request_id {
            Some(RequestId(id)) => json::write_number(id, &mut out),
            None => out.extend_from_slice(b"null"),
        }
        end(out)
    }
}
