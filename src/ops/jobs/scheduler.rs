//! Starts the jobs that schedules are due for. Every server of a database looks at them; the first to see that a run
//! is due claims it with one guarded update and starts the job.

use std::collections::HashSet;
use std::sync::Arc;

use super::schedule::{self, Due, Schedule};
use super::status::Source;
use super::{own_ctx, run, status};
use crate::error::Result;
use crate::ops::{App, Ctx};
use crate::schema::ClassSchema;
use crate::value::{Date, ObjectId};

/// A run is late when it was due so long ago; before, it is on time.
const LATE_AFTER_MS: i64 = 60_000;
/// Schedules of which the log was told that they can not be understood.
const COMPLAINTS_MAX: usize = 1_000;

/// What a server remembers from one look at the schedules to the next.
#[derive(Debug, Default)]
pub struct Look {
    complained: HashSet<(ObjectId, String)>,
}

/// Starts what is due. Returns when something is due next, as far as it is known now.
pub async fn run_due(app: &Arc<App>, look: &mut Look) -> Option<Date> {
    // Without jobs there is nothing to look for.
    app.cloud.registry().job_names().next()?;
    match run_all(&own_ctx(app), look).await {
        Ok(next) => next,
        Err(error) => {
            tracing::warn!("schedules of jobs not looked at: {}", error.log_text());
            None
        }
    }
}

async fn run_all(ctx: &Ctx, look: &mut Look) -> Result<Option<Date>> {
    let Some(class) = ctx.snapshot.class(schedule::CLASS).cloned() else { return Ok(None) };
    let complain = |id: &ObjectId, reason: &str| look.complain(id, reason);
    let schedules = schedule::all(ctx, &class, complain).await?;
    let missed_max_ms = ctx.app.config.jobs.missed_max_ms;
    let missed_max_ms = if missed_max_ms > LATE_AFTER_MS { missed_max_ms } else { LATE_AFTER_MS };
    let mut next: Option<Date> = None;
    for schedule in schedules {
        match schedule.due(ctx.app.clock.now(), missed_max_ms) {
            Due::Now => run_one(ctx, &class, &schedule, look).await?,
            Due::At(date) if next.is_none_or(|next| date < next) => next = Some(date),
            Due::At(_) | Due::Never => {}
        }
    }
    Ok(next)
}

/// Starts the job of a schedule, unless another server does. One that still runs is not started once more: it is when
/// it has ended.
async fn run_one(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    schedule: &Schedule,
    look: &mut Look,
) -> Result<()> {
    let Some(job) = ctx.app.cloud.registry().job(&schedule.job).cloned() else {
        look.complain(&schedule.id, &format!("there is no job {}", schedule.job));
        return Ok(());
    };
    if status::is_under_way(ctx, &schedule.job).await? {
        tracing::debug!(job = schedule.job, "a scheduled job still runs");
        return Ok(());
    }
    // What was claimed is started: there must be room for it before.
    let room = ctx.app.jobs.room()?;
    if schedule.claim(ctx, class).await? {
        let params = schedule.params.clone();
        let id = run::enqueue(ctx, room, job, Source::Schedule, params).await?;
        tracing::info!(job = schedule.job, job_status = &*id, "scheduled job starts");
    }
    Ok(())
}

impl Look {
    /// Tells the log what is wrong with a schedule, once.
    fn complain(&mut self, id: &ObjectId, reason: &str) {
        if self.complained.len() >= COMPLAINTS_MAX {
            self.complained.clear();
        }
        if self.complained.insert((id.clone(), reason.to_owned())) {
            tracing::warn!(schedule = &**id, "a schedule is not followed: {reason}");
        }
    }
}
