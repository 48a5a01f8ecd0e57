//! A new password for somebody who forgot the old one: a token goes to his address and comes back with the
//! password, once.

use super::account::{self, Account};
use super::by_link::ByLink;
use super::mail::{self, Reader, TOKEN_LENGTH};
use super::{passwords, session};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::hooks::{self, Once};
use crate::query::{Comparison, Test, Where};
use crate::schema::{Assign, ClassSchema};
use crate::value::{Date, FieldName, Json, Value};

const TOKEN: &str = "_perishable_token";
const EXPIRES_AT: &str = "_perishable_token_expires_at";

/// Mails a link. Whether the address is known is not to be seen, neither in the answer nor in the time that
/// it takes, unless the options want the difference to be told.
pub(super) async fn request(ctx: &Ctx, email: Option<&Json>, token: Option<&Json>) -> Result<()> {
    mail::demand_mail(ctx)?;
    let of_token = match token {
        Some(Json::String(token)) if !token.is_empty() => Some(expired(ctx, token).await?),
        Some(Json::Null | Json::Bool(false) | Json::String(_)) | None => None,
        Some(Json::Bool(true) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(Error::new(Code::InvalidValue, "token must be a string"));
        }
    };
    let found = match (of_token, email) {
        (Some(Some(account)), _) => Some(account),
        // A token that leads to nobody is no reason to go by the address instead, unless there is one.
        (Some(None), None) => return Err(mail::no_text()),
        (Some(None) | None, email) => by_address(ctx, &mail::address(ctx, email)?).await?,
    };
    let tells = !ctx.app.config.users.reset_password_success_on_invalid_email();
    match found {
        Some(account) => {
            hooks::before_password_reset(ctx, &account.id).await?;
            mail::later(ctx, |ctx| async move {
                match renewed(&ctx, &account).await? {
                    Some(token) => mail::send_reset(&ctx, &Reader::from(&account), &token).await,
                    None => Ok(()),
                }
            });
            Ok(())
        }
        None if tells => {
            Err(Error::new(Code::ObjectNotFound, "A user with that email does not exist."))
        }
        None => Ok(()),
    }
}

/// The account that a token was for, if its time is over: its owner may ask for another one.
async fn expired(ctx: &Ctx, token: &str) -> Result<Option<Account>> {
    let class = account::class(ctx)?;
    let over = Test::Compare(Comparison::Less, Value::Date(ctx.app.clock.now()));
    let filter = Where::All(vec![
        account::has(&class, TOKEN, &[], Value::String(token.to_owned())),
        account::test(&class, EXPIRES_AT, &[], over),
        account::test(&class, "email", &[], Test::Exists(true)),
    ]);
    Ok(account::find(ctx, filter).await?.into_iter().next())
}

/// The account with this address, or with this name and no address
/// (`parse-server:src/Controllers/UserController.js`, `setPasswordResetToken`).
async fn by_address(ctx: &Ctx, address: &str) -> Result<Option<Account>> {
    let class = account::class(ctx)?;
    let is = |column: &str| account::has(&class, column, &[], Value::String(address.to_owned()));
    let by_name = Where::All(vec![is("username"), account::is_empty(&class, "email")]);
    let found = account::find(ctx, Where::Any(vec![is("email"), by_name])).await?;
    let (with_address, without): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|account| account.email.is_some());
    Ok(with_address.into_iter().chain(without).next())
}

/// The token for a mail: that of the last one if the options say so and it is valid, or a new one. Nothing
/// if another mail was faster.
async fn renewed(ctx: &Ctx, account: &Account) -> Result<Option<String>> {
    let (users, now) = (&ctx.app.config.users, ctx.app.clock.now());
    let reuses =
        users.password_policy.as_ref().is_some_and(|policy| policy.reset_token_reuse_if_valid);
    let is_valid = account.reset_token_expires_at.is_some_and(|expires_at| expires_at > now);
    if reuses && is_valid && account.reset_token.is_some() {
        return Ok(account.reset_token.clone());
    }
    let class = account::class(ctx)?;
    let guard = match &account.reset_token {
        Some(token) => account::has(&class, TOKEN, &[], Value::String(token.clone())),
        None => account::is_empty(&class, TOKEN),
    };
    let token = ctx.app.random.text(TOKEN_LENGTH)?;
    let expires_at = mail::end_of_token(now, users.reset_token_validity());
    let columns = vec![
        (TOKEN, Assign::Set(Value::String(token.clone()))),
        (EXPIRES_AT, Assign::Set(expires_at.map_or(Value::Null, Value::Date))),
    ];
    Ok(account::change(ctx, &account.id, guard, columns, None).await?.then_some(token))
}

/// Whose token it is, while it is valid.
pub(super) async fn target(ctx: &Ctx, token: &str) -> Result<Account> {
    let class = account::class(ctx)?;
    let found = match token.is_empty() {
        true => None,
        false => account::find(ctx, has_token(&class, token)).await?.into_iter().next(),
    };
    let account = found.ok_or_else(invalid)?;
    let now = ctx.app.clock.now();
    let is_over = |expires_at: Date| expires_at < now;
    match ctx.app.config.users.reset_token_validity() {
        Some(_) if account.reset_token_expires_at.is_some_and(is_over) => {
            Err(Error::new(Code::Other, "The password reset link has expired"))
        }
        Some(_) | None => Ok(account),
    }
}

/// Sets a new password. Of several that come with the same token one succeeds; what the others want is
/// refused like any unknown token.
pub(super) async fn reset(
    ctx: &Ctx,
    token: &str,
    password: &str,
    once: &Once<Option<ByLink>>,
) -> Result<()> {
    if password.is_empty() {
        return Err(Error::new(Code::PasswordMissing, "you must provide a password"));
    }
    let account = target(ctx, token).await?;
    let heard = Box::pin(once.get(ByLink::of_password(ctx, &account.id, password))).await?;
    let heard = heard.as_ref().as_ref();
    let password = heard.and_then(ByLink::password).unwrap_or(password);
    passwords::check_policy(ctx, password, account.username.as_deref()).await?;
    let mut of_password = passwords::columns(ctx, password, Some(&account)).await?;
    if let Some(heard) = heard {
        of_password.extend(Box::pin(heard.columns(ctx)).await?);
    }
    // The new password and the end of the sessions that the old one opened are lasting together.
    let (account, of_password) = (&account, &of_password);
    ctx.together(|ctx| async move { take_token(&ctx, account, token, of_password).await }).await?;
    if let Some(heard) = heard {
        Box::pin(heard.finish(ctx, &account.id, ctx.app.clock.now())).await;
    }
    Ok(())
}

/// Sets the columns of a new password if the token is still there, and ends what the old one opened.
async fn take_token(
    ctx: &Ctx,
    account: &Account,
    token: &str,
    of_password: &[(FieldName, Assign)],
) -> Result<()> {
    let users = &ctx.app.config.users;
    let mut columns: Vec<(&str, Assign)> =
        of_password.iter().map(|(name, assign)| (name.as_str(), assign.clone())).collect();
    columns.push((TOKEN, Assign::Set(Value::Null)));
    columns.push((EXPIRES_AT, Assign::Set(Value::Null)));
    if users.account_lockout.as_ref().is_some_and(|lockout| lockout.unlock_on_password_reset) {
        columns.push(("_failed_login_count", Assign::Set(Value::Number(0.0))));
        columns.push(("_account_lockout_expires_at", Assign::Set(Value::Null)));
    }
    let (class, now) = (account::class(ctx)?, ctx.app.clock.now());
    let guard = has_token(&class, token);
    if !account::change(ctx, &account.id, guard, columns, Some(now)).await? {
        return Err(invalid());
    }
    if users.revoke_session_on_password_reset {
        session::end_all(ctx, &account.id, None).await?;
    }
    Ok(())
}

fn has_token(class: &ClassSchema, token: &str) -> Where {
    account::has(class, TOKEN, &[], Value::String(token.to_owned()))
}

fn invalid() -> Error {
    let text = "Failed to reset password: username / email / token is invalid";
    Error::new(Code::Other, text)
}
