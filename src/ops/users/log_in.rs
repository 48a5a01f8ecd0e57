//! Logging in: by password, by what identity providers prove, or on behalf of somebody.

use super::account::{self, Account};
use super::auth_data::{self, Occasion};
use super::session::{self, Action, CreatedWith};
use super::told::{self, About};
use super::{Credentials, LoggedIn, passwords};
use crate::access::Principal;
use crate::auth::providers::Claim;
use crate::error::{Code, Error, Result};
use crate::ops::read::{self, Found};
use crate::ops::{Ctx, hooks};
use crate::query::{FindRequest, Where};
use crate::schema::ClassSchema;
use crate::value::{Json, Members, ObjectId, Value};

/// How often a log-in is tried anew when something about its account changed under it.
const ATTEMPTS_MAX: usize = 4;

/// Logs in by password, with what further providers the account demands.
pub async fn log_in(ctx: &Ctx, credentials: Credentials) -> Result<LoggedIn> {
    let credentials = &credentials;
    ctx.settled(|ctx| async move { log_in_once(&ctx, credentials).await }).await
}

async fn log_in_once(ctx: &Ctx, credentials: &Credentials) -> Result<LoggedIn> {
    let account = check_password(ctx, credentials).await?;
    let given = match &credentials.auth_data {
        Some(Json::Object(given)) if !given.is_empty() => Some(given),
        Some(Json::Object(_) | Json::Null) | None => None,
        Some(_) => return Err(Error::new(Code::InvalidJson, "authData should be an object.")),
    };
    let nothing = Members::new();
    if let Err(missing) = auth_data::demand_second_factor(ctx, &account, given.unwrap_or(&nothing))
    {
        passwords::confirmed(ctx, &account).await?;
        return Err(missing);
    }
    let response = match given {
        None => None,
        Some(given) => {
            let claims = auth_data::identify(ctx, given, None).await?;
            Some(confirm(ctx, account.clone(), given, claims).await?)
        }
    };
    passwords::check_age(ctx, &account).await?;
    if let Err(refusal) = hooks::before_log_in(ctx, &account.id).await {
        passwords::confirmed(ctx, &account).await?;
        return Err(refusal);
    }
    passwords::forgive(ctx, &account).await?;
    let token = open(ctx, &account.id, "password").await?;
    // While the password was checked it may have been changed. Whoever changed it ended the sessions that he
    // found then; this one may be later. A hook may end it, too.
    let is_in = match account::by_id(ctx, &account.id).await? {
        Some(now) if now.password_hash == account.password_hash => {
            hooks::after_log_in(ctx, &account.id, &token).await
        }
        Some(_) | None => Err(passwords::wrong()),
    };
    if let Err(error) = is_in {
        session::end(ctx, &token).await?;
        return Err(error);
    }
    let user = as_himself(ctx, &account.id, FindRequest::default()).await?;
    Ok(LoggedIn { user, token, auth_data_response: response })
}

/// Lets providers confirm what an account gives besides, and keeps what it has to.
pub(super) async fn confirm(
    ctx: &Ctx,
    mut account: Account,
    given: &Members,
    mut claims: Vec<Claim>,
) -> Result<Members> {
    auth_data::demand_second_factor(ctx, &account, given)?;
    let class = account::class(ctx)?;
    if auth_data::owners(ctx, &claims).await?.iter().any(|owner| owner.id != account.id) {
        return Err(auth_data::taken());
    }
    auth_data::prove(ctx, given, &mut claims, Some(&account), Occasion::LogIn).await?;
    for _ in 0..ATTEMPTS_MAX {
        let proven = auth_data::accept(ctx, given, &claims, Some(&account), Occasion::LogIn)?;
        if !proven.is_change() {
            return Ok(proven.response);
        }
        let guard = proven.guard(&class);
        let is_changed = account::change(ctx, &account.id, guard, proven.assigns(), None).await;
        match is_changed {
            Ok(true) => return Ok(proven.response),
            Ok(false) => {}
            Err(error) if error.duplicate_field() == Some("authData") => {
                return Err(auth_data::taken());
            }
            Err(error) => return Err(error),
        }
        // Somebody else used it up in between, or changed something else: what it is good for now decides.
        account = account::by_id(ctx, &account.id).await?.ok_or_else(passwords::wrong)?;
    }
    Err(Error::new(Code::ScriptFailed, "Invalid auth data"))
}

/// Opens the session of a user who has proven himself, and shows him to himself. No hook hears of it.
pub(super) async fn enter(
    ctx: &Ctx,
    user: &ObjectId,
    provider: &str,
    response: Option<Members>,
) -> Result<LoggedIn> {
    let token = open(ctx, user, provider).await?;
    let user = read::get_self_unheard(&himself(ctx, user).await?).await?;
    Ok(LoggedIn { user, token, auth_data_response: response })
}

async fn open(ctx: &Ctx, user: &ObjectId, provider: &str) -> Result<String> {
    let auth_provider = Some(provider.to_owned());
    let created_with = CreatedWith { action: Action::LogIn, auth_provider };
    let session = session::open(ctx, user, created_with, ctx.installation_id.as_deref()).await?;
    Ok(session.token)
}

/// A user as he sees himself, whatever the class says of reading it: nobody is kept from logging in.
pub(super) async fn as_himself(ctx: &Ctx, user: &ObjectId, request: FindRequest) -> Result<Found> {
    read::get_self(&himself(ctx, user).await?, request).await
}

/// The same request, made by a user himself.
async fn himself(ctx: &Ctx, user: &ObjectId) -> Result<Ctx> {
    let identity = session::identity(ctx, user).await?;
    let mut ctx = ctx.refreshed();
    ctx.principal = Principal::User(identity);
    Ok(ctx)
}

/// Whether the password is right; the user as he sees himself.
pub async fn verify_password(ctx: &Ctx, credentials: Credentials) -> Result<Found> {
    let credentials = &credentials;
    ctx.settled(|ctx| async move {
        let account = check_password(&ctx, credentials).await?;
        passwords::confirmed(&ctx, &account).await?;
        as_himself(&ctx, &account.id, FindRequest::default()).await
    })
    .await
}

/// A session for any user, for a master key.
pub async fn log_in_as(ctx: &Ctx, user_id: Option<&Json>) -> Result<LoggedIn> {
    if !(ctx.principal.is_master() && ctx.principal.may_write_everything()) {
        return Err(Error::denied(Code::OperationForbidden, "master key is required"));
    }
    let id = user_id.and_then(Json::as_str).filter(|id| !id.is_empty()).ok_or_else(|| {
        Error::new(Code::InvalidValue, "userId must not be empty, null, or undefined")
    })?;
    let unknown = || Error::new(Code::ObjectNotFound, "user not found");
    let account = account::by_id(ctx, id).await?.ok_or_else(unknown)?;
    enter(ctx, &account.id, "masterkey", None).await
}

/// The account whose name or address and password these are. All who are not who they say they are get the
/// same answer after the same work.
pub(super) async fn check_password(ctx: &Ctx, credentials: &Credentials) -> Result<Account> {
    let given = |json: &Option<Json>| json.clone().filter(Json::is_truthy);
    let (username, email) = (given(&credentials.username), given(&credentials.email));
    if username.is_none() && email.is_none() {
        return Err(Error::new(Code::UsernameMissing, "username/email is required."));
    }
    let Some(password) = given(&credentials.password) else {
        return Err(Error::new(Code::PasswordMissing, "password is required."));
    };
    let text = |json: &Option<Json>| match json {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(passwords::wrong()),
    };
    let (username, email) = (text(&username)?, text(&email)?);
    let Json::String(password) = password else { return Err(passwords::wrong()) };
    let class = account::class(ctx)?;
    let found = account::find(ctx, named(&class, username.as_deref(), email.as_deref())).await?;
    let account = the_one(found, username.as_deref());
    let Some(account) = account else {
        ctx.app.auth.passwords.verify(&password, None).await?;
        return Err(passwords::wrong());
    };
    let account = passwords::take_attempt(ctx, account).await?;
    let hash = account.password_hash.as_deref();
    if !ctx.app.auth.passwords.verify(&password, hash).await? {
        return Err(passwords::wrong());
    }
    check_admission(ctx, &account).await?;
    Ok(account)
}

/// An address may be given as a name.
fn named(class: &ClassSchema, username: Option<&str>, email: Option<&str>) -> Where {
    let is =
        |column: &str, text: &str| account::has(class, column, &[], Value::String(text.to_owned()));
    match (username, email) {
        (Some(username), Some(email)) => {
            Where::All(vec![is("username", username), is("email", email)])
        }
        (None, Some(email)) => is("email", email),
        (Some(username), None) => Where::Any(vec![is("username", username), is("email", username)]),
        (None, None) => Where::Nothing,
    }
}

/// If the name of one user is the address of another, it is the name that counts.
fn the_one(mut found: Vec<Account>, username: Option<&str>) -> Option<Account> {
    let named = found.iter().position(|account| account.username.as_deref() == username);
    match named {
        Some(at) => Some(found.swap_remove(at)),
        None => found.pop(),
    }
}

/// An account that nobody may write is closed; one whose address is not verified is, where the options say so.
pub(super) async fn check_admission(ctx: &Ctx, account: &Account) -> Result<()> {
    if ctx.principal.sees_everything() {
        return Ok(());
    }
    if account.is_closed() {
        return Err(passwords::wrong());
    }
    let users = &ctx.app.config.users;
    if account.email_verified == Some(true) {
        return Ok(());
    }
    let auth_provider = Some("password".to_owned());
    let created_with = CreatedWith { action: Action::LogIn, auth_provider };
    let about = About { created_with: Some(&created_with), ..About::stored(&account.id) };
    if told::decides(ctx, &users.verify_user_emails, about).await?
        && told::decides(ctx, &users.prevent_login_with_unverified_email, about).await?
    {
        return Err(Error::new(Code::EmailNotFound, "User email is not verified."));
    }
    Ok(())
}
