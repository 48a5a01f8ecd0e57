//! The class schemas in force: one immutable snapshot behind an atomic pointer.
//!
//! Readers take the snapshot and never wait. Changes are made one after the other: storage makes the change
//! lasting under a version check, then the new snapshot is swapped in, then whoever derives something from
//! the snapshot (the GraphQL schema) is told. What other processes change is loaded when it is heard of, or
//! when a request finds that its snapshot is old. This room never decides whether a caller may change a class.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use crate::access::WriteAccess;
use crate::error::{Code, Error, Result};
use crate::schema::{ClassChange, ClassSchema, Snapshot};
use crate::storage::{ClassChanged, Storage};

/// How often a change is decided again because somebody else changed classes in between. Another server that has many
/// changes to make knows the last version better and is faster every time, until it has made them all.
const ATTEMPTS_MAX: usize = 1_000;

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

    /// The classes in force after those of a version, which somebody found to be old: loaded now, unless
    /// others are in force here already.
    pub async fn after(&self, version: u64) -> Result<Arc<Snapshot>> {
        let _turn = self.changing.lock().await;
        let current = self.snapshot();
        match current.version() == version {
            true => self.load().await,
            false => Ok(current),
        }
    }

    /// Takes over what other processes changed.
    pub async fn reload(&self) -> Result<Arc<Snapshot>> {
        let _turn = self.changing.lock().await;
        self.load().await
    }

    /// The same, unless the classes in force already have this version: a change of this process, which is told like
    /// those of others, may be heard of before it is in force here.
    pub async fn reload_until(&self, version: u64) -> Result<Arc<Snapshot>> {
        let _turn = self.changing.lock().await;
        let current = self.snapshot();
        if current.version() >= version { Ok(current) } else { self.load().await }
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
                ClassChanged::Stale => drop(self.load().await?),
                ClassChanged::NotEmpty(count) => return Err(not_empty(&change, count)),
            }
        }
        Err(Error::internal("classes change faster than this change can be made"))
    }

    /// Loads the classes in force; whoever calls has his turn.
    async fn load(&self) -> Result<Arc<Snapshot>> {
        let current = self.snapshot();
        let stored = self.storage.load().await?;
        match stored.version() == current.version() {
            true => Ok(current),
            false => Ok(self.publish(stored.sharing(&current))),
        }
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

fn not_empty(change: &ClassChange, count: u64) -> Error {
    let class = change.class_name().map_or("", |name| name.as_str());
    Error::new(
        Code::InvalidSchemaOperation,
        format!("Class {class} is not empty, contains {count} objects, cannot drop schema."),
    )
}
