//! Connections for questions of microseconds: whoever asks uses one himself if one is free, which costs less
//! than to wake a thread and to be woken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::connection::Connection;
use super::failure::panicked;
use crate::error::Result;

/// The connections; none once they are closed.
pub(super) struct Near(Vec<Mutex<Option<Connection>>>);

impl Near {
    /// Takes the connections.
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self(connections.into_iter().map(|connection| Mutex::new(Some(connection))).collect())
    }

    /// Runs a job at once, if a connection is free.
    pub(super) fn run<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        let free = self.0.iter().find_map(|connection| connection.try_lock().ok())?;
        let connection = free.as_ref()?;
        Some(catch_unwind(AssertUnwindSafe(|| job(connection))).unwrap_or_else(|_| Err(panicked())))
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        for connection in &self.0 {
            connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}
