//! What other processes do in the same file. SQLite tells nobody, but `PRAGMA data_version` of the connection
//! that writes changes when, and only when, another process has committed something. What it was is not said.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::classes;
use super::connection::Connection;
use super::failure::failure;
use super::writer::Writer;
use crate::error::Result;
use crate::storage::{Elsewhere, Tell};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What `data_version` never is.
const NOT_SEEN: i64 = -1;

/// What was seen of others.
pub(super) struct Others {
    data_version: AtomicI64,
    /// The version of the classes after the last thing that others did.
    classes: watch::Sender<u64>,
}

impl Others {
    /// Nothing was seen yet.
    pub(super) fn new() -> Self {
        Self { data_version: AtomicI64::new(NOT_SEEN), classes: watch::Sender::new(0) }
    }

    /// Looks whether others did anything, on the connection that writes. While it holds a transaction open
    /// they can not.
    pub(super) fn look(&self, connection: &Connection) -> rusqlite::Result<()> {
        let now: i64 = {
            let mut look = connection.raw().prepare_cached("PRAGMA data_version")?;
            look.query_row([], |row| row.get(0))?
        };
        let seen = self.data_version.load(Ordering::Relaxed);
        if now != seen {
            let version = classes::version(connection.raw())?;
            self.data_version.store(now, Ordering::Relaxed);
            if seen != NOT_SEEN {
                self.classes.send_replace(version);
            }
        }
        Ok(())
    }
}

/// Tells what others do, by and by.
pub(super) async fn listen(others: &Arc<Others>, writer: &Writer, tell: Tell<'_>) {
    let mut news = others.classes.subscribe();
    let mut is_silent = true;
    loop {
        let looked = look(others, writer).await;
        match (&looked, is_silent) {
            (Ok(()), true) => tell(Elsewhere::Everything),
            (Ok(()), false) | (Err(_), true) => {}
            (Err(cause), false) => {
                tracing::warn!(cause = %cause.log_text(), "what other processes do can not be seen");
                tell(Elsewhere::Silence);
            }
        }
        is_silent = looked.is_err();
        // Who opens a transaction looks, too, so that there may be news before it is time to look again.
        if let Ok(Ok(())) = tokio::time::timeout(LOOK_EVERY, news.changed()).await {
            let version = *news.borrow_and_update();
            tell(Elsewhere::Classes(version));
            tell(Elsewhere::AllSessions);
            tell(Elsewhere::AllRoles);
        }
    }
}

async fn look(others: &Arc<Others>, writer: &Writer) -> Result<()> {
    let others = Arc::clone(others);
    writer.run(move |connection| others.look(connection).map_err(failure)).await
}
