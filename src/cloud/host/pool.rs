//! The hosts that may be asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::member::Member;
use crate::cloud::worker::Purpose;

/// The members that are ready.
#[derive(Default)]
pub(super) struct Pool {
    members: Mutex<Vec<Arc<Member>>>,
    changed: watch::Sender<u64>,
}

impl Pool {
    fn locked(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All members.
    pub(super) fn members(&self) -> Vec<Arc<Member>> {
        self.locked().clone()
    }

    /// Whether this one is a member.
    pub(super) fn has(&self, member: &Arc<Member>) -> bool {
        self.locked().iter().any(|known| Arc::ptr_eq(known, member))
    }

    /// The member that has least to do, of those that answer what is asked.
    pub(super) fn choose(&self, purpose: Option<&Purpose>) -> Option<Arc<Member>> {
        let members = self.locked();
        let able = members.iter().filter(|member| {
            !member.connection.is_closed() && purpose.is_none_or(|purpose| member.knows(purpose))
        });
        able.min_by_key(|member| member.load()).cloned()
    }

    /// Waits for one that answers what is asked.
    pub(super) async fn wait_for(&self, purpose: Option<&Purpose>) -> Arc<Member> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(member) = self.choose(purpose) {
                return member;
            }
            // The sender lives as long as this pool.
            let _ = changed.changed().await;
        }
    }

    pub(super) fn add(&self, member: Arc<Member>) {
        self.locked().push(member);
        self.changed.send_modify(|version| *version += 1);
    }

    pub(super) fn remove(&self, member: &Arc<Member>) {
        self.locked().retain(|known| !Arc::ptr_eq(known, member));
    }

    /// Puts new members in the place of all that there are, and gives those.
    pub(super) fn replace(&self, members: Vec<Arc<Member>>) -> Vec<Arc<Member>> {
        let old = std::mem::replace(&mut *self.locked(), members);
        self.changed.send_modify(|version| *version += 1);
        old
    }
}
