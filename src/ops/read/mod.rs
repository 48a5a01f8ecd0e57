//! Reading verbs: find, get, count, relations, distinct and aggregate.

mod aggregate;
mod find;
mod found;
mod include;
mod related;
mod select;
mod subquery;

pub use aggregate::{aggregate, distinct};
pub(super) use find::{by_id, get_self};
pub use find::{explain, find, get};
pub use found::{Branch, Found, Targets};
pub use related::{RelatedFound, find_related};
