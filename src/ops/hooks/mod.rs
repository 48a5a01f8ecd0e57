//! Hooks: what cloud code is told of a request and of its objects, and what becomes of its answers.
//!
//! The verbs call this room at their stages: before and after objects are saved, deleted and found, people log in and
//! out, the configuration changes. It asks nobody where nobody listens, and that costs next to nothing. It never decides
//! what a caller may do: what a hook changed goes the way that a client's wish goes.

mod accounts;
mod asker;
mod candidate;
mod configuration;
mod deletes;
mod finds;
pub mod live;
mod log;
mod rules;
mod run;
mod saves;
mod state;
mod validate;

pub(super) use accounts::{
    after_log_in, after_log_in_by_auth_data, after_log_out, before_log_in, before_password_reset,
};
pub use asker::Origin;
pub(super) use asker::asker;
pub(super) use configuration::{after_configuration, before_configuration, hears_configuration};
pub(super) use deletes::{Deletion, after_delete, before_delete, hears_deletes};
pub(super) use finds::{Finding, after_find, before_aggregate, before_find, hears_finds};
pub(super) use run::{Once, Outcome, ask, in_time, listens};
pub(super) use saves::{Heard, after_save, before_save, hears_after_save, hears_saves};
pub(super) use state::{created, object_state, state_of, updated};
pub(super) use validate::{validate_function, validate_trigger};
