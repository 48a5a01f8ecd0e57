//! Hosts of cloud code: the Node processes that this server starts, or somebody else's process, and the connection to them.
//!
//! [`connection`] speaks JSON-RPC, [`process`] starts and ends Node, [`codec`] knows the words of the host protocol.

mod codec;
mod configuration;
mod connection;
mod process;
mod registration;
mod script;

pub(super) use codec::{Call, read_answer, read_value, write_notice};
pub use configuration::{Evaluated, evaluate};
pub(super) use connection::{Connection, Failure, Responder, Serving};
pub use process::ProcessSettings;
pub(super) use process::{Directory, Process};
pub(super) use registration::{Purpose, Registration, same_meaning};
