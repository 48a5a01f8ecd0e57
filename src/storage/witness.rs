//! Who hears of changes: a database tells one witness what became of each object of the classes that it watches.
//!
//! Whoever makes a change does nothing for that, and no way to make one leads past it. A change is told once, when it is
//! lasting, with the row exactly as it was before and as it is after. What was undone, or reached nothing, is not told;
//! nor is a change of which nobody knows whether it was made, because the connection to the database broke.
//!
//! What is not told either: that a class goes with all its objects, what other processes do, and what nobody sees: a
//! change of nothing but what the server keeps besides an object (how often a password was wrong).

use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::schema::ClassSchema;
use crate::storage::Update;
use crate::value::{ClassName, ObjectId, Stored};

/// Hears of changes.
pub trait Witness: Send + Sync {
    /// Whether it wants to hear of objects of a class. It is asked at every change.
    fn watches(&self, class: &ClassName) -> bool;

    /// Hears of a change. What became of one object is told in the order in which it happened. Until this returns nobody
    /// else may be served: it must not wait for anything.
    fn saw(&self, seen: Seen);
}

/// What became of an object.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its class.
    pub class: Arc<ClassSchema>,
    /// The row before, with all columns that anybody may read; nothing if the object is new.
    pub before: Option<Stored>,
    /// The row after; nothing if the object is gone.
    pub after: Option<Stored>,
}

/// An object, by its class and id.
pub(super) type ObjectKey = (ClassName, ObjectId);

/// The place of the witness of a database.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<OnceLock<Arc<dyn Witness>>>);

impl Watch {
    /// Takes a witness. The first one stays.
    pub(super) fn set(&self, witness: Arc<dyn Witness>) {
        // Nobody can wait for a second one.
        let _ = self.0.set(witness);
    }

    /// Whether somebody watches a class.
    pub(super) fn watches(&self, class: &ClassName) -> bool {
        self.0.get().is_some_and(|witness| witness.watches(class))
    }

    /// What is seen from now on.
    pub(super) fn sight(&self) -> Sight {
        Sight { watch: self.clone(), seen: Vec::new() }
    }
}

/// What was seen of changes that are not lasting yet.
#[derive(Default)]
pub(super) struct Sight {
    watch: Watch,
    seen: Vec<Seen>,
}

impl Sight {
    /// Whether somebody watches a class.
    pub(super) fn watches(&self, class: &ClassName) -> bool {
        self.watch.watches(class)
    }

    /// Takes note of a change.
    pub(super) fn note(
        &mut self,
        class: &Arc<ClassSchema>,
        before: Option<Stored>,
        after: Option<Stored>,
    ) {
        self.seen.push(Seen { class: Arc::clone(class), before, after });
    }

    /// Takes note of an update.
    pub(super) fn note_update(&mut self, update: &Update, before: Stored, after: Stored) {
        // Whoever saves an object is told of it even if nothing is another value than before.
        if update.now.is_some() || !is_same(&before, &after) {
            self.note(&update.class, Some(before), Some(after));
        }
    }

    /// How much was seen.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// The objects that were seen, under all the ids that they had, in an order.
    pub(super) fn keys(&self) -> Vec<ObjectKey> {
        let rows = |seen: &Seen| {
            let ids = [&seen.before, &seen.after]
                .map(|row| row.as_ref().map(|row| row.row(0).id().into()));
            ids.into_iter().flatten().map(|id| (seen.class.name.clone(), id)).collect::<Vec<_>>()
        };
        let mut keys: Vec<ObjectKey> = self.seen.iter().flat_map(rows).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Forgets what was seen after so much: it was undone.
    pub(super) fn forget_after(&mut self, seen: usize) {
        self.seen.truncate(seen);
    }

    /// Takes over what was seen elsewhere.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        self.seen.append(&mut other.seen);
    }

    /// Tells of everything: it is lasting.
    pub(super) fn tell(&mut self) {
        if self.seen.is_empty() {
            return;
        }
        let Some(witness) = self.watch.0.get() else { return };
        for seen in take(&mut self.seen) {
            // The writes go on, whatever happens to who hears of them.
            if catch_unwind(AssertUnwindSafe(|| witness.saw(seen))).is_err() {
                tracing::error!("the witness of changes panicked");
            }
        }
    }
}

/// Whether two rows of the same columns are the same.
fn is_same(before: &Stored, after: &Stored) -> bool {
    let (before, after) = (before.row(0), after.row(0));
    (0..before.layout().columns.len()).all(|column| before.cell(column) == after.cell(column))
}
