//! PostgreSQL, in the storage layout of the original, so that either server can serve the other's database.
//!
//! A verb is one statement on one connection of a pool, prepared once per connection. Changes that need several
//! statements run in a transaction. Reads that lose their connection are asked once more on another one; a change
//! that loses it is an error, because nobody knows whether it was made. Nothing outside of this room knows the driver.

mod blobs;
mod catalogue;
mod cells;
mod classes;
mod connection;
mod failure;
mod inserts;
mod inspect;
mod listen;
mod mend;
mod options;
mod order;
mod parameters;
mod pool;
mod runs;
#[cfg(test)]
mod tests;
mod transaction;
mod verbs;
mod version;
mod watched;

pub use inspect::inspect;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use self::connection::Connection;
use self::failure::{
    Failed, failure, is_busy, is_lost, is_overtaken, is_replanned, is_silent, is_undone, unsure,
};
use self::inserts::Inserts;
use self::listen::Line;
use self::order::Order;
use self::pool::{Lease, Pool};
use self::runs::{Answer, Runs};
use super::sql::{self, Postgres, Statement};
use super::witness::Watch;
use super::{Change, ClassChanged, RolesOf, Storage, Tell, Tx, Witness, Written};
use crate::access::{Allowed, WriteAccess};
use crate::error::{Code, Error, Result};
use crate::options::PostgresAddress;
use crate::schema::{ClassChange, ClassSchema, Snapshot};
use crate::value::ObjectId;

/// How often changes are made again that were undone because they stood in the way of others.
const ATTEMPTS_MAX: usize = 5;
/// How long all rows of a table may take: as long as nobody would call it hanging.
const LEISURE: Duration = Duration::from_secs(60 * 60);

/// An open database.
pub struct PostgresStorage {
    pool: Pool,
    inserts: Inserts,
    line: Line,
    statements: Arc<AtomicU64>,
    watch: Watch,
    order: Arc<Order>,
}

impl PostgresStorage {
    /// Connects, and makes the tables that every database has.
    pub async fn open(address: &PostgresAddress) -> Result<Arc<Self>> {
        let statements = Arc::new(AtomicU64::new(0));
        let server = server_name();
        let pool = Pool::open(address, &server);
        let line = Line { database: pool.address(), server };
        let storage = Arc::new(Self {
            pool,
            inserts: Inserts::default(),
            line,
            statements,
            watch: Watch::default(),
            order: Arc::default(),
        });
        let prepared = async {
            storage.again(|| storage.prepare()).await?;
            storage.mend().await?;
            storage.pool.warm_up().await.map_err(failure)
        };
        prepared.await.map_err(|error| {
            let server = &address.server;
            Error::internal(format!(
                "the database at {server} can not be used: {}",
                error.log_text()
            ))
        })?;
        Ok(storage)
    }

    /// Makes an attempt; again if the database undid it because it stood in the way of another.
    async fn again<T, F>(&self, attempt: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = sqlx::Result<T>> + Send,
    {
        self.again_or_cause(attempt).await.map_err(|cause| self.failed(cause))
    }

    async fn again_or_cause<T, F>(&self, attempt: impl Fn() -> F + Send) -> sqlx::Result<T>
    where
        F: Future<Output = sqlx::Result<T>> + Send,
    {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match attempt().await {
                Err(cause) if is_undone(&cause) && attempts < ATTEMPTS_MAX => {}
                outcome => return outcome,
            }
        }
    }

    async fn begun(&self) -> sqlx::Result<Begun<'_>> {
        let lease = self.pool.begin("BEGIN".to_owned()).await?;
        Ok(Begun { lease, storage: self, patience: self.pool.patience() })
    }

    /// Begins what may take longer than a statement for a client.
    async fn begun_at_leisure(&self) -> sqlx::Result<Begun<'_>> {
        let begin = format!("BEGIN; SET LOCAL statement_timeout = {}", LEISURE.as_millis());
        let lease = self.pool.begin(begin).await?;
        Ok(Begun { lease, storage: self, patience: Some(LEISURE) })
    }

    async fn prepare(&self) -> sqlx::Result<()> {
        let mut begun = self.begun().await?;
        let made = classes::prepare(&mut begun.connection().patient()).await;
        begun.end(made).await
    }

    async fn change_once(
        &self,
        version: u64,
        change: &ClassChange,
    ) -> sqlx::Result<Result<ClassChanged>> {
        let mut begun = self.begun().await?;
        let made = classes::change(&mut begun.connection().patient(), version, change).await;
        match made {
            Ok(Ok(ClassChanged::To(_))) => begun.end(made).await,
            made => begun.undo(made).await,
        }
    }

    async fn make_all(&self, changes: &[Change]) -> sqlx::Result<Vec<Written>> {
        let mut begun = self.begun().await?;
        let mut sight = self.watch.sight();
        let _turns = self.order.turns(changes, &sight).await;
        let made = verbs::write(&mut begun.connection(), changes, &mut sight).await;
        let made = begun.end(made).await;
        if made.is_ok() {
            self.order.tell(&mut sight).await;
        }
        made
    }

    async fn purge_all(&self, class: &ClassSchema) -> sqlx::Result<()> {
        let mut begun = self.begun_at_leisure().await?;
        let mut made = Ok(());
        for statement in sql::purge(&Postgres, class) {
            made = begun.connection().execute(&statement).await.map(|_| ());
            if made.is_err() {
                break;
            }
        }
        begun.end(made).await
    }

    fn connection<'c>(&'c self, lease: &'c mut Lease) -> Connection<'c> {
        Connection::new(lease.raw(), &self.statements, self.pool.patience())
    }

    /// Runs a statement that only reads, and again if its connection is lost or its tables are others by now.
    async fn ask_and_count<A: Answer>(
        &self,
        statement: &Statement,
        answer: impl Fn() -> A + Send + Sync,
        sent: &AtomicU64,
    ) -> std::result::Result<A, Failed> {
        let mut is_first = true;
        loop {
            let mut lease = self.pool.acquire().await?;
            match Connection::new(lease.raw(), sent, self.pool.patience())
                .ask(statement, answer())
                .await
            {
                Err(cause) if is_lost(&cause) => {
                    self.pool.doubt();
                    if !is_first || is_silent(&cause) {
                        return Err(Failed::Statement(cause));
                    }
                }
                Err(cause) if is_first && is_replanned(&cause) => lease.give_back(),
                outcome => {
                    lease.give_back();
                    return Ok(outcome?);
                }
            }
            is_first = false;
        }
    }

    fn failed(&self, cause: sqlx::Error) -> Error {
        if is_lost(&cause) {
            self.pool.doubt();
        }
        failure(cause)
    }
}

impl Runs for PostgresStorage {
    async fn ask<A: Answer>(
        &self,
        statement: &Statement,
        answer: impl Fn() -> A + Send + Sync,
    ) -> std::result::Result<A, Failed> {
        self.ask_and_count(statement, answer, &self.statements).await
    }

    async fn make(&self, mut changes: Vec<Change>) -> Result<Vec<Written>> {
        if let [Change::Insert(_)] = changes[..]
            && !verbs::is_compound(&changes)
            && let Some(Change::Insert(insert)) = changes.pop()
        {
            return self.insert(insert).await;
        }
        if verbs::is_compound(&changes) {
            // It is rare and its state is large: that of the others stays small.
            return Box::pin(self.again(|| self.make_all(&changes))).await;
        }
        let mut is_first = true;
        let mut sight = self.watch.sight();
        loop {
            let mut lease = self.pool.acquire().await.map_err(failure)?;
            let _turns = self.order.turns(&changes, &sight).await;
            match verbs::write(&mut self.connection(&mut lease), &changes, &mut sight).await {
                Err(cause) if is_first && is_replanned(&cause) => lease.give_back(),
                Err(cause) if is_lost(&cause) => return Err(self.failed(unsure(cause))),
                outcome => {
                    lease.give_back();
                    if outcome.is_ok() {
                        self.order.tell(&mut sight).await;
                    }
                    return outcome.map_err(failure);
                }
            }
            is_first = false;
        }
    }
}

/// A name for this server that no other has.
fn server_name() -> String {
    // Each of these is keyed at random.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// A transaction under way. It is undone when it is dropped.
struct Begun<'s> {
    lease: Lease,
    storage: &'s PostgresStorage,
    patience: Option<Duration>,
}

impl Begun<'_> {
    fn connection(&mut self) -> Connection<'_> {
        Connection::new(self.lease.raw(), &self.storage.statements, self.patience)
    }

    /// Makes it lasting if all went well.
    async fn end<T>(self, made: sqlx::Result<T>) -> sqlx::Result<T> {
        match made {
            Ok(made) => self.lease.commit().await.map(|()| made),
            Err(_) => self.undo(made).await,
        }
    }

    async fn undo<T>(self, made: sqlx::Result<T>) -> sqlx::Result<T> {
        if !made.as_ref().is_err_and(is_lost) {
            // The first cause is what counts.
            let _ = self.lease.roll_back().await;
        }
        made
    }
}

#[async_trait]
impl Storage for PostgresStorage {
    async fn load(&self) -> Result<Snapshot> {
        // It is no statement of a verb.
        let (statement, uncounted) = (classes::load(), AtomicU64::new(0));
        let loaded = self.ask_and_count(&statement, classes::Loaded::default, &uncounted);
        Ok(loaded.await?.snapshot())
    }

    async fn change_class(&self, version: u64, change: Arc<ClassChange>) -> Result<ClassChanged> {
        match self.again_or_cause(|| self.change_once(version, &change)).await {
            Err(cause) if is_busy(&cause) => {
                let text = "The class is in use by a long transaction and was not changed.";
                Err(Error::new(Code::Timeout, text).with_cause(cause))
            }
            // Somebody who does not wait for us changed classes at the same moment.
            Err(cause) if is_overtaken(&cause) && self.load().await?.version() != version => {
                Ok(ClassChanged::Stale)
            }
            made => made.map_err(|cause| self.failed(cause))?,
        }
    }

    async fn guard_accounts(&self, providers: &[&str]) -> Result<()> {
        self.guard(providers).await
    }

    async fn purge(&self, class: Arc<ClassSchema>, _: WriteAccess) -> Result<()> {
        self.again(|| self.purge_all(&class)).await
    }

    async fn begin(&self, timeout_ms: u64) -> Result<Box<dyn Tx>> {
        let statements = Arc::clone(&self.statements);
        let told = (self.watch.clone(), Arc::clone(&self.order));
        let begun = transaction::PostgresTx::begin(&self.pool, timeout_ms, statements, told).await;
        Ok(Box::new(begun.map_err(|cause| self.failed(cause))?))
    }

    async fn roles_of(&self, question: Allowed<RolesOf>) -> Result<Vec<(ObjectId, String)>> {
        let statement = sql::roles_of(&Postgres, &question);
        Ok(self.ask(&statement, verbs::Roles::default).await?.0)
    }

    fn watch(&self, witness: Arc<dyn Witness>) {
        self.watch.set(witness);
    }

    async fn listen(&self, tell: Tell<'_>) {
        listen::listen(&self.line, tell).await;
    }

    async fn ping(&self) -> Result<()> {
        let statement = Statement { text: "SELECT 1".to_owned(), binds: Vec::new() };
        self.ask(&statement, verbs::Nothing::default).await?;
        Ok(())
    }

    fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn close(&self) -> Result<()> {
        self.pool.close().await;
        Ok(())
    }
}
