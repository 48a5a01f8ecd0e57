//! Background jobs: started by a request or by a schedule, run after the answer, written down in `_JobStatus`
//! (`parse-server:src/Routers/FunctionsRouter.js`, `handleCloudJob`, and `src/Routers/CloudCodeRouter.js`).
//!
//! A job that was accepted waits in the queue of its server and is carried out there. Schedules are looked at by
//! every server of a database; a run that is due is claimed by one of them.

mod queue;
mod record;
mod run;
mod schedule;
mod scheduler;
mod schedules;
mod status;
mod timetable;

pub use queue::{Jobs, Run};
pub use run::{carry_out, keep, start, stop, tell};
pub use scheduler::{Look, run_due};
pub use schedules::{Overview, create, delete, list, overview, update};
pub use status::BEAT_EVERY_MS;

use std::sync::Arc;

use super::{App, Ctx};
use crate::access::Principal;

/// A request of the server itself, about its jobs.
fn own_ctx(app: &Arc<App>) -> Ctx {
    Ctx::new(Arc::clone(app), Principal::Master, Arc::from("jobs"))
}
