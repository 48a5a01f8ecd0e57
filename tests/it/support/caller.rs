//! An HTTP/1.1 client that keeps one connection and checks of every answer what holds for all of them: the
//! server did not fail, and no text of the database is in it.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// Nobody waits longer; a server that hangs fails its test.
const ANSWER_MAX: Duration = Duration::from_secs(60);
const SHOWN_MAX: usize = 600;
const MOUNT: &str = "/parse";

/// What an answer may only say if the request said it first.
const INNER_WORDS: [&str; 14] = [
    "sqlite",
    "sql ",
    "sql:",
    "select ",
    "insert into",
    "syntax error near",
    "no such",
    "constraint failed",
    "panicked",
    "rusqlite",
    ".rs:",
    "datatype mismatch",
    "malformed json",
    "parse_regex",
];

/// Somebody who calls the server, with the headers that say who he is.
pub(crate) struct Caller {
    address: String,
    headers: Vec<(String, String)>,
    stream: RefCell<Option<BufReader<TcpStream>>>,
}

impl Caller {
    /// A caller without any key.
    pub(crate) fn new(origin: &str) -> Self {
        let address = origin.strip_prefix("http://").unwrap_or(origin).to_owned();
        Self { address, headers: Vec::new(), stream: RefCell::new(None) }
    }

    /// Another caller, with a further header and a connection of his own.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { address: self.address.clone(), headers, stream: RefCell::new(None) }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("{MOUNT}{path}"), None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", &format!("{MOUNT}{path}"), Some(body.to_string().as_bytes()))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", &format!("{MOUNT}{path}"), Some(body.to_string().as_bytes()))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", &format!("{MOUNT}{path}"), None)
    }

    /// Creates an object that the server must accept, and returns its id.
    pub(crate) fn create(&self, class: &str, fields: &Value) -> String {
        let answer = self.post(&format!("/classes/{class}"), fields).is(201);
        answer.json()["objectId"].as_str().expect("an objectId").to_owned()
    }

    /// A GET with parameters, texts as they are and other values as JSON.
    pub(crate) fn ask(&self, path: &str, parameters: &Value) -> Answer {
        let parameters = parameters.as_object().expect("parameters are an object");
        let pairs = parameters.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}={}", percent_encode(name), percent_encode(&value))
        });
        self.get(&format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
    }

    /// Finds objects of a class.
    pub(crate) fn find(&self, class: &str, parameters: &Value) -> Answer {
        self.ask(&format!("/classes/{class}"), parameters)
    }

    /// Finds objects of a class with parameters too long for a query string, as the JavaScript SDK does it.
    pub(crate) fn find_by_post(&self, class: &str, parameters: &Value) -> Answer {
        let mut body = parameters.clone();
        body["_method"] = json!("GET");
        self.post(&format!("/classes/{class}"), &body)
    }

    pub(crate) fn graphql(&self, query: &str) -> Answer {
        self.graphql_with(query, &json!({}))
    }

    pub(crate) fn graphql_with(&self, query: &str, variables: &Value) -> Answer {
        let body = json!({"query": query, "variables": variables}).to_string();
        self.send("POST", "/graphql", Some(body.as_bytes()))
    }

    /// Sends a request. It ends the test if the server fails or drops the connection.
    pub(crate) fn send(&self, method: &str, target: &str, body: Option<&[u8]>) -> Answer {
        let request =
            format!("{method} {target} {}", String::from_utf8_lossy(body.unwrap_or_default()));
        match self.try_send(method, target, body) {
            Ok(answer) => {
                let answer = Answer { request, ..answer };
                answer.check();
                answer
            }
            Err(cause) => panic!("no answer ({cause}) to {}", shown(&request)),
        }
    }

    /// Sends a request to a server that may be gone.
    pub(crate) fn try_send(
        &self,
        method: &str,
        target: &str,
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let given =
            |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if body.is_some() && !given("content-type") {
            head.push_str("Content-Type: application/json\r\n");
        }
        let body = body.unwrap_or_default();
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut message = head.into_bytes();
        message.extend_from_slice(body);
        self.try_send_bytes(&message, method == "HEAD")
    }

    /// Sends bytes that need not be HTTP over a connection of their own, and says that nothing follows.
    pub(crate) fn try_send_all(&self, message: &[u8]) -> io::Result<Answer> {
        let mut stream = BufReader::new(connect(&self.address)?);
        stream.get_mut().write_all(message)?;
        stream.get_mut().shutdown(Shutdown::Write)?;
        read_answer(&mut stream, false)
    }

    /// Sends the bytes of a request.
    pub(crate) fn try_send_bytes(&self, message: &[u8], head_only: bool) -> io::Result<Answer> {
        let mut kept = self.stream.borrow_mut();
        let mut stream = match kept.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(&self.address)?),
        };
        // A server may answer and close before it has read all of a body that it refuses.
        let written = stream.get_mut().write_all(message);
        let answer = match (read_answer(&mut stream, head_only), written) {
            (Err(_), Err(cause)) => return Err(cause),
            (answer, _) => answer?,
        };
        if answer.header("connection") != Some("close") {
            *kept = Some(stream);
        }
        Ok(answer)
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    Ok(stream)
}

/// An answer, with the request that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    headers: Vec<(String, String)>,
    request: String,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|cause| panic!("no JSON ({cause}): {self}"))
    }

    /// The objects of a find.
    pub(crate) fn results(&self) -> Vec<Value> {
        let json = self.json();
        json["results"].as_array().unwrap_or_else(|| panic!("no results: {self}")).clone()
    }

    /// One field of each object of a find.
    pub(crate) fn each(&self, field: &str) -> Vec<Value> {
        self.results().iter().map(|object| object[field].clone()).collect()
    }

    /// What a JSON pointer leads to in the data of a GraphQL answer without errors.
    pub(crate) fn data(&self, pointer: &str) -> Value {
        let json = self.json();
        assert!(json.get("errors").is_none(), "errors: {self}");
        json["data"].pointer(pointer).unwrap_or_else(|| panic!("no {pointer}: {self}")).clone()
    }

    /// The Parse code of a refusal, over REST or GraphQL.
    pub(crate) fn code(&self) -> Option<i64> {
        let json: Value = serde_json::from_slice(&self.body).ok()?;
        json["code"].as_i64().or_else(|| json["errors"][0]["extensions"]["code"].as_i64())
    }

    /// Whether the request was refused, in the way of its door.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status >= 400
            || serde_json::from_slice(&self.body)
                .is_ok_and(|json: Value| json.get("errors").is_some())
    }

    /// The answer, if it has this status.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Demands a refusal with a Parse code, or with one of several.
    pub(crate) fn is_refused_with(&self, codes: &[i64]) {
        assert!(self.is_refusal(), "not refused: {self}");
        assert!(
            self.code().is_some_and(|code| codes.contains(&code)),
            "not refused with {codes:?}: {self}"
        );
    }

    /// Demands a refusal.
    pub(crate) fn is_refused(&self) {
        assert!(self.is_refusal(), "not refused: {self}");
    }

    /// Demands that a text is not in the answer.
    pub(crate) fn hides(&self, secret: &str) -> &Self {
        assert!(!self.text().contains(secret), "`{secret}` shows: {self}");
        self
    }

    fn check(&self) {
        assert!(self.status < 500, "the server failed: {self}");
        let text = self.text();
        let is_internal = text.contains("\"code\":1,") || text.contains("\"code\":1}");
        assert!(!is_internal, "the server failed: {self}");
        if self.is_refusal() {
            let (text, said) = (text.to_lowercase(), percent_decode(&self.request).to_lowercase());
            let word =
                INNER_WORDS.iter().find(|word| text.contains(**word) && !said.contains(**word));
            assert_eq!(word, None, "the database shows: {self}");
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}\n  to {}", self.status, shown(&self.text()), shown(&self.request))
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// As JavaScript's `encodeURIComponent` does it.
pub(crate) fn percent_encode(text: &str) -> String {
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

pub(super) fn percent_decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read_answer(stream: &mut BufReader<TcpStream>, head_only: bool) -> io::Result<Answer> {
    let line = read_line(stream)?;
    let status: Option<u16> = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| malformed("status line", &line))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new(), request: String::new() };
    if status == 100 {
        return read_answer(stream, head_only);
    }
    if head_only || status == 204 || status == 304 {
        return Ok(answer);
    }
    match answer.header("content-length") {
        Some(length) => {
            let length: usize = length.parse().map_err(|_| malformed("length", length))?;
            answer.body.resize(length, 0);
            stream.read_exact(&mut answer.body)?;
        }
        None => return Err(malformed("answer without a length", &line)),
    }
    Ok(answer)
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

fn malformed(what: &str, line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}: {line}"))
}
