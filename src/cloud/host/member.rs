//! One connected host.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::cloud::worker::{Connection, Purpose, Registration};

/// A host that is connected and has loaded its code.
pub(super) struct Member {
    pub(super) connection: Connection,
    /// The process of a worker of this server.
    pub(super) process: Option<u32>,
    registered: Mutex<HashMap<Purpose, Registration>>,
    under_way: watch::Sender<usize>,
    asked: AtomicUsize,
    is_retired: watch::Sender<bool>,
}

/// A call that is under way.
pub(super) struct UnderWay<'a>(&'a Member);

impl Member {
    pub(super) fn new(connection: Connection, process: Option<u32>) -> Self {
        Self {
            connection,
            process,
            registered: Mutex::default(),
            under_way: watch::Sender::new(0),
            asked: AtomicUsize::new(0),
            is_retired: watch::Sender::new(false),
        }
    }

    fn registered(&self) -> MutexGuard<'_, HashMap<Purpose, Registration>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what it registers, in place of what it registered for the same before.
    pub(super) fn register(&self, registrations: Vec<Registration>) {
        let mut registered = self.registered();
        for registration in registrations {
            registered.insert(registration.purpose(), registration);
        }
    }

    /// Forgets what it registered: all of it, or what some registrations are for.
    pub(super) fn unregister(&self, some: Option<&[Registration]>) {
        let mut registered = self.registered();
        match some {
            None => registered.clear(),
            Some(some) => some.iter().for_each(|gone| {
                registered.remove(&gone.purpose());
            }),
        }
    }

    /// All that it registered.
    pub(super) fn registrations(&self) -> Vec<Registration> {
        self.registered().values().cloned().collect()
    }

    /// Whether it answers what is for a purpose.
    pub(super) fn knows(&self, purpose: &Purpose) -> bool {
        self.registered().contains_key(purpose)
    }

    /// The name by which it is asked, or asked for the validator.
    pub(super) fn handler(&self, purpose: &Purpose, validates: bool) -> Option<Arc<str>> {
        let registered = self.registered();
        let registration = registered.get(purpose)?;
        match validates {
            true => registration.validator_handler().cloned(),
            false => Some(Arc::clone(registration.handler())),
        }
    }

    /// Counts a call that begins now.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.send_modify(|count| *count += 1);
        self.asked.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    /// How many calls are under way.
    pub(super) fn load(&self) -> usize {
        *self.under_way.borrow()
    }

    /// Whether it was ever asked for anything.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > 0
    }

    /// Waits until nothing is under way.
    pub(super) async fn idle(&self) {
        let mut count = self.under_way.subscribe();
        // The sender lives as long as this.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    /// Tells whoever looks after it to end it.
    pub(super) fn retire(&self) {
        self.is_retired.send_replace(true);
    }

    /// Whether it is to be ended.
    pub(super) fn is_retired(&self) -> bool {
        *self.is_retired.borrow()
    }

    /// Waits until it is to be ended.
    pub(super) async fn retired(&self) {
        let mut retired = self.is_retired.subscribe();
        // The sender lives as long as this.
        let _ = retired.wait_for(|retired| *retired).await;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.send_modify(|count| *count -= 1);
    }
}
