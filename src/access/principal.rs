//! Who asks.

use std::sync::Arc;

use crate::value::ObjectId;

/// The caller of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Public,
    /// A user with the roles that he has, directly or through other roles.
    User(Arc<UserIdentity>),
    /// The holder of the master key.
    Master,
    /// The holder of the read-only master key.
    ReadOnlyMaster,
    /// The holder of the maintenance key.
    Maintenance,
}

/// A user as far as permissions go.
#[derive(Debug, PartialEq, Eq)]
pub struct UserIdentity {
    /// The user's id.
    pub id: ObjectId,
    /// Names of the user's roles, without `role:`.
    pub roles: Vec<String>,
}

impl Principal {
    /// Whether the caller holds a master key.
    pub fn is_master(&self) -> bool {
        match self {
            Self::Master | Self::ReadOnlyMaster => true,
            Self::Maintenance | Self::Public | Self::User(_) => false,
        }
    }

    /// Whether class-level permissions and access control lists do not apply.
    pub fn sees_everything(&self) -> bool {
        match self {
            Self::Master | Self::ReadOnlyMaster | Self::Maintenance => true,
            Self::Public | Self::User(_) => false,
        }
    }

    /// Whether the caller may write past every rule.
    pub fn may_write_everything(&self) -> bool {
        match self {
            Self::Master | Self::Maintenance => true,
            Self::ReadOnlyMaster | Self::Public | Self::User(_) => false,
        }
    }

    /// The user, if it is one.
    pub fn user(&self) -> Option<&UserIdentity> {
        match self {
            Self::User(user) => Some(user),
            Self::Public | Self::Master | Self::ReadOnlyMaster | Self::Maintenance => None,
        }
    }

    /// The grantees of an access control list that mean this caller, `*` first.
    pub fn grantees(&self) -> Vec<String> {
        let mut grantees = vec!["*".to_owned()];
        if let Some(user) = self.user() {
            grantees.push(user.id.to_string());
            grantees.extend(user.roles.iter().map(|role| format!("role:{role}")));
        }
        grantees
    }
}
