//! An HTTP/1.1 client of one connection that is kept.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Node closes what is idle for 5 seconds.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// An answer as it came over the wire; names of headers are in lower case.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A connection to one server, opened anew where the server may close it. No request is sent twice.
pub(crate) struct Client {
    address: String,
    /// With when it was used last.
    stream: Option<(BufReader<TcpStream>, Instant)>,
}

impl Client {
    /// A client of the server at this origin.
    pub(crate) fn new(origin: &str) -> Self {
        Self { address: origin.trim_start_matches("http://").to_owned(), stream: None }
    }

    /// Sends a request and reads the answer.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let mut message = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            message.push_str(&format!("{name}: {value}\r\n"));
        }
        if body.is_some() || method != "GET" {
            message.push_str(&format!("Content-Length: {}\r\n", body.unwrap_or_default().len()));
        }
        let mut message = format!("{message}\r\n").into_bytes();
        message.extend_from_slice(body.unwrap_or_default());
        let fresh = self.stream.take().filter(|(_, used)| used.elapsed() < IDLE_MAX);
        let stream = match fresh {
            Some((stream, _)) => stream,
            None => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(ANSWER_MAX))?;
                BufReader::new(stream)
            }
        };
        self.ask(stream, &message)
    }

    fn ask(&mut self, mut stream: BufReader<TcpStream>, message: &[u8]) -> io::Result<Answer> {
        stream.get_mut().write_all(message)?;
        let answer = read_answer(&mut stream)?;
        let closes = answer
            .headers
            .iter()
            .any(|(name, value)| name == "connection" && value.eq_ignore_ascii_case("close"));
        // The original answers some errors and destroys the connection a moment later.
        if !closes && answer.status < 400 {
            self.stream = Some((stream, Instant::now()));
        }
        Ok(answer)
    }
}

fn read_answer(stream: &mut impl BufRead) -> io::Result<Answer> {
    let line = read_line(stream)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| malformed("status line", &line))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header", &line))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| headers.iter().find(|(known, _)| known == name);
    let mut body = Vec::new();
    if header("transfer-encoding").is_some() {
        loop {
            let line = read_line(stream)?;
            let size = usize::from_str_radix(line.trim(), 16)
                .map_err(|_| malformed("size of a chunk", &line))?;
            let start = body.len();
            body.resize(start + size, 0);
            stream.read_exact(&mut body[start..])?;
            read_line(stream)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some((_, length)) = header("content-length") {
        body.resize(length.parse().map_err(|_| malformed("length", length))?, 0);
        stream.read_exact(&mut body)?;
    }
    Ok(Answer { status, headers, body })
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn malformed(what: &str, line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}: {line}"))
}
