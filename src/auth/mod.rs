//! Proves who somebody is: passwords, sessions, roles, identity providers, second factors.
//!
//! Nothing here decides what somebody may do with an object (that is `access`) or what a log-in changes in
//! the database (that is `ops`). No credential of a third party is ever kept.

pub mod forget;
pub mod identify;
mod known;
pub mod password;
pub mod providers;
mod recall;
pub mod roles;
pub mod sessions;

pub use forget::Forget;
pub use identify::Identified;
pub use password::Passwords;
pub use providers::Providers;
pub use roles::Roles;
pub use sessions::{Session, Sessions};

/// What proves identities; built once.
pub struct Auth {
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Sessions that are known.
    pub sessions: Sessions,
    /// Roles that are known.
    pub roles: Roles,
    /// Identity providers and second factors.
    pub providers: Providers,
    /// Counts the times that sessions may have ended.
    ended: tokio::sync::watch::Sender<u64>,
}

impl Auth {
    /// With nothing known yet.
    pub fn new(
        passwords: Passwords,
        sessions: Sessions,
        roles: Roles,
        providers: Providers,
    ) -> Self {
        Self { passwords, sessions, roles, providers, ended: tokio::sync::watch::Sender::new(0) }
    }
}
