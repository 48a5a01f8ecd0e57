//! The roles of users: all that a user has, directly and through roles that contain roles, known by user.

use std::sync::Arc;

use super::known::Known;
use crate::access::{Plan, UserIdentity};
use crate::error::Result;
use crate::schema::Snapshot;
use crate::storage::{RolesOf, Storage};
use crate::value::{Date, ObjectId};

/// The cache of roles.
pub struct Roles {
    pub(super) known: Known<Grants>,
}

impl Grants {
    /// The user with all his roles.
    pub(super) fn identity(&self) -> Arc<UserIdentity> {
        Arc::clone(&self.identity)
    }
}

/// What a user is, and by which roles.
pub(super) struct Grants {
    identity: Arc<UserIdentity>,
    /// All roles that he has, however he came to them.
    pub(super) roles: Vec<ObjectId>,
}

impl Roles {
    /// Knows the roles of at most about `users_max` users; for at most `ttl_ms` milliseconds, while not
    /// every writer says what he changed.
    pub fn new(users_max: usize, ttl_ms: i64) -> Self {
        Self { known: Known::new(users_max, ttl_ms) }
    }

    /// A user with all his roles. If they are not known, one statement asks for them.
    pub(super) async fn identity(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        user: &ObjectId,
        now: Date,
    ) -> Result<Arc<UserIdentity>> {
        match self.known.get(user, now) {
            Some(grants) => Ok(grants.identity()),
            None => self.anew(storage, snapshot, user, now).await,
        }
    }

    /// The same, whatever is known.
    pub(super) async fn anew(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        user: &ObjectId,
        now: Date,
    ) -> Result<Arc<UserIdentity>> {
        let began = self.known.begin();
        let found = match snapshot.class("_Role") {
            Some(class) => {
                let question = RolesOf { class: Arc::clone(class), user: user.clone() };
                storage.roles_of(Plan::server(class).allow_fixed(question)).await?
            }
            None => Vec::new(),
        };
        let (roles, names) = found.into_iter().unzip();
        let identity = Arc::new(UserIdentity::new(user.clone(), names));
        let grants = Arc::new(Grants { identity: Arc::clone(&identity), roles });
        self.known.keep(began, user, &grants, now);
        Ok(identity)
    }
}
