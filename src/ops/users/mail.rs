//! Mails to users: who gets them, what they say, where their links lead.

use std::sync::Arc;

use super::account::Account;
use super::told;
use crate::adapters::mail::{Link, LinkPurpose, Mail, Mailer};
use crate::error::{Code, Error, Result};
use crate::ops::{App, Ctx};
use crate::value::{Date, Json, ObjectId};

/// Letters and digits of a token in a link, as the original has them (`parse-server:src/cryptoUtils.js`,
/// `randomString`).
pub(super) const TOKEN_LENGTH: usize = 25;

/// Who a mail is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) struct Reader {
    /// His id.
    pub id: ObjectId,
    /// His name.
    pub username: Option<String>,
    /// His address.
    pub email: Option<String>,
}

impl From<&Account> for Reader {
    fn from(account: &Account) -> Self {
        let (username, email) = (account.username.clone(), account.email.clone());
        Self { id: account.id.clone(), username, email }
    }
}

/// What a mail with a link needs of the options.
struct Post<'a> {
    mailer: &'a Mailer,
    app_name: &'a str,
    /// Address of the pages of the application.
    pages_url: String,
}

fn post(app: &App) -> Option<Post<'_>> {
    let config = &app.config;
    let public_url = config.public_server_url.as_deref()?;
    let pages_url = format!("{public_url}/{}/{}", config.pages.endpoint, config.keys.app_id);
    Some(Post {
        mailer: app.mailer.as_ref()?,
        app_name: config.keys.app_name.as_deref()?,
        pages_url,
    })
}

/// Refuses what needs mail where none can be sent. Error 1 with status 500.
pub(super) fn demand_mail(ctx: &Ctx) -> Result<()> {
    match post(&ctx.app) {
        Some(_) => Ok(()),
        None => Err(Error::new(
            Code::Internal,
            "An appName, publicServerURL, and emailAdapter are required for password reset and email verification functionality.",
        )),
    }
}

/// Has something done beside the request, outside of its transaction.
pub(super) fn later<F>(ctx: &Ctx, errand: impl FnOnce(Ctx) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let request_id = Arc::clone(&ctx.request_id);
    let errand = errand(ctx.aside());
    ctx.later(Box::pin(async move {
        if let Err(cause) = errand.await {
            tracing::error!(request_id = &*request_id, "mail not sent: {}", cause.log_text());
        }
    }));
}

/// Sends the link to verify an address.
pub(super) async fn send_verification(ctx: &Ctx, reader: &Reader, token: &str) -> Result<()> {
    let app = &ctx.app;
    let (Some(post), Some(to)) = (post(app), &reader.email) else { return Ok(()) };
    let Post { app_name, pages_url, .. } = &post;
    let url = format!("{pages_url}/verify_email?token={token}");
    if hand_over(ctx, &post, LinkPurpose::Verification, &reader.id, &url).await? {
        return Ok(());
    }
    let text = format!(
        "Hello,\n\nplease confirm that {to} is your e-mail address at {app_name}:\n\n\
         {url}\n\n\
         If you have no account there, you need not do anything.\n"
    );
    let subject = format!("Please verify your e-mail for {app_name}");
    send(app, &post, to, subject, text).await
}

/// Sends the link to choose a new password. A user without an address has one as his name, or gets no mail.
pub(super) async fn send_reset(ctx: &Ctx, reader: &Reader, token: &str) -> Result<()> {
    let app = &ctx.app;
    let to = reader.email.as_ref().or(reader.username.as_ref());
    let (Some(post), Some(to)) = (post(app), to) else { return Ok(()) };
    let Post { app_name, pages_url, .. } = &post;
    let url = format!("{pages_url}/request_password_reset?token={token}");
    if hand_over(ctx, &post, LinkPurpose::PasswordReset, &reader.id, &url).await? {
        return Ok(());
    }
    let name = reader.username.as_ref().filter(|name| *name != to);
    let name = name.map(|name| format!(" (your user name is {name})")).unwrap_or_default();
    let text = format!(
        "Hello,\n\nsomebody asked for a new password for your account at {app_name}{name}.\n\
         If it was you, choose one here:\n\n\
         {url}\n\n\
         If it was not you, you need not do anything; your password stays as it is.\n"
    );
    send(app, &post, to, format!("Password Reset for {app_name}"), text).await
}

/// Gives a link to whoever writes such messages himself, if the app brings somebody. Whether it did.
async fn hand_over(
    ctx: &Ctx,
    post: &Post<'_>,
    purpose: LinkPurpose,
    user: &ObjectId,
    url: &str,
) -> Result<bool> {
    let Some(courier) = post.mailer.writer(purpose) else { return Ok(false) };
    let Some(user) = told::any_user(ctx, user).await? else { return Ok(true) };
    let (app_name, url) = (post.app_name.to_owned(), url.to_owned());
    courier.write(&Link { purpose, app_name, url, user }).await.map(|()| true)
}

async fn send(app: &App, post: &Post<'_>, to: &str, subject: String, text: String) -> Result<()> {
    let (id, written_at) = (app.random.text(TOKEN_LENGTH)?, app.clock.now());
    let mail = Mail { to: to.to_owned(), subject, text, html: None, id, written_at };
    post.mailer.send(&mail).await;
    Ok(())
}

/// What a client sent as an address, in the form in which addresses are stored. Error 204 if it sent none, 125
/// if it is no text.
pub(super) fn address(ctx: &Ctx, email: Option<&Json>) -> Result<String> {
    match email {
        Some(Json::String(email)) if !email.is_empty() => {
            Ok(match ctx.app.config.users.convert_email_to_lowercase {
                true => email.to_lowercase(),
                false => email.clone(),
            })
        }
        Some(Json::Object(_) | Json::Array(_) | Json::Bool(true)) => Err(no_text()),
        Some(Json::Number(number)) if *number != 0.0 => Err(no_text()),
        // What JavaScript counts as false is as good as nothing.
        Some(Json::String(_) | Json::Null | Json::Bool(false) | Json::Number(_)) | None => {
            Err(Error::new(Code::EmailMissing, "you must provide an email"))
        }
    }
}

pub(super) fn no_text() -> Error {
    Error::new(Code::InvalidEmailAddress, "you must provide a valid email string")
}

/// When a token made now ends, if it does.
pub(super) fn end_of_token(now: Date, validity_seconds: Option<u64>) -> Option<Date> {
    let millis = i64::try_from(validity_seconds?).ok()?.checked_mul(1_000)?;
    Date::from_millis(now.millis().checked_add(millis)?)
}
