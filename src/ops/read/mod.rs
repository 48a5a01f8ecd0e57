//! Reading verbs: find, get, count, relations, distinct and aggregate.

mod accounts;
mod aggregate;
mod find;
mod found;
mod hooked;
mod include;
mod related;
mod replaced;
mod select;
mod several;
mod shown;
mod subquery;
mod watched;

pub use aggregate::{aggregate, distinct};
pub(super) use find::{by_id, get_self, get_self_unheard};
pub use find::{explain, find, get};
pub use found::{Branch, Found, Targets};
pub(super) use hooked::{for_hooks, for_hooks_past_finds, whole_object};
pub use include::follow_seen;
pub use related::{RelatedFound, find_related};
pub(super) use replaced::Replacer;
pub use several::get_several;
pub(super) use shown::{members_of, relation};
pub(super) use watched::whole;
pub use watched::{Watched, check_watchable, watched};
