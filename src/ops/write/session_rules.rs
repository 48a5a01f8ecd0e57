//! What sessions ask besides what every object asks (`parse-server:src/RestWrite.js`, `handleSession`): most
//! of a session belongs to the server, and a session is made for nobody but the caller.

use super::Saved;
use super::admit::{Verb, admit};
use super::settle::fitting_class;
use crate::auth::Forget;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::users::session::{self, Action, CreatedWith};
use crate::schema::{ClassOperation, ClassSchema, Row, check_types};
use crate::value::{Fields, Json, Members, ObjectId, Op, Value, wire};

/// What the server says of a session, whoever asks for a new one.
const SERVER_OWNED: [&str; 7] =
    ["objectId", "createdAt", "updatedAt", "user", "sessionToken", "expiresAt", "createdWith"];
/// What stays as it is even if a master key would change it.
const FIXED: [&str; 2] = ["installationId", "sessionToken"];
/// What only privileged keys change.
const PRIVILEGED: [&str; 3] = ["user", "expiresAt", "createdWith"];

/// Whether a new session is made from fields as they are: privileged keys may say everything of it.
pub(super) fn is_plain(ctx: &Ctx) -> bool {
    ctx.principal.sees_everything()
}

/// Makes a session for the caller, who says nothing of what belongs to the server: that is dropped. He is
/// told all of it, the token too.
pub(super) async fn create(ctx: &Ctx, fields: Fields) -> Result<Saved> {
    let name = admit(ctx, session::CLASS, Verb::Create)?;
    ctx.app.denylist.check(&fields)?;
    let user = ctx.principal.user().ok_or_else(token_required)?;
    check_acl(&fields)?;
    let mut own = Fields::default();
    let kept = |name: &str| !SERVER_OWNED.contains(&name);
    fields.into_iter().filter(|(key, _)| kept(&key.field)).for_each(|(key, op)| own.put(key, op));
    check_types(&ClassSchema::new(name.clone()), &installation_of(&own))?;
    let installation = match own.take("installationId") {
        Some(Op::Set(Value::String(id))) => Some(id),
        _ => None,
    };
    let class = fitting_class(ctx, &name, &own, Verb::Create).await?;
    ctx.plan(&class, ClassOperation::Create)?;
    let told = told(&own);
    let row = Row::of_new(&class, own)?;
    let made = CreatedWith { action: Action::Create, auth_provider: None };
    let session =
        session::open_with(ctx, &class, &user.id, &made, installation.as_deref(), row).await?;
    let mut news = session::to_members(&session, &made);
    news.extend(told);
    let (id, at) = (session.id.clone(), session.updated_at);
    Ok(Saved { class: name, id, at, news, instead: None })
}

/// What is said of the installation, alone.
fn installation_of(fields: &Fields) -> Fields {
    let mut only = Fields::default();
    let about = fields.iter().filter(|(key, _)| key.field == *"installationId");
    about.for_each(|(key, op)| only.put(key.clone(), op.clone()));
    only
}

/// What the caller chose himself, as he is told it again.
fn told(fields: &Fields) -> Members {
    let chosen = fields.iter().filter_map(|(key, op)| match op {
        Op::Set(value) if *value != Value::Null => {
            Some((key.field.to_string(), wire::value_to_json(value)))
        }
        Op::SetOnInsert(value) => Some((key.field.to_string(), wire::value_to_json(value))),
        Op::Increment(amount) => amount.map(|amount| (key.field.to_string(), Json::Number(amount))),
        Op::Add(elements) | Op::AddUnique(elements) => {
            Some((key.field.to_string(), Json::Array(elements.clone().unwrap_or_default())))
        }
        Op::Set(_) | Op::Delete | Op::Remove(_) | Op::Relate { .. } => None,
    });
    chosen.collect()
}

/// Refuses a new session that a privileged key makes with what no session has.
pub(super) fn check_plain(fields: &Fields) -> Result<()> {
    check_acl(fields)
}

/// Refuses changes of what belongs to the server. That a session is the caller's may be said again.
pub(super) fn check_update(ctx: &Ctx, fields: &mut Fields) -> Result<()> {
    if let (Some(Op::Set(Value::Pointer(owner))), Some(user)) =
        (fields.get("user"), ctx.principal.user())
        && owner.id == user.id
    {
        fields.take("user");
    }
    let is_privileged = ctx.principal.sees_everything();
    if !is_privileged && ctx.principal.user().is_none() {
        return Err(token_required());
    }
    check_acl(fields)?;
    for (key, _) in fields.iter() {
        let name = key.field.as_str();
        if FIXED.contains(&name) || (PRIVILEGED.contains(&name) && !is_privileged) {
            return Err(Error::new(Code::InvalidKeyName, format!("Invalid key name: {name}")));
        }
    }
    Ok(())
}

fn check_acl(fields: &Fields) -> Result<()> {
    match fields.iter().any(|(key, _)| key.field == *"ACL") {
        true => Err(Error::new(Code::InvalidKeyName, "Cannot set ACL on a Session.")),
        false => Ok(()),
    }
}

fn token_required() -> Error {
    Error::new(Code::InvalidSessionToken, "Session token required.")
}

/// The error for a session that is not there to be deleted.
pub(super) fn not_found_for_delete() -> Error {
    Error::new(Code::ObjectNotFound, "Object not found for delete.")
}

/// What is not known any more when a session changes or goes.
pub(super) fn forget(id: &str) -> Vec<Forget> {
    vec![Forget::SessionObject(ObjectId::from(id))]
}
