//! What is not known any more when an object of a system class changes.

use super::session_rules;
use crate::auth::Forget;
use crate::ops::Ctx;
use crate::schema::{ClassSchema, RelationChange, Row};
use crate::value::{ObjectId, Value};

/// When an object is made.
pub(super) fn of_create(ctx: &Ctx, class: &ClassSchema, row: &Row) -> Vec<Forget> {
    match class.name.as_str() {
        // Where clients choose ids, relations may have known the new role before it was there.
        "_Role" if ctx.app.config.allow_custom_object_id => vec![Forget::AllRoles],
        "_Role" => of_members(&row.relations),
        _ => Vec::new(),
    }
}

/// When an object changes.
pub(super) fn of_update(class: &ClassSchema, id: &str, row: &Row) -> Vec<Forget> {
    let id = ObjectId::from(id);
    let renamed = match row.value("objectId") {
        Some(Value::String(new)) if id != *new.as_str() => Some(ObjectId::from(new.as_str())),
        _ => None,
    };
    match class.name.as_str() {
        "_User" => match renamed {
            None => Vec::new(),
            Some(new) => [of_user(&id), of_user(&new)].concat(),
        },
        "_Session" => session_rules::forget(&id),
        "_Role" if renamed.is_some() => vec![Forget::AllRoles],
        "_Role" => {
            let mut forget = of_members(&row.relations);
            if row.columns.iter().any(|(name, _)| *name == "name") {
                forget.push(Forget::Role(id));
            }
            forget
        }
        _ => Vec::new(),
    }
}

/// When an object goes.
pub(super) fn of_delete(class: &ClassSchema, id: &str) -> Vec<Forget> {
    match class.name.as_str() {
        "_User" => of_user(&ObjectId::from(id)),
        "_Session" => session_rules::forget(id),
        "_Role" => vec![Forget::Role(ObjectId::from(id))],
        _ => Vec::new(),
    }
}

fn of_user(id: &ObjectId) -> Vec<Forget> {
    vec![Forget::SessionsOf(id.clone()), Forget::RolesOf(id.clone())]
}

/// Users who come or go have other roles now; so have all who have a role that comes or goes.
fn of_members(relations: &[RelationChange]) -> Vec<Forget> {
    let mut forget = Vec::new();
    for change in relations {
        let about: fn(ObjectId) -> Forget = match change.field.as_str() {
            "users" => Forget::RolesOf,
            "roles" => Forget::Role,
            _ => continue,
        };
        forget.extend(change.add.iter().chain(&change.remove).cloned().map(about));
    }
    forget
}
