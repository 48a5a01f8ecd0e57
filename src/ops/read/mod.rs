//! Reading verbs: find, get, count, relations, distinct and aggregate.

mod aggregate;
mod find;
mod found;
mod include;
mod select;
mod subquery;

pub use aggregate::{aggregate, distinct};
pub use find::{RelatedFound, explain, find, find_related, get};
pub use found::{Branch, Found, Targets};
