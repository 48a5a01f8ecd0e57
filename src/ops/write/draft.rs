//! The fields that the server owns: id and timestamps.

use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::value::{Fields, ObjectId, Op, Value};

/// Fields whose values the client can not choose; what it sends for them has been checked and is dropped.
const SERVER_OWNED: [&str; 2] = ["createdAt", "updatedAt"];

/// Takes the id of a new object out of its fields, or makes one.
pub(super) fn new_id(ctx: &Ctx, fields: &mut Fields) -> Result<ObjectId> {
    let given = fields.take("objectId");
    if !ctx.app.config.allow_custom_object_id {
        return match given {
            None | Some(Op::Set(Value::Null)) => generated(ctx),
            Some(_) => Err(reserved()),
        };
    }
    match given {
        None => generated(ctx),
        Some(Op::Set(Value::String(id))) if !id.is_empty() => Ok(ObjectId::from(id)),
        Some(Op::Set(Value::String(_) | Value::Null)) => {
            Err(Error::new(Code::MissingObjectId, "objectId must not be empty, null or undefined"))
        }
        Some(_) => Err(reserved()),
    }
}

/// Refuses to give a user an id that means somebody else in access control lists and permissions: error 119.
/// Clients can not give a user another id at all.
pub(super) fn check_user_id(ctx: &Ctx, id: &str, is_new: bool) -> Result<()> {
    let means_others = id.starts_with("role:")
        || id.starts_with("userField:")
        || ["*", "authenticated", "requiresAuthentication", "pointerFields"].contains(&id);
    if means_others || !(is_new || ctx.principal.sees_everything()) {
        return Err(Error::denied(Code::OperationForbidden, "Invalid object ID."));
    }
    Ok(())
}

fn generated(ctx: &Ctx) -> Result<ObjectId> {
    ctx.app.random.object_id(ctx.app.config.object_id_size)
}

fn reserved() -> Error {
    Error::new(Code::InvalidKeyName, "objectId is an invalid field name.")
}

/// An object that exists may be renamed by setting its id; nothing else can be done to an id.
pub(super) fn check_rename(fields: &mut Fields, id: &str) -> Result<()> {
    match fields.get("objectId") {
        None => Ok(()),
        Some(Op::Set(Value::String(new))) if new == id || new.is_empty() => {
            fields.take("objectId");
            Ok(())
        }
        Some(Op::Set(Value::String(_))) => Ok(()),
        Some(Op::Set(Value::Null)) => {
            fields.take("objectId");
            Ok(())
        }
        Some(_) => Err(reserved()),
    }
}

/// Drops what only the server sets.
pub(super) fn drop_server_owned(fields: &mut Fields) {
    for name in SERVER_OWNED {
        fields.take(name);
    }
}
