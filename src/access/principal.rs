//! Who asks.

use std::sync::Arc;

use crate::value::{Json, ObjectId};

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

/// A user as far as permissions go. It is made once for a user and shared by his requests.
#[derive(Debug, PartialEq, Eq)]
pub struct UserIdentity {
    /// The user's id.
    pub id: ObjectId,
    /// Names of the user's roles, without `role:`.
    pub roles: Vec<String>,
    grantees: Vec<String>,
    grantees_json: String,
}

impl UserIdentity {
    /// A user with the names of all his roles, those that he has through other roles too.
    pub fn new(id: ObjectId, roles: Vec<String>) -> Self {
        let mut grantees = Vec::with_capacity(roles.len() + 2);
        grantees.push(EVERYBODY.to_owned());
        // An id that looks like something else is no grantee: where clients choose ids, nobody
        // becomes a role by being called like one.
        if &*id != EVERYBODY && !id.starts_with("role:") {
            grantees.push(id.to_string());
        }
        grantees.extend(roles.iter().map(|role| format!("role:{role}")));
        let json = grantees.iter().map(|grantee| Json::from(grantee.as_str())).collect();
        let grantees_json = Json::Array(json).to_text();
        Self { id, roles, grantees, grantees_json }
    }

    /// Whether the user has a role.
    pub fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role == name)
    }
}

const EVERYBODY: &str = "*";

/// The grantees of an access control list that mean one caller. Cheap to clone: the names were made with
/// the caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grantees(Option<Arc<UserIdentity>>);

impl Grantees {
    /// The names: `*` first, then the user's id and his roles as `role:<name>`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.0.iter().flat_map(|user| user.grantees.iter().skip(1).map(String::as_str));
        std::iter::once(EVERYBODY).chain(own)
    }

    /// The names as a JSON array.
    pub fn json(&self) -> &str {
        self.0.as_ref().map_or("[\"*\"]", |user| &user.grantees_json)
    }

    /// Whether only `*` means the caller.
    pub fn is_everybody(&self) -> bool {
        self.0.is_none()
    }

    /// The id of the user, if the caller is one.
    pub fn user_id(&self) -> Option<&ObjectId> {
        self.0.as_ref().map(|user| &user.id)
    }
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
    pub fn user(&self) -> Option<&Arc<UserIdentity>> {
        match self {
            Self::User(user) => Some(user),
            Self::Public | Self::Master | Self::ReadOnlyMaster | Self::Maintenance => None,
        }
    }

    /// The grantees of an access control list that mean this caller.
    pub fn grantees(&self) -> Grantees {
        Grantees(self.user().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, roles: &[&str], expected: &[&str]) {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        let principal = Principal::User(Arc::new(UserIdentity::new(ObjectId::from(id), roles)));
        let grantees = principal.grantees();
        assert_eq!(grantees.names().collect::<Vec<_>>(), expected);
        let json = Json::parse(grantees.json().as_bytes()).unwrap();
        let names: Vec<&str> = json.as_array().unwrap().iter().filter_map(Json::as_str).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_caller_is_meant_by_his_names() {
        check("u1", &["a", "b\"c"], &["*", "u1", "role:a", "role:b\"c"]);
        check("role:admin", &[], &["*"]);
        check("*", &["a"], &["*", "role:a"]);
        let everybody = Principal::Public.grantees();
        assert_eq!(
            (everybody.names().collect::<Vec<_>>(), everybody.json()),
            (vec!["*"], "[\"*\"]")
        );
    }
}
