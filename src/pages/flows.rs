//! What a visit to a page does.

use super::page::{self, Page, Parameters};
use crate::error::{Code, Error};
use crate::http::Reply;
use crate::ops::{Ctx, users};
use crate::value::{Json, Members};

/// What goes wrong on this side is not for the visitor.
const OUR_FAULT: &str = "Something went wrong on our side. Please try again later.";

/// One visit.
pub(super) struct Visit<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) query: Members,
    pub(super) form: Members,
    pub(super) is_script: bool,
}

impl Visit<'_> {
    /// A text of the query string.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        text(&self.query, name)
    }

    fn sent(&self, name: &str) -> Option<&str> {
        text(&self.form, name)
    }

    fn show(&self, page: Page, parameters: &Parameters<'_>) -> Reply {
        page::show(&self.ctx.app, page, parameters)
    }

    /// A page without parameters.
    fn plain(&self, page: Page) -> Reply {
        self.show(page, &Parameters::default())
    }

    /// Logs what went wrong on this side.
    fn log(&self, error: &Error) {
        let request_id = &*self.ctx.request_id;
        match error.status() >= 500 {
            true => tracing::error!(request_id, "{}", error.log_text()),
            false => tracing::debug!(request_id, "{}", error.log_text()),
        }
    }

    /// Verifies the address that the token of the link went to.
    pub(super) async fn verify_email(&self) -> Reply {
        let verified = match self.asked("token") {
            Some(token) => users::verify_email(self.ctx, token).await,
            None => Ok(false),
        };
        let is_verified = verified.unwrap_or_else(|error| {
            self.log(&error);
            false
        });
        match is_verified {
            true => self.plain(Page::EmailVerificationSuccess),
            false => self.bad_verification_link(),
        }
    }

    fn bad_verification_link(&self) -> Reply {
        let action = "./resend_verification_email";
        let parameters = Parameters { action, ..Parameters::default() };
        self.show(Page::EmailVerificationLinkInvalid, &parameters)
    }

    /// Sends another link to verify an address. The answer does not tell whether there is such an account,
    /// unless the options say so.
    pub(super) async fn resend_verification_email(&self) -> Reply {
        let (token, username) = (self.sent("token"), self.sent("username"));
        if token.is_none() && username.is_none() {
            return page::redirect(&self.ctx.app, Page::EmailVerificationLinkInvalid);
        }
        let resent = match users::resend_verification_mail(self.ctx, token, username).await {
            // People take their address for their name.
            Err(error) if error.code() == Code::ObjectNotFound => match username {
                Some(email) if email.contains('@') => {
                    let email = Json::from(email);
                    users::request_verification_mail(self.ctx, Some(&email)).await
                }
                Some(_) | None => Err(error),
            },
            resent => resent,
        };
        let tells = !self.ctx.app.config.users.email_verify_success_on_invalid_email;
        match resent {
            Err(error) if tells || error.status() >= 500 => {
                self.log(&error);
                page::redirect(&self.ctx.app, Page::EmailVerificationSendFail)
            }
            Ok(()) | Err(_) => page::redirect(&self.ctx.app, Page::EmailVerificationSendSuccess),
        }
    }

    /// Asks for a new password, if the token of the link is good. The form goes to `action`.
    pub(super) async fn choose_password(&self, action: &str) -> Reply {
        let Some(token) = self.asked("token") else {
            return self.plain(Page::PasswordResetLinkInvalid);
        };
        self.ask_password(token, "", action).await
    }

    async fn ask_password(&self, token: &str, error: &str, action: &str) -> Reply {
        let parameters = Parameters { token, error, ..Parameters::default() };
        match users::reset_target(self.ctx, token).await {
            Ok(Some(username)) => {
                let parameters = Parameters { username: &username, action, ..parameters };
                self.show(Page::PasswordReset, &parameters)
            }
            Ok(None) if error.is_empty() => self.plain(Page::PasswordResetLinkInvalid),
            Ok(None) => self.show(Page::PasswordResetLinkInvalid, &parameters),
            Err(error) => {
                self.log(&error);
                self.plain(Page::PasswordResetLinkInvalid)
            }
        }
    }

    /// Sets the new password.
    pub(super) async fn reset_password(&self) -> Reply {
        let (token, password) = (self.sent("token"), self.sent("new_password"));
        if self.is_script {
            return self.reset_by_script(token, password).await;
        }
        let (Some(token), Some(password)) = (token, password) else {
            return page::redirect(&self.ctx.app, Page::PasswordResetLinkInvalid);
        };
        let again = "./request_password_reset";
        match self.reset(token, password).await {
            Ok(()) => self.plain(Page::PasswordResetSuccess),
            Err(error) => {
                self.log(&error);
                let text = if error.status() >= 500 { OUR_FAULT } else { error.text() };
                self.ask_password(token, text, again).await
            }
        }
    }

    /// The form of a page with a script: JSON in place of pages.
    async fn reset_by_script(&self, token: Option<&str>, password: Option<&str>) -> Reply {
        let missing = |code, text: &'static str| Error::new(code, text);
        let done = match (token, password) {
            (None, _) => Err(missing(Code::Other, "Missing token")),
            (_, None) => Err(missing(Code::PasswordMissing, "Missing password")),
            (Some(token), Some(password)) => match self.reset(token, password).await {
                Err(error) if error.status() < 500 => {
                    Err(Error::new(Code::Other, error.text().to_owned()))
                }
                done => done,
            },
        };
        match done {
            Ok(()) => Reply::json(200, br#""Password successfully reset""#.to_vec()),
            Err(error) => Reply::of_error(&error, &self.ctx.app.config, &self.ctx.request_id),
        }
    }

    /// The page asks for the password twice, for the sake of typing errors; a script need not send it twice.
    async fn reset(&self, token: &str, password: &str) -> Result<(), Error> {
        if self.sent("confirm_password").is_some_and(|again| again != password) {
            return Err(Error::new(Code::ValidationError, "The two passwords are not the same."));
        }
        users::reset_password(self.ctx, token, password).await
    }
}

fn text<'a>(fields: &'a Members, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
}
