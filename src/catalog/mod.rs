//! The class schemas in force: one immutable snapshot behind an atomic pointer.
//!
//! Readers take the snapshot and never wait. Changes are made one after the other: storage makes the change
//! lasting under a version check, then the new snapshot is swapped in, then whoever derives something from
//! the snapshot (the GraphQL schema) is told. This room never decides whether a caller may change a class.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use crate::access::WriteAccess;
use crate::error::{Error, Result};
use crate::schema::{ClassChange, ClassSchema, Snapshot};
use crate::storage::{ClassChanged, Storage};

/// How often a change is decided again because somebody else changed classes in between.
const ATTEMPTS_MAX: usize = 16;

/// The classes in force.
pub struct Catalog {
    storage: Arc<dyn Storage>,
    current: ArcSwap<Snapshot>,
    changing: Mutex<()>,
    version: watch::Sender<u64>,
}

impl Catalog {
    /// Loads the classes from storage.
    pub async fn open(storage: Arc<dyn Storage>) -> Result<Self> {
        let snapshot = storage.load().await?;
        let version = watch::Sender::new(snapshot.version());
        Ok(Self {
            storage,
            current: ArcSwap::from_pointee(snapshot),
            changing: Mutex::new(()),
            version,
        })
    }

    /// The classes in force now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Tells of every new version.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Makes a change. `decide` looks at the classes in force and says what to change, or that nothing is
    /// left to do; it is asked again if they changed in between.
    pub async fn change<F>(&self, _: WriteAccess, decide: F) -> Result<Arc<Snapshot>>
    where
        F: Fn(&Snapshot) -> Result<Option<ClassChange>> + Send + Sync,
    {
        let _turn = self.changing.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let current = self.snapshot();
            let Some(change) = decide(&current)? else { return Ok(current) };
            let change = Arc::new(change);
            match self.storage.change_class(current.version(), Arc::clone(&change)).await? {
                ClassChanged::To(version) => {
                    return Ok(self.publish(applied(&current, &change, version)));
                }
                ClassChanged::Stale => {
                    self.publish(self.storage.load().await?);
                }
            }
        }
        Err(Error::internal("classes change faster than this change can be made"))
    }

    fn publish(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot);
        self.current.store(Arc::clone(&snapshot));
        self.version.send_replace(snapshot.version());
        snapshot
    }
}

fn applied(current: &Snapshot, change: &ClassChange, version: u64) -> Snapshot {
    match (&change.after, &change.before) {
        (Some(after), _) => current.with(version, ClassSchema::clone(after)),
        (None, Some(before)) => current.without(version, &before.name),
        (None, None) => current.clone(),
    }
}
