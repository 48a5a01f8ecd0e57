//! `/jobs`

use axum::http::HeaderName;

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, jobs};
use crate::value::Json;

/// Names the status of the job that was started.
const STATUS_ID: HeaderName = HeaderName::from_static("x-parse-job-status-id");

/// Starts a job: one that the path names, or the body. The answer does not wait for it.
pub(super) async fn start(ctx: &Ctx, name: Option<&str>, request: &Request) -> Result<Reply> {
    let mut params = request.members();
    params.extend(request.texts.iter().map(|(key, value)| (key.clone(), value.clone())));
    let given = request.body.get("jobName").and_then(Json::as_str).unwrap_or_default();
    let id = jobs::start(ctx, name.unwrap_or(given), params).await?;
    Ok(Reply::empty().with(STATUS_ID, id.to_string()))
}
