//! `/graphql-config`

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, graphql_config};
use crate::value::{Json, Members};

pub(super) async fn get(ctx: &Ctx) -> Result<Reply> {
    let config = graphql_config::get(ctx).await?;
    Ok(Reply::json(200, Json::Object(config).to_text()))
}

pub(super) async fn update(ctx: &Ctx, request: &Request) -> Result<Reply> {
    ctx.demand_master()?;
    let params = request.body.get("params").and_then(Json::as_object);
    graphql_config::update(ctx, params.cloned().unwrap_or_else(Members::new)).await?;
    Ok(Reply::json(200, "{\"response\":{\"result\":true}}"))
}
