//! The reader threads: each has a connection of its own and takes the next question from one queue.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::connection::Connection;
use super::failure::{closed, overloaded, panicked};
use crate::error::{Error, Result};

/// Questions that may wait.
const QUEUE_MAX: usize = 16_384;

/// Something to do with a connection. It sends its result itself.
pub(super) type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The reader threads.
pub(super) struct Readers {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads that wait for a job: waking nobody costs a system call, too.
    waiting: usize,
    is_closed: bool,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self> {
        let queue = Arc::<Queue>::default();
        let mut threads = Vec::with_capacity(connections.len());
        for (number, connection) in connections.into_iter().enumerate() {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new().name(format!("sqlite-read-{number}"));
            threads
                .push(thread.spawn(move || serve(&queue, &connection)).map_err(Error::internal)?);
        }
        Ok(Self { queue, threads: Mutex::new(threads) })
    }

    /// Runs a job on the next free thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = answering(job);
        self.queue.push(job)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Lets the threads finish what is waiting, and end.
    pub(super) fn stop(&self) -> Vec<JoinHandle<()>> {
        self.queue.close();
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// A job that sends its result, or that it panicked.
pub(super) fn answering<T: Send + 'static>(
    job: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T>>) {
    let (reply, answer) = oneshot::channel();
    let job = Box::new(move |connection: &Connection| {
        let result =
            catch_unwind(AssertUnwindSafe(|| job(connection))).unwrap_or_else(|_| Err(panicked()));
        // Whoever asked may be gone.
        let _ = reply.send(result);
    });
    (job, answer)
}

impl Queue {
    fn push(&self, job: Job) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return Err(closed());
        }
        if state.jobs.len() >= QUEUE_MAX {
            return Err(overloaded());
        }
        state.jobs.push_back(job);
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.wake.notify_all();
    }

    /// The next job; nothing once the queue is closed and empty.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state.waiting += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }
}

fn serve(queue: &Queue, connection: &Connection) {
    while let Some(job) = queue.next() {
        job(connection);
    }
}
