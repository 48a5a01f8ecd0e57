//! A transition of an object, as those see it who may see the same of it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::ops::read::Found;

/// What became of an object, as far as a question and its asker are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A new object meets the question.
    Create,
    /// An object that did not meet it does now.
    Enter,
    /// An object meets it as before, and has changed.
    Update,
    /// An object that met it does not any more.
    Leave,
    /// An object that met it is gone.
    Delete,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Create, Self::Enter, Self::Update, Self::Leave, Self::Delete];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Enter => "enter",
            Self::Update => "update",
            Self::Leave => "leave",
            Self::Delete => "delete",
        }
    }
}

/// A transition, with what is seen of the object.
#[derive(Debug)]
pub struct Shown {
    /// What became of the object.
    pub kind: Kind,
    /// The object after; before, if it is gone, or if whoever is told may not see it any more. One row.
    pub object: Found,
    /// The object before, if there was one that whoever is told could see. One row.
    pub original: Option<Found>,
    /// The fields that whoever is told wants; nothing for all.
    pub keys: Option<Arc<[String]>>,
    /// Where the event stands: whoever names this later gets what came after.
    pub sequence: Arc<str>,
    /// What doors made of it, each under a number of its own choice.
    encoded: Mutex<Vec<(u64, Bytes)>>,
    /// The same for what takes a while, and differs from caller to caller: by form and caller.
    shared: Mutex<Vec<Place>>,
}

/// A form and a caller, and what is made for them.
type Place = ((u64, u64), Arc<OnceCell<Bytes>>);

impl Shown {
    pub(super) fn new(
        kind: Kind,
        object: Found,
        original: Option<Found>,
        keys: Option<Arc<[String]>>,
        sequence: Arc<str>,
    ) -> Self {
        let (encoded, shared) = (Mutex::default(), Mutex::default());
        Self { kind, object, original, keys, sequence, encoded, shared }
    }

    /// What a door makes of it under a number, made once for all who are told.
    pub fn encoded(&self, form: u64, make: impl FnOnce(&Self) -> Bytes) -> Bytes {
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = encoded.iter().find(|(known, _)| *known == form) {
            return bytes.clone();
        }
        let bytes = make(self);
        encoded.push((form, bytes.clone()));
        bytes
    }

    /// The place for what a door makes of it under a number for one caller: it is made once, while all others wait.
    pub fn shared(&self, form: u64, audience: u64) -> Arc<OnceCell<Bytes>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = shared.iter().find(|(known, _)| *known == (form, audience)) {
            return Arc::clone(known);
        }
        let fresh = Arc::new(OnceCell::new());
        shared.push(((form, audience), Arc::clone(&fresh)));
        fresh
    }
}
