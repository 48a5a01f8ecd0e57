//! Which changes make which knowledge void.

use std::collections::HashSet;
use std::future::Future;

use super::known::{Concerns, Others};
use super::roles::Grants;
use super::{Auth, Session};
use crate::error::Result;
use crate::storage::Elsewhere;
use crate::value::{Date, ObjectId};

/// A change after which something that was known may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// A session changed or ended.
    Session(String),
    /// A session changed or ended, by the id of its object.
    SessionObject(ObjectId),
    /// All sessions of a user.
    SessionsOf(ObjectId),
    /// The roles that a user has directly.
    RolesOf(ObjectId),
    /// A role, or the roles that contain it: all who have it, directly or not, may have other roles now.
    Role(ObjectId),
    /// Sessions of anybody.
    AllSessions,
    /// Roles of anybody.
    AllRoles,
}

impl Auth {
    /// Makes a change. What it makes void is not known any more when this returns, whether the change was
    /// made or failed; nor will it be, if the caller does not wait for the end.
    pub async fn changing<T: Send>(
        &self,
        what: Vec<Forget>,
        now: Date,
        change: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        if what.is_empty() {
            return change.await;
        }
        let mut doubts = Doubts::begin(self, what, now);
        let done = change.await;
        doubts.settle();
        done
    }

    /// Takes note of what another process did. What it makes void is not known any more when this returns.
    pub fn hear(&self, news: &Elsewhere) {
        let each = |ids: &[ObjectId], about: fn(ObjectId) -> Forget| {
            ids.iter().cloned().map(about).collect::<Vec<_>>()
        };
        let what = match news {
            Elsewhere::Classes(_) => return,
            Elsewhere::Sessions(users) => each(users, Forget::SessionsOf),
            Elsewhere::AllSessions => vec![Forget::AllSessions],
            Elsewhere::RolesOf(users) => each(users, Forget::RolesOf),
            Elsewhere::Roles(roles) => each(roles, Forget::Role),
            Elsewhere::AllRoles => vec![Forget::AllRoles],
            Elsewhere::Everything => {
                self.sessions.known.is_told_from_now_on();
                self.sessions_changed();
                self.roles.known.is_told_from_now_on();
                return;
            }
            Elsewhere::Silence => {
                self.sessions.known.is_not_told();
                self.roles.known.is_not_told();
                return;
            }
        };
        let (sessions, roles) = Concerned::of(what).split();
        if let Some(concerns) = sessions {
            self.sessions.known.changed(concerns);
            self.sessions_changed();
        }
        if let Some(concerns) = roles {
            self.roles.known.changed(concerns);
        }
    }
}

/// What is said of sessions and of roles, all changes together.
#[derive(Default)]
struct Concerned {
    tokens: HashSet<String>,
    sessions: HashSet<ObjectId>,
    owners: HashSet<ObjectId>,
    users: HashSet<String>,
    roles: HashSet<ObjectId>,
    has_all_sessions: bool,
    has_all_roles: bool,
}

impl Concerned {
    fn of(what: Vec<Forget>) -> Self {
        let mut concerned = Self::default();
        for change in what {
            match change {
                Forget::Session(token) => drop(concerned.tokens.insert(token)),
                Forget::SessionObject(id) => drop(concerned.sessions.insert(id)),
                Forget::SessionsOf(user) => drop(concerned.owners.insert(user)),
                Forget::RolesOf(user) => drop(concerned.users.insert(user.to_string())),
                Forget::Role(role) => drop(concerned.roles.insert(role)),
                Forget::AllSessions => concerned.has_all_sessions = true,
                Forget::AllRoles => concerned.has_all_roles = true,
            }
        }
        concerned
    }

    /// Which sessions, and which grants; nothing where none can be meant.
    fn split(self) -> (Option<Concerns<Session>>, Option<Concerns<Grants>>) {
        let Self { tokens, sessions, owners, users, roles, has_all_sessions, has_all_roles } = self;
        let has_more = has_all_sessions || !sessions.is_empty() || !owners.is_empty();
        let of_sessions = (has_more || !tokens.is_empty()).then(|| Concerns {
            keys: tokens,
            others: has_more.then(|| -> Others<Session> {
                Box::new(move |session| {
                    has_all_sessions
                        || sessions.contains(&session.id)
                        || owners.contains(&session.user)
                })
            }),
        });
        let has_more = has_all_roles || !roles.is_empty();
        let of_roles = (has_more || !users.is_empty()).then(|| Concerns {
            keys: users,
            others: has_more.then(|| -> Others<Grants> {
                Box::new(move |grants| {
                    has_all_roles || grants.roles.iter().any(|role| roles.contains(role))
                })
            }),
        });
        (of_sessions, of_roles)
    }
}

/// A change under way. Dropped before it is settled, it counts as abandoned.
struct Doubts<'a> {
    auth: &'a Auth,
    sessions: Option<u64>,
    roles: Option<u64>,
}

impl<'a> Doubts<'a> {
    fn begin(auth: &'a Auth, what: Vec<Forget>, now: Date) -> Self {
        let (sessions, roles) = Concerned::of(what).split();
        Self {
            auth,
            sessions: sessions.map(|concerns| auth.sessions.known.doubt(concerns, now)),
            roles: roles.map(|concerns| auth.roles.known.doubt(concerns, now)),
        }
    }

    fn settle(&mut self) {
        if let Some(number) = self.sessions.take() {
            self.auth.sessions.known.settle(number);
            self.auth.sessions_changed();
        }
        if let Some(number) = self.roles.take() {
            self.auth.roles.known.settle(number);
        }
    }
}

impl Drop for Doubts<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.sessions.take() {
            self.auth.sessions.known.abandon(number);
        }
        if let Some(number) = self.roles.take() {
            self.auth.roles.known.abandon(number);
        }
    }
}
