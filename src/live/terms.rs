//! What a subscriber asks for.

use std::sync::Arc;

use super::shown::Kind;
use crate::query::Filter;

/// On whose behalf a subscription asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Nobody in particular.
    Public,
    /// The holder of the master key.
    Master,
    /// The user of a session, by its token.
    Session(Arc<str>),
}

/// What a subscription asks for.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The class.
    pub class: String,
    /// Which of its objects.
    pub filter: Filter,
    /// The fields that are wanted, with those that every answer has; nothing for all.
    pub keys: Option<Vec<String>>,
    /// The fields of which one must have changed for an update to be told; nothing for any.
    pub watch: Option<Vec<String>>,
    /// The transitions that are told.
    pub kinds: Kinds,
    /// What the subscriber knows already, if he comes back: the sequence of the last event that he got, or that of his
    /// subscription.
    pub after: Option<String>,
}

/// Some of the transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// All of them.
    pub const ALL: Self = Self(0b1_1111);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// The same with one more.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | (1 << kind as u8))
    }

    /// Whether it is one of them.
    pub fn include(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// What came of a subscription.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// Where events stand now: whoever names this later gets what came after.
    pub sequence: Arc<str>,
    /// Whether what the subscriber missed is on its way. Otherwise he has to ask for the objects anew, if he named a
    /// sequence at all.
    pub is_resumed: bool,
}
