//! `/config`

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, config};
use crate::value::{Json, Members};

pub(super) async fn get(ctx: &Ctx) -> Result<Reply> {
    let config = config::get(ctx).await?;
    let mut answer = vec![("params", Json::Object(config.params))];
    if !config.master_key_only.is_empty() {
        answer.push(("masterKeyOnly", Json::Object(config.master_key_only)));
    }
    let answer = answer.into_iter().map(|(name, json)| (name.to_owned(), json)).collect();
    Ok(Reply::json(200, Json::Object(answer).to_text()))
}

pub(super) async fn update(ctx: &Ctx, request: &Request) -> Result<Reply> {
    ctx.demand_master()?;
    let empty = Members::new();
    let members = |key: &str| request.body.get(key).and_then(Json::as_object).unwrap_or(&empty);
    config::update(ctx, members("params"), members("masterKeyOnly")).await?;
    Ok(Reply::json(200, "{\"result\":true}"))
}
