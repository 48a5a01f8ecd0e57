//! Publishes what happens here to other processes. Nobody waits for it: what can not be published now waits in the
//! [`Backlog`], and what finds no room there is dropped, which those who listen see by the numbers of the events.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RedisResult};
use tokio::sync::Notify;

use super::backlog::{Backlog, Outgoing};
use super::link::{Link, Server};
use super::message::{self, Described, Topic};
use super::queue::{Exit, Taken};
use super::{Event, Traffic};
use crate::value::ObjectId;
use crate::value::wire::FileUrls;

/// How long the last messages may take when the server stops.
const END_MAX: Duration = Duration::from_secs(2);

/// The longest message: Redis cuts off everybody who is to hear a longer one than 32 MiB
/// (`client-output-buffer-limit pubsub`).
const BYTES_MAX: usize = 24 << 20;

/// What other processes are told.
#[derive(Debug)]
pub(super) enum Notice {
    Event(Arc<Event>, Described),
    Forget(ObjectId),
}

/// Whom it is told, and in which words.
pub(super) struct Publisher {
    pub(super) server: Server,
    pub(super) notices: Exit<Notice>,
    pub(super) words: Words,
    pub(super) traffic: Arc<Traffic>,
}

/// How notices become messages.
pub(super) struct Words {
    own: Arc<str>,
    files: FileUrls,
    saved: Arc<str>,
    deleted: Arc<str>,
    forget: Arc<str>,
}

impl Words {
    pub(super) fn new(app_id: &str, own: Arc<str>, files: FileUrls) -> Self {
        let channel = |topic: Topic| Arc::from(topic.channel(app_id));
        let (saved, deleted) = (channel(Topic::Saved), channel(Topic::Deleted));
        Self { own, files, saved, deleted, forget: channel(Topic::Forget) }
    }

    fn message(&self, notice: &Notice) -> Option<Outgoing> {
        let (topic, text) = match notice {
            Notice::Event(event, described) => message::encode(event, described, &self.files)?,
            Notice::Forget(user) => (Topic::Forget, message::encode_forget(user, &self.own)),
        };
        let channel = match topic {
            Topic::Saved => &self.saved,
            Topic::Deleted => &self.deleted,
            Topic::Forget => &self.forget,
        };
        Some(Outgoing { channel: Arc::clone(channel), text })
    }
}

/// What both halves of the work share.
#[derive(Default)]
struct Desk {
    backlog: Mutex<Backlog>,
    more: Notify,
    /// Whether nothing more comes.
    is_complete: AtomicBool,
}

impl Desk {
    fn backlog<T>(&self, work: impl FnOnce(&mut Backlog) -> T) -> T {
        work(&mut self.backlog.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn complete(&self) {
        self.is_complete.store(true, Ordering::Release);
        self.more.notify_one();
    }

    fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }
}

impl Publisher {
    /// Publishes until `end`, and then what still waits, if that goes quickly.
    pub(super) async fn run(self, end: impl Future<Output = ()> + Send) {
        let Self { server, notices, words, traffic } = self;
        let desk = Desk::default();
        let taking = async {
            take_in(notices, &words, &desk, &traffic, end).await;
            desk.complete();
            tokio::time::sleep(END_MAX).await;
        };
        tokio::select! {
            () = taking => {}
            () = send(&server, &desk, &traffic) => {}
        }
        traffic.is_publishing(false);
        let left = desk.backlog(|backlog| backlog.unpublished());
        traffic.dropped(left);
        if left > 0 {
            tracing::warn!(left, "the server stops before Redis got all events");
        }
    }
}

/// Makes messages of what happens, until `end` and for as long as something waits then.
async fn take_in(
    mut notices: Exit<Notice>,
    words: &Words,
    desk: &Desk,
    traffic: &Traffic,
    end: impl Future<Output = ()> + Send,
) {
    let mut end = pin!(end);
    let mut is_open = true;
    loop {
        let taken = tokio::select! {
            taken = notices.next() => taken,
            () = &mut end, if is_open => {
                is_open = false;
                notices.close();
                continue;
            }
        };
        match taken {
            Some(Taken::Item(notice)) => {
                let Some(message) = words.message(&notice) else { continue };
                if message.text.len() > BYTES_MAX {
                    let bytes = message.text.len();
                    tracing::warn!(bytes, "an event is too long to be published, and is dropped");
                    traffic.dropped(1);
                    continue;
                }
                traffic.dropped(desk.backlog(|backlog| backlog.push(message)));
                desk.more.notify_one();
            }
            // Whoever listens sees it by the numbers.
            Some(Taken::Missing) => {}
            None => return,
        }
    }
}

/// Publishes what waits, over one connection after the other, until nothing more comes.
async fn send(server: &Server, desk: &Desk, traffic: &Traffic) {
    let mut backoff = server.backoff();
    let mut is_lost = false;
    loop {
        let cause = match server.connect(None).await {
            Ok(link) => {
                traffic.is_publishing(true);
                if is_lost {
                    tracing::info!(redis = server.shown(), "events are published again");
                }
                is_lost = false;
                backoff.reset();
                match publish(server, link, desk, traffic).await {
                    Ok(()) => return,
                    Err(cause) => cause,
                }
            }
            Err(cause) => cause,
        };
        traffic.is_publishing(false);
        traffic.failed();
        if desk.is_complete() {
            return;
        }
        if !is_lost {
            let redis = server.shown();
            tracing::warn!(redis, %cause, "no events reach other processes; trying again");
        }
        is_lost = true;
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Publishes over a connection for as long as it stands, or until nothing more comes.
async fn publish(server: &Server, link: Link, desk: &Desk, traffic: &Traffic) -> RedisResult<()> {
    let Link { mut connection, lost } = link;
    loop {
        let batch = desk.backlog(Backlog::take);
        if batch.is_empty() {
            if desk.is_complete() {
                return Ok(());
            }
            tokio::select! {
                () = desk.more.notified() => continue,
                () = lost.notified() => return Err(closed()),
                cause = server.watch(connection.clone()) => return Err(cause),
            }
        }
        let published = tokio::select! {
            published = publish_batch(&mut connection, &batch) => published,
            () = lost.notified() => Err(closed()),
        };
        let number = batch.len();
        match published {
            Ok(()) => {
                desk.backlog(Backlog::done);
                traffic.published(number);
            }
            Err(cause) if is_refusal(&cause) => {
                tracing::error!(%cause, "Redis does not take events; they are dropped");
                desk.backlog(Backlog::done);
                traffic.dropped(number);
            }
            Err(cause) => {
                // Some may have been published: who listens knows them by their numbers.
                traffic.dropped(desk.backlog(|backlog| backlog.put_back(batch)));
                return Err(cause);
            }
        }
    }
}

async fn publish_batch(
    connection: &mut MultiplexedConnection,
    batch: &[Outgoing],
) -> RedisResult<()> {
    let mut commands = redis::pipe();
    for message in batch {
        commands.cmd("PUBLISH").arg(&*message.channel).arg(&message.text[..]).ignore();
    }
    commands.exec_async(connection).await
}

/// Whether it would be refused by the next connection, too.
fn is_refusal(cause: &RedisError) -> bool {
    matches!(cause.code(), Some("NOPERM" | "ERR"))
}

fn closed() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
}
