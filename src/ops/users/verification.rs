//! Whether an address is its user's: a token goes to the address and comes back by a link, once.

use super::account::{self, Account};
use super::by_link::ByLink;
use super::mail::{self, Reader, TOKEN_LENGTH};
use super::told::{self, About};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::hooks::Once;
use crate::query::{Comparison, Test, Where};
use crate::schema::Assign;
use crate::value::{FieldName, Json, Value};

const TOKEN: &str = "_email_verify_token";
const EXPIRES_AT: &str = "_email_verify_token_expires_at";

/// A new address that is to be verified.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Begun {
    /// What the account stores besides the address.
    pub columns: Vec<(FieldName, Assign)>,
    /// What goes to the address once that is stored.
    pub token: String,
}

/// Begins to verify the address that an account is about to get; nothing if addresses are not verified.
pub(super) async fn begin(ctx: &Ctx, email: &str, about: About<'_>) -> Result<Option<Begun>> {
    let users = &ctx.app.config.users;
    if email.is_empty() || !told::decides(ctx, &users.verify_user_emails, about).await? {
        return Ok(None);
    }
    let token = ctx.app.random.text(TOKEN_LENGTH)?;
    let expires_at = mail::end_of_token(ctx.app.clock.now(), users.email_verify_token_validity);
    let columns = vec![
        (FieldName::from("emailVerified"), Assign::Set(Value::Bool(false))),
        (FieldName::from(TOKEN), Assign::Set(Value::String(token.clone()))),
        (FieldName::from(EXPIRES_AT), Assign::Set(expires_at.map_or(Value::Null, Value::Date))),
    ];
    Ok(Some(Begun { columns, token }))
}

/// Mails the token once it is stored. Nobody waits for the mail.
pub(in crate::ops) fn send(ctx: &Ctx, reader: Reader, begun: &Begun) {
    if ctx.app.config.users.send_user_email_verification.is_off() {
        return;
    }
    let token = begun.token.clone();
    mail::later(ctx, |ctx| async move {
        let switch = &ctx.app.config.users.send_user_email_verification;
        match told::sends(&ctx, switch, &reader.id).await? {
            true => mail::send_verification(&ctx, &reader, &token).await,
            false => Ok(()),
        }
    });
}

/// Mails another link. Whether the address is known is not to be seen, neither in the answer nor in the time
/// that it takes, unless the options want the difference to be told.
pub(super) async fn request(ctx: &Ctx, email: Option<&Json>) -> Result<()> {
    mail::demand_mail(ctx)?;
    let email = mail::address(ctx, email)?;
    let class = account::class(ctx)?;
    let filter = account::has(&class, "email", &[], Value::String(email.clone()));
    let found = account::find(ctx, filter).await?.into_iter().next();
    let tells = !ctx.app.config.users.email_verify_success_on_invalid_email;
    match found {
        Some(account) if account.email_verified == Some(true) && tells => {
            Err(Error::new(Code::Other, format!("Email {email} is already verified.")))
        }
        Some(account) if account.email_verified != Some(true) => {
            resend_later(ctx, account);
            Ok(())
        }
        None if tells => {
            Err(Error::new(Code::EmailNotFound, format!("No user found with email {email}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Mails another link to whoever has this name, or had this token.
pub(super) async fn resend(ctx: &Ctx, token: Option<&str>, username: Option<&str>) -> Result<()> {
    mail::demand_mail(ctx)?;
    let class = account::class(ctx)?;
    let given = [("username", username), (TOKEN, token)].into_iter();
    let parts: Vec<Where> = given
        .filter_map(|(column, text)| {
            text.filter(|text| !text.is_empty()).map(|text| (column, text))
        })
        .map(|(column, text)| account::has(&class, column, &[], Value::String(text.to_owned())))
        .collect();
    if parts.is_empty() {
        return Err(Error::object_not_found());
    }
    let found = account::find(ctx, Where::All(parts)).await?.into_iter().next();
    let account = found.filter(|account| account.email_verified != Some(true));
    resend_later(ctx, account.ok_or_else(Error::object_not_found)?);
    Ok(())
}

fn resend_later(ctx: &Ctx, account: Account) {
    let users = &ctx.app.config.users;
    if users.verify_user_emails.is_off() || users.send_user_email_verification.is_off() {
        return;
    }
    mail::later(ctx, |ctx| async move {
        let Some(token) = renewed(&ctx, &account).await? else { return Ok(()) };
        let switch = &ctx.app.config.users.send_user_email_verification;
        match told::sends(&ctx, switch, &account.id).await? {
            true => mail::send_verification(&ctx, &Reader::from(&account), &token).await,
            false => Ok(()),
        }
    });
}

/// The token for a further mail: that of the last one if the options say so and it is valid, or a new one.
/// Nothing if another mail or a visit was faster.
async fn renewed(ctx: &Ctx, account: &Account) -> Result<Option<String>> {
    let now = ctx.app.clock.now();
    let is_valid = account.verify_token_expires_at.is_some_and(|expires_at| expires_at > now);
    if is_valid && ctx.app.config.users.email_verify_token_reuse_if_valid {
        return Ok(account.verify_token.clone());
    }
    let Some(email) = &account.email else { return Ok(None) };
    let about = About { resends: true, ..About::stored(&account.id) };
    let Some(begun) = begin(ctx, email, about).await? else { return Ok(None) };
    let class = account::class(ctx)?;
    let token = match &account.verify_token {
        Some(token) => account::has(&class, TOKEN, &[], Value::String(token.clone())),
        None => account::is_empty(&class, TOKEN),
    };
    let same_address = account::has(&class, "email", &[], Value::String(email.clone()));
    let guard = Where::All(vec![token, same_address]);
    let columns = begun.columns.iter().map(|(name, assign)| (name.as_str(), assign.clone()));
    let is_stored = account::change(ctx, &account.id, guard, columns.collect(), None).await?;
    Ok(is_stored.then_some(begun.token))
}

/// Verifies the address that a token went to. Of several that come with the same token one succeeds.
pub(super) async fn verify(ctx: &Ctx, token: &str, once: &Once<Option<ByLink>>) -> Result<bool> {
    let users = &ctx.app.config.users;
    if users.verify_user_emails.is_off() || token.is_empty() {
        return Ok(false);
    }
    let (class, now) = (account::class(ctx)?, ctx.app.clock.now());
    let mut guard = vec![account::has(&class, TOKEN, &[], Value::String(token.to_owned()))];
    if users.email_verify_token_validity.is_some() {
        let later = Test::Compare(Comparison::Greater, Value::Date(now));
        guard.push(account::test(&class, EXPIRES_AT, &[], later));
    }
    let guard = Where::All(guard);
    let Some(account) = account::find(ctx, guard.clone()).await?.into_iter().next() else {
        return Ok(false);
    };
    let heard = Box::pin(once.get(ByLink::of_verification(ctx, &account.id))).await?;
    let heard = heard.as_ref().as_ref();
    let more = match heard {
        Some(heard) => Box::pin(heard.columns(ctx)).await?,
        None => Vec::new(),
    };
    let mut columns = vec![
        ("emailVerified", Assign::Set(Value::Bool(true))),
        (TOKEN, Assign::Set(Value::Null)),
        (EXPIRES_AT, Assign::Set(Value::Null)),
    ];
    columns.extend(more.iter().map(|(name, assign)| (name.as_str(), assign.clone())));
    let is_verified = account::change(ctx, &account.id, guard, columns, Some(now)).await?;
    if let Some(heard) = heard.filter(|_| is_verified) {
        Box::pin(heard.finish(ctx, &account.id, now)).await;
    }
    Ok(is_verified)
}
