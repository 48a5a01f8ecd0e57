//! `/aggregate`

use super::read_request;
use super::route::Request;
use crate::error::{Code, Error, Result};
use crate::http::Encoder;
use crate::http::Reply;
use crate::ops::{Ctx, read};
use crate::query::{FindRequest, parse_filter};
use crate::value::{Json, Members};

/// Parameters that are not stages.
const OPTIONS: [&str; 6] = ["where", "distinct", "pipeline", "hint", "explain", "comment"];

pub(super) async fn aggregate(ctx: &Ctx, class: &str, request: &Request) -> Result<Reply> {
    ctx.demand_master()?;
    let parameters = request.parameters();
    if let Some(field) = parameters.get("distinct").and_then(Json::as_str) {
        let filter = parse_filter(&read_request::read_where(parameters.get("where"))?)?;
        let request = FindRequest { filter, ..FindRequest::default() };
        let values = read::distinct(ctx, class, field, request).await?;
        return Ok(Reply::json(
            200,
            Json::from([("results", Json::Array(values))]).to_text().into_bytes(),
        ));
    }
    let found = read::aggregate(ctx, class, &stages(&parameters)?).await?;
    Ok(Reply::json(200, Encoder { files: &ctx.app.files }.results(&found)))
}

/// The stages: `pipeline` as a list or as an object of stages, or the parameters themselves
/// (`parse-server:src/Routers/AggregateRouter.js`).
fn stages(parameters: &Members) -> Result<Json> {
    let of_object = |stages: &Members| -> Json {
        let stage = |(name, stage): (&String, &Json)| {
            Json::Object(Members::from([(name.clone(), stage.clone())]))
        };
        Json::Array(stages.iter().map(stage).collect())
    };
    match parameters.get("pipeline") {
        Some(Json::Array(stages)) => Ok(Json::Array(stages.clone())),
        Some(Json::Object(stages)) => Ok(of_object(stages)),
        Some(_) => Err(Error::new(Code::InvalidQuery, "Invalid aggregate stage '0'.")),
        None => {
            let mut stages = parameters.clone();
            stages.retain(|name, _| !OPTIONS.contains(&name.as_str()));
            Ok(of_object(&stages))
        }
    }
}
