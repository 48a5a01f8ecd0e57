//! The one writer thread. Writes that wait at the same time share a transaction, and are acknowledged
//! after its commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::aside::Aside;
use super::connection::Connection;
use super::elsewhere::Others;
use super::failure::{closed, failure, overloaded, panicked};
use super::readers::{Job, answering};
use super::transaction::{self, Begin};
use super::verbs;
use crate::error::{Error, Result};
use crate::storage::{Change, Written};

/// Tasks that may wait.
const QUEUE_MAX: usize = 4_096;
/// Writes that share a transaction.
const GROUP_MAX: usize = 512;

/// What the writer does.
pub(super) enum Task {
    /// Changes that may share a transaction with others.
    Write(Vec<Change>, oneshot::Sender<Result<Vec<Written>>>),
    /// Something that begins and ends its own transaction.
    Alone(Job),
    /// A transaction that is held open for somebody.
    Begin(Begin),
}

/// Who is there besides the writer.
pub(super) struct Neighbours {
    /// In memory, who answers questions while a transaction is held open.
    pub(super) aside: Option<Aside>,
    /// Other processes that have the file open.
    pub(super) others: Option<Arc<Others>>,
}

/// The writer thread.
pub(super) struct Writer {
    tasks: Mutex<Option<SyncSender<Task>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, neighbours: Neighbours) -> Result<Self> {
        let (tasks, queue) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new().name("sqlite-write".to_owned());
        let thread = thread
            .spawn(move || serve(&queue, &connection, &neighbours))
            .map_err(Error::internal)?;
        Ok(Self { tasks: Mutex::new(Some(tasks)), thread: Mutex::new(Some(thread)) })
    }

    /// Makes changes.
    pub(super) async fn write(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        let (reply, answer) = oneshot::channel();
        self.send(Task::Write(changes, reply))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs a job between the groups.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = answering(job);
        self.send(Task::Alone(job))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Puts a task into the queue.
    pub(super) fn send(&self, task: Task) -> Result<()> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        match tasks.as_ref().ok_or_else(closed)?.try_send(task) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(overloaded()),
            Err(TrySendError::Disconnected(_)) => Err(closed()),
        }
    }

    /// Lets the thread finish what is waiting, and end.
    pub(super) fn stop(&self) -> Option<JoinHandle<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn serve(queue: &Receiver<Task>, connection: &Connection, neighbours: &Neighbours) {
    let mut next = queue.recv().ok();
    while let Some(task) = next {
        next = match task {
            Task::Write(changes, reply) => Group::run(connection, queue, &changes, reply),
            Task::Alone(job) => {
                job(connection);
                undo(connection);
                None
            }
            Task::Begin(begin) => {
                transaction::serve(connection, begin, neighbours);
                None
            }
        };
        if next.is_none() {
            next = queue.recv().ok();
        }
    }
}

/// Ends a transaction that was left open, and forgets what was seen in it.
pub(super) fn undo(connection: &Connection) {
    connection.sight().forget_after(0);
    if !connection.raw().is_autocommit() {
        // If it can not be undone, the next BEGIN says so.
        let _ = command(connection, "ROLLBACK");
    }
}

/// Runs a statement that only says where a transaction begins or ends.
pub(super) fn command(connection: &Connection, text: &'static str) -> rusqlite::Result<()> {
    connection.raw().prepare_cached(text)?.raw_execute().map(|_| ())
}

/// Runs a job in a transaction of its own.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    job: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<T> {
    command(connection, "BEGIN IMMEDIATE").map_err(failure)?;
    match job().and_then(|value| command(connection, "COMMIT").map(|()| value)) {
        Ok(value) => Ok(value),
        Err(cause) => {
            undo(connection);
            Err(failure(cause))
        }
    }
}

/// Makes changes inside a transaction: all of them, or none.
pub(super) fn write_all(connection: &Connection, changes: &[Change]) -> Result<Vec<Written>> {
    let seen = connection.sight().len();
    let written = all_or_none(connection, changes);
    if written.is_err() {
        connection.sight().forget_after(seen);
    }
    written
}

fn all_or_none(connection: &Connection, changes: &[Change]) -> Result<Vec<Written>> {
    if !verbs::is_compound(changes) {
        return verbs::write(connection, changes);
    }
    command(connection, "SAVEPOINT \"write\"").map_err(failure)?;
    let written = verbs::write(connection, changes);
    if written.is_err() && !connection.raw().is_autocommit() {
        command(connection, "ROLLBACK TO \"write\"").map_err(failure)?;
    }
    if !connection.raw().is_autocommit() {
        command(connection, "RELEASE \"write\"").map_err(failure)?;
    }
    written
}

type Reply = oneshot::Sender<Result<Vec<Written>>>;

/// Writes that share a transaction, with what became of them.
struct Group<'c> {
    connection: &'c Connection,
    done: Vec<(Reply, Result<Vec<Written>>)>,
    is_lost: bool,
}

impl<'c> Group<'c> {
    /// Begins with one write, takes in those that are waiting, commits and answers. Gives back a task that
    /// does not belong to the group.
    fn run(
        connection: &'c Connection,
        queue: &Receiver<Task>,
        changes: &[Change],
        reply: Reply,
    ) -> Option<Task> {
        if let Err(cause) = command(connection, "BEGIN IMMEDIATE") {
            // Whoever asked may be gone.
            let _ = reply.send(Err(failure(cause)));
            return None;
        }
        let mut group = Self { connection, done: Vec::new(), is_lost: false };
        group.add(changes, reply);
        let mut left = None;
        while !group.is_lost && group.done.len() < GROUP_MAX {
            match queue.try_recv() {
                Ok(Task::Write(changes, reply)) => group.add(&changes, reply),
                Ok(other) => {
                    left = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        group.finish();
        left
    }

    fn add(&mut self, changes: &[Change], reply: Reply) {
        let written = catch_unwind(AssertUnwindSafe(|| write_all(self.connection, changes)));
        // After a panic, or an error that ended the transaction, nothing of the group is certain.
        self.is_lost = written.is_err() || self.connection.raw().is_autocommit();
        self.done.push((reply, written.unwrap_or_else(|_| Err(panicked()))));
    }

    fn finish(self) {
        let committed = if self.is_lost {
            undo(self.connection);
            Err("another write of the same transaction ended it".to_owned())
        } else {
            command(self.connection, "COMMIT").map_err(|cause| cause.to_string())
        };
        match &committed {
            Ok(()) => self.connection.sight().tell(),
            Err(_) => undo(self.connection),
        }
        for (reply, written) in self.done {
            let answer = match (&committed, written) {
                (Err(cause), Ok(_)) => Err(Error::internal(cause.clone())),
                (_, written) => written,
            };
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        }
    }
}
