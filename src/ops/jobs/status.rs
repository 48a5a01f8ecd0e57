//! `_JobStatus`: one object for every run of a job, `running` until it has `succeeded` or `failed`
//! (`parse-server:src/StatusHandler.js`, `jobStatusHandler`).
//!
//! The server that runs a job touches `updatedAt` of its status from time to time. A status that nobody has
//! touched for long is that of a server which is gone, and whoever sees it first says so. Where the original
//! runs beside us on the same database nothing happens to its statuses: they have no `updatedAt`.

use std::sync::Arc;

use super::record;
use crate::error::Result;
use crate::ops::Ctx;
use crate::query::Where;
use crate::schema::{ClassChange, ClassSchema, SchemaRequest, Snapshot};
use crate::storage::Change;
use crate::value::{Acl, Date, Json, Members, ObjectId, Value};

pub(super) const CLASS: &str = "_JobStatus";
const INDEX: &str = "by_status";
const RUNNING: &str = "running";
/// How often the status of a running job is touched.
pub const BEAT_EVERY_MS: u64 = 15_000;
/// A server that has not touched the status of its job for so long is gone.
const LOST_AFTER_MS: i64 = 4 * BEAT_EVERY_MS as i64;
/// Statuses that are looked at in one go.
const BATCH: u64 = 100;

/// Who had a job run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops::jobs) enum Source {
    /// A request.
    Api,
    /// A schedule.
    Schedule,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Schedule => "schedule",
        }
    }
}

/// How a job ended, with the text that its status keeps; without one, the last that it told stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops::jobs) enum Outcome {
    /// It is done.
    Succeeded(Option<String>),
    /// It broke off.
    Failed(Option<String>),
}

/// Writes down that a job begins.
pub(super) async fn begin(
    ctx: &Ctx,
    job: &str,
    source: Source,
    params: Option<&Members>,
) -> Result<ObjectId> {
    let class = indexed_class(ctx).await?;
    let id = ctx.app.random.object_id(ctx.app.config.object_id_size)?;
    let mut columns = vec![
        ("jobName", Value::String(job.to_owned())),
        ("source", Value::String(source.name().to_owned())),
        ("status", Value::String(RUNNING.to_owned())),
        ("ACL", Value::Acl(Some(Acl::new(Vec::new(), Vec::new())))),
    ];
    columns.extend(params.map(|params| ("params", Value::Object(params.clone()))));
    record::insert(ctx, &class, &id, columns).await?;
    Ok(id)
}

/// The class, with an index by which jobs that run are found among all that ever ran.
async fn indexed_class(ctx: &Ctx) -> Result<Arc<ClassSchema>> {
    let class = record::class(ctx, CLASS).await?;
    if class.indexes.contains_key(INDEX) {
        return Ok(class);
    }
    let number = || Json::Number(1.0);
    let columns = Json::from([("status", number()), ("jobName", number())]);
    let request =
        SchemaRequest { indexes: [(INDEX.to_owned(), columns)].into(), ..SchemaRequest::default() };
    let change = |now: &Snapshot| match now.class(CLASS) {
        Some(class) if !class.indexes.contains_key(INDEX) => {
            ClassChange::update(class, &request).map(Some)
        }
        Some(_) | None => Ok(None),
    };
    match ctx.app.catalog.change(ctx.writer()?, change).await {
        Ok(snapshot) => Ok(snapshot.class(CLASS).cloned().unwrap_or(class)),
        // Without it jobs run, too.
        Err(error) => {
            tracing::warn!("no index on the statuses of jobs: {}", error.log_text());
            Ok(class)
        }
    }
}

/// Writes down what a running job tells of itself.
pub(super) async fn tell(ctx: &Ctx, id: &ObjectId, message: String) -> Result<()> {
    let now = Value::Date(ctx.app.clock.now());
    change(ctx, id, vec![("message", Value::String(message)), ("updatedAt", now)]).await
}

/// Writes down that jobs are still running.
pub(super) async fn touch(ctx: &Ctx, ids: &[ObjectId]) -> Result<()> {
    let Some(class) = ctx.snapshot.class(CLASS).cloned() else { return Ok(()) };
    let now = Value::Date(ctx.app.clock.now());
    let touched = |id: &ObjectId| {
        let columns = vec![("updatedAt", now.clone())];
        record::changed(ctx, &class, id, is_running(&class), columns)
    };
    let changes: Result<Vec<Change>> = ids.iter().map(touched).collect();
    record::write(ctx, changes?).await
}

/// Writes down how a job ended.
pub(super) async fn end(ctx: &Ctx, id: &ObjectId, outcome: Outcome) -> Result<()> {
    let (status, message) = match outcome {
        Outcome::Succeeded(message) => ("succeeded", message),
        Outcome::Failed(message) => ("failed", message),
    };
    let now = ctx.app.clock.now();
    let mut columns = vec![
        ("status", Value::String(status.to_owned())),
        ("finishedAt", Value::Date(now)),
        ("updatedAt", Value::Date(now)),
    ];
    columns.extend(message.map(|message| ("message", Value::String(message))));
    change(ctx, id, columns).await
}

/// Changes the status of a job that is running.
async fn change(ctx: &Ctx, id: &ObjectId, columns: Vec<(&'static str, Value)>) -> Result<()> {
    let columns = &columns;
    ctx.settled(|ctx| async move {
        let Some(class) = ctx.snapshot.class(CLASS).cloned() else { return Ok(()) };
        record::update(&ctx, &class, id, is_running(&class), columns.clone()).await.map(|_| ())
    })
    .await
}

fn is_running(class: &ClassSchema) -> Where {
    record::is(class, "status", Value::String(RUNNING.to_owned()))
}

/// Whether a run of a job is under way, here or elsewhere.
pub(super) async fn is_under_way(ctx: &Ctx, job: &str) -> Result<bool> {
    let Some(class) = ctx.snapshot.class(CLASS).cloned() else { return Ok(false) };
    let is_job = record::is(&class, "jobName", Value::String(job.to_owned()));
    let found = record::find(ctx, &class, Where::All(vec![is_running(&class), is_job]), 1).await?;
    Ok(!found.is_empty())
}

/// Ends the statuses of jobs whose servers are gone.
pub(super) async fn end_lost(ctx: &Ctx) -> Result<()> {
    let Some(class) = ctx.snapshot.class(CLASS).cloned() else { return Ok(()) };
    let now = ctx.app.clock.now();
    let Some(limit) = Date::from_millis(now.millis() - LOST_AFTER_MS) else { return Ok(()) };
    let untouched = record::is_less(&class, "updatedAt", Value::Date(limit));
    let is_lost = Where::All(vec![is_running(&class), untouched]);
    for lost in record::find(ctx, &class, is_lost.clone(), BATCH).await? {
        end_one(ctx, &class, &lost.id, is_lost.clone(), now).await?;
    }
    Ok(())
}

async fn end_one(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    id: &ObjectId,
    guard: Where,
    now: Date,
) -> Result<()> {
    let columns = vec![
        ("status", Value::String("failed".to_owned())),
        ("message", Value::String("The server that ran this job is gone.".to_owned())),
        ("finishedAt", Value::Date(now)),
        ("updatedAt", Value::Date(now)),
    ];
    if record::update(ctx, class, id, guard, columns).await? {
        tracing::warn!(job_status = &**id, "a job ended with the server that ran it");
    }
    Ok(())
}

/// Deletes statuses of jobs that ended longer ago than the options want them kept.
pub(super) async fn forget_old(ctx: &Ctx) -> Result<()> {
    let Some(days) = ctx.app.config.jobs.keep_days else { return Ok(()) };
    let Some(class) = ctx.snapshot.class(CLASS).cloned() else { return Ok(()) };
    let age_ms = i64::from(days) * 24 * 60 * 60 * 1_000;
    let now = ctx.app.clock.now();
    let Some(limit) = Date::from_millis(now.millis() - age_ms) else { return Ok(()) };
    let is_old = record::is_less(&class, "finishedAt", Value::Date(limit));
    for old in record::find(ctx, &class, is_old, BATCH).await? {
        record::delete(ctx, &class, &old.id).await?;
    }
    Ok(())
}
