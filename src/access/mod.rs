//! Who may do what: a principal, an operation and a class give a [`Plan`], and nothing reaches a back end
//! or a client without one.
//!
//! Only a plan makes an [`Allowed`] question, which is all that storage accepts; only a plan turns
//! [`Stored`](crate::value::Stored) rows into [`Objects`], which is all that doors encode. This room is
//! pure: it knows no I/O and never asks for the time.

mod fields;
mod objects;
mod plan;
mod principal;
mod rows;
mod rules;
#[cfg(test)]
mod tests;
mod write_access;

pub use fields::Protection;
pub use objects::{ObjectView, Objects};
pub use plan::{Allowed, FixedQuestion, Plan};
pub use principal::{Grantees, Principal, UserIdentity};
pub use rows::{ListFilter, Right, RowFilter};
pub use write_access::WriteAccess;
