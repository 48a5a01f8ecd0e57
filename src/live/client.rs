//! A connection of a door: what it subscribes to, and the bounded queue of what it is told.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::sync::{Notify, mpsc};

use super::{Audience, Live, Shown, Subscribed, Terms, Who};
use crate::cloud::hook::{Asked, LiveMoment};
use crate::error::{Error, Result};
use crate::ops::Origin;

/// Who is at the other end of a connection.
#[derive(Clone)]
pub struct Profile {
    /// His address.
    pub address: IpAddr,
    /// His installation.
    pub installation_id: Option<Arc<str>>,
    /// Headers and address of the request that opened the connection, for hooks.
    pub origin: Option<Arc<dyn Origin>>,
}

/// What a connection is told.
#[derive(Debug)]
pub struct Delivery {
    /// The subscription, as the door named it.
    pub subscription: u64,
    /// What it is told.
    pub told: Told,
}

/// What a subscription is told.
#[derive(Debug)]
pub enum Told {
    /// Something became of an object; and on whose behalf this is told.
    Event(Arc<Shown>, Arc<Audience>),
    /// A hook did not let something be told. The subscription goes on.
    Failed(Arc<Error>),
    /// The subscription is over: the session has ended, or the caller may not ask this any more.
    Ended(Arc<Error>),
    /// Something may have been missed: the objects have to be asked for anew. This is where events stand now.
    Missed(Arc<str>),
}

/// Why nothing more comes out of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server stops.
    Stopped,
    /// The queue was full: the connection did not read fast enough.
    TooSlow,
}

const OPEN: u8 = 0;
const STOPPED: u8 = 1;
const TOO_SLOW: u8 = 2;

/// The sending end of a queue.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) number: u64,
    sender: mpsc::Sender<Delivery>,
    fate: AtomicU8,
    ended: Notify,
    reader: AtomicWaker,
}

impl Outbox {
    /// Puts something into the queue. Whether the connection still takes part.
    pub(super) fn put(&self, delivery: Delivery) -> bool {
        if self.fate.load(Ordering::Relaxed) != OPEN {
            return false;
        }
        match self.sender.try_send(delivery) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.end(TOO_SLOW);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }

    /// How much more the queue takes at the moment.
    pub(super) fn room(&self) -> usize {
        self.sender.capacity()
    }

    pub(super) fn stop(&self) {
        self.end(STOPPED);
    }

    fn end(&self, fate: u8) {
        if self.fate.compare_exchange(OPEN, fate, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.ended.notify_one();
            self.reader.wake();
        }
    }
}

/// The receiving end of a queue.
#[derive(Debug)]
pub struct Inbox {
    outbox: Arc<Outbox>,
    deliveries: mpsc::Receiver<Delivery>,
}

impl Inbox {
    /// What comes next. An error says why nothing more comes; what still waits is dropped if the queue was full.
    pub async fn next(&mut self) -> std::result::Result<Delivery, Fate> {
        let Self { outbox, deliveries } = self;
        poll_fn(|cx| {
            // Whoever ends the queue after this look at it wakes this task.
            outbox.reader.register(cx.waker());
            match outbox.fate.load(Ordering::Acquire) {
                TOO_SLOW => Poll::Ready(Err(Fate::TooSlow)),
                STOPPED => Poll::Ready(deliveries.try_recv().map_err(|_| Fate::Stopped)),
                _ => deliveries.poll_recv(cx).map(|delivery| delivery.ok_or(Fate::Stopped)),
            }
        })
        .await
    }

    /// What is there already.
    pub fn try_next(&mut self) -> Option<Delivery> {
        self.deliveries.try_recv().ok()
    }
}

/// A connection of a door. Dropped, all its subscriptions end.
pub struct Client {
    live: Weak<Live>,
    outbox: Arc<Outbox>,
    profile: Profile,
    /// On whose behalf the connection was admitted.
    admitted: OnceLock<Who>,
}

impl Client {
    pub(super) fn new(
        live: &Arc<Live>,
        number: u64,
        profile: Profile,
        waiting_max: usize,
    ) -> (Self, Inbox) {
        let (sender, deliveries) = mpsc::channel(waiting_max);
        let (fate, ended, reader) = (AtomicU8::new(OPEN), Notify::new(), AtomicWaker::new());
        let outbox = Arc::new(Outbox { number, sender, fate, ended, reader });
        let (live, admitted) = (Arc::downgrade(live), OnceLock::new());
        let client = Self { live, outbox: Arc::clone(&outbox), profile, admitted };
        (client, Inbox { outbox, deliveries })
    }

    /// Who is at the other end.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Waits until the queue is full: then nothing that is on its way to this connection is worth waiting for.
    pub async fn too_slow(&self) {
        loop {
            match self.outbox.fate.load(Ordering::Acquire) {
                TOO_SLOW => return,
                STOPPED => std::future::pending().await,
                _ => self.outbox.ended.notified().await,
            }
        }
    }

    /// Subscribes under a name of the door's choice; a subscription that has it is replaced. Errors as of a find; 209 if
    /// the session is none; 119 if there are too many subscriptions. A class that is not live is accepted, and nothing is ever heard of it
    /// (`parse-server:src/LiveQuery/ParseLiveQueryServer.ts`).
    pub async fn subscribe(&self, name: u64, who: &Who, terms: Terms) -> Result<Subscribed> {
        self.subscribe_as_asked((name, None), who, terms).await
    }

    /// The same with how the client himself asked for it, for hooks.
    pub async fn subscribe_as_asked(
        &self,
        name: (u64, Option<Asked>),
        who: &Who,
        terms: Terms,
    ) -> Result<Subscribed> {
        let live = self.live()?;
        let subscribed = live.subscribe(self, name, who, terms).await?;
        live.tell_of(self, LiveMoment::Subscribed);
        Ok(subscribed)
    }

    /// Ends a subscription. Whether there was one.
    pub fn unsubscribe(&self, name: u64) -> bool {
        let Some(live) = self.live.upgrade() else { return false };
        let is_gone = live.unsubscribe(self.outbox.number, name);
        if is_gone {
            live.tell_of(self, LiveMoment::Unsubscribed);
        }
        is_gone
    }

    /// The engine. An error if the server stops.
    pub(super) fn live(&self) -> Result<Arc<Live>> {
        self.live.upgrade().ok_or_else(|| Error::internal("the server stops"))
    }

    /// On whose behalf the connection was admitted, if it was.
    pub(super) fn admitted_as(&self) -> Option<&Who> {
        self.admitted.get()
    }

    /// Takes note on whose behalf the connection was admitted. It stays what it was the first time.
    pub(super) fn admit_as(&self, who: &Who) {
        let _ = self.admitted.set(who.clone());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(live) = self.live.upgrade() {
            live.disconnect(self.outbox.number, self.profile.address);
            if self.admitted.get().is_some() {
                live.tell_of(self, LiveMoment::SocketClosed);
            }
        }
    }
}
