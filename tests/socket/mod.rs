//! A WebSocket client that does what it is told, also what no well-behaved client does. Every answer has a deadline, and a
//! server that breaks the protocol itself fails the test.

#![allow(dead_code, reason = "not every test that opens sockets needs all of this")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Nobody waits longer; a server that hangs fails its test.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Far more than any test is sent.
const FRAME_BYTES_MAX: u64 = 64 << 20;
/// Any key will do; this one is that of RFC 6455.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x5a, 0x01, 0xc3, 0x7e];

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;

/// An open socket.
pub(crate) struct Socket {
    stream: BufReader<TcpStream>,
    protocol: Option<String>,
    answers_pings: bool,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The server closes, with this code and reason.
    Closed(Option<u16>, String),
    /// The connection ended without that.
    Gone,
}

/// Why a socket was not opened: the status and the whole answer.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) answer: String,
}

impl Socket {
    /// Opens a socket at `http://host:port` that must be accepted.
    pub(crate) fn open(origin: &str, path: &str) -> Self {
        Self::try_open(origin, path, &[]).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// Opens a socket with further headers, as `Sec-WebSocket-Protocol`.
    pub(crate) fn try_open(
        origin: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Refused> {
        let address = origin.strip_prefix("http://").unwrap_or(origin);
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a socket option");
        stream.set_write_timeout(Some(ANSWER_MAX)).expect("a socket option");
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(head.as_bytes()).expect("the request is sent");
        let (status, answer) = read_head(&mut stream).expect("an answer");
        if status != 101 {
            let mut rest = vec![0; content_length(&answer)];
            stream.read_exact(&mut rest).expect("the body of a refusal");
            let answer = answer + &String::from_utf8_lossy(&rest);
            return Err(Refused { status, answer });
        }
        assert_eq!(header(&answer, "sec-websocket-accept").as_deref(), Some(ACCEPT), "{answer}");
        assert_eq!(header(&answer, "sec-websocket-extensions"), None, "{answer}");
        let protocol = header(&answer, "sec-websocket-protocol");
        Ok(Self { stream, protocol, answers_pings: true })
    }

    /// The sub-protocol that the server chose.
    pub(crate) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// From now on pings are not answered.
    pub(crate) fn ignore_pings(&mut self) {
        self.answers_pings = false;
    }

    /// Sends a message of JSON.
    pub(crate) fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    /// Sends a message of text.
    pub(crate) fn send_text(&mut self, text: &str) {
        self.frame(FINAL | TEXT, text.as_bytes()).expect("a message is sent");
    }

    /// Sends a message of bytes.
    pub(crate) fn send_binary(&mut self, bytes: &[u8]) {
        self.frame(FINAL | BINARY, bytes).expect("a message is sent");
    }

    /// Sends a message of text in pieces.
    pub(crate) fn send_pieces(&mut self, pieces: &[&[u8]]) {
        for (at, piece) in pieces.iter().enumerate() {
            let opcode = if at == 0 { TEXT } else { CONTINUATION };
            let last = if at + 1 == pieces.len() { FINAL } else { 0 };
            self.frame(last | opcode, piece).expect("a piece is sent");
        }
    }

    /// Sends a ping.
    pub(crate) fn ping(&mut self, content: &[u8]) {
        self.frame(FINAL | PING, content).expect("a ping is sent");
    }

    /// Says that nothing follows, with a code.
    pub(crate) fn send_close(&mut self, code: u16) {
        self.frame(FINAL | CLOSE, &code.to_be_bytes()).expect("a close is sent");
    }

    /// Sends a frame with its first byte as given, masked as clients must. The server may have gone.
    pub(crate) fn frame(&mut self, first: u8, content: &[u8]) -> io::Result<()> {
        let mut frame = vec![first];
        match content.len() {
            short @ 0..126 => frame.push(0x80 | u8::try_from(short).expect("below 126")),
            middle @ 126..=0xffff => {
                frame.push(0x80 | 126);
                let length = u16::try_from(middle).expect("at most 65,535");
                frame.extend_from_slice(&length.to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(content.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.raw(&frame)
    }

    /// Sends bytes that need not be a frame. The server may have gone.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The next message of JSON; pings are answered and passed over.
    pub(crate) fn next(&mut self) -> Value {
        let received = self.receive();
        let Received::Text(text) = received else { panic!("no message: {received:?}") };
        serde_json::from_str(&text).unwrap_or_else(|cause| panic!("no JSON ({cause}): {text}"))
    }

    /// What comes next; pings are answered and passed over.
    pub(crate) fn receive(&mut self) -> Received {
        loop {
            let received = self.receive_any();
            if !matches!(received, Received::Ping(_)) {
                return received;
            }
        }
    }

    /// Reads until the socket is closed, and returns the code.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        loop {
            match self.receive() {
                Received::Closed(code, _) => return code,
                Received::Gone => return None,
                Received::Text(_) | Received::Binary(_) | Received::Ping(_) | Received::Pong(_) => {
                }
            }
        }
    }

    /// What comes next, also a ping, which is answered.
    pub(crate) fn receive_any(&mut self) -> Received {
        match self.read_message() {
            Ok(Received::Ping(content)) => {
                if self.answers_pings {
                    // A server that has gone meanwhile says so at the next read.
                    let _ = self.frame(FINAL | PONG, &content);
                }
                Received::Ping(content)
            }
            Ok(received) => received,
            Err(cause) if is_gone(&cause) => Received::Gone,
            Err(cause) => panic!("nothing came: {cause}"),
        }
    }

    fn read_message(&mut self) -> io::Result<Received> {
        let mut message = Vec::new();
        let mut kind = None;
        loop {
            let (is_final, opcode, mut content) = self.read_frame()?;
            match opcode {
                CLOSE => return Ok(closed(&content)),
                PING => return Ok(Received::Ping(content)),
                PONG => return Ok(Received::Pong(content)),
                CONTINUATION => assert!(kind.is_some(), "a continuation of nothing"),
                TEXT | BINARY => assert!(kind.replace(opcode).is_none(), "a message in a message"),
                unknown => panic!("a frame with the opcode {unknown}"),
            }
            message.append(&mut content);
            if is_final && kind == Some(TEXT) {
                return Ok(Received::Text(String::from_utf8(message).expect("text is UTF-8")));
            }
            if is_final {
                return Ok(Received::Binary(message));
            }
        }
    }

    fn read_frame(&mut self) -> io::Result<(bool, u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head)?;
        assert_eq!(head[0] & 0x70, 0, "no extension was agreed upon");
        assert_eq!(head[1] & 0x80, 0, "servers do not mask");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length)?;
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.stream.read_exact(&mut length)?;
                u64::from_be_bytes(length)
            }
            short => u64::from(short),
        };
        assert!(length <= FRAME_BYTES_MAX, "a frame of {length} bytes");
        let mut content = vec![0; usize::try_from(length).expect("a length in memory")];
        self.stream.read_exact(&mut content)?;
        Ok((head[0] & FINAL != 0, head[0] & 0x0f, content))
    }
}

fn closed(content: &[u8]) -> Received {
    match content.split_first_chunk::<2>() {
        Some((code, reason)) => {
            let reason = String::from_utf8(reason.to_vec()).expect("a reason is UTF-8");
            Received::Closed(Some(u16::from_be_bytes(*code)), reason)
        }
        None => Received::Closed(None, String::new()),
    }
}

fn is_gone(cause: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn read_head(stream: &mut impl BufRead) -> io::Result<(u16, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, head));
        }
    }
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.unwrap_or_else(|| panic!("no status: {head}")), head))
}

fn header(head: &str, name: &str) -> Option<String> {
    let pairs = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value.trim().to_owned())
}

fn content_length(head: &str) -> usize {
    header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}
