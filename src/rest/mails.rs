//! Requests for mails with a link: `/requestPasswordReset` and `/verificationEmailRequest`
//! (`parse-server:src/Routers/UsersRouter.js`).

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, users};

/// `POST /requestPasswordReset`
pub(super) async fn reset(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let (email, token) = (request.body.get("email"), request.body.get("token"));
    users::request_password_reset(ctx, email, token).await?;
    Ok(Reply::empty())
}

/// `POST /verificationEmailRequest`
pub(super) async fn verification(ctx: &Ctx, request: &Request) -> Result<Reply> {
    users::request_verification_mail(ctx, request.body.get("email")).await?;
    Ok(Reply::empty())
}
