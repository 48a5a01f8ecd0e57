//! Every task that outlives a request has a name and is known here; shutdown is one signal, and waits.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long tasks may take to finish after the signal.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The tasks of the server.
#[derive(Debug)]
pub(super) struct Tasks {
    running: JoinSet<&'static str>,
    stop: watch::Sender<bool>,
}

/// Starts tasks that nobody names: requests of cloud code, and what looks after its hosts. They are waited for, too.
#[derive(Clone, Debug)]
pub(super) struct Spawner(mpsc::Sender<()>);

/// Waits for them.
#[derive(Debug)]
pub(super) struct Spawned {
    spawner: Spawner,
    ends: mpsc::Receiver<()>,
}

impl Spawner {
    pub(super) fn new() -> (Self, Spawned) {
        // Nothing is ever sent: each task holds a sender, and when all are gone, all tasks have ended.
        let (running, ends) = mpsc::channel(1);
        let spawner = Self(running);
        (spawner.clone(), Spawned { spawner, ends })
    }

    /// Starts a task.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let running = self.0.clone();
        tokio::spawn(async move {
            work.await;
            drop(running);
        });
    }
}

impl Spawned {
    /// Waits for all tasks, as long as for all others. Whoever else can start tasks must be gone.
    pub(super) async fn finish(mut self) {
        drop(self.spawner);
        if tokio::time::timeout(DRAIN_MAX, self.ends.recv()).await.is_err() {
            tracing::warn!("tasks of cloud code did not end in time and are dropped");
        }
    }
}

/// Tells a task when to stop.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for the signal.
    pub(super) async fn wait(mut self) {
        // An error means that the sender is gone, which is a signal too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self { running: JoinSet::new(), stop: watch::Sender::new(false) }
    }

    /// The signal, for a task to listen to.
    pub(super) fn stop(&self) -> Stop {
        Stop(self.stop.subscribe())
    }

    /// Starts a task.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.running.spawn(async move {
            task.await;
            name
        });
    }

    /// Gives the signal and waits for all tasks.
    pub(super) async fn finish(mut self) {
        self.stop.send_replace(true);
        let drained = tokio::time::timeout(DRAIN_MAX, async {
            while let Some(ended) = self.running.join_next().await {
                match ended {
                    Ok(name) => tracing::debug!(name, "task ended"),
                    Err(cause) => tracing::error!(%cause, "task failed"),
                }
            }
        });
        if drained.await.is_err() {
            tracing::warn!("tasks did not end in time and are dropped");
        }
    }
}
