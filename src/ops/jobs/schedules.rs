//! The verbs of `/cloud_code/jobs`: schedules as a dashboard sees and writes them.

use super::schedule::CLASS;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::read::{self, Found};
use crate::ops::write::{self, Saved};
use crate::query::FindRequest;
use crate::value::{Cell, Fields, Op, Value};

/// Which jobs there are, and which are scheduled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The jobs that schedules name.
    pub in_use: Vec<String>,
    /// All jobs.
    pub jobs: Vec<String>,
}

/// All schedules.
pub async fn list(ctx: &Ctx) -> Result<Found> {
    ctx.demand_master()?;
    read::find(ctx, CLASS, FindRequest::default()).await
}

/// Which jobs there are, and which are scheduled.
pub async fn overview(ctx: &Ctx) -> Result<Overview> {
    let found = list(ctx).await?;
    let mut in_use = Vec::new();
    if let Some(position) = found.objects.column("jobName") {
        for object in found.objects.iter() {
            if let Cell::Text(name) = object.cell(position) {
                in_use.push(name.to_owned());
            }
        }
    }
    let registry = ctx.app.cloud.registry();
    Ok(Overview { in_use, jobs: registry.job_names().map(|name| name.to_string()).collect() })
}

/// Makes a schedule. Error 141 if there is no such job.
pub async fn create(ctx: &Ctx, mut fields: Fields) -> Result<Saved> {
    ctx.demand_master_writer()?;
    check(ctx, &fields)?;
    start_now(ctx, &mut fields);
    let saved = write::create(ctx, CLASS, fields).await?;
    ctx.app.jobs.tell_of_schedules();
    Ok(saved)
}

/// Changes a schedule.
pub async fn update(ctx: &Ctx, id: &str, mut fields: Fields) -> Result<Saved> {
    ctx.demand_master_writer()?;
    check(ctx, &fields)?;
    start_now(ctx, &mut fields);
    let saved = write::update(ctx, CLASS, id, fields).await?;
    ctx.app.jobs.tell_of_schedules();
    Ok(saved)
}

/// Deletes a schedule.
pub async fn delete(ctx: &Ctx, id: &str) -> Result<()> {
    ctx.demand_master_writer()?;
    write::delete(ctx, CLASS, id).await
}

/// Only jobs that exist are scheduled.
fn check(ctx: &Ctx, fields: &Fields) -> Result<()> {
    let is_known = match fields.get("jobName") {
        Some(Op::Set(Value::String(name))) => ctx.app.cloud.registry().job(name).is_some(),
        _ => false,
    };
    match is_known {
        true => Ok(()),
        // The original answers that it failed (code 1, status 500), as if the mistake were its own.
        false => Err(Error::new(Code::ScriptFailed, "Cannot Schedule a job that is not deployed")),
    }
}

/// A schedule that does not say when it starts starts now.
fn start_now(ctx: &Ctx, fields: &mut Fields) {
    if fields.get("startAfter").is_none() {
        fields.set("startAfter", Value::String(ctx.app.clock.now().to_iso()));
    }
}
