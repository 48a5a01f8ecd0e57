//! A copy of a database in memory, for those who read while a transaction is held open: there is only one
//! connection, and the transaction has it.

use std::sync::{Arc, Mutex, PoisonError};

use super::connection::Connection;
use super::failure::failure;
use super::readers::Readers;
use crate::error::Result;

/// The copy, while there is one.
#[derive(Clone, Default)]
pub(super) struct Aside(Arc<Mutex<Option<Arc<Readers>>>>);

impl Aside {
    /// Copies the database as it is before the transaction.
    pub(super) fn open(&self, connection: &Connection) -> Result<()> {
        let readers = Readers::start(vec![connection.copy().map_err(failure)?])?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(readers));
        Ok(())
    }

    /// Forgets the copy: from now on questions see what the transaction did.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Who reads from the copy, if there is one.
    pub(super) fn readers(&self) -> Option<Arc<Readers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
