//! `/cloud_code/jobs`: what dashboards show and change of schedules.

use super::classes::{encoder, fields_of};
use super::route::{Request, located};
use crate::error::{Code, Error, Result};
use crate::http::Reply;
use crate::ops::{Ctx, jobs};
use crate::value::{Fields, Json, json};

/// All schedules.
pub(super) async fn list(ctx: &Ctx) -> Result<Reply> {
    let found = jobs::list(ctx).await?;
    Ok(Reply::json(200, encoder(ctx).list(&found)))
}

/// Which jobs there are, and which are scheduled.
pub(super) async fn overview(ctx: &Ctx) -> Result<Reply> {
    let jobs::Overview { in_use, jobs } = jobs::overview(ctx).await?;
    let names = |names: Vec<String>| Json::Array(names.into_iter().map(Json::from).collect());
    let answer = Json::from([("in_use", names(in_use)), ("jobs", names(jobs))]);
    Ok(Reply::json(200, answer.to_text()))
}

/// Makes a schedule.
pub(super) async fn create(ctx: &Ctx, request: &Request) -> Result<Reply> {
    ctx.demand_master_writer()?;
    let saved = jobs::create(ctx, schedule(request)?).await?;
    let mut out = b"{\"objectId\":".to_vec();
    json::write_string(&saved.id, &mut out);
    out.extend_from_slice(b",\"createdAt\":\"");
    saved.at.write_iso(&mut out);
    out.extend_from_slice(b"\"}");
    Ok(located(ctx, Reply::json(201, out), "_JobSchedule", &saved.id))
}

/// Changes a schedule. The answer of the original is one level too deep, and dashboards know it so.
pub(super) async fn update(ctx: &Ctx, id: &str, request: &Request) -> Result<Reply> {
    ctx.demand_master_writer()?;
    let saved = jobs::update(ctx, id, schedule(request)?).await?;
    let mut out = b"{\"response\":{\"updatedAt\":\"".to_vec();
    saved.at.write_iso(&mut out);
    out.extend_from_slice(b"\"}}");
    Ok(Reply::json(200, out))
}

/// Deletes a schedule.
pub(super) async fn delete(ctx: &Ctx, id: &str) -> Result<Reply> {
    jobs::delete(ctx, id).await?;
    Ok(Reply::empty())
}

fn schedule(request: &Request) -> Result<Fields> {
    match request.body.get("job_schedule") {
        Some(Json::Object(members)) => fields_of(members.clone()),
        Some(_) | None => Err(Error::new(Code::InvalidJson, "job_schedule must be an object")),
    }
}
