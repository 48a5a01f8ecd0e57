//! What changing and deleting a user asks besides what every object asks.

use super::account::{self, Account};
use super::auth_data::{self, Occasion, Proven};
use super::mail::Reader;
use super::session::{self, Action, CreatedWith};
use super::told::About;
use super::verification::{self, Begun};
use super::{passwords, profile};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::query::Where;
use crate::schema::Assign;
use crate::value::{FieldName, Fields, Json, Members, ObjectId, Op, Value};

/// What a change of a user sets besides the fields, and what follows once it is stored.
#[derive(Debug)]
pub(in crate::ops) struct UserChange {
    /// Columns that are set.
    pub columns: Vec<(FieldName, Assign)>,
    /// What must still hold.
    pub guard: Where,
    has_new_password: bool,
    mail: Option<(Option<String>, String, Begun)>,
    proven: Option<Proven>,
}

/// Only a user himself and privileged keys change him. Error 206.
pub(in crate::ops) fn check_caller(ctx: &Ctx, id: &str) -> Result<()> {
    if is_own_or_privileged(ctx, id) {
        return Ok(());
    }
    Err(Error::denied(Code::SessionMissing, format!("Cannot modify user {id}.")))
}

/// Only a user himself and privileged keys delete him. Error 206.
pub(in crate::ops) fn check_deleter(ctx: &Ctx, id: &str) -> Result<()> {
    if is_own_or_privileged(ctx, id) {
        return Ok(());
    }
    match ctx.principal.user() {
        None => Err(Error::new(Code::SessionMissing, "Insufficient auth to delete user")),
        Some(_) => Err(Error::denied(Code::SessionMissing, "Insufficient auth.")),
    }
}

fn is_own_or_privileged(ctx: &Ctx, id: &str) -> bool {
    ctx.principal.sees_everything() || ctx.principal.user().is_some_and(|user| *user.id == *id)
}

/// Checks a change of a user and works out what it sets: takes out of the fields what is not stored as it
/// came.
pub(in crate::ops) async fn shape(ctx: &Ctx, id: &str, fields: &mut Fields) -> Result<UserChange> {
    check_auth_data_keys(fields)?;
    fields.take("sessionToken");
    let password = match fields.get("password") {
        None => None,
        Some(_) => profile::take_password(fields)?,
    };
    let given = fields.take("authData");
    let before = match password.is_some() || given.is_some() || fields.get("email").is_some() {
        true => Some(account::by_id(ctx, id).await?.ok_or_else(Error::object_not_found)?),
        false => None,
    };
    let username = change_username(ctx, fields, before.as_ref())?;
    let mut columns = Vec::new();
    if let (Some(password), Some(before)) = (&password, &before) {
        passwords::check_policy(ctx, password, username.as_deref()).await?;
        columns.extend(passwords::columns(ctx, password, Some(before)).await?);
    }
    if password.is_some() || fields.get("email").is_some() {
        columns.extend(passwords::without_reset_token());
    }
    let mail = change_email(ctx, id, fields, &mut columns).await?;
    keep_own(ctx, id, fields);
    let mut change = UserChange {
        columns,
        guard: Where::Everything,
        has_new_password: password.is_some(),
        mail: mail.map(|(email, begun)| (username, email, begun)),
        proven: None,
    };
    if let (Some(given), Some(before)) = (given, &before) {
        change.link(ctx, given, before).await?;
    }
    Ok(change)
}

/// Nothing inside authentication data is reached past its providers.
fn check_auth_data_keys(fields: &Fields) -> Result<()> {
    match fields.iter().find(|(key, _)| key.field == *"authData" && !key.path.is_empty()) {
        None => Ok(()),
        Some((key, _)) => Err(Error::new(
            Code::InvalidKeyName,
            format!("Invalid key name: authData.{}", key.path.join(".")),
        )),
    }
}

/// The name that the user will have.
fn change_username(
    ctx: &Ctx,
    fields: &mut Fields,
    before: Option<&Account>,
) -> Result<Option<String>> {
    let is_taken_away = match fields.get("username") {
        None => return Ok(before.and_then(|before| before.username.clone())),
        Some(op) => matches!(op, Op::Delete | Op::Set(Value::Null)),
    };
    if is_taken_away {
        return Ok(None);
    }
    let Some(username) = profile::take_username(ctx, fields)? else {
        return Err(Error::new(Code::UsernameMissing, "bad or missing username"));
    };
    fields.set("username", Value::String(username.clone()));
    Ok(Some(username))
}

/// A new address is to be verified, where the options say so, whatever identities the user has: none of them
/// said anything of this address.
async fn change_email(
    ctx: &Ctx,
    id: &str,
    fields: &mut Fields,
    columns: &mut Vec<(FieldName, Assign)>,
) -> Result<Option<(String, Begun)>> {
    let Some(email) = profile::check_email(ctx, fields)? else { return Ok(None) };
    let id = ObjectId::from(id);
    let about = About { fields: Some(&*fields), ..About::stored(&id) };
    let Some(begun) = verification::begin(ctx, &email, about).await? else { return Ok(None) };
    columns.extend(begun.columns.iter().filter(|(name, _)| !sets(fields, name)).cloned());
    Ok(Some((email, begun)))
}

fn sets(fields: &Fields, name: &FieldName) -> bool {
    fields.iter().any(|(key, _)| key.field == *name)
}

/// A user can not lock himself out of his own object.
fn keep_own(ctx: &Ctx, id: &str, fields: &mut Fields) {
    if ctx.principal.sees_everything() {
        return;
    }
    if let Some(Op::Set(Value::Acl(Some(acl)))) = fields.get("ACL") {
        let acl = acl.clone().with(id);
        fields.set("ACL", Value::Acl(Some(acl)));
    }
}

impl UserChange {
    /// Adds, replaces and removes accounts of identity providers.
    async fn link(&mut self, ctx: &Ctx, given: Op, before: &Account) -> Result<()> {
        // Without authentication data at all, the user has none of any provider.
        let given = if let Op::Set(Value::Object(given)) = given {
            given
        } else {
            before.auth_data.keys().map(|name| (name.clone(), Json::Null)).collect()
        };
        let mut claims = auth_data::identify(ctx, &given, Some(before)).await?;
        if auth_data::owners(ctx, &claims).await?.iter().any(|owner| owner.id != before.id) {
            return Err(auth_data::taken());
        }
        auth_data::prove(ctx, &given, &mut claims, Some(before), Occasion::Link).await?;
        let proven = auth_data::accept(ctx, &given, &claims, Some(before), Occasion::Link)?;
        if proven.is_change() {
            self.guard = proven.guard(&*account::class(ctx)?);
            let assigns = proven.assigns().into_iter();
            self.columns.extend(assigns.map(|(name, assign)| (FieldName::from(name), assign)));
        }
        self.proven = Some(proven);
        Ok(())
    }

    /// Whether more is stored than the user himself.
    pub(in crate::ops) fn is_compound(&self) -> bool {
        self.has_new_password
    }

    /// Whether a change that did not happen may be due to its guard.
    pub(in crate::ops) fn is_guarded(&self) -> bool {
        self.guard != Where::Everything
    }

    /// What follows a stored change: sessions end where the password is a new one, a mail goes out. Returns
    /// what the caller did not know.
    pub(in crate::ops) async fn finish(self, ctx: &Ctx, id: &ObjectId) -> Result<Members> {
        let mut news = Members::new();
        if self.has_new_password {
            if ctx.app.config.users.revoke_session_on_password_reset {
                session::end_all(ctx, id, None).await?;
            }
            if ctx.principal.user().is_some() {
                let created_with = CreatedWith { action: Action::NewPassword, auth_provider: None };
                let installation = ctx.installation_id.as_deref();
                let session = session::open(ctx, id, created_with, installation).await?;
                news.insert("sessionToken".to_owned(), Json::from(session.token));
            }
        }
        if let Some((username, email, begun)) = self.mail {
            let reader = Reader { id: id.clone(), username, email: Some(email) };
            verification::send(ctx, reader, &begun);
        }
        if let Some(proven) = self.proven {
            news.insert("authDataResponse".to_owned(), Json::Object(proven.response));
        }
        Ok(news)
    }
}
