//! The messages of graphql-transport-ws (`enisdenjo/graphql-ws:PROTOCOL.md`).

use bytes::Bytes;

use crate::graphql::decode::{Media, Via};
use crate::graphql::serve::GraphQlRequest;
use crate::graphql::uploads::Uploads;
use crate::value::json::write_string;
use crate::value::{Json, Members};

/// What a client says.
#[derive(Debug)]
pub(super) enum FromClient {
    /// Who he is.
    Init(Members),
    /// Whether anybody is there; the answer carries the same payload.
    Ping(Option<Json>),
    /// That he is there.
    Pong,
    /// An operation, under a name of his choice.
    Subscribe(String, Box<GraphQlRequest>),
    /// That he wants to hear no more of an operation.
    Complete(String),
}

/// Reads a message. An error says what is wrong with it, in short.
pub(super) fn read(text: &[u8]) -> Result<FromClient, String> {
    let Ok(Json::Object(mut message)) = Json::parse(text) else {
        return Err("Message is no JSON object".to_owned());
    };
    let kind = match message.get("type") {
        Some(Json::String(kind)) => kind.clone(),
        Some(_) => return Err("Message type is no text".to_owned()),
        None => return Err("Message is missing the 'type' property".to_owned()),
    };
    match kind.as_str() {
        "connection_init" => match payload(&mut message)? {
            Some(Json::Object(members)) => Ok(FromClient::Init(members)),
            _ => Ok(FromClient::Init(Members::new())),
        },
        "ping" => Ok(FromClient::Ping(payload(&mut message)?)),
        "pong" => payload(&mut message).map(|_| FromClient::Pong),
        "complete" => Ok(FromClient::Complete(id(&mut message)?)),
        "subscribe" => {
            let id = id(&mut message)?;
            let Some(Json::Object(operation)) = message.shift_remove("payload") else {
                return Err("\"subscribe\" message needs an object as its payload".to_owned());
            };
            Ok(FromClient::Subscribe(id, Box::new(request(operation)?)))
        }
        other => {
            Err(format!("Unknown message type \"{}\"", other.chars().take(32).collect::<String>()))
        }
    }
}

/// The payload of a message that need not have one.
fn payload(message: &mut Members) -> Result<Option<Json>, String> {
    match message.shift_remove("payload") {
        None | Some(Json::Null) => Ok(None),
        Some(object @ Json::Object(_)) => Ok(Some(object)),
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => {
            Err("Message payload is no object".to_owned())
        }
    }
}

fn id(message: &mut Members) -> Result<String, String> {
    match message.shift_remove("id") {
        Some(Json::String(id)) if !id.is_empty() && id.len() <= ID_BYTES_MAX => Ok(id),
        _ => Err("Message needs a text as its id".to_owned()),
    }
}

/// Names of operations are kept, and sent with every answer.
const ID_BYTES_MAX: usize = 256;

fn request(mut operation: Members) -> Result<GraphQlRequest, String> {
    let wrong = |member: &str| Err(format!("\"subscribe\" message has an invalid {member}"));
    let Some(Json::String(query)) = operation.shift_remove("query") else {
        return wrong("query");
    };
    let operation_name = match operation.shift_remove("operationName") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(_) => return wrong("operationName"),
    };
    let variables = match operation.shift_remove("variables") {
        None | Some(Json::Null) => Members::new(),
        Some(Json::Object(variables)) => variables,
        Some(_) => return wrong("variables"),
    };
    match operation.shift_remove("extensions") {
        None | Some(Json::Null | Json::Object(_)) => {}
        Some(_) => return wrong("extensions"),
    }
    let (uploads, via, media) = (Uploads::default(), Via::Post, Media::Json);
    Ok(GraphQlRequest { query, operation_name, variables, uploads, via, media })
}

/// The client is known.
pub(super) const ACK: &[u8] = b"{\"type\":\"connection_ack\"}";

/// The answer to a ping.
pub(super) fn pong(payload: Option<&Json>) -> Bytes {
    let mut out = b"{\"type\":\"pong\"".to_vec();
    if let Some(payload) = payload {
        out.extend_from_slice(b",\"payload\":");
        payload.write(&mut out);
    }
    out.push(b'}');
    out.into()
}

/// An answer to an operation.
pub(super) fn next(id: &str, body: &[u8]) -> Bytes {
    of_operation(id, "next", Some(body))
}

/// The end of an operation that failed.
pub(super) fn error(id: &str, errors: &[u8]) -> Bytes {
    of_operation(id, "error", Some(errors))
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> Bytes {
    of_operation(id, "complete", None)
}

fn of_operation(id: &str, kind: &str, payload: Option<&[u8]>) -> Bytes {
    let mut out = Vec::with_capacity(64 + id.len() + payload.map_or(0, <[u8]>::len));
    out.extend_from_slice(b"{\"id\":");
    write_string(id, &mut out);
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    if let Some(payload) = payload {
        out.extend_from_slice(b",\"payload\":");
        out.extend_from_slice(payload);
    }
    out.push(b'}');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_strictly() {
        for good in [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"ping","payload":{"a":1}}"#,
            r#"{"type":"pong"}"#,
            r#"{"type":"complete","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{health}","variables":null}}"#,
        ] {
            assert!(read(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nope",
            "[]",
            "null",
            "{}",
            r#"{"type":5}"#,
            r#"{"type":"start"}"#,
            r#"{"type":"ping","payload":5}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"subscribe","id":5,"payload":{"query":"{health}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":5}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","extensions":"x"}}"#,
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        let long = format!(r#"{{"type":"{}"}}"#, "é".repeat(1_000));
        assert!(read(long.as_bytes()).unwrap_err().len() < 123, "it fits a close frame");
    }

    #[test]
    fn names_are_escaped() {
        let text = String::from_utf8(next("a\"b", b"{}").to_vec()).unwrap();
        assert_eq!(text, r#"{"id":"a\"b","type":"next","payload":{}}"#);
        assert_eq!(&complete("1")[..], br#"{"id":"1","type":"complete"}"#);
    }
}
