//! From a request for a job to its end.

use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::own_ctx;
use super::queue::{Room, Run};
use super::status::{self, Outcome, Source};
use crate::cloud::hook::JobRequest;
use crate::cloud::{Job, Within};
use crate::error::{Code, Error, Result};
use crate::ops::{App, Ctx};
use crate::value::{Json, Members, ObjectId};

/// Starts a job for whoever holds the master key. Returns the id of its status; the job itself runs afterwards.
pub async fn start(ctx: &Ctx, name: &str, params: Members) -> Result<ObjectId> {
    ctx.demand_master()?;
    if !ctx.principal.may_write_everything() {
        return Err(Error::denied(
            Code::OperationForbidden,
            "read-only masterKey isn't allowed to run a job.",
        ));
    }
    if ctx.in_transaction() {
        return Err(Error::new(
            Code::OperationForbidden,
            "a job can not be started inside a transaction",
        ));
    }
    let job = ctx.app.cloud.registry().job(name).cloned();
    let job = job.ok_or_else(|| Error::new(Code::ScriptFailed, "Invalid job."))?;
    enqueue(ctx, ctx.app.jobs.room()?, job, Source::Api, params).await
}

/// Writes down that a job begins, and puts it into the queue.
pub(super) async fn enqueue(
    ctx: &Ctx,
    room: Room<'_>,
    job: Arc<Job>,
    source: Source,
    params: Members,
) -> Result<ObjectId> {
    // The original shows no parameters of jobs that a request started; those of a schedule stand there anyway.
    let shown = (source == Source::Schedule).then_some(&params);
    let name: &str = &job.name;
    let id =
        ctx.settled(|ctx| async move { status::begin(&ctx, name, source, shown).await }).await?;
    let origin = ctx.origin.as_ref();
    let request = JobRequest {
        name: Arc::clone(&job.name),
        job_id: id.clone(),
        params,
        headers: Arc::new(origin.map(|origin| origin.headers()).unwrap_or_default()),
        ip: Arc::from(origin.map(|origin| origin.address().to_string()).unwrap_or_default()),
    };
    // Whoever started it does not wait for it: a job is nobody's part.
    let within = Within { depth: 1, request_id: Arc::clone(&ctx.request_id), transaction: None };
    room.put(Run { job, request, within });
    Ok(id)
}

/// Carries a job out and writes down how it ended.
pub async fn carry_out(app: Arc<App>, run: Run) {
    let Run { job, request, within } = run;
    let (id, name) = (request.job_id.clone(), Arc::clone(&job.name));
    tracing::info!(job = &*name, job_status = &*id, "job begins");
    let running = AssertUnwindSafe(app.cloud.run_job(&job, request, &within)).catch_unwind();
    let outcome = match running.await {
        Ok(Ok(Some(Json::String(text)))) => Outcome::Succeeded(Some(text)),
        Ok(Ok(_)) => Outcome::Succeeded(None),
        Ok(Err(error)) => {
            tracing::error!(job = &*name, job_status = &*id, "job failed: {}", error.log_text());
            Outcome::Failed(Some(error.text().to_owned()))
        }
        Err(_) => {
            app.metrics.panic_caught();
            Outcome::Failed(Some("The job panicked.".to_owned()))
        }
    };
    end(&app, &id, outcome).await;
}

/// Writes down how a job ended, once.
async fn end(app: &Arc<App>, id: &ObjectId, outcome: Outcome) {
    let Some(told) = app.jobs.forget(id) else { return };
    let outcome = match outcome {
        Outcome::Succeeded(message) => {
            app.metrics.job_succeeded();
            Outcome::Succeeded(message.or(told))
        }
        Outcome::Failed(message) => {
            app.metrics.job_failed();
            Outcome::Failed(message.or(told))
        }
    };
    // If it can not be written now, another server, or this one later, finds that nobody carries the job out.
    if let Err(error) = status::end(&own_ctx(app), id, outcome).await {
        tracing::error!(job_status = &**id, "status of a job not written: {}", error.log_text());
    }
}

/// What a running job tells of itself: its end knows of it at once, and the future writes it down. What is no text, and
/// what a job tells that does not run here, is dropped.
pub fn tell(app: Arc<App>, job_id: &str, message: Json) -> BoxFuture<'static, Result<()>> {
    let id = ObjectId::from(job_id);
    let text = if let Json::String(text) = message { Some(text) } else { None };
    match text.filter(|text| app.jobs.remember(&id, text)) {
        Some(text) => Box::pin(async move { status::tell(&own_ctx(&app), &id, text).await }),
        None => Box::pin(ready(Ok(()))),
    }
}

/// What is done every [`super::BEAT_EVERY_MS`] milliseconds: says of the jobs of this server that they are under way,
/// and of those of servers that are gone that they are not.
pub async fn keep(app: &Arc<App>) {
    let ctx = own_ctx(app);
    let running = &app.jobs.all_accepted();
    let kept = async {
        ctx.settled(|ctx| async move { status::touch(&ctx, running).await }).await?;
        ctx.settled(|ctx| async move { status::end_lost(&ctx).await }).await?;
        ctx.settled(|ctx| async move { status::forget_old(&ctx).await }).await
    };
    if let Err(error) = kept.await {
        tracing::warn!("statuses of jobs not kept: {}", error.log_text());
    }
}

/// Writes down that the jobs which are still under way ended with their server.
pub async fn stop(app: &Arc<App>) {
    for id in app.jobs.all_accepted() {
        end(app, &id, Outcome::Failed(Some("The server was stopped.".to_owned()))).await;
    }
}
