//! Writing verbs: create, update, delete, each in typed stages.
//!
//! **admit** (may the caller do this with this class) → **draft** (id, timestamps, reserved names) →
//! **settle** (defaults, required fields, types; may add fields to the class; ends in a checked row) →
//! **store** (one guarded change) → **answer** (only what the caller does not know).

mod admit;
mod answer;
mod create;
mod delete;
mod draft;
mod forget;
mod session_rules;
mod settle;
mod update;

pub use answer::Saved;
pub use create::create;
pub(super) use create::{admit_user, draft_user};
pub use delete::delete;
pub use settle::{prepare_create, prepare_update};
pub use update::update;
