//! New objects that wait at the same moment: those of a batch, or of requests that come together. What is alike is made
//! by one statement. If that fails, each is made by a statement of its own, so that nobody bears what another did.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::connection::Connection;
use super::failure::{is_lost, is_replanned, is_unsure, unsure};
use super::{PostgresStorage, watched};
use crate::access::Allowed;
use crate::error::{Error, Result};
use crate::storage::sql::{self, Postgres};
use crate::storage::witness::Sight;
use crate::storage::{Insert, Written};

/// Rows of one statement at most. Statements have a power of two of rows, so that few have to be prepared.
const ROWS_MAX: usize = 64;

/// The new objects that wait.
#[derive(Default)]
pub(super) struct Inserts(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether somebody is about to take all of them.
    is_led: bool,
}

/// A new object, and who wants to know what became of it.
struct Waiting {
    insert: Allowed<Insert>,
    reply: oneshot::Sender<Result<()>>,
}

/// The task to make all that wait. If it is dropped before that, those who wait hear that nothing was made.
struct Lead<'i> {
    inserts: &'i Inserts,
    is_over: bool,
}

impl Inserts {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        queue.is_led = false;
        std::mem::take(&mut queue.waiting)
    }

    /// Puts an object into the queue. Whoever finds it without a lead has it.
    fn enter(&self, insert: Allowed<Insert>) -> (Option<Lead<'_>>, oneshot::Receiver<Result<()>>) {
        let (reply, answer) = oneshot::channel();
        let mut queue = self.queue();
        queue.waiting.push(Waiting { insert, reply });
        let was_led = std::mem::replace(&mut queue.is_led, true);
        drop(queue);
        let lead = if was_led { None } else { Some(Lead { inserts: self, is_over: false }) };
        (lead, answer)
    }
}

impl Lead<'_> {
    /// All that wait now; the next to come leads again.
    fn take(mut self) -> Vec<Waiting> {
        self.is_over = true;
        self.inserts.take()
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            drop(self.inserts.take());
        }
    }
}

impl PostgresStorage {
    /// Makes an object that needs one statement only.
    pub(super) async fn insert(&self, insert: Allowed<Insert>) -> Result<Vec<Written>> {
        let (lead, answer) = self.inserts.enter(insert);
        if let Some(lead) = lead {
            // Those who only wait need no room for this.
            Box::pin(self.make_waiting(lead)).await;
        }
        let made = answer.await.unwrap_or_else(|_| Err(Error::internal("nothing was inserted")));
        made.map(|()| vec![Written::Done(None)])
    }

    async fn make_waiting(&self, lead: Lead<'_>) {
        // The other entries of the same batch come before this one goes on.
        yield_now().await;
        let acquired = self.pool.acquire().await;
        let mut pieces = pieces(lead.take());
        let mut lease = match acquired {
            Ok(lease) => lease,
            Err(cause) => return self.refuse(pieces.into_iter().flatten().collect(), cause),
        };
        let inserts = pieces.iter().flatten().map(|one| one.insert.inner());
        let _turns = self.order.turns_of_new(inserts, &self.watch.sight()).await;
        let mut is_lost_here = false;
        while let Some(piece) = pieces.pop() {
            let mut sight = self.watch.sight();
            match insert_all(&mut self.connection(&mut lease), &piece, &mut sight).await {
                Ok(()) => {
                    self.order.tell(&mut sight).await;
                    piece.into_iter().for_each(|one| one.tell(Ok(())));
                }
                Err(cause) if piece.len() > 1 && !is_lost(&cause) => {
                    pieces.extend(piece.into_iter().map(|one| vec![one]));
                }
                Err(cause) => {
                    is_lost_here |= is_lost(&cause);
                    self.refuse(piece, unsure(cause));
                }
            }
        }
        if !is_lost_here {
            lease.give_back();
        }
    }

    /// The first hears the cause itself.
    fn refuse(&self, mut piece: Vec<Waiting>, cause: sqlx::Error) {
        let others = piece.drain(1..);
        others.for_each(|one| one.tell(Err(self.failed(same(&cause)))));
        if let Some(first) = piece.pop() {
            first.tell(Err(self.failed(cause)));
        }
    }
}

impl Waiting {
    fn tell(self, made: Result<()>) {
        // Who does not wait any more needs no answer.
        let _ = self.reply.send(made);
    }
}

/// What one statement each can make.
fn pieces(waiting: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut kinds: Vec<Vec<Waiting>> = Vec::new();
    for one in waiting {
        let alike =
            |kind: &&mut Vec<Waiting>| sql::is_alike(kind[0].insert.inner(), one.insert.inner());
        match kinds.iter_mut().find(alike) {
            Some(kind) => kind.push(one),
            None => kinds.push(vec![one]),
        }
    }
    let mut pieces = Vec::with_capacity(kinds.len());
    for mut kind in kinds {
        while !kind.is_empty() {
            let rows = 1 << kind.len().ilog2();
            let rest = kind.split_off(if rows > ROWS_MAX { ROWS_MAX } else { rows });
            pieces.push(std::mem::replace(&mut kind, rest));
        }
    }
    pieces
}

/// Makes what is alike. A statement whose table has changed since it was prepared is prepared again.
async fn insert_all(
    connection: &mut Connection<'_>,
    piece: &[Waiting],
    sight: &mut Sight,
) -> sqlx::Result<()> {
    let inserts: Vec<&Insert> = piece.iter().map(|one| one.insert.inner()).collect();
    if let Some(class) = inserts.first().map(|insert| &insert.class)
        && sight.watches(&class.name)
    {
        return match watched::insert(connection, class, &inserts, sight).await {
            Err(cause) if is_replanned(&cause) => {
                watched::insert(connection, class, &inserts, sight).await
            }
            outcome => outcome,
        };
    }
    let statement = sql::insert_all(&Postgres, &inserts);
    match connection.execute(&statement).await {
        Err(cause) if is_replanned(&cause) => connection.execute(&statement).await.map(|_| ()),
        outcome => outcome.map(|_| ()),
    }
}

/// The same cause for another one who waited for it.
fn same(cause: &sqlx::Error) -> sqlx::Error {
    if is_unsure(cause) {
        return unsure(sqlx::Error::Protocol(cause.to_string()));
    }
    if let sqlx::Error::Io(cause) = cause {
        return sqlx::Error::Io(std::io::Error::new(cause.kind(), cause.to_string()));
    }
    if matches!(cause, sqlx::Error::PoolTimedOut) {
        return sqlx::Error::PoolTimedOut;
    }
    if matches!(cause, sqlx::Error::PoolClosed) {
        return sqlx::Error::PoolClosed;
    }
    sqlx::Error::Protocol(cause.to_string())
}
