//! Statements on one connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection as _, Executor, Postgres};
use tokio::time::timeout;

use super::failure::{is_replanned, silent};
use super::parameters::Parameter;
use super::runs::Answer;
use crate::storage::sql::Statement;

/// A connection in use.
pub(super) struct Connection<'c> {
    raw: &'c mut PgConnection,
    statements: &'c AtomicU64,
    /// How long an answer is waited for.
    patience: Option<Duration>,
}

impl<'c> Connection<'c> {
    /// Counts the statements that are sent on it.
    pub(super) fn new(
        raw: &'c mut PgConnection,
        statements: &'c AtomicU64,
        patience: Option<Duration>,
    ) -> Self {
        Self { raw, statements, patience }
    }

    /// The same connection for statements that may take as long as they need.
    pub(super) fn patient(self) -> Self {
        Self { patience: None, ..self }
    }

    /// Runs a statement that answers with nothing; says how many rows it changed.
    pub(super) async fn execute(&mut self, statement: &Statement) -> sqlx::Result<u64> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let executing = self.raw.execute(query(statement)?);
        let executed = in_time(self.patience, executing).await;
        Ok(self.fitting(executed).await?.rows_affected())
    }

    /// Runs statements of this program's own, without values, one after the other.
    pub(super) async fn run(&mut self, text: String) -> sqlx::Result<()> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let executing = self.raw.execute(sqlx::raw_sql(AssertSqlSafe(text)));
        in_time(self.patience, executing).await.map(|_| ())
    }

    /// Runs a statement and shows its rows to an answer.
    pub(super) async fn ask<A: Answer>(
        &mut self,
        statement: &Statement,
        mut answer: A,
    ) -> sqlx::Result<A> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut rows = self.raw.fetch(query(statement)?);
        let reading = async {
            while let Some(row) = rows.try_next().await? {
                answer.see(&row)?;
            }
            Ok(())
        };
        let read = in_time(self.patience, reading).await;
        drop(rows);
        self.fitting(read).await.map(|()| answer)
    }

    /// Runs a statement of this program's own and gives its rows.
    pub(super) async fn rows(&mut self, statement: &Statement) -> sqlx::Result<Vec<PgRow>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let rows = in_time(self.patience, self.raw.fetch_all(query(statement)?)).await;
        self.fitting(rows).await
    }

    /// Forgets the prepared statements if one of them does not fit its table any more, so that it is prepared anew when
    /// it is tried again.
    async fn fitting<T>(&mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        if outcome.as_ref().is_err_and(is_replanned) {
            in_time(self.patience, self.raw.clear_cached_statements()).await?;
        }
        outcome
    }
}

/// Waits for an answer, but not for ever: a server that stands still or lies behind a broken network says nothing.
pub(super) async fn in_time<T>(
    patience: Option<Duration>,
    answering: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    match patience {
        Some(patience) => timeout(patience, answering).await.unwrap_or_else(|_| Err(silent())),
        None => answering.await,
    }
}

fn query(
    statement: &Statement,
) -> sqlx::Result<sqlx::query::Query<'static, Postgres, PgArguments>> {
    let mut arguments = PgArguments::default();
    arguments.reserve(statement.binds.len(), statement.binds.len() * 24);
    for bind in &statement.binds {
        arguments.add(Parameter(bind)).map_err(sqlx::Error::Encode)?;
    }
    // Every text is made by the compiler of `storage::sql`, which binds what clients wrote.
    Ok(sqlx::query_with(AssertSqlSafe(statement.text.clone()), arguments))
}
