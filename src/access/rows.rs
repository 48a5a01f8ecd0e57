//! Which rows of a class a caller may touch.

use super::{Grantees, UserIdentity};
use crate::query::{Comparison, FieldPath, Subject, Test, Where, matches};
use crate::schema::{ClassSchema, FieldType};
use crate::value::{ClassName, FieldName, Pointer, Value, wire};

/// What an access control list grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To read.
    Read,
    /// To write.
    Write,
}

/// A condition on the access control list of a row; a row without a list meets it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListFilter {
    /// The right that is needed.
    pub right: Right,
    /// Those who ask; the list must name one of them.
    pub grantees: Grantees,
    /// Whether the row of the user himself meets it whatever its list says.
    pub or_self: bool,
}

/// Which rows a caller may touch: those that meet both parts.
#[derive(Clone, Debug, PartialEq)]
pub struct RowFilter {
    list: Option<ListFilter>,
    and: Where,
}

impl RowFilter {
    /// All rows.
    pub const ALL: Self = Self { list: None, and: Where::Everything };

    /// The rows whose list grants a right.
    pub(super) fn listed(right: Right, grantees: Grantees) -> Self {
        let list = Some(ListFilter { right, grantees, or_self: false });
        Self { list, and: Where::Everything }
    }

    /// The same, and the row of the user himself.
    pub(super) fn or_self(mut self) -> Self {
        if let Some(list) = &mut self.list {
            list.or_self = true;
        }
        self
    }

    /// The same, as far as rows meet a condition too.
    pub(super) fn and(mut self, condition: Where) -> Self {
        self.and = if self.and == Where::Everything {
            condition
        } else {
            Where::All(vec![self.and, condition])
        };
        self
    }

    /// Whether it lets all rows pass.
    pub fn is_all(&self) -> bool {
        self.list.is_none() && self.and == Where::Everything
    }

    /// What must hold of a row's access control list.
    pub fn list(&self) -> Option<&ListFilter> {
        self.list.as_ref()
    }

    /// What must hold of a row's fields.
    pub fn condition(&self) -> &Where {
        &self.and
    }

    /// Whether it lets an object pass, exactly as the back ends decide it.
    pub fn admits(&self, object: &dyn Subject) -> bool {
        self.list.as_ref().is_none_or(|list| list.admits(object))
            && (self.and == Where::Everything || matches(&self.and, object) == Some(true))
    }
}

impl ListFilter {
    fn admits(&self, object: &dyn Subject) -> bool {
        if self.or_self
            && let Some(user) = self.grantees.user_id()
            && let Value::String(id) = &*object.value("objectId")
            && *user == *id.as_str()
        {
            return true;
        }
        let value = object.value("ACL");
        if let Value::Acl(Some(acl)) = &*value {
            let granted = match self.right {
                Right::Read => acl.readers(),
                Right::Write => acl.writers(),
            };
            return self.grantees.names().any(|name| granted.iter().any(|grantee| grantee == name));
        }
        matches!(&*value, Value::Null | Value::Acl(None))
    }
}

/// The row is that of the user himself.
pub(super) fn is_self(user: &UserIdentity) -> Where {
    let path =
        FieldPath { field: FieldName::from("objectId"), kind: FieldType::String, path: Vec::new() };
    Where::Field(path, Test::Compare(Comparison::Equal, Value::String(user.id.to_string())))
}

/// One of these fields points to the user, or is an array with a pointer to him. A field that could not is
/// passed over, and without any other no row is meant: what a rule names and the class no longer has opens
/// nothing (`parse-server:src/Controllers/DatabaseController.js`, `addPointerPermissions`).
pub(super) fn names_user(class: &ClassSchema, fields: &[FieldName], user: &UserIdentity) -> Where {
    let mut tests: Vec<Where> =
        fields.iter().filter_map(|field| field_names_user(class, field, user)).collect();
    match tests.len() {
        0 => Where::Nothing,
        1 => tests.remove(0),
        _ => Where::Any(tests),
    }
}

fn field_names_user(class: &ClassSchema, field: &str, user: &UserIdentity) -> Option<Where> {
    let (name, field) = class.known(field)?;
    let pointer = Pointer { class: ClassName::from("_User"), id: user.id.clone() };
    let test = match &field.kind {
        FieldType::Pointer(target) if *target == "_User" => {
            Test::Compare(Comparison::Equal, Value::Pointer(pointer))
        }
        FieldType::Array => Test::Contains(wire::pointer_to_json(&pointer)),
        FieldType::Pointer(_)
        | FieldType::String
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Object
        | FieldType::GeoPoint
        | FieldType::Polygon
        | FieldType::File
        | FieldType::Bytes
        | FieldType::Relation(_)
        | FieldType::Acl => return None,
    };
    let path = FieldPath { field: name.clone(), kind: field.kind.clone(), path: Vec::new() };
    Some(Where::Field(path, test))
}
