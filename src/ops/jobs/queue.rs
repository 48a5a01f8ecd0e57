//! The jobs of one server: those that wait and those that run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::mpsc::{Permit, Receiver, Sender, channel};

use crate::cloud::hook::JobRequest;
use crate::cloud::{Job, Within};
use crate::error::{Code, Error, Result};
use crate::value::ObjectId;

/// Jobs that may wait on one server.
const WAITING_MAX: usize = 1_000;

/// A job that is to be carried out.
#[derive(Debug)]
pub struct Run {
    pub(super) job: Arc<Job>,
    pub(super) request: JobRequest,
    pub(super) within: Within,
}

/// The jobs of this server.
pub struct Jobs {
    entrance: Sender<Run>,
    exit: Mutex<Option<Receiver<Run>>>,
    /// The statuses of jobs that wait or run here, with what they told last.
    accepted: Mutex<BTreeMap<String, Option<String>>>,
    schedules_changed: Notify,
}

impl Default for Jobs {
    fn default() -> Self {
        let (entrance, exit) = channel(WAITING_MAX);
        Self {
            entrance,
            exit: Mutex::new(Some(exit)),
            accepted: Mutex::default(),
            schedules_changed: Notify::new(),
        }
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("accepted", &self.accepted().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Jobs {
    /// The jobs that are to be carried out; whoever asks first gets them all.
    pub fn waiting(&self) -> Option<Receiver<Run>> {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until somebody changes schedules through this server.
    pub async fn schedules_changed(&self) {
        self.schedules_changed.notified().await;
    }

    pub(super) fn tell_of_schedules(&self) {
        self.schedules_changed.notify_one();
    }

    /// Room for one more. Error 155 if there is none, and 119 if the server is stopping.
    pub(super) fn room(&self) -> Result<Room<'_>> {
        match self.entrance.try_reserve() {
            Ok(permit) => Ok(Room { permit, jobs: self }),
            Err(_) if self.entrance.is_closed() => {
                Err(Error::new(Code::OperationForbidden, "The server is stopping."))
            }
            Err(_) => Err(Error::new(Code::RequestLimitExceeded, "Too many jobs are waiting.")),
        }
    }

    /// Keeps what a job told last. Returns whether the job is known.
    pub(super) fn remember(&self, id: &str, message: &str) -> bool {
        match self.accepted().get_mut(id) {
            Some(told) => {
                *told = Some(message.to_owned());
                true
            }
            None => false,
        }
    }

    pub(super) fn all_accepted(&self) -> Vec<ObjectId> {
        self.accepted().keys().map(|id| ObjectId::from(id.as_str())).collect()
    }

    /// Forgets a job and returns what it told last; nothing if it is not known.
    pub(super) fn forget(&self, id: &str) -> Option<Option<String>> {
        self.accepted().remove(id)
    }

    fn accepted(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room in the queue.
pub(super) struct Room<'a> {
    permit: Permit<'a, Run>,
    jobs: &'a Jobs,
}

impl Room<'_> {
    /// Puts a job at the end of the queue.
    pub(super) fn put(self, run: Run) {
        self.jobs.accepted().insert(run.request.job_id.to_string(), None);
        self.permit.send(run);
    }
}
