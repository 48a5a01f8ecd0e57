//! What other processes did in the database, as far as somebody here may know better.

use crate::value::ObjectId;

/// Something that another process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Classes changed; their version is this one, or a later one by now.
    Classes(u64),
    /// Sessions of these users changed or ended, or the users are gone.
    Sessions(Vec<ObjectId>),
    /// Sessions of anybody changed or ended.
    AllSessions,
    /// These users have other roles of their own.
    RolesOf(Vec<ObjectId>),
    /// These roles changed, or are gone, or others contain them or do not any more: whoever has one of them,
    /// directly or not, may have other roles.
    Roles(Vec<ObjectId>),
    /// Anybody may have other roles.
    AllRoles,
    /// Anything may have changed until now. From now on everything is told.
    Everything,
    /// From now on nothing is told, until [`Elsewhere::Everything`] is: the line to the database is cut.
    Silence,
}

/// Takes news; called in the order in which things were done.
pub type Tell<'a> = &'a (dyn Fn(Elsewhere) + Send + Sync);
