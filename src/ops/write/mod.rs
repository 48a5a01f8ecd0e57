//! Writing verbs: create, update, delete, each in typed stages.
//!
//! **admit** (may the caller do this with this class) → **ask** (hooks, which may change everything) → **draft** (id,
//! timestamps, reserved names) → **settle** (defaults, required fields, types; may add fields to the class; ends in a
//! checked row) → **store** (one guarded change) → **effects** (hooks hear of it; inside a transaction once that is
//! lasting) → **answer** (only what the caller does not know).

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
pub(super) use answer::keep_tellable;
pub use create::create;
pub(super) use create::{Draft, admit_user, created, draft_user, hear_user};
pub use delete::delete;
pub(super) use settle::{Unmet, fitting_user_class};
pub use settle::{prepare_create, prepare_update};
pub use update::update;
