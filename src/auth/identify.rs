//! From a session token to who it is.

use std::sync::Arc;

use super::{Auth, Session};
use crate::access::UserIdentity;
use crate::error::Result;
use crate::schema::Snapshot;
use crate::storage::Storage;
use crate::value::{Date, ObjectId};

/// A user whom a session token named.
#[derive(Clone, Debug)]
pub struct Identified {
    /// His session.
    pub session: Arc<Session>,
    /// The user with all his roles.
    pub user: Arc<UserIdentity>,
}

impl Auth {
    /// Whom a session token names. Error 209 if nobody, or if the session is over. Asks the database for
    /// what is not known: at most three statements.
    pub async fn identify(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        token: &str,
        now: Date,
    ) -> Result<Identified> {
        let session = self.sessions.of_token(storage, snapshot, token, now).await?;
        let user = self.identity(storage, snapshot, &session.user, now).await?;
        Ok(Identified { session, user })
    }

    /// A user with all his roles.
    pub async fn identity(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        user: &ObjectId,
        now: Date,
    ) -> Result<Arc<UserIdentity>> {
        self.roles.identity(storage, snapshot, user, now).await
    }
}
