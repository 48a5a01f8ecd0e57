//! A transaction that is held open for somebody: the writer thread serves nobody else until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::connection::Connection;
use super::failure::{closed, failure, overloaded, timed_out};
use super::readers::{Job, answering};
use super::runs::Runs;
use super::writer::{Neighbours, command, undo, write_all};
use crate::error::{Error, Result};
use crate::storage::{Change, Tx, Written};

/// Jobs of one transaction that may wait.
const QUEUE_MAX: usize = 256;

/// Asks for a transaction.
pub(super) struct Begin {
    /// How long it may take.
    pub(super) timeout: Duration,
    /// Where the transaction is handed over.
    pub(super) reply: oneshot::Sender<Result<SqliteTx>>,
}

enum Step {
    Run(Job),
    End(&'static str, oneshot::Sender<Result<()>>),
}

/// An open transaction.
pub(super) struct SqliteTx {
    steps: SyncSender<Step>,
    is_late: Arc<AtomicBool>,
}

/// Holds a transaction open until it is ended, dropped or too late.
pub(super) fn serve(connection: &Connection, begin: Begin, neighbours: &Neighbours) {
    let Neighbours { aside, others } = neighbours;
    let began = aside.as_ref().map_or(Ok(()), |aside| aside.open(connection));
    let began = began.and_then(|()| command(connection, "BEGIN IMMEDIATE").map_err(failure));
    if let (Ok(()), Some(others)) = (&began, others)
        && let Err(cause) = others.look(connection)
    {
        tracing::warn!(%cause, "what other processes do can not be seen");
    }
    let (steps, queue) = sync_channel(QUEUE_MAX);
    let is_late = Arc::new(AtomicBool::new(false));
    let deadline = Instant::now() + begin.timeout;
    let transaction = began.map(|()| SqliteTx { steps, is_late: Arc::clone(&is_late) });
    let end = match begin.reply.send(transaction) {
        Ok(()) => follow(connection, &queue, deadline),
        Err(_) => End::Dropped,
    };
    is_late.store(matches!(end, End::Late), Ordering::Release);
    let result = match &end {
        End::Asked(word, _) => command(connection, word).map_err(failure),
        End::Dropped | End::Late => Ok(()),
    };
    if !matches!((&end, &result), (End::Asked("COMMIT", _), Ok(()))) {
        undo(connection);
    }
    if let Some(aside) = aside {
        aside.close();
    }
    // Whoever hears of it finds it when he asks: of what was undone nothing is left to tell.
    connection.sight().tell();
    if let End::Asked(_, reply) = end {
        // Whoever asked may be gone.
        let _ = reply.send(result);
    }
}

/// How a transaction ends.
enum End {
    /// By `COMMIT` or `ROLLBACK`.
    Asked(&'static str, oneshot::Sender<Result<()>>),
    /// Nobody has it any more, or a statement ended it by failing.
    Dropped,
    /// Time ran out.
    Late,
}

/// Takes steps until the transaction ends.
fn follow(connection: &Connection, queue: &Receiver<Step>, deadline: Instant) -> End {
    // A statement can end a transaction by failing (a full disk): what follows must not run outside of it.
    while !connection.raw().is_autocommit() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return End::Late;
        }
        match queue.recv_timeout(left) {
            Ok(Step::Run(job)) => job(connection),
            Ok(Step::End(word, reply)) => return End::Asked(word, reply),
            Err(RecvTimeoutError::Disconnected) => return End::Dropped,
            Err(RecvTimeoutError::Timeout) => return End::Late,
        }
    }
    End::Dropped
}

impl Runs for SqliteTx {
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = answering(job);
        self.send(Step::Run(job))?;
        answer.await.unwrap_or_else(|_| Err(self.over()))
    }

    async fn make(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        self.read(move |connection| write_all(connection, &changes)).await
    }
}

#[async_trait]
impl Tx for SqliteTx {
    async fn commit(&self) -> Result<()> {
        self.end("COMMIT").await
    }

    async fn rollback(&self) -> Result<()> {
        self.end("ROLLBACK").await
    }
}

impl SqliteTx {
    async fn end(&self, word: &'static str) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Step::End(word, reply))?;
        answer.await.unwrap_or_else(|_| Err(self.over()))
    }

    fn send(&self, step: Step) -> Result<()> {
        match self.steps.try_send(step) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(overloaded()),
            Err(TrySendError::Disconnected(_)) => Err(self.over()),
        }
    }

    fn over(&self) -> Error {
        if self.is_late.load(Ordering::Acquire) { timed_out() } else { closed() }
    }
}
