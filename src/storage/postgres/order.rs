//! In which order the changes of watched objects are told of.
//!
//! Locks of the database put the changes of an object in an order, but the answers come on different connections, so that
//! a later change could be told of before an earlier one. Two things prevent that, among those who write through this
//! process:
//!
//! While a statement changes an object, no other one does: it waits for its [`Turn`] here, where otherwise it would wait
//! in the database for the same lock. Whoever makes a change that is lasting at once keeps his turn until he has told of
//! it. Whoever waits too long goes on without: only the database sees who waits for whom, and ends what can not end.
//!
//! A transaction that is held open holds its locks longer than its turns. Before it commits it takes its [`Place`] in a
//! line for each object; whoever gets one of its locks comes later than that, and stands behind it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::sleep;

use super::verbs::new_id;
use crate::storage::witness::{ObjectKey, Sight};
use crate::storage::{Change, Insert};

/// How long turns are waited for: as long as PostgreSQL waits before it looks for those that wait for each other.
const PATIENCE: Duration = Duration::from_secs(1);

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The objects that somebody changes, or has changed and not told of.
#[derive(Default)]
pub(super) struct Order {
    turns: Mutex<HashMap<ObjectKey, Lock>>,
    line: Mutex<Line>,
    moved: Notify,
}

#[derive(Default)]
struct Line {
    last: u64,
    places: HashMap<ObjectKey, VecDeque<u64>>,
}

/// The turn to change an object, or the wait for it; over when it is dropped.
pub(super) struct Turn<'o> {
    order: &'o Order,
    key: ObjectKey,
    held: Option<OwnedMutexGuard<()>>,
}

/// A place in the lines of several objects; given up when it is dropped.
pub(super) struct Place<'o> {
    order: &'o Order,
    number: u64,
    keys: Vec<ObjectKey>,
}

impl Order {
    /// Waits for the turn of each object that is watched, except those whose locks the transaction has already, as `sight`
    /// tells. Whoever waits here has a connection: nobody who has a turn waits for one.
    pub(super) async fn turns(&self, changes: &[Change], sight: &Sight) -> Vec<Turn<'_>> {
        let mut keys: Vec<ObjectKey> = Vec::new();
        for change in changes {
            let (class, id, new) = match change {
                Change::Insert(insert) => (&insert.inner().class, &insert.inner().id, None),
                Change::Update(update) => {
                    (&update.inner().class, &update.inner().id, new_id(update.inner()))
                }
                Change::Delete(delete) => (&delete.inner().class, &delete.inner().id, None),
            };
            if sight.watches(&class.name) {
                let ids = std::iter::once(id.clone()).chain(new);
                keys.extend(ids.map(|id| (class.name.clone(), id)));
            }
        }
        if keys.is_empty() {
            return Vec::new();
        }
        let own = sight.keys();
        keys.retain(|key| !own.contains(key));
        self.turns_of(keys).await
    }

    /// The same for new objects.
    pub(super) async fn turns_of_new<'i>(
        &self,
        inserts: impl Iterator<Item = &'i Insert>,
        sight: &Sight,
    ) -> Vec<Turn<'_>> {
        let watched = inserts.filter(|insert| sight.watches(&insert.class.name));
        self.turns_of(watched.map(|new| (new.class.name.clone(), new.id.clone())).collect()).await
    }

    async fn turns_of(&self, mut keys: Vec<ObjectKey>) -> Vec<Turn<'_>> {
        // All take them in the same order, so that no two wait for each other.
        keys.sort_unstable();
        keys.dedup();
        let mut patience = std::pin::pin!(sleep(PATIENCE));
        let mut turns = Vec::with_capacity(keys.len());
        for key in keys {
            let lock = Arc::clone(locked(&self.turns).entry(key.clone()).or_default());
            let mut turn = Turn { order: self, key, held: None };
            turn.held = tokio::select! {
                biased;
                held = lock.lock_owned() => Some(held),
                () = &mut patience => None,
            };
            turns.push(turn);
        }
        turns
    }

    /// The last place in the lines of all objects that were seen.
    pub(super) fn place(&self, sight: &Sight) -> Place<'_> {
        let keys = sight.keys();
        let mut number = 0;
        if !keys.is_empty() {
            let mut line = locked(&self.line);
            line.last += 1;
            number = line.last;
            for key in &keys {
                line.places.entry(key.clone()).or_default().push_back(number);
            }
        }
        Place { order: self, number, keys }
    }

    /// Tells of changes that are lasting, after those that came before.
    pub(super) async fn tell(&self, sight: &mut Sight) {
        if sight.len() > 0 {
            self.place(sight).tell(sight).await;
        }
    }
}

impl Place<'_> {
    /// Tells of changes that are lasting, after those that came before.
    pub(super) async fn tell(self, sight: &mut Sight) {
        loop {
            let mut moved = std::pin::pin!(self.order.moved.notified());
            moved.as_mut().enable();
            if self.is_first() {
                break;
            }
            moved.await;
        }
        sight.tell();
    }

    fn is_first(&self) -> bool {
        let line = locked(&self.order.line);
        let is_first =
            |key| line.places.get(key).is_none_or(|places| places.front() == Some(&self.number));
        self.keys.iter().all(is_first)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.keys.is_empty() {
            return;
        }
        let mut line = locked(&self.order.line);
        for key in &self.keys {
            if let Some(places) = line.places.get_mut(key) {
                places.retain(|place| *place != self.number);
                if places.is_empty() {
                    line.places.remove(key);
                }
            }
        }
        drop(line);
        self.order.moved.notify_waiters();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut turns = locked(&self.order.turns);
        // Whoever waits has the lock too, and took it from here.
        if turns.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            turns.remove(&self.key);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
