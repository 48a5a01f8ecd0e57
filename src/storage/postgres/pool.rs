//! The connections: as many as the address allows, made when they are needed, used by one request at a time.
//!
//! A connection goes back only from a request that saw the end of its statements; one that was left in the middle
//! (the client hung up, time was up) is closed, and the server, which looks for that, ends the statement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::in_time;
use super::failure::{is_lost, is_passing, is_silent, silent, unsure};
use super::options::{connect_options, first_statement, patience};
use super::version::SERVER;
use crate::options::PostgresAddress;

/// A connection that was not used for so long is asked whether it still is one.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(1);
/// A connection is replaced after so long, so that a moved server is found and its memory freed.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long to wait before connecting is tried again, at first and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Connections that wait for work, and places for more.
pub(super) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    connect: PgConnectOptions,
    first_statement: String,
    acquire_timeout: Duration,
    idle_timeout: Option<Duration>,
    idle_min: usize,
    patience: Option<Duration>,
    statement_timeout_ms: Option<u64>,
    /// One permit for each connection that may be in use.
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Unused connections; the last one was used last.
    idle: Vec<Idle>,
    /// When a connection was last found lost.
    lost: Option<Instant>,
    /// Whether the last attempt to connect failed.
    is_unreachable: bool,
}

struct Idle {
    connection: PgConnection,
    made: Instant,
    since: Instant,
}

impl Pool {
    /// Makes a pool; nothing is connected yet. `server` is the name of this server, which is hexadecimal: triggers tell
    /// it to others.
    pub(super) fn open(address: &PostgresAddress, server: &str) -> Self {
        let pool = &address.pool;
        let inner = Inner {
            connect: connect_options(address),
            first_statement: format!("{}; SET {SERVER} = '{server}'", first_statement(pool)),
            acquire_timeout: Duration::from_millis(pool.acquire_timeout_ms),
            idle_timeout: pool.idle_timeout_ms.map(Duration::from_millis),
            idle_min: pool.connections_min as usize,
            patience: patience(pool),
            statement_timeout_ms: pool.statement_timeout_ms,
            places: Arc::new(Semaphore::new(pool.connections_max as usize)),
            state: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How to reach the database.
    pub(super) fn address(&self) -> PgConnectOptions {
        self.inner.connect.clone()
    }

    /// A connection on which a transaction is begun by this statement; it is undone when it is dropped.
    pub(super) async fn begin(&self, statement: String) -> sqlx::Result<Lease> {
        let mut is_first = true;
        loop {
            let mut lease = self.acquire().await?;
            let begun = lease.raw().execute(sqlx::raw_sql(AssertSqlSafe(statement.clone())));
            match in_time(self.inner.patience, begun).await {
                Ok(_) => return Ok(lease),
                // Nothing was done on it yet.
                Err(cause) if is_first && is_lost(&cause) && !is_silent(&cause) => self.doubt(),
                Err(cause) => return Err(cause),
            }
            is_first = false;
        }
    }

    /// A connection, free or new.
    pub(super) async fn acquire(&self) -> sqlx::Result<Lease> {
        let inner = &self.inner;
        let deadline = Instant::now() + inner.acquire_timeout;
        let place = match Arc::clone(&inner.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => inner.place(deadline).await?,
        };
        while let Some(mut idle) = inner.unused() {
            if inner.is_doubtful(&idle) {
                match Box::pin(timeout_at(deadline, idle.connection.ping())).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => continue,
                    Err(_) => return Err(silent()),
                }
            }
            return Ok(Lease::new(idle.connection, idle.made, inner, place));
        }
        let connection = Box::pin(inner.connect(deadline)).await?;
        Ok(Lease::new(connection, Instant::now(), inner, place))
    }

    /// A connection was lost: those that lie idle since then are asked before they are used.
    pub(super) fn doubt(&self) {
        self.inner.state().lost = Some(Instant::now());
    }

    /// How long to wait for the answer to a statement.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.inner.patience
    }

    /// How many milliseconds a statement may take.
    pub(super) fn statement_timeout_ms(&self) -> Option<u64> {
        self.inner.statement_timeout_ms
    }

    /// Opens the connections that are to be there before anybody asks.
    pub(super) async fn warm_up(&self) -> sqlx::Result<()> {
        let mut leases = Vec::with_capacity(self.inner.idle_min);
        for _ in 0..self.inner.idle_min {
            leases.push(self.acquire().await?);
        }
        leases.into_iter().for_each(Lease::give_back);
        Ok(())
    }

    /// Closes the connections; those in use, when they come back.
    pub(super) async fn close(&self) {
        self.inner.places.close();
        let idle = std::mem::take(&mut self.inner.state().idle);
        for idle in idle {
            // It is closed either way; this only says good-bye.
            let _ = idle.connection.close().await;
        }
    }
}

impl Inner {
    /// Waits until a connection may be used.
    async fn place(&self, deadline: Instant) -> sqlx::Result<OwnedSemaphorePermit> {
        match timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(sqlx::Error::PoolClosed),
            Err(_) if self.state().is_unreachable => Err(silent()),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The unused connection that was used last. Those that are unused for too long, or too old, are closed.
    fn unused(&self) -> Option<Idle> {
        let mut state = self.state();
        let too_long = |idle: &Idle| {
            idle.made.elapsed() >= LIFETIME
                || self.idle_timeout.is_some_and(|timeout| idle.since.elapsed() >= timeout)
        };
        while state.idle.len() > self.idle_min && state.idle.first().is_some_and(too_long) {
            state.idle.remove(0);
        }
        state.idle.pop()
    }

    fn is_doubtful(&self, idle: &Idle) -> bool {
        idle.since.elapsed() >= DOUBTFUL_AFTER
            || self.state().lost.is_some_and(|lost| idle.since <= lost)
    }

    /// Connects. What may pass by itself - a server that starts, stops, or has no connection to spare - is waited for.
    async fn connect(&self, deadline: Instant) -> sqlx::Result<PgConnection> {
        let mut pause = PAUSE_FIRST;
        let mut before = None;
        loop {
            let failed = match timeout_at(deadline, self.connect_once()).await {
                Ok(Ok(connection)) => {
                    self.state().is_unreachable = false;
                    return Ok(connection);
                }
                Ok(Err(cause)) => cause,
                Err(_) => before.unwrap_or_else(silent),
            };
            self.state().is_unreachable = is_lost(&failed);
            if !is_passing(&failed) || Instant::now() + pause >= deadline {
                return Err(failed);
            }
            before = Some(failed);
            sleep(pause).await;
            pause = if pause * 2 < PAUSE_MAX { pause * 2 } else { PAUSE_MAX };
        }
    }

    async fn connect_once(&self) -> sqlx::Result<PgConnection> {
        let mut connection = PgConnection::connect_with(&self.connect).await?;
        let first = sqlx::raw_sql(AssertSqlSafe(self.first_statement.clone()));
        connection.execute(first).await?;
        Ok(connection)
    }
}

/// A connection in use. It is closed when it is dropped, unless it is given back.
pub(super) struct Lease {
    /// Gone only when it is given back.
    connection: Option<PgConnection>,
    made: Instant,
    inner: Arc<Inner>,
    _place: OwnedSemaphorePermit,
}

impl Lease {
    fn new(
        connection: PgConnection,
        made: Instant,
        inner: &Arc<Inner>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self { connection: Some(connection), made, inner: Arc::clone(inner), _place: place }
    }

    /// Makes what was done in a transaction lasting.
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await.map_err(unsure)
    }

    /// Undoes what was done in a transaction.
    pub(super) async fn roll_back(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        let patience = self.inner.patience;
        let ended = in_time(patience, self.raw().execute(sqlx::raw_sql(statement))).await;
        if ended.is_ok() {
            self.give_back();
        }
        ended.map(|_| ())
    }

    /// The connection.
    pub(super) fn raw(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("only giving back takes it, and that is the end")
    }

    /// Gives the connection back: every statement on it has ended, and no transaction is open.
    pub(super) fn give_back(mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.inner.places.is_closed() {
            return;
        }
        let idle = Idle { connection, made: self.made, since: Instant::now() };
        self.inner.state().idle.push(idle);
    }
}
