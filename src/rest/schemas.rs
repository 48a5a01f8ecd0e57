//! `/schemas` and `/purge`

use super::route::Request;
use crate::error::{Code, Error, Result};
use crate::http::Reply;
use crate::ops::{Ctx, schemas};
use crate::schema::SchemaRequest;
use crate::value::{Json, Members};

fn answer(json: &Json) -> Reply {
    Reply::json(200, json.to_text().into_bytes())
}

pub(super) fn list(ctx: &Ctx) -> Result<Reply> {
    let classes = schemas::list(ctx)?;
    let results = classes.iter().map(|class| class.to_json()).collect();
    Ok(answer(&Json::from([("results", Json::Array(results))])))
}

pub(super) fn get(ctx: &Ctx, class: &str) -> Result<Reply> {
    Ok(answer(&schemas::get(ctx, class)?.to_json()))
}

pub(super) async fn create(ctx: &Ctx, path: Option<&str>, request: &Request) -> Result<Reply> {
    ctx.demand_master()?;
    let body = request.members();
    let class = class_name(&body, path)?.ok_or_else(|| {
        Error::new(Code::MissingRequiredField, "POST /schemas needs a class name.")
    })?;
    Ok(answer(&schemas::create(ctx, &class, &SchemaRequest::read(&body)?).await?.to_json()))
}

pub(super) async fn update(ctx: &Ctx, class: &str, request: &Request) -> Result<Reply> {
    ctx.demand_master()?;
    let body = request.members();
    class_name(&body, Some(class))?;
    Ok(answer(&schemas::update(ctx, class, &SchemaRequest::read(&body)?).await?.to_json()))
}

pub(super) async fn delete(ctx: &Ctx, class: &str) -> Result<Reply> {
    schemas::delete(ctx, class).await?;
    Ok(Reply::empty())
}

pub(super) async fn purge(ctx: &Ctx, class: &str) -> Result<Reply> {
    schemas::purge(ctx, class).await?;
    Ok(Reply::empty())
}

/// The class that body and path agree on.
fn class_name(body: &Members, path: Option<&str>) -> Result<Option<String>> {
    let named = body.get("className").and_then(Json::as_str).filter(|name| !name.is_empty());
    match (named, path) {
        (Some(named), Some(path)) if named != path => Err(Error::new(
            Code::InvalidClassName,
            format!("Class name mismatch between {named} and {path}."),
        )),
        (named, path) => Ok(named.or(path).map(str::to_owned)),
    }
}
