//! The right to write, as a value: what changes anything takes it, so that it can not be called for somebody
//! who may only read.

use super::Principal;
use crate::error::{Code, Error, Result};

/// The right to write at all. What may be written is for the plan to say.
#[derive(Clone, Copy, Debug)]
pub struct WriteAccess(());

impl WriteAccess {
    /// The right of the server's own work, which nobody asked for. Its call sites are counted by a test.
    pub fn of_server() -> Self {
        Self(())
    }
}

impl Principal {
    /// The right to write. Error 119 for the read-only master key.
    pub fn writer(&self) -> Result<WriteAccess> {
        match self {
            Self::Public | Self::User(_) | Self::Master | Self::Maintenance => Ok(WriteAccess(())),
            Self::ReadOnlyMaster => Err(Error::denied(
                Code::OperationForbidden,
                "read-only masterKey isn't allowed to write",
            )),
        }
    }
}
