//! Name, address and password of a user as a client sends them.

use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::value::{Fields, Op, Value};

/// Refuses fields that only a privileged key may set.
pub(in crate::ops) fn check_restricted(ctx: &Ctx, fields: &Fields) -> Result<()> {
    let sets = fields.iter().any(|(key, _)| *key.field == *"emailVerified");
    if sets && !ctx.principal.sees_everything() {
        return Err(Error::denied(
            Code::OperationForbidden,
            "Clients aren't allowed to manually update email verification.",
        ));
    }
    Ok(())
}

/// Takes the new password out. It can not be taken away.
pub(in crate::ops) fn take_password(fields: &mut Fields) -> Result<Option<String>> {
    match fields.take("password") {
        None => Ok(None),
        Some(Op::Set(Value::String(password))) if !password.is_empty() => Ok(Some(password)),
        Some(_) => Err(Error::new(Code::PasswordMissing, "password is required")),
    }
}

/// Takes the name out, in the form in which it is kept.
pub(in crate::ops) fn take_username(ctx: &Ctx, fields: &mut Fields) -> Result<Option<String>> {
    let is_lower = ctx.app.config.users.convert_username_to_lowercase;
    match fields.take("username") {
        None | Some(Op::Set(Value::Null) | Op::Delete) => Ok(None),
        Some(Op::Set(Value::String(name))) if name.is_empty() => Ok(None),
        Some(Op::Set(Value::String(name))) if is_lower => Ok(Some(name.to_lowercase())),
        Some(Op::Set(Value::String(name))) => Ok(Some(name)),
        Some(_) => Err(Error::new(Code::UsernameMissing, "bad or missing username")),
    }
}

/// The new address, in the form in which it is kept. Error 125 if it can not be one.
pub(in crate::ops) fn check_email(ctx: &Ctx, fields: &mut Fields) -> Result<Option<String>> {
    let email = match fields.get("email") {
        Some(Op::Set(Value::String(email))) if !email.is_empty() => email.clone(),
        _ => return Ok(None),
    };
    if !is_address(&email) {
        return Err(Error::new(Code::InvalidEmailAddress, "Email address format is invalid."));
    }
    let email = match ctx.app.config.users.convert_email_to_lowercase {
        true => email.to_lowercase(),
        false => email,
    };
    fields.set("email", Value::String(email.clone()));
    Ok(Some(email))
}

/// Something before an `@` and something after it, on one line: what the original asks of an address
/// (`parse-server:src/RestWrite.js`, `validateEmail`).
fn is_address(text: &str) -> bool {
    let inner = text.char_indices().skip(1).find(|(_, c)| *c == '@');
    !text.contains(['\n', '\r']) && inner.is_some_and(|(at, _)| at + 1 < text.len())
}

/// In words for users: somebody else has the name or the address.
pub(in crate::ops) fn taken(error: Error) -> Error {
    match error.duplicate_field() {
        Some("username") => {
            Error::new(Code::UsernameTaken, "Account already exists for this username.")
        }
        Some("email") => {
            Error::new(Code::EmailTaken, "Account already exists for this email address.")
        }
        Some("authData") => super::auth_data::taken(),
        _ => error,
    }
}
