//! `/sessions`, as far as it differs from other classes.

use super::classes::{encoder, read_fields};
use super::read_request;
use super::route::{Request, located};
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, users, write};
use crate::value::Json;

/// `POST /sessions` by a user, who is told all of his new session.
pub(super) async fn create(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let saved = write::create(ctx, "_Session", read_fields(request)?).await?;
    let mut told = saved.news;
    told.insert("objectId".to_owned(), Json::from(&*saved.id));
    let reply = Reply::json(201, Json::Object(told).to_text().into_bytes());
    Ok(located(ctx, reply, "_Session", &saved.id))
}

/// `GET /sessions/me`
pub(super) async fn me(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let request = read_request::of_get(&request.parameters())?;
    let found = users::session_of_token(ctx, request).await?;
    Ok(Reply::json(200, encoder(ctx).single(&found)))
}

/// `POST /upgradeToRevocableSession`
pub(super) async fn upgrade(ctx: &Ctx) -> Result<Reply> {
    let session = users::upgrade_session(ctx).await?;
    Ok(Reply::json(200, Json::Object(session).to_text().into_bytes()))
}
