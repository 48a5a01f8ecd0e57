//! The bus itself: numbers what it is told and hands it on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::backoff::Dice;
use super::link::Server;
use super::message::Described;
use super::publisher::{self, Publisher, Words};
use super::queue::{Entrance, Exit, Taken, queue};
use super::subscriber::Subscriber;
use super::{Event, Notice, Position, Traffic};
use crate::options::RedisConfig;
use crate::value::wire::FileUrls;
use crate::value::{ClassName, ObjectId, Stored};

/// How much may wait for the engine.
const WAITING_MAX: usize = 16_384;
const WAITING_BYTES_MAX: usize = 256 << 20;
/// How much may wait to be written for other processes. Rows are shared with what waits for the engine.
const OUTWARD_MAX: usize = 16_384;
const OUTWARD_BYTES_MAX: usize = 128 << 20;
/// What an event takes beside its text.
const OVERHEAD_BYTES: usize = 256;

/// What carries events.
pub struct Bus {
    server: Arc<str>,
    /// The number of the last event; held while one is handed over, so that they arrive in order.
    last: Mutex<u64>,
    here: Entrance<Notice>,
    away: Option<Entrance<publisher::Notice>>,
    is_full: AtomicBool,
    traffic: Arc<Traffic>,
}

/// What a bus hands over.
#[derive(Debug)]
pub struct Notices(Exit<Notice>);

/// How a bus is connected to those of other processes.
pub struct Fleet<'a> {
    /// The application, which all of them serve.
    pub app_id: &'a str,
    /// Where it finds files.
    pub files: FileUrls,
    /// What connects them.
    pub redis: &'a RedisConfig,
    /// Makes them not do everything at the same moment.
    pub dice: Dice,
}

/// What goes on between processes, to be run beside requests.
#[derive(Default)]
pub struct Relay {
    publisher: Option<Publisher>,
    subscriber: Option<Subscriber>,
}

impl Notices {
    /// The next notice; nothing when the bus is gone. May be dropped before it is done: nothing is lost by that.
    pub async fn next(&mut self) -> Option<Notice> {
        Some(match self.0.next().await? {
            Taken::Item(notice) => notice,
            Taken::Missing => Notice::Missed,
        })
    }
}

impl Relay {
    /// Publishes until `end`, after which nothing more happens here, and listens until `stop`.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send,
        end: impl Future<Output = ()> + Send,
    ) {
        let Self { publisher, subscriber } = self;
        let publishing = async {
            if let Some(publisher) = publisher {
                Box::pin(publisher.run(end)).await;
            }
        };
        let listening = async {
            let Some(subscriber) = subscriber else { return };
            tokio::select! {
                () = Box::pin(subscriber.run()) => {}
                () = stop => {}
            }
        };
        tokio::join!(publishing, listening);
    }
}

impl Bus {
    /// A bus of a process with a name of its own, connected to no other.
    pub fn new(server: Arc<str>) -> (Self, Notices) {
        let (here, notices) = queue(WAITING_MAX, WAITING_BYTES_MAX);
        let bus = Self {
            server,
            last: Mutex::new(0),
            here,
            away: None,
            is_full: AtomicBool::new(false),
            traffic: Arc::default(),
        };
        (bus, Notices(notices))
    }

    /// A bus of a process with a name of its own, connected to others as soon as the relay runs. Errors if the options
    /// hold certificates that are none.
    pub fn connected(server: Arc<str>, fleet: Fleet<'_>) -> Result<(Self, Notices, Relay), String> {
        let (mut bus, notices) = Self::new(server);
        let Fleet { app_id, files, redis, dice } = fleet;
        let mut relay = Relay::default();
        if let Some(options) = &redis.publish {
            let (away, exit) = queue(OUTWARD_MAX, OUTWARD_BYTES_MAX);
            bus.away = Some(away);
            relay.publisher = Some(Publisher {
                server: Server::new(options, dice)?,
                notices: exit,
                words: Words::new(app_id, Arc::clone(&bus.server), files),
                traffic: Arc::clone(&bus.traffic),
            });
        }
        if let Some(options) = &redis.subscribe {
            let server = Server::new(options, dice)?;
            let who = (app_id, Arc::clone(&bus.server));
            let traffic = Arc::clone(&bus.traffic);
            relay.subscriber = Some(Subscriber::new(server, who, bus.here.clone(), traffic));
        }
        Ok((bus, notices, relay))
    }

    /// The name of this process among those that events come from.
    pub fn server(&self) -> &Arc<str> {
        &self.server
    }

    /// The number of the last event of this process. What is written from now on has a greater one.
    pub fn last(&self) -> u64 {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether other processes are told of what happens here.
    pub fn has_others(&self) -> bool {
        self.away.is_some()
    }

    /// What goes between processes.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Tells of an event. `describe` gives what other processes want to know of the class; without any it is not asked.
    pub fn publish<D: Into<Described>>(
        &self,
        (class, id): (ClassName, ObjectId),
        (before, after): (Option<Stored>, Option<Stored>),
        describe: impl FnOnce() -> D,
    ) {
        let away = self.away.as_ref().map(|away| (away, describe().into()));
        let text = |row: &Option<Stored>| row.as_ref().map_or(0, Stored::text_bytes);
        let bytes = text(&before) + text(&after) + OVERHEAD_BYTES;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let position = Position { server: Arc::clone(&self.server), number: *last };
        let event = Arc::new(Event { class, id, before, after, position });
        let for_others = away.map(|(away, described)| (away, described, Arc::clone(&event)));
        let has_room = self.here.put(Notice::Event(event), bytes);
        if let Some((away, described, event)) = for_others {
            self.tell(away, publisher::Notice::Event(event, described), bytes);
        }
        drop(last);
        if !has_room && !self.is_full.swap(true, Ordering::Relaxed) {
            tracing::warn!("LiveQuery can not follow the writes: events are dropped");
        } else if has_room {
            self.is_full.store(false, Ordering::Relaxed);
        }
    }

    /// Tells other processes that what they know of a user is void. This process knows already.
    pub fn forget(&self, user: &ObjectId) {
        if let Some(away) = &self.away {
            self.tell(away, publisher::Notice::Forget(user.clone()), OVERHEAD_BYTES);
        }
    }

    fn tell(&self, away: &Entrance<publisher::Notice>, notice: publisher::Notice, bytes: usize) {
        if !away.put(notice, bytes) {
            self.traffic.dropped(1);
        }
    }
}
