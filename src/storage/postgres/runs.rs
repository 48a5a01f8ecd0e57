//! Whatever runs statements can do all verbs: the storage itself, and an open transaction.

use std::collections::HashMap;
use std::future::Future;

use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::PostgresStorage;
use super::failure::Failed;
use super::transaction::PostgresTx;
use super::verbs::{Count, Counts, Explained, OwnedRows, Rows};
use crate::access::Allowed;
use crate::error::Result;
use crate::query::{FieldPath, Pipeline, Query};
use crate::schema::FieldType;
use crate::storage::sql::{self, Postgres, Statement};
use crate::storage::{Change, Related, RelatedRows, Verbs, Written};
use crate::value::{Json, ObjectId, Stored};

/// What is made of the rows of an answer.
pub(super) trait Answer: Send {
    /// Takes the next row.
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()>;
}

/// Something that runs statements.
pub(super) trait Runs: Send + Sync {
    /// Runs a statement that only reads; it may be run again, with a new answer.
    fn ask<A: Answer>(
        &self,
        statement: &Statement,
        answer: impl Fn() -> A + Send + Sync,
    ) -> impl Future<Output = std::result::Result<A, Failed>> + Send;

    /// Makes changes.
    fn make(&self, changes: Vec<Change>) -> impl Future<Output = Result<Vec<Written>>> + Send;
}

macro_rules! verbs_of {
    ($($kind:ty)*) => {$(
#[async_trait]
impl Verbs for $kind {
    async fn find(&self, query: Allowed<Query>) -> Result<Stored> {
        let (statement, shape) = sql::find(&Postgres, &query);
        match self.ask(&statement, || Rows::new(&shape)).await {
            Err(cause) if cause.is_unknown_relation() => Ok(Stored::none(shape.layout)),
            answer => Ok(answer?.finish()),
        }
    }

    async fn count(&self, query: Allowed<Query>) -> Result<u64> {
        match self.ask(&sql::count(&Postgres, &query), Count::default).await {
            Err(cause) if cause.is_unknown_relation() => Ok(0),
            answer => Ok(answer?.0),
        }
    }

    async fn find_related(&self, query: Allowed<Query>, relation: Related) -> Result<RelatedRows> {
        let (statement, shape) = sql::find_related(&Postgres, &query, &relation);
        let owners = relation.owners.iter().enumerate().rev();
        let owners: HashMap<&str, usize> = owners.map(|(at, id)| (id.as_str(), at)).collect();
        match self.ask(&statement, || OwnedRows::new(&shape, &owners)).await {
            Err(cause) if cause.is_unknown_relation() => {
                Ok(RelatedRows { rows: Stored::none(shape.layout), owners: Vec::new() })
            }
            answer => Ok(answer?.finish()),
        }
    }

    async fn count_related(
        &self,
        query: Allowed<Query>,
        relation: Related,
    ) -> Result<Vec<(ObjectId, u64)>> {
        let statement = sql::count_related(&Postgres, &query, &relation);
        let counts = match self.ask(&statement, Counts::default).await {
            Err(cause) if cause.is_unknown_relation() => Counts::default(),
            counts => counts?,
        };
        let count = |id: &ObjectId| counts.0.get(id.as_str()).copied().unwrap_or(0);
        Ok(relation.owners.iter().map(|id| (id.clone(), count(id))).collect())
    }

    async fn distinct(&self, query: Allowed<Query>, field: FieldPath) -> Result<Vec<Json>> {
        if matches!(field.kind, FieldType::Relation(_) | FieldType::Acl) {
            return Ok(Vec::new());
        }
        let (statement, shape) = sql::distinct(&Postgres, &query, &field);
        match self.ask(&statement, || Rows::new(&shape)).await {
            Err(cause) if cause.is_unknown_relation() => Ok(Vec::new()),
            rows => Ok(sql::different(&rows?.finish(), &field)),
        }
    }

    async fn aggregate(&self, pipeline: Allowed<Pipeline>) -> Result<Stored> {
        let (statement, shape) = sql::aggregate(&Postgres, &pipeline);
        Ok(self.ask(&statement, || Rows::new(&shape)).await?.finish())
    }

    async fn explain(&self, query: Allowed<Query>) -> Result<Json> {
        let (mut statement, _) = sql::find(&Postgres, &query);
        statement.text.insert_str(0, "EXPLAIN (FORMAT JSON) ");
        Ok(self.ask(&statement, Explained::default).await?.0)
    }

    async fn write(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.make(changes).await
    }
}
    )*};
}

verbs_of! { PostgresStorage PostgresTx }
