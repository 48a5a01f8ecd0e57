//! Hears what happens in other processes. The reading end never waits, neither for the engine nor for the decoder: what
//! finds no room is dropped, and the engine is told that something is missing.

use std::collections::HashMap;
use std::sync::Arc;

use redis::{RedisError, RedisResult};

use super::link::{Hear, Link, Server};
use super::message::{self, Heard, Topic};
use super::queue::{Entrance, Taken, queue};
use super::{Notice, Position, Traffic};

/// How much may wait to be decoded.
const WAITING_MAX: usize = 16_384;
const WAITING_BYTES_MAX: usize = 64 << 20;
/// What a message takes beside its text.
const OVERHEAD_BYTES: usize = 128;
/// What a message takes in memory, for each byte of its text.
const DECODED_FACTOR: usize = 4;
/// Of how many processes the last event is remembered.
const PROCESSES_MAX: usize = 1_024;

/// Whom to listen to, and whom to tell.
pub(super) struct Subscriber {
    server: Server,
    channels: Vec<(Topic, String)>,
    own: Arc<str>,
    /// What messages of this process begin with.
    own_start: Arc<[u8]>,
    engine: Entrance<Notice>,
    traffic: Arc<Traffic>,
    /// The number of the last event of each process: what is published twice is told once.
    last: HashMap<Arc<str>, u64>,
    has_complained: bool,
}

impl Subscriber {
    pub(super) fn new(
        server: Server,
        (app_id, own): (&str, Arc<str>),
        engine: Entrance<Notice>,
        traffic: Arc<Traffic>,
    ) -> Self {
        Self {
            server,
            channels: Topic::ALL.map(|topic| (topic, topic.channel(app_id))).into(),
            own_start: message::start(&own).into(),
            own,
            engine,
            traffic,
            last: HashMap::new(),
            has_complained: false,
        }
    }

    /// Listens, over one connection after the other, until the future is dropped.
    pub(super) async fn run(mut self) {
        let mut backoff = self.server.backoff();
        let mut is_lost = false;
        loop {
            let cause = match Box::pin(self.subscribe()).await {
                Ok((link, messages)) => {
                    self.traffic.is_subscribed(true);
                    let redis = self.server.shown();
                    if is_lost {
                        tracing::info!(redis, "events of other processes are heard again");
                        // Nobody knows what was published meanwhile.
                        self.tell(Notice::Missed, 0);
                    }
                    is_lost = false;
                    backoff.reset();
                    Box::pin(self.listen(link, messages)).await
                }
                Err(cause) => cause,
            };
            self.traffic.is_subscribed(false);
            self.traffic.failed();
            if !is_lost {
                let redis = self.server.shown();
                tracing::warn!(redis, %cause, "events of other processes are not heard; trying again");
            }
            is_lost = true;
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    async fn subscribe(&self) -> RedisResult<(Link, super::queue::Exit<(Topic, Vec<u8>)>)> {
        let (entrance, exit) = queue(WAITING_MAX, WAITING_BYTES_MAX);
        let (channels, own) = (self.channels.clone(), Arc::clone(&self.own_start));
        let traffic = Arc::clone(&self.traffic);
        let hear: Hear = Box::new(move |channel, text| {
            let topic = channels.iter().find(|(_, name)| name.as_bytes() == channel);
            let Some((topic, _)) = topic.filter(|_| !text.starts_with(&own)) else { return };
            let bytes = text.len() + OVERHEAD_BYTES;
            if !entrance.put((*topic, text), bytes) {
                traffic.dropped(1);
            }
        });
        let mut link = self.server.connect(Some(hear)).await?;
        let names: Vec<&str> = self.channels.iter().map(|(_, name)| name.as_str()).collect();
        link.connection.subscribe(&names).await?;
        Ok((link, exit))
    }

    /// Listens for as long as a connection stands.
    async fn listen(
        &mut self,
        link: Link,
        mut messages: super::queue::Exit<(Topic, Vec<u8>)>,
    ) -> RedisError {
        let server = self.server.clone();
        let Link { connection, lost } = link;
        let mut watch = std::pin::pin!(server.watch(connection));
        let mut loss = std::pin::pin!(lost.notified());
        loop {
            tokio::select! {
                taken = messages.next() => match taken {
                    Some(Taken::Item((topic, text))) => self.take(topic, &text),
                    Some(Taken::Missing) => self.tell(Notice::Missed, 0),
                    None => return closed(),
                },
                cause = &mut watch => return cause,
                () = &mut loss => return closed(),
            }
        }
    }

    fn take(&mut self, topic: Topic, text: &[u8]) {
        let notice = match message::decode(topic, text) {
            Ok(Heard::Message(message)) => match &message.position {
                Some(position) if !self.is_new(position) => return,
                Some(_) | None => Notice::Message(message),
            },
            Ok(Heard::Forget(user)) => Notice::Forget(user),
            Err(refused) => {
                self.traffic.refused();
                if !self.has_complained {
                    self.has_complained = true;
                    tracing::warn!("a message that came by Redis is not understood: {refused}");
                }
                return;
            }
        };
        self.traffic.received();
        self.tell(notice, text.len() * DECODED_FACTOR);
    }

    /// Whether an event was not heard before. A process that could not know whether it had published something does
    /// it again.
    fn is_new(&mut self, position: &Position) -> bool {
        // Nobody else speaks for this process.
        if position.server == self.own {
            return false;
        }
        if let Some(last) = self.last.get_mut(&position.server) {
            let is_new = position.number > *last;
            if is_new {
                *last = position.number;
            }
            return is_new;
        }
        if self.last.len() == PROCESSES_MAX {
            self.last.clear();
        }
        self.last.insert(Arc::clone(&position.server), position.number);
        true
    }

    fn tell(&self, notice: Notice, bytes: usize) {
        if !self.engine.put(notice, bytes) {
            self.traffic.dropped(1);
        }
    }
}

fn closed() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
}
