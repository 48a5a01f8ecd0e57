//! What was read and stays known until something about it changes.
//!
//! Two things must never happen: that something stays known after it changed, and that something is known
//! again which was read before the change. A change is announced before it is made ([`Known::doubt`]): from
//! then until it is over, nothing that it is about is kept. When it is over, what it is about is forgotten,
//! and what anybody began to read before that is not kept either. Whoever makes a change may vanish in the
//! middle of it (his client hung up); then nobody knows when the change will be there, and what it is about
//! is not kept until it must be.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::sync::Cache;

use crate::value::Date;

/// For how long a change that nobody waits for any more can still be under way, in milliseconds.
const ABANDONED_MS: i64 = 60_000;
/// More abandoned changes than this count as doubt about everything.
const DOUBTS_MAX: usize = 1_024;

/// Values that are known, by text; the least used give way to new ones.
pub(super) struct Known<V> {
    values: Cache<Box<str>, Entry<V>>,
    changes: Mutex<Changes<V>>,
    /// How long a value stays known if nobody says that it changed; for ever where every writer says so.
    ttl_ms: Option<i64>,
}

struct Entry<V> {
    value: Arc<V>,
    read_at: Date,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), read_at: self.read_at }
    }
}

/// Something that is true of a value or not.
pub(super) type Others<V> = Box<dyn Fn(&V) -> bool + Send + Sync>;

/// Which values a change is about: those under some keys, and those that something is true of.
pub(super) struct Concerns<V> {
    /// The keys.
    pub(super) keys: HashSet<String>,
    /// What is true of the others, if there can be any.
    pub(super) others: Option<Others<V>>,
}

impl<V> Concerns<V> {
    fn include(&self, key: &str, value: &V) -> bool {
        self.keys.contains(key) || self.others.as_ref().is_some_and(|others| others(value))
    }
}

struct Changes<V> {
    /// How many changes are over.
    over: u64,
    /// Numbers the changes.
    begun: u64,
    open: Vec<Doubt<V>>,
}

struct Doubt<V> {
    number: u64,
    since: Date,
    concerns: Concerns<V>,
}

/// The moment at which somebody began to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began(u64);

impl<V> Known<V> {
    /// At most about `most` values.
    pub(super) fn new(most: usize, ttl_ms: Option<i64>) -> Self {
        let changes = Changes { over: 0, begun: 0, open: Vec::new() };
        Self { values: Cache::new(most), changes: Mutex::new(changes), ttl_ms }
    }

    /// What is known.
    pub(super) fn get(&self, key: &str, now: Date) -> Option<Arc<V>> {
        let entry = self.values.get(key)?;
        let is_fresh = |ttl_ms| now.millis().saturating_sub(entry.read_at.millis()) < ttl_ms;
        self.ttl_ms.is_none_or(is_fresh).then_some(entry.value)
    }

    /// To be called before a value is read.
    pub(super) fn begin(&self) -> Began {
        Began(self.changes().over)
    }

    /// Keeps what was read since, unless something changed in between.
    pub(super) fn keep(&self, began: Began, key: &str, value: &Arc<V>, now: Date) {
        let mut changes = self.changes();
        changes
            .open
            .retain(|doubt| now.millis().saturating_sub(doubt.since.millis()) < ABANDONED_MS);
        let is_doubtful = changes.open.len() > DOUBTS_MAX
            || changes.open.iter().any(|doubt| doubt.concerns.include(key, value));
        if changes.over == began.0 && !is_doubtful {
            let entry = Entry { value: Arc::clone(value), read_at: now };
            self.values.insert(Box::from(key), entry);
        }
    }

    /// Announces a change.
    pub(super) fn doubt(&self, concerns: Concerns<V>, now: Date) -> u64 {
        let mut changes = self.changes();
        changes.begun += 1;
        let number = changes.begun;
        changes.open.push(Doubt { number, since: now, concerns });
        number
    }

    /// Ends a change that was made, or was not.
    pub(super) fn settle(&self, number: u64) {
        let mut changes = self.changes();
        changes.over += 1;
        if let Some(at) = changes.open.iter().position(|doubt| doubt.number == number) {
            let doubt = changes.open.swap_remove(at);
            self.forget(&doubt.concerns);
        } else {
            // It took so long that it counted as abandoned.
            self.values.clear();
        }
    }

    /// Gives up waiting for a change. What it is about is forgotten and not kept for a while.
    pub(super) fn abandon(&self, number: u64) {
        let mut changes = self.changes();
        changes.over += 1;
        if let Some(doubt) = changes.open.iter().find(|doubt| doubt.number == number) {
            self.forget(&doubt.concerns);
        }
    }

    fn forget(&self, concerns: &Concerns<V>) {
        if concerns.others.is_some() {
            self.values.retain(|key, entry| !concerns.include(key, &entry.value));
            return;
        }
        for key in &concerns.keys {
            self.values.remove(key.as_str());
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes<V>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Date = Date::EPOCH;

    fn later(millis: i64) -> Date {
        Date::from_millis(millis).unwrap()
    }

    fn known(ttl_ms: Option<i64>) -> Known<i32> {
        let known = Known::new(100, ttl_ms);
        known.keep(known.begin(), "a", &Arc::new(1), NOW);
        known.keep(known.begin(), "b", &Arc::new(2), NOW);
        known
    }

    fn get(known: &Known<i32>, key: &str) -> Option<i32> {
        known.get(key, NOW).map(|value| *value)
    }

    fn about(key: &str) -> Concerns<i32> {
        Concerns { keys: HashSet::from([key.to_owned()]), others: None }
    }

    #[test]
    fn a_change_forgets_what_it_is_about_and_nothing_else() {
        let known = known(None);
        let change = known.doubt(about("a"), NOW);
        assert_eq!(get(&known, "a"), Some(1), "the change is not made yet");
        known.settle(change);
        assert_eq!((get(&known, "a"), get(&known, "b")), (None, Some(2)));
        known.keep(known.begin(), "a", &Arc::new(3), NOW);
        assert_eq!(get(&known, "a"), Some(3));
    }

    #[test]
    fn a_change_may_be_about_values() {
        let known = known(None);
        let others: Others<i32> = Box::new(|value| *value > 1);
        let change = known.doubt(Concerns { keys: HashSet::new(), others: Some(others) }, NOW);
        known.keep(known.begin(), "c", &Arc::new(3), NOW);
        known.keep(known.begin(), "d", &Arc::new(0), NOW);
        known.settle(change);
        let left = ["a", "b", "c", "d"].map(|key| get(&known, key));
        assert_eq!(left, [Some(1), None, None, Some(0)]);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let known = known(None);
        let began = known.begin();
        let change = known.doubt(about("a"), NOW);
        known.settle(change);
        known.keep(began, "a", &Arc::new(1), NOW);
        assert_eq!(get(&known, "a"), None);
    }

    #[test]
    fn what_was_read_during_a_change_is_not_kept() {
        let known = known(None);
        let change = known.doubt(about("c"), NOW);
        known.keep(known.begin(), "c", &Arc::new(1), NOW);
        assert_eq!(get(&known, "c"), None);
        known.settle(change);
        assert_eq!(get(&known, "c"), None);
    }

    #[test]
    fn an_abandoned_change_is_doubtful_for_a_while() {
        let known = known(None);
        let change = known.doubt(about("a"), NOW);
        known.abandon(change);
        assert_eq!((get(&known, "a"), get(&known, "b")), (None, Some(2)));
        known.keep(known.begin(), "a", &Arc::new(1), later(ABANDONED_MS - 1));
        assert_eq!(get(&known, "a"), None);
        known.keep(known.begin(), "a", &Arc::new(1), later(ABANDONED_MS));
        assert_eq!(get(&known, "a"), Some(1));
    }

    #[test]
    fn values_expire_where_writers_do_not_tell() {
        let known = known(Some(5_000));
        assert!(known.get("a", later(4_999)).is_some());
        assert!(known.get("a", later(5_000)).is_none());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let known = Known::new(50, None);
        for at in 0..10_000 {
            known.keep(known.begin(), &at.to_string(), &Arc::new(at), NOW);
        }
        assert!(known.values.len() <= 100, "{}", known.values.len());
    }
}
