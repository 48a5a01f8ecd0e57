//! What was read and stays known until something about it changes.
//!
//! Two things must never happen: that something stays known after it changed, and that something is known
//! again which was read before the change. A change is announced before it is made ([`Known::doubt`]): from
//! then until it is over, nothing that it is about is kept. When it is over, what it is about is forgotten,
//! and what anybody began to read before that is not kept either. Whoever makes a change may vanish in the
//! middle of it (his client hung up); then nobody knows when the change will be there, and what it is about
//! is not kept until it must be.
//!
//! Changes of other processes are told when they are made. What somebody read before he heard of one is not
//! kept after it either. As long as nobody tells of them, what is known is known for a while only.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::sync::Cache;

use crate::value::Date;

/// For how long a change that nobody waits for any more can still be under way, in milliseconds.
const ABANDONED_MS: i64 = 60_000;
/// More abandoned changes than this count as doubt about everything.
const DOUBTS_MAX: usize = 1_024;
/// Changes that are remembered when they are over; who began to read before the oldest of them keeps nothing.
const REMEMBERED_MAX: usize = 128;

/// Values that are known, by text; the least used give way to new ones.
pub(super) struct Known<V> {
    values: Cache<Box<str>, Entry<V>>,
    changes: Mutex<Changes<V>>,
    /// How long a value stays known while not every writer says what he changed.
    ttl_ms: i64,
    /// Whether every writer says so.
    is_told: AtomicBool,
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
    /// The last of them, oldest first.
    remembered: VecDeque<Over<V>>,
    /// What the changes up to this number were about is not remembered.
    forgotten: u64,
    /// Numbers the changes.
    begun: u64,
    open: Vec<Doubt<V>>,
}

/// A change that is over.
struct Over<V> {
    number: u64,
    concerns: Concerns<V>,
}

impl<V> Changes<V> {
    /// Notes the end of a change.
    fn end(&mut self, concerns: Concerns<V>) {
        self.over += 1;
        self.remembered.push_back(Over { number: self.over, concerns });
        if self.remembered.len() > REMEMBERED_MAX {
            self.forgotten = self.remembered.pop_front().map_or(self.over, |oldest| oldest.number);
        }
    }

    /// Notes that anything may have changed.
    fn end_all(&mut self) {
        self.over += 1;
        self.forgotten = self.over;
        self.remembered.clear();
    }

    /// Whether a change of this value may have ended since.
    fn may_have_changed(&self, since: Began, key: &str, value: &V) -> bool {
        let is_later = |change: &&Over<V>| change.number > since.0;
        since.0 < self.forgotten
            || self
                .remembered
                .iter()
                .rev()
                .take_while(is_later)
                .any(|change| change.concerns.include(key, value))
    }
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
    /// At most about `most` values. As long as nobody tells what other processes change, a value is known for
    /// `ttl_ms` milliseconds.
    pub(super) fn new(most: usize, ttl_ms: i64) -> Self {
        let (remembered, open) = (VecDeque::new(), Vec::new());
        let changes = Changes { over: 0, remembered, forgotten: 0, begun: 0, open };
        let is_told = AtomicBool::new(false);
        Self { values: Cache::new(most), changes: Mutex::new(changes), ttl_ms, is_told }
    }

    /// What is known.
    pub(super) fn get(&self, key: &str, now: Date) -> Option<Arc<V>> {
        let entry = self.values.get(key)?;
        let age_ms = now.millis().saturating_sub(entry.read_at.millis());
        (self.is_told.load(Ordering::Acquire) || age_ms < self.ttl_ms).then_some(entry.value)
    }

    /// What is known and stays so: no change that is under way is about it.
    pub(super) fn certain(&self, key: &str, now: Date) -> Option<Arc<V>> {
        let changes = self.changes();
        let value = self.get(key, now)?;
        let is_doubtful = changes.open.iter().any(|doubt| doubt.concerns.include(key, &value));
        (!is_doubtful).then_some(value)
    }

    /// To be called before a value is read.
    pub(super) fn begin(&self) -> Began {
        Began(self.changes().over)
    }

    /// Keeps what was read since, unless it changed in between.
    pub(super) fn keep(&self, began: Began, key: &str, value: &Arc<V>, now: Date) {
        let mut changes = self.changes();
        let known = changes.open.len();
        changes
            .open
            .retain(|doubt| now.millis().saturating_sub(doubt.since.millis()) < ABANDONED_MS);
        if changes.open.len() < known {
            // They may have been made a moment ago.
            changes.end_all();
        }
        let is_doubtful = changes.open.len() > DOUBTS_MAX
            || changes.open.iter().any(|doubt| doubt.concerns.include(key, value));
        if !is_doubtful && !changes.may_have_changed(began, key, value) {
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
        if let Some(at) = changes.open.iter().position(|doubt| doubt.number == number) {
            let doubt = changes.open.swap_remove(at);
            self.forget(&doubt.concerns);
            changes.end(doubt.concerns);
        } else {
            // It took so long that it counted as abandoned.
            changes.end_all();
            self.values.clear();
        }
    }

    /// Gives up waiting for a change. What it is about is forgotten and not kept for a while.
    pub(super) fn abandon(&self, number: u64) {
        let changes = self.changes();
        if let Some(doubt) = changes.open.iter().find(|doubt| doubt.number == number) {
            self.forget(&doubt.concerns);
        }
    }

    /// Takes note of a change that another process made.
    pub(super) fn changed(&self, concerns: Concerns<V>) {
        let mut changes = self.changes();
        self.forget(&concerns);
        changes.end(concerns);
    }

    /// Forgets everything. From now on every change of another process is told.
    pub(super) fn is_told_from_now_on(&self) {
        let mut changes = self.changes();
        changes.end_all();
        self.values.clear();
        self.is_told.store(true, Ordering::Release);
    }

    /// From now on nobody tells what other processes change.
    pub(super) fn is_not_told(&self) {
        self.is_told.store(false, Ordering::Release);
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

    fn known() -> Known<i32> {
        let known = Known::new(100, 5_000);
        known.is_told_from_now_on();
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
        let known = known();
        let change = known.doubt(about("a"), NOW);
        assert_eq!(get(&known, "a"), Some(1), "the change is not made yet");
        assert!(known.certain("a", NOW).is_none() && known.certain("b", NOW).is_some());
        known.settle(change);
        assert_eq!((get(&known, "a"), get(&known, "b")), (None, Some(2)));
        known.keep(known.begin(), "a", &Arc::new(3), NOW);
        assert_eq!(get(&known, "a"), Some(3));
    }

    #[test]
    fn a_change_may_be_about_values() {
        let known = known();
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
        let known = known();
        let began = known.begin();
        let change = known.doubt(about("a"), NOW);
        known.settle(change);
        known.keep(began, "a", &Arc::new(1), NOW);
        assert_eq!(get(&known, "a"), None);
    }

    #[test]
    fn what_was_read_during_a_change_is_not_kept() {
        let known = known();
        let change = known.doubt(about("c"), NOW);
        known.keep(known.begin(), "c", &Arc::new(1), NOW);
        assert_eq!(get(&known, "c"), None);
        known.settle(change);
        assert_eq!(get(&known, "c"), None);
    }

    #[test]
    fn an_abandoned_change_is_doubtful_for_a_while() {
        let known = known();
        let change = known.doubt(about("a"), NOW);
        known.abandon(change);
        assert_eq!((get(&known, "a"), get(&known, "b")), (None, Some(2)));
        known.keep(known.begin(), "a", &Arc::new(1), later(ABANDONED_MS - 1));
        assert_eq!(get(&known, "a"), None);
        // Whoever keeps something then ends the doubt, also for himself: he may have read before.
        known.keep(known.begin(), "a", &Arc::new(1), later(ABANDONED_MS));
        assert_eq!(get(&known, "a"), None);
        known.keep(known.begin(), "a", &Arc::new(1), later(ABANDONED_MS));
        assert_eq!(get(&known, "a"), Some(1));
    }

    #[test]
    fn what_an_abandoned_change_left_behind_is_not_kept_after_its_time() {
        let known = known();
        let (began, change) = (known.begin(), known.doubt(about("a"), NOW));
        known.abandon(change);
        known.keep(began, "a", &Arc::new(1), later(ABANDONED_MS));
        assert_eq!(get(&known, "a"), None);
    }

    #[test]
    fn changes_of_others_are_forgotten_when_they_are_told() {
        let known = known();
        let began = known.begin();
        known.changed(about("a"));
        assert_eq!((get(&known, "a"), get(&known, "b")), (None, Some(2)));
        known.keep(began, "a", &Arc::new(1), NOW);
        known.keep(began, "c", &Arc::new(3), NOW);
        assert_eq!((get(&known, "a"), get(&known, "c")), (None, Some(3)));
        known.is_told_from_now_on();
        known.keep(began, "c", &Arc::new(3), NOW);
        assert_eq!((get(&known, "b"), get(&known, "c")), (None, None));
    }

    #[test]
    fn who_reads_for_long_keeps_nothing() {
        let known = known();
        let began = known.begin();
        for _ in 0..=REMEMBERED_MAX {
            known.changed(about("z"));
        }
        known.keep(began, "c", &Arc::new(3), NOW);
        assert_eq!(get(&known, "c"), None);
    }

    #[test]
    fn values_expire_while_nobody_tells_of_changes() {
        let known = known();
        assert!(known.get("a", later(5_000)).is_some());
        known.is_not_told();
        assert!(known.get("a", later(4_999)).is_some());
        assert!(known.get("a", later(5_000)).is_none());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let known = Known::new(50, 5_000);
        for at in 0..10_000 {
            known.keep(known.begin(), &at.to_string(), &Arc::new(at), NOW);
        }
        assert!(known.values.len() <= 100, "{}", known.values.len());
    }
}
