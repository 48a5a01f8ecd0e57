//! Who a session token names at this moment. An event is told as soon as it is lasting, and may be told before whoever
//! made the change behind it has said what that makes void: a role that was taken from somebody and an object that its
//! holders may read can change together. So what a change that is under way is about does not count as known here.

use super::sessions::in_force;
use super::{Auth, Identified};
use crate::error::Result;
use crate::schema::Snapshot;
use crate::storage::Storage;
use crate::value::Date;

impl Auth {
    /// Whom a session token names, if that is known and the session is not over; nothing asks the database.
    pub fn recall(&self, token: &str, now: Date) -> Option<Identified> {
        let session = in_force(self.sessions.known.certain(token, now)?, now).ok()?;
        let user = self.roles.known.certain(&session.user, now)?.identity();
        Some(Identified { session, user })
    }

    /// Whom a session token names. Error 209 if nobody, or if the session is over. Asks the database for what is not
    /// known: at most three statements.
    pub async fn recognize(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        token: &str,
        now: Date,
    ) -> Result<Identified> {
        let session = match self.sessions.known.certain(token, now) {
            Some(session) => in_force(session, now)?,
            None => self.sessions.anew(storage, snapshot, token, now).await?,
        };
        let user = match self.roles.known.certain(&session.user, now) {
            Some(grants) => grants.identity(),
            None => self.roles.anew(storage, snapshot, &session.user, now).await?,
        };
        Ok(Identified { session, user })
    }

    /// Tells whenever sessions may have ended.
    pub fn session_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.ended.subscribe()
    }

    pub(super) fn sessions_changed(&self) {
        self.ended.send_modify(|changes| *changes += 1);
    }
}
