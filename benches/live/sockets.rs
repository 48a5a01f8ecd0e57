//! Many web sockets that count what they are told, in a thread of their own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Runtime;

use crate::driver::Outcome;
use crate::driver::wire::APP_ID;

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// Any key will do; this one is that of RFC 6455.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// What all sockets were told.
#[derive(Debug)]
pub(crate) struct Tally {
    messages: AtomicUsize,
    /// Bytes of the last frame, its head included.
    frame_bytes: AtomicUsize,
    began: Mutex<Instant>,
    latencies_ms: Mutex<Vec<f64>>,
}

/// Open sockets. They are closed when this is dropped.
pub(crate) struct Sockets {
    runtime: Runtime,
    tally: Arc<Tally>,
    writing: Vec<Arc<tokio::sync::Mutex<OwnedWriteHalf>>>,
}

impl Sockets {
    /// No sockets.
    pub(crate) fn none() -> Outcome<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let tally = Tally {
            messages: AtomicUsize::new(0),
            frame_bytes: AtomicUsize::new(0),
            began: Mutex::new(Instant::now()),
            latencies_ms: Mutex::default(),
        };
        Ok(Self { runtime, tally: Arc::new(tally), writing: Vec::new() })
    }

    /// Opens LiveQuery sockets; each is connected with the members that it is given.
    pub(crate) fn open(
        address: SocketAddr,
        count: usize,
        members: impl Fn(usize) -> Value,
    ) -> Outcome<Self> {
        let mut sockets = Self::none()?;
        sockets.add(address, count, members)?;
        Ok(sockets)
    }

    /// Opens more of them.
    pub(crate) fn add(
        &mut self,
        address: SocketAddr,
        count: usize,
        members: impl Fn(usize) -> Value,
    ) -> Outcome<()> {
        let known = self.told();
        for at in 0..count {
            let stream = self.runtime.block_on(greeted(address))?;
            let (reading, writing) = stream.into_split();
            let writing = Arc::new(tokio::sync::Mutex::new(writing));
            let (tally, answering) = (Arc::clone(&self.tally), Arc::clone(&writing));
            self.runtime.spawn(async move {
                // Whoever waits for messages that do not come ends the run.
                let _ = listen(reading, answering, tally).await;
            });
            self.writing.push(writing);
            let mut connect = json!({ "op": "connect", "applicationId": APP_ID });
            for (name, member) in members(at).as_object().into_iter().flatten() {
                connect[name] = member.clone();
            }
            self.send(self.writing.len() - 1, &connect)?;
        }
        self.wait(known + count)
    }

    /// Opens bare sockets, which are told bytes that are no frames: so many make one message.
    pub(crate) fn bare(address: SocketAddr, count: usize, message_bytes: usize) -> Outcome<Self> {
        let sockets = Self::none()?;
        for _ in 0..count {
            let mut stream = sockets.runtime.block_on(TcpStream::connect(address))?;
            let tally = Arc::clone(&sockets.tally);
            sockets.runtime.spawn(async move {
                let mut message = vec![0; message_bytes];
                while stream.read_exact(&mut message).await.is_ok() {
                    tally.hear(message_bytes);
                }
            });
        }
        Ok(sockets)
    }

    /// Subscribes with each socket to so many questions, and waits until that is answered.
    pub(crate) fn subscribe(
        &self,
        each: usize,
        question: impl Fn(usize, usize) -> Value,
    ) -> Outcome<()> {
        let known = self.told();
        for at in 0..self.writing.len() {
            for id in 0..each {
                let query =
                    json!({ "className": crate::fixture::CLASS, "where": question(at, id) });
                let subscribe = json!({ "op": "subscribe", "requestId": id, "query": query });
                self.send(at, &subscribe)?;
            }
            // Not more at once than a server takes in.
            self.wait(known + (at + 1) * each)?;
        }
        Ok(())
    }

    fn send(&self, at: usize, message: &Value) -> Outcome<()> {
        let frame = frame(TEXT, message.to_string().as_bytes());
        let writing = Arc::clone(&self.writing[at]);
        self.runtime.block_on(async move { writing.lock().await.write_all(&frame).await })?;
        Ok(())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.writing.len()
    }

    /// How many messages came so far.
    pub(crate) fn told(&self) -> usize {
        self.tally.messages.load(Ordering::Acquire)
    }

    /// Bytes of the last frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.tally.frame_bytes.load(Ordering::Acquire)
    }

    /// Counts time from now on.
    pub(crate) fn begin(&self) {
        *self.tally.began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until so many messages came in all.
    pub(crate) fn wait(&self, messages: usize) -> Outcome<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.told() < messages {
            if Instant::now() > deadline {
                return Err(format!("{} of {messages} messages came", self.told()).into());
            }
            sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// How long it took from the beginning until each message was there, since this was last asked.
    pub(crate) fn latencies_ms(&self) -> Vec<f64> {
        let mut latencies = self.tally.latencies_ms.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *latencies)
    }
}

impl Tally {
    fn hear(&self, bytes: usize) {
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let took_ms = began.elapsed().as_secs_f64() * 1_000.0;
        self.latencies_ms.lock().unwrap_or_else(PoisonError::into_inner).push(took_ms);
        self.frame_bytes.store(bytes, Ordering::Release);
        self.messages.fetch_add(1, Ordering::AcqRel);
    }
}

async fn greeted(address: SocketAddr) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let head = format!(
        "GET /parse HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await?);
    }
    match answer.starts_with(b"HTTP/1.1 101") {
        true => Ok(stream),
        false => Err(String::from_utf8_lossy(&answer).into()),
    }
}

async fn listen(
    mut reading: OwnedReadHalf,
    writing: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    tally: Arc<Tally>,
) -> Outcome<()> {
    let mut pending = Vec::new();
    loop {
        if reading.read_buf(&mut pending).await? == 0 {
            return Err("the socket was closed".into());
        }
        while let Some((head, length)) = head(&pending) {
            if pending.len() < head + length {
                break;
            }
            match pending[0] {
                TEXT => tally.hear(head + length),
                PING => {
                    let pong = frame(PONG, &pending[head..head + length]);
                    writing.lock().await.write_all(&pong).await?;
                }
                other => return Err(format!("a frame that begins with {other:#x}").into()),
            }
            pending.drain(..head + length);
        }
    }
}

/// How long the head of a frame is, and what follows.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    match (*bytes.get(1)?, bytes) {
        (126, [_, _, a, b, ..]) => Some((4, usize::from(u16::from_be_bytes([*a, *b])))),
        (127, [_, _, a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            Some((10, usize::try_from(length).ok()?))
        }
        (126 | 127, _) => None,
        (short, _) => Some((2, usize::from(short))),
    }
}

/// A frame of a client. The mask changes nothing.
fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(content.len()) {
        Ok(short @ 0..126) => frame.push(0x80 | short as u8),
        Ok(middle) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&middle.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(content.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(content);
    frame
}
