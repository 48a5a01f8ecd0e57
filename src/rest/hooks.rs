//! `/hooks`

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::Ctx;
use crate::ops::webhooks::{self, HookKind, HookName};
use crate::value::{Json, Members};

fn told(members: Members) -> Reply {
    Reply::json(200, Json::Object(members).to_text())
}

/// `GET /hooks/functions` and `GET /hooks/triggers`
pub(super) async fn list(ctx: &Ctx, kind: HookKind) -> Result<Reply> {
    let hooks = webhooks::list(ctx, kind).await?;
    let hooks = Json::Array(hooks.into_iter().map(Json::Object).collect());
    Ok(Reply::json(200, hooks.to_text()))
}

/// `GET /hooks/functions/:name` and `GET /hooks/triggers/:class/:trigger`
pub(super) async fn get(ctx: &Ctx, name: &HookName) -> Result<Reply> {
    webhooks::get(ctx, name).await.map(told)
}

/// `POST /hooks/functions` and `POST /hooks/triggers`
pub(super) async fn create(ctx: &Ctx, request: Request) -> Result<Reply> {
    webhooks::create(ctx, &request.into_members()).await.map(told)
}

/// `PUT /hooks/functions/:name` and `PUT /hooks/triggers/:class/:trigger`, which also take a webhook away.
pub(super) async fn update(ctx: &Ctx, name: &HookName, request: Request) -> Result<Reply> {
    let members = request.into_members();
    match members.get("__op").and_then(Json::as_str) {
        Some("Delete") => webhooks::delete(ctx, name).await.map(|()| Reply::empty()),
        Some(_) | None => webhooks::update(ctx, name, &members).await.map(told),
    }
}
