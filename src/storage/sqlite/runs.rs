//! Whatever runs jobs on a connection can do all verbs: the storage itself, and an open transaction.

use std::future::Future;

use async_trait::async_trait;

use super::connection::Connection;
use super::verbs;
use crate::access::Allowed;
use crate::error::Result;
use crate::query::{FieldPath, Pipeline, Query};
use crate::storage::{Change, Related, RelatedRows, Verbs, Written};
use crate::value::{Json, ObjectId, Stored};

/// Something that runs jobs on a connection.
pub(super) trait Runs: Send + Sync {
    /// Runs a job that only reads.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Runs a job of microseconds at once, where it is asked, if that is possible now.
    fn read_near<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        drop(job);
        None
    }

    /// Makes changes.
    fn make(&self, changes: Vec<Change>) -> impl Future<Output = Result<Vec<Written>>> + Send;
}

#[async_trait]
impl<R: Runs> Verbs for R {
    async fn find(&self, query: Allowed<Query>) -> Result<Stored> {
        if verbs::is_short(&query)
            && let Some(answer) = self.read_near(|connection| verbs::find(connection, &query))
        {
            return answer;
        }
        self.read(move |connection| verbs::find(connection, &query)).await
    }

    async fn count(&self, query: Allowed<Query>) -> Result<u64> {
        self.read(move |connection| verbs::count(connection, &query)).await
    }

    async fn find_related(&self, query: Allowed<Query>, relation: Related) -> Result<RelatedRows> {
        self.read(move |connection| verbs::find_related(connection, &query, &relation)).await
    }

    async fn count_related(
        &self,
        query: Allowed<Query>,
        relation: Related,
    ) -> Result<Vec<(ObjectId, u64)>> {
        self.read(move |connection| verbs::count_related(connection, &query, &relation)).await
    }

    async fn distinct(&self, query: Allowed<Query>, field: FieldPath) -> Result<Vec<Json>> {
        self.read(move |connection| verbs::distinct(connection, &query, &field)).await
    }

    async fn aggregate(&self, pipeline: Allowed<Pipeline>) -> Result<Stored> {
        self.read(move |connection| verbs::aggregate(connection, &pipeline)).await
    }

    async fn explain(&self, query: Allowed<Query>) -> Result<Json> {
        self.read(move |connection| verbs::explain(connection, &query)).await
    }

    async fn write(&self, changes: Vec<Change>) -> Result<Vec<Written>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.make(changes).await
    }
}
