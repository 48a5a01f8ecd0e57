//! What a class says of its callers, and what holds for the classes that the server itself knows.

use super::rows::{Right, is_self, names_user};
use super::{Principal, RowFilter, UserIdentity};
use crate::error::{Code, Error, Result};
use crate::query::Where;
use crate::schema::{ClassOperation, ClassSchema};
use crate::value::FieldName;

/// What class-level permissions grant.
#[derive(Debug)]
pub(super) enum Grant {
    /// The operation on all objects.
    All,
    /// The operation on objects that meet a condition.
    Rows(Where),
}

/// Class-level permissions (`parse-server:src/Controllers/SchemaController.js`, `validatePermission`).
///
/// Whoever is named by the rule may do the operation with all objects; if the rule names fields that point to
/// users, others may do it with the objects that name them.
pub(super) fn check_class(
    class: &ClassSchema,
    operation: ClassOperation,
    principal: &Principal,
) -> Result<Grant> {
    let rule = class.permissions.rule(operation);
    let user = principal.user();
    if rule.public || user.is_some_and(|user| is_named(&rule.grantees, user)) {
        return Ok(Grant::All);
    }
    if rule.authenticated && user.is_none() {
        return Err(Error::denied(
            Code::ObjectNotFound,
            "Permission denied, user needs to be authenticated.",
        ));
    }
    // An object that does not exist yet names nobody.
    let fields: &[FieldName] =
        if operation == ClassOperation::Create { &[] } else { &rule.pointer_fields };
    if !fields.is_empty() {
        let named = user.map_or(Where::Nothing, |user| names_user(class, fields, user));
        return Ok(Grant::Rows(named));
    }
    if rule.authenticated {
        return Ok(Grant::All);
    }
    Err(refused(class, operation))
}

/// The refusal of an operation by the permissions of its class.
pub(super) fn refused(class: &ClassSchema, operation: ClassOperation) -> Error {
    Error::denied(
        Code::OperationForbidden,
        format!("Permission denied for action {} on class {}.", operation.name(), class.name),
    )
}

fn is_named(grantees: &[String], user: &UserIdentity) -> bool {
    grantees.iter().any(|grantee| match grantee.strip_prefix("role:") {
        Some(role) => user.has_role(role),
        None => user.id == *grantee.as_str(),
    })
}

/// The rows that access control lists open to a caller. A user always sees himself, and nobody but he changes him;
/// a session is there for its user only.
pub(super) fn rows_of(
    class: &ClassSchema,
    operation: ClassOperation,
    principal: &Principal,
) -> Result<RowFilter> {
    let user = principal.user();
    let is_users = class.name == "_User";
    let listed = |right| RowFilter::listed(right, principal.grantees());
    let rows = match operation {
        ClassOperation::Find | ClassOperation::Get | ClassOperation::Count if is_users => {
            listed(Right::Read).or_self()
        }
        ClassOperation::Find | ClassOperation::Get | ClassOperation::Count => listed(Right::Read),
        ClassOperation::Update | ClassOperation::Delete if is_users => {
            listed(Right::Write).and(user.map_or(Where::Nothing, |user| is_self(user)))
        }
        ClassOperation::Update | ClassOperation::Delete => listed(Right::Write),
        ClassOperation::Create | ClassOperation::AddField => RowFilter::ALL,
    };
    if class.name != "_Session" {
        return Ok(rows);
    }
    let Some(user) = user else {
        return Err(Error::denied(Code::InvalidSessionToken, "Invalid session token"));
    };
    Ok(rows.and(names_user(class, &[FieldName::from("user")], user)))
}
