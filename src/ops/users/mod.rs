//! Users and their sessions: sign up, log in, log out, links and mails.

mod account;
mod auth_data;
mod by_link;
mod challenge;
mod change;
mod log_in;
mod mail;
mod passwords;
mod profile;
mod reset;
pub(in crate::ops) mod session;
mod sign_up;
pub(in crate::ops) mod told;
mod verification;

pub(super) use change::{UserChange, check_caller, check_deleter, shape};
pub(super) use profile::{check_restricted, taken};

pub use challenge::challenge;
pub use log_in::{log_in, log_in_as, verify_password};
pub use session::{
    as_session_of, prepare_session, session_of_token, upgrade_session, with_session,
};
pub use sign_up::{log_in_with, sign_up};

use super::Ctx;
use super::hooks::{self, Once};
use super::read::Found;
use super::write::Saved;
use crate::error::{Code, Error, Result};
use crate::query::FindRequest;
use crate::value::{Json, Members, ObjectId};

/// What somebody proves himself with, as the client sent it; types are checked by the verbs.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The name.
    pub username: Option<Json>,
    /// The e-mail address.
    pub email: Option<Json>,
    /// The password.
    pub password: Option<Json>,
    /// Authentication data by provider.
    pub auth_data: Option<Json>,
}

/// A user as he sees himself, with a new session.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The user: one object.
    pub user: Found,
    /// The token of the session.
    pub token: String,
    /// What identity providers answered, if any was asked.
    pub auth_data_response: Option<Members>,
}

impl LoggedIn {
    /// In the terms of a write: what was asked to be created exists.
    pub(super) fn as_saved(&self, ctx: &Ctx) -> Saved {
        let id = self.user.objects.iter().next().map_or("", |user| user.id());
        let (class, id) = (self.user.class.name.clone(), ObjectId::from(id));
        Saved { class, id, at: ctx.app.clock.now(), news: Members::new(), instead: None }
    }
}

/// What came of signing up.
#[derive(Clone, Debug)]
pub enum SignedUp {
    /// A new user; without a token if he has to verify his address first, or if a master key made him.
    New {
        /// The object.
        saved: Saved,
        /// The token of his session.
        token: Option<String>,
    },
    /// The authentication data is that of a user who exists.
    Known(LoggedIn),
}

/// The caller as he sees himself. His token is `ctx.session`. Error 209 if he has none.
pub async fn me(ctx: &Ctx, request: FindRequest) -> Result<Found> {
    let Some(session) = &ctx.session else {
        return Err(Error::denied(Code::InvalidSessionToken, "Invalid session token"));
    };
    let request = &request;
    ctx.settled(|ctx| async move { log_in::as_himself(&ctx, &session.user, request.clone()).await })
        .await
}

/// Ends the caller's session, if he has one.
pub async fn log_out(ctx: &Ctx) -> Result<()> {
    match &ctx.session {
        Some(session) => {
            let end = |ctx: Ctx| async move {
                let end = session::end(&ctx, &session.token);
                hooks::after_log_out(&ctx, &session.id, end).await
            };
            ctx.settled(end).await
        }
        None => Ok(()),
    }
}

/// Mails a link to choose a new password. `token` is that of an older mail, whose owner asks for another.
pub async fn request_password_reset(
    ctx: &Ctx,
    email: Option<&Json>,
    token: Option<&Json>,
) -> Result<()> {
    ctx.settled(|ctx| async move { reset::request(&ctx, email, token).await }).await
}

/// Sets a new password with a token from a mail, once.
pub async fn reset_password(ctx: &Ctx, token: &str, password: &str) -> Result<()> {
    let once = &Once::default();
    ctx.settled(|ctx| async move { reset::reset(&ctx, token, password, once).await }).await
}

/// The name of the user whom a reset token belongs to, while it is valid.
pub async fn reset_target(ctx: &Ctx, token: &str) -> Result<Option<String>> {
    match ctx.settled(|ctx| async move { reset::target(&ctx, token).await }).await {
        Ok(account) => Ok(Some(account.username.unwrap_or_default())),
        Err(error) if error.code() == Code::Other => Ok(None),
        Err(error) => Err(error),
    }
}

/// Mails a link to verify an address.
pub async fn request_verification_mail(ctx: &Ctx, email: Option<&Json>) -> Result<()> {
    ctx.settled(|ctx| async move { verification::request(&ctx, email).await }).await
}

/// Verifies an address with a token from a mail, once. Whether the token was good.
pub async fn verify_email(ctx: &Ctx, token: &str) -> Result<bool> {
    let once = &Once::default();
    ctx.settled(|ctx| async move { verification::verify(&ctx, token, once).await }).await
}

/// Mails another link to whoever had this token or name.
pub async fn resend_verification_mail(
    ctx: &Ctx,
    token: Option<&str>,
    username: Option<&str>,
) -> Result<()> {
    ctx.settled(|ctx| async move { verification::resend(&ctx, token, username).await }).await
}
