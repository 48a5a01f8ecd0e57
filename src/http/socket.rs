//! A web socket as doors take it: messages in, messages out. Signs of life, the deadline of writing and how a socket is
//! closed are the same for all of them.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame as RawFrame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};
use tokio_util::either::Either;

use crate::telemetry::SocketCounts;

/// What is read at once: a socket that waits keeps this much.
const READ_BYTES: usize = 2 * 1024;
/// Messages are written together up to this much.
const WRITE_BYTES: usize = 16 * 1024;
/// How long a peer may take to read that the socket is closed.
const FAREWELL_MAX: Duration = Duration::from_secs(5);
/// How long it may then take to hang up, and how much it may still send.
const HANG_UP_MAX: Duration = Duration::from_secs(2);
const LEFTOVER_BYTES_MAX: u64 = 4 << 20;

/// How sockets are used.
#[derive(Clone, Copy, Debug)]
pub struct SocketSettings {
    /// The largest message that is read, in bytes.
    pub message_bytes_max: usize,
    /// How often a sign of life is asked for; a peer that gave none since the last time is gone.
    pub ping_every: Duration,
    /// How long a peer may take to read what is written.
    pub write_max: Duration,
}

/// The connection below a socket.
type Io = Either<TcpStream, TokioIo<Upgraded>>;

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<Io>,
    pings: Interval,
    is_alive: bool,
    write_max: Duration,
    counts: SocketCounts,
}

/// What comes in.
#[derive(Debug)]
pub enum Frame {
    /// A message of text.
    Text(Utf8Bytes),
    /// A message of bytes.
    Binary(Bytes),
    /// Nothing any more.
    Over(Over),
}

/// Why nothing comes in or goes out any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The peer closed the socket.
    Left,
    /// The connection broke.
    Gone,
    /// The peer gives no sign of life.
    Silent,
    /// The peer does not read.
    Stuck,
    /// The peer broke the protocol: the code and the reason to close with (RFC 6455, section 7.4.1).
    Wrong(u16, &'static str),
}

impl Socket {
    /// A connection that was upgraded. `counts` are told of what comes and goes.
    pub async fn new(upgraded: Upgraded, settings: SocketSettings, counts: SocketCounts) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .max_message_size(Some(settings.message_bytes_max))
            .max_frame_size(Some(settings.message_bytes_max));
        let (role, config) = (Role::Server, Some(config));
        // Without the layers of HTTP, where the connection is what the server listens for.
        let stream = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => {
                let (io, read) = (Io::Left(parts.io.into_inner()), parts.read_buf.to_vec());
                WebSocketStream::from_partially_read(io, read, role, config).await
            }
            Err(upgraded) => {
                let io = Io::Right(TokioIo::new(upgraded));
                WebSocketStream::from_raw_socket(io, role, config).await
            }
        };
        let mut pings = interval(settings.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        Self { stream, pings, is_alive: true, write_max: settings.write_max, counts }
    }

    /// What comes next. Whoever stops waiting misses nothing.
    pub async fn next(&mut self) -> Frame {
        loop {
            tokio::select! {
                heard = self.stream.next() => {
                    self.is_alive = true;
                    match heard {
                        Some(Ok(Message::Text(text))) => {
                            self.counts.received();
                            return Frame::Text(text);
                        }
                        Some(Ok(Message::Binary(bytes))) => {
                            self.counts.received();
                            return Frame::Binary(bytes);
                        }
                        // A ping is answered with the next read.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_))) => {
                            // Whether the answer still arrives does not matter to anybody.
                            let _ = timeout(self.write_max, self.stream.flush()).await;
                            return Frame::Over(Over::Left);
                        }
                        Some(Err(cause)) => return Frame::Over(over(&cause)),
                        None => return Frame::Over(Over::Gone),
                    }
                }
                _ = self.pings.tick() => {
                    if !self.is_alive {
                        return Frame::Over(Over::Silent);
                    }
                    self.is_alive = false;
                    if let Err(over) = self.ping().await {
                        return Frame::Over(over);
                    }
                }
            }
        }
    }

    async fn ping(&mut self) -> Result<(), Over> {
        let pinging = self.stream.send(Message::Ping(Bytes::new()));
        within(self.write_max, pinging).await
    }

    /// Takes a message of text, which is UTF-8, to be written soon: [`Self::flush`] writes what was taken.
    pub async fn feed(&mut self, text: Bytes) -> Result<(), Over> {
        self.counts.sent();
        let frame = RawFrame::message(text, OpCode::Data(Data::Text), true);
        within(self.write_max, self.stream.feed(Message::Frame(frame))).await
    }

    /// Writes all that was taken. After an error nothing can be written any more but a farewell.
    pub async fn flush(&mut self) -> Result<(), Over> {
        within(self.write_max, self.stream.flush()).await
    }

    /// Closes the socket with a code and a reason, as far as the peer reads them.
    pub async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let farewell = self.stream.send(Message::Close(Some(frame)));
        if !matches!(timeout(FAREWELL_MAX, farewell).await, Ok(Ok(()))) {
            return;
        }
        // What the peer still sends is read, or the system would tell it of a broken connection before the reason.
        let io = self.stream.get_mut();
        let hanging_up = async {
            io.shutdown().await?;
            tokio::io::copy(&mut io.take(LEFTOVER_BYTES_MAX), &mut tokio::io::sink()).await
        };
        let _ = timeout(HANG_UP_MAX, hanging_up).await;
    }

    /// Counts the socket as closed for a reason, which is one of a few.
    pub fn count_end(&self, reason: &'static str) {
        self.counts.closed(reason);
    }
}

impl Over {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Gone => "gone",
            Self::Silent => "silent",
            Self::Stuck => "slow",
            Self::Wrong(TOO_LARGE, _) => "too_large",
            Self::Wrong(_, _) => "protocol",
        }
    }
}

const PROTOCOL: u16 = 1002;
const NO_TEXT: u16 = 1007;
const TOO_LARGE: u16 = 1009;

fn over(cause: &SocketError) -> Over {
    match cause {
        SocketError::Capacity(_) => Over::Wrong(TOO_LARGE, "the message is too large"),
        SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Over::Gone,
        SocketError::Protocol(_) => Over::Wrong(PROTOCOL, "the frame is malformed"),
        SocketError::Utf8(_) => Over::Wrong(NO_TEXT, "the text is not UTF-8"),
        SocketError::ConnectionClosed
        | SocketError::AlreadyClosed
        | SocketError::Io(_)
        | SocketError::Tls(_)
        | SocketError::WriteBufferFull(_)
        | SocketError::AttackAttempt
        | SocketError::Url(_)
        | SocketError::Http(_)
        | SocketError::HttpFormat(_) => Over::Gone,
    }
}

async fn within(
    most: Duration,
    writing: impl Future<Output = Result<(), SocketError>>,
) -> Result<(), Over> {
    let mut writing = pin!(writing);
    // Almost always there is room, and no clock is asked.
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await {
        return done.map_err(|cause| over(&cause));
    }
    match timeout(most, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(over(&cause)),
        Err(_) => Err(Over::Stuck),
    }
}
