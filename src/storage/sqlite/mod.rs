//! The embedded database: SQLite in one file, or in memory.
//!
//! Reads run on several threads with a connection each; all writes go to one thread, which commits those
//! that wait together. A write is acknowledged after its commit, and every read that begins later sees it.
//! Nothing outside of this room knows the driver.

mod aside;
mod blobs;
mod changes;
mod classes;
mod computed;
mod connection;
mod elsewhere;
mod failure;
mod functions;
mod inspect;
mod json_text;
mod near;
mod readers;
mod runs;
#[cfg(test)]
mod tests;
mod transaction;
mod verbs;
mod watched;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

pub use connection::Synchronous;
pub use inspect::{FileFacts, inspect};

use self::aside::Aside;
use self::connection::Connection;
use self::elsewhere::Others;
use self::failure::{closed, failure};
use self::near::Near;
use self::readers::Readers;
use self::runs::Runs;
use self::transaction::Begin;
use self::writer::{Neighbours, Task, Writer, in_transaction};
use super::sql::account_index;
use super::witness::Watch;
use super::{Change, ClassChanged, Elsewhere, RolesOf, Storage, Tell, Tx, Witness, Written};
use crate::access::{Allowed, WriteAccess};
use crate::error::{Error, Result};
use crate::schema::{ClassChange, ClassSchema, Snapshot};
use crate::value::ObjectId;

/// Reader threads, at most.
const READERS_MAX: usize = 64;
/// Connections for questions that are answered where they are asked, at most.
const NEAR_MAX: usize = 8;

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file, which is made if it does not exist.
    File(PathBuf),
    /// In memory, as long as it is open.
    Memory,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Where it is.
    pub location: Location,
    /// How many threads read; at least one.
    pub readers: usize,
    /// What a commit waits for.
    pub synchronous: Synchronous,
}

/// An open database.
pub struct SqliteStorage {
    reads: Reads,
    writer: Writer,
    /// Other processes that have the file open; nobody else has a database in memory.
    others: Option<Arc<Others>>,
    statements: Arc<AtomicU64>,
    watch: Watch,
}

/// Who answers questions outside of transactions.
enum Reads {
    /// Threads of their own; and, for questions that take microseconds, connections that whoever asks uses
    /// himself if one is free.
    Threads(Readers, Near),
    /// In memory, the writer: there is only one connection. While it is busy with a transaction that is held
    /// open, a copy of the database answers.
    Writer(Aside),
}

impl SqliteStorage {
    /// Opens a database and starts its threads.
    pub fn open(options: SqliteOptions) -> Result<Arc<Self>> {
        let SqliteOptions { location, readers, synchronous } = options;
        let statements = Arc::new(AtomicU64::new(0));
        match location {
            Location::Memory => Self::open_memory(statements),
            Location::File(path) => {
                let open = || Connection::open_file(&path, synchronous, Arc::clone(&statements));
                Self::open_file(open, readers, Arc::clone(&statements))
            }
        }
    }

    fn open_file(
        open: impl Fn() -> rusqlite::Result<Connection>,
        readers: usize,
        statements: Arc<AtomicU64>,
    ) -> Result<Arc<Self>> {
        let connection = open().map_err(failure)?;
        classes::prepare(&connection)?;
        let read_only = |count: usize| {
            let connections = (0..count).map(|_| open()?.read_only());
            connections.collect::<rusqlite::Result<Vec<Connection>>>().map_err(failure)
        };
        let near = Near::new(read_only(readers.clamp(1, NEAR_MAX))?);
        let readers = Readers::start(read_only(readers.clamp(1, READERS_MAX))?)?;
        let others = Arc::new(Others::new());
        let neighbours = Neighbours { aside: None, others: Some(Arc::clone(&others)) };
        let watch = Watch::default();
        let connection = connection.watched(&watch);
        let (reads, writer) =
            (Reads::Threads(readers, near), Writer::start(connection, neighbours)?);
        Ok(Arc::new(Self { reads, writer, others: Some(others), statements, watch }))
    }

    fn open_memory(statements: Arc<AtomicU64>) -> Result<Arc<Self>> {
        let connection = Connection::open_memory(Arc::clone(&statements)).map_err(failure)?;
        classes::prepare(&connection)?;
        let aside = Aside::default();
        let neighbours = Neighbours { aside: Some(aside.clone()), others: None };
        let watch = Watch::default();
        let writer = Writer::start(connection.watched(&watch), neighbours)?;
        Ok(Arc::new(Self { reads: Reads::Writer(aside), writer, others: None, statements, watch }))
    }
}

impl Runs for SqliteStorage {
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.reads {
            Reads::Threads(readers, _) => readers.run(job).await,
            Reads::Writer(aside) => match aside.readers() {
                Some(readers) => readers.run(job).await,
                None => self.writer.run(job).await,
            },
        }
    }

    fn read_near<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        match &self.reads {
            Reads::Threads(_, near) => near.run(job),
            Reads::Writer(_) => None,
        }
    }

    async fn make(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        self.writer.write(changes).await
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn load(&self) -> Result<Snapshot> {
        self.read(classes::load).await
    }

    async fn change_class(&self, version: u64, change: Arc<ClassChange>) -> Result<ClassChanged> {
        let job = move |connection: &Connection| {
            in_transaction(connection, || classes::change(connection, version, &change))?
        };
        self.writer.run(job).await
    }

    async fn guard_accounts(&self, providers: &[&str]) -> Result<()> {
        let statements: Vec<String> =
            providers.iter().filter_map(|provider| account_index(provider)).collect();
        let job = move |connection: &Connection| {
            let make = |sql: &String| connection.raw().execute_batch(sql).map_err(failure);
            statements.iter().try_for_each(make)
        };
        self.writer.run(job).await
    }

    async fn purge(&self, class: Arc<ClassSchema>, _: WriteAccess) -> Result<()> {
        let job = move |connection: &Connection| {
            let statements = super::sql::purge(&super::sql::Sqlite, &class);
            in_transaction(connection, || {
                statements.iter().try_for_each(|purge| connection.execute(purge).map(|_| ()))
            })
        };
        self.writer.run(job).await
    }

    async fn begin(&self, timeout_ms: u64) -> Result<Box<dyn Tx>> {
        let (reply, answer) = oneshot::channel();
        self.writer
            .send(Task::Begin(Begin { timeout: Duration::from_millis(timeout_ms), reply }))?;
        let transaction = answer.await.unwrap_or_else(|_| Err(closed()))?;
        Ok(Box::new(transaction))
    }

    async fn roles_of(&self, question: Allowed<RolesOf>) -> Result<Vec<(ObjectId, String)>> {
        self.read(move |connection| verbs::roles_of(connection, &question)).await
    }

    fn watch(&self, witness: Arc<dyn Witness>) {
        self.watch.set(witness);
    }

    async fn listen(&self, tell: Tell<'_>) {
        match &self.others {
            Some(others) => elsewhere::listen(others, &self.writer, tell).await,
            None => {
                tell(Elsewhere::Everything);
                std::future::pending().await
            }
        }
    }

    async fn ping(&self) -> Result<()> {
        self.read(|connection| {
            connection.raw().query_row("SELECT 1", [], |_| Ok(())).map_err(failure)
        })
        .await
    }

    fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn close(&self) -> Result<()> {
        // The writer's connection is the one that cleans up: it is closed when no other is open any more. Two that are
        // closed at the same moment would each leave it to the other.
        let readers = match &self.reads {
            Reads::Threads(readers, near) => {
                near.close();
                readers.stop()
            }
            Reads::Writer(_) => Vec::new(),
        };
        ended(readers).await?;
        ended(self.writer.stop()).await
    }
}

/// Waits for threads that were told to stop.
async fn ended(threads: impl IntoIterator<Item = JoinHandle<()>> + Send + 'static) -> Result<()> {
    // A thread that panicked has nothing left to say.
    let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
    tokio::task::spawn_blocking(join).await.map_err(Error::internal)
}
