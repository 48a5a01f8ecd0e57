//! The task of jobs: carries out what is in the queue, looks at schedules, and says of every job how it ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::tasks::Stop;
use crate::ops::App;
use crate::ops::jobs::{self, Look, Run};
use crate::value::Date;

/// Jobs that run at a time on one server; more wait.
const RUNNING_MAX: usize = 256;
/// How long jobs may go on when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Carries out jobs until the server stops.
pub(super) async fn run(app: Arc<App>, stop: Stop) {
    let Some(mut waiting) = app.jobs.waiting() else { return };
    let mut running = JoinSet::new();
    let (beating, looking) = (Arc::clone(&app), Arc::clone(&app));
    let beside = async { tokio::join!(beat(&beating), look(&looking)) };
    let mut beside = Box::pin(beside);
    let mut stop = Box::pin(stop.wait());
    loop {
        tokio::select! {
            Some(run) = waiting.recv(), if running.len() < RUNNING_MAX => {
                begin(&app, &mut running, run);
            }
            Some(_) = running.join_next(), if !running.is_empty() => {}
            _ = &mut beside => {}
            () = &mut stop => break,
        }
    }
    waiting.close();
    let finished = async { while running.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        running.shutdown().await;
    }
    jobs::stop(&app).await;
}

fn begin(app: &Arc<App>, running: &mut JoinSet<()>, run: Run) {
    running.spawn(jobs::carry_out(Arc::clone(app), run));
}

/// Keeps the statuses of running jobs alive.
async fn beat(app: &Arc<App>) {
    let mut ticks = interval(Duration::from_millis(jobs::BEAT_EVERY_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        jobs::keep(app).await;
    }
}

/// Looks at schedules: when the next is due, when they are changed through this server, and from time to time,
/// because others may have changed them.
async fn look(app: &Arc<App>) {
    let config = &app.config.jobs;
    if !config.follow_schedules {
        return std::future::pending().await;
    }
    let mut memory = Look::default();
    let look_every = Duration::from_millis(config.look_every_ms);
    loop {
        let next = jobs::run_due(app, &mut memory).await;
        let pause = next.map_or(look_every, |next| until(app, next));
        let pause = if pause < look_every { pause } else { look_every };
        tokio::select! {
            () = sleep(pause) => {}
            () = app.jobs.schedules_changed() => {}
        }
    }
}

fn until(app: &App, date: Date) -> Duration {
    let millis = date.millis() - app.clock.now().millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
