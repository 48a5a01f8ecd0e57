//! Who may do what: a principal, an operation and a class give a [`Plan`], and nothing reaches a back end
//! or a client without one.
//!
//! Only a plan makes an [`Allowed`] question, which is all that storage accepts; only a plan turns
//! [`Stored`](crate::value::Stored) rows into [`Objects`], which is all that doors encode. This room is
//! pure: it knows no I/O and never asks for the time.

mod objects;
mod plan;
mod principal;

pub use objects::{ObjectView, Objects};
pub use plan::{Allowed, Plan, RowFilter};
pub use principal::{Principal, UserIdentity};
