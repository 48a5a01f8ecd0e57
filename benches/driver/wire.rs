//! HTTP/1.1 over one connection that stays open: requests as bytes, and a client for everything but the load.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::Outcome;

/// The application's id.
pub(crate) const APP_ID: &str = "bench";
/// The application's master key.
pub(crate) const MASTER_KEY: &str = "bench-master-key";

const PATIENCE: Duration = Duration::from_secs(60);

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody without a session.
    Public,
    /// A holder of the master key.
    Master,
}

/// The bytes of a request; an empty body is none.
pub(crate) fn request(caller: Caller, method: &str, target: &str, body: &str) -> Vec<u8> {
    let key = match caller {
        Caller::Public => String::new(),
        Caller::Master => format!("X-Parse-Master-Key: {MASTER_KEY}\r\n"),
    };
    let content = match body.len() {
        0 => String::new(),
        bytes => format!("Content-Type: application/json\r\nContent-Length: {bytes}\r\n"),
    };
    format!("{method} {target} HTTP/1.1\r\nHost: bench\r\nX-Parse-Application-Id: {APP_ID}\r\n{key}{content}\r\n{body}").into_bytes()
}

/// A GraphQL request.
pub(crate) fn graphql(caller: Caller, query: &str, variables: &Value) -> Vec<u8> {
    let body = serde_json::json!({ "query": query, "variables": variables });
    request(caller, "POST", "/graphql", &body.to_string())
}

/// The same request as a user with a session.
pub(crate) fn with_session(request: &[u8], token: &str) -> Vec<u8> {
    let line = request.windows(2).position(|bytes| bytes == b"\r\n").map_or(0, |at| at + 2);
    let header = format!("X-Parse-Session-Token: {token}\r\n");
    [&request[..line], header.as_bytes(), &request[line..]].concat()
}

/// A value of a query string.
pub(crate) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() * 2);
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                escaped.push(char::from(byte))
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// Where the first answer in a buffer ends, and what it says.
#[derive(Debug)]
pub(crate) struct Head {
    /// The status.
    pub(crate) status: u16,
    /// The first byte of the body.
    pub(crate) body: usize,
    /// The first byte behind the body.
    pub(crate) end: usize,
}

/// Reads the head of an answer, if it is all there.
pub(crate) fn head(buffer: &[u8]) -> Outcome<Option<Head>> {
    let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&buffer[..end])?;
    let status = text.get(9..12).ok_or("an answer without status")?.parse()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let body = end + 4;
    Ok(Some(Head {
        status,
        body,
        end: body + length.ok_or("an answer without length")?.parse::<usize>()?,
    }))
}

/// A connection that is waited for.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects once.
    pub(crate) fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and reads its answer: status and body.
    pub(crate) fn send(&mut self, request: &[u8]) -> Outcome<(u16, Vec<u8>)> {
        self.send_in_pieces(request, std::iter::empty())
    }

    /// The same with a body that comes in pieces.
    pub(crate) fn send_in_pieces<'a>(
        &mut self,
        head_of_request: &[u8],
        body: impl Iterator<Item = &'a [u8]>,
    ) -> Outcome<(u16, Vec<u8>)> {
        self.stream.write_all(head_of_request)?;
        for piece in body {
            self.stream.write_all(piece)?;
        }
        self.buffer.clear();
        let mut chunk = [0; 65_536];
        loop {
            if let Some(head) = head(&self.buffer)?
                && self.buffer.len() >= head.end
            {
                return Ok((head.status, self.buffer[head.body..head.end].to_vec()));
            }
            match self.stream.read(&mut chunk)? {
                0 => return Err("the connection was closed".into()),
                bytes => self.buffer.extend_from_slice(&chunk[..bytes]),
            }
        }
    }

    /// Sends a request and counts the bytes of its answer's body, which are not kept.
    pub(crate) fn skim(&mut self, request: &[u8]) -> Outcome<(u16, usize)> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut chunk = [0; 65_536];
        let mut counted = 0;
        let mut whole = None;
        loop {
            match self.stream.read(&mut chunk)? {
                0 => return Err("the connection was closed".into()),
                bytes if whole.is_none() => self.buffer.extend_from_slice(&chunk[..bytes]),
                bytes => counted += bytes,
            }
            if whole.is_none()
                && let Some(head) = head(&self.buffer)?
            {
                counted = self.buffer.len() - head.body;
                whole = Some((head.status, head.end - head.body));
            }
            match whole {
                Some((status, bytes)) if counted >= bytes => return Ok((status, counted)),
                _ => {}
            }
        }
    }

    /// Sends a request that must succeed, and reads the JSON of its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Outcome<Value> {
        let (status, body) = self.send(request)?;
        if status >= 300 {
            let sent = String::from_utf8_lossy(request);
            let text = String::from_utf8_lossy(&body);
            return Err(
                format!("{status} {text} to {}", sent.lines().next().unwrap_or_default()).into()
            );
        }
        Ok(serde_json::from_slice(&body)?)
    }

    /// What a master asks the REST API.
    pub(crate) fn master(&mut self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        self.ask(&request(Caller::Master, method, &format!("/parse{path}"), &body.to_string()))
    }
}
