//! A transaction that is held open for somebody: it has a connection of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::failure::{Failed, closed, failure, gone, is_lost, silent, unsure};
use super::order::Order;
use super::pool::{Lease, Pool};
use super::runs::{Answer, Runs};
use super::verbs;
use crate::error::Result;
use crate::storage::sql::Statement;
use crate::storage::witness::{Sight, Watch};
use crate::storage::{Change, Tx, Written};

/// An open transaction. The database itself ends it when nothing was asked of it for as long as it may take, so that
/// its locks go even if this process hangs.
pub(super) struct PostgresTx {
    open: Mutex<Option<Open>>,
    /// Whether it is over because its connection is gone, so that the database has undone it.
    is_lost: AtomicBool,
    deadline: Instant,
    statements: Arc<AtomicU64>,
    watch: Watch,
    order: Arc<Order>,
}

struct Open {
    lease: Lease,
    /// What was seen of changes.
    sight: Sight,
    /// Whether a statement failed without being undone: nothing can be made lasting any more.
    is_broken: bool,
}

impl PostgresTx {
    /// Starts a transaction.
    pub(super) async fn begin(
        pool: &Pool,
        timeout_ms: u64,
        statements: Arc<AtomicU64>,
        (watch, order): (Watch, Arc<Order>),
    ) -> sqlx::Result<Self> {
        let timeout_ms = timeout_ms.clamp(1, i32::MAX as u64);
        let statement_ms = match pool.statement_timeout_ms() {
            Some(ms) if ms < timeout_ms => ms,
            Some(_) | None => timeout_ms,
        };
        let begin = format!(
            "BEGIN; SET LOCAL statement_timeout = {statement_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {timeout_ms}"
        );
        let lease = pool.begin(begin).await?;
        let deadline = Instant::now() + Duration::from_millis(timeout_ms);
        let open = Open { lease, sight: watch.sight(), is_broken: false };
        let is_lost = AtomicBool::new(false);
        Ok(Self { open: Mutex::new(Some(open)), is_lost, deadline, statements, watch, order })
    }

    /// The transaction, if it is still open and in time.
    async fn open(&self) -> std::result::Result<MutexGuard<'_, Option<Open>>, Failed> {
        let mut open = self.open.lock().await;
        if Instant::now() >= self.deadline {
            *open = None;
            return Err(Failed::Late);
        }
        match *open {
            Some(_) => Ok(open),
            None if self.is_lost.load(Ordering::Relaxed) => Err(Failed::Statement(gone())),
            None => Err(Failed::Over),
        }
    }

    /// What became of a job; if it took too long, or the connection is lost, the transaction is over.
    fn judge<T>(
        &self,
        open: &mut Option<Open>,
        outcome: std::result::Result<sqlx::Result<T>, Elapsed>,
    ) -> std::result::Result<T, Failed> {
        match outcome {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(cause)) if is_lost(&cause) => {
                *open = None;
                self.is_lost.store(true, Ordering::Relaxed);
                if Instant::now() >= self.deadline {
                    Err(Failed::Late)
                } else {
                    Err(Failed::Statement(cause))
                }
            }
            Ok(Err(cause)) => Err(Failed::Statement(cause)),
            Err(_) => {
                *open = None;
                Err(Failed::Late)
            }
        }
    }
}

impl Runs for PostgresTx {
    async fn ask<A: Answer>(
        &self,
        statement: &Statement,
        answer: impl Fn() -> A + Send + Sync,
    ) -> std::result::Result<A, Failed> {
        let mut open = self.open().await?;
        let Some(Open { lease, is_broken, .. }) = open.as_mut() else {
            return Err(Failed::Over);
        };
        let mut connection = Connection::new(lease.raw(), &self.statements, None);
        let outcome = timeout_at(self.deadline, connection.ask(statement, answer())).await;
        *is_broken |= matches!(outcome, Ok(Err(_)));
        self.judge(&mut open, outcome)
    }

    async fn make(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        let mut open = self.open().await?;
        let Some(Open { lease, sight, is_broken }) = open.as_mut() else { return Err(closed()) };
        let mut connection = Connection::new(lease.raw(), &self.statements, None);
        let mut seen = self.watch.sight();
        let make = async {
            let _turns = self.order.turns(&changes, sight).await;
            connection.run("SAVEPOINT changes".to_owned()).await?;
            match verbs::write(&mut connection, &changes, &mut seen).await {
                Ok(written) => {
                    connection.run("RELEASE SAVEPOINT changes".to_owned()).await?;
                    sight.take_over(&mut seen);
                    Ok(written)
                }
                Err(cause) => {
                    let undo = "ROLLBACK TO SAVEPOINT changes; RELEASE SAVEPOINT changes";
                    // If the connection is gone, so is the transaction; the first cause is what counts.
                    *is_broken |= connection.run(undo.to_owned()).await.is_err();
                    Err(cause)
                }
            }
        };
        let outcome = timeout_at(self.deadline, make).await;
        Ok(self.judge(&mut open, outcome)?)
    }
}

#[async_trait]
impl Tx for PostgresTx {
    async fn commit(&self) -> Result<()> {
        let Open { lease, mut sight, is_broken } = self.take().await?;
        if is_broken {
            // The database would answer a commit with a silent rollback.
            let _ = timeout_at(self.deadline, lease.roll_back()).await;
            return Err(closed());
        }
        let place = self.order.place(&sight);
        // Whoever stops waiting here does not know what became of it.
        let committed = timeout_at(self.deadline, lease.commit()).await;
        committed.unwrap_or_else(|_| Err(unsure(silent()))).map_err(failure)?;
        place.tell(&mut sight).await;
        Ok(())
    }

    async fn rollback(&self) -> Result<()> {
        let lease = match self.take().await {
            Ok(open) => open.lease,
            // Whoever undoes it in vain has what he wants, and should tell of what went wrong before.
            Err(Failed::Statement(_)) => return Ok(()),
            Err(failed) => return Err(failed.into()),
        };
        Ok(self.judge(&mut None, timeout_at(self.deadline, lease.roll_back()).await)?)
    }
}

impl PostgresTx {
    async fn take(&self) -> std::result::Result<Open, Failed> {
        self.open().await?.take().ok_or(Failed::Over)
    }
}
