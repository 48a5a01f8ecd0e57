//! How often routes may be called, as requests tell of it (`parse-server:src/middlewares.js`, `addRateLimit`).

use axum::http::HeaderName;

use crate::error::Result;
use crate::http::{Reply, unescape_segment};
use crate::ops::Ctx;
use crate::ops::rate::{self, Charged, Standing};

/// Counts a request; error 100 with the status 429 if it is one too many. The path is below the mount path and still
/// escaped; it is compared as it is routed.
pub fn charge(ctx: &Ctx, method: &str, path: &str) -> Result<Option<Standing>> {
    if !ctx.app.rates.limits_routes() {
        return Ok(None);
    }
    let segments = path.split('/').map(|segment| unescape_segment(segment).replace('/', "%2F"));
    let path = segments.collect::<Vec<_>>().join("/");
    rate::charge(ctx, &[Charged { method, path: &path }])
}

/// The answer with what the limits leave.
#[must_use]
pub fn told(reply: Reply, standing: Option<Standing>) -> Reply {
    let Some(standing) = standing else { return reply };
    let header = HeaderName::from_static;
    reply
        .with(header("x-ratelimit-limit"), standing.limit.to_string())
        .with(header("x-ratelimit-remaining"), standing.remaining.to_string())
        .with(header("x-ratelimit-reset"), standing.ends_ms.div_euclid(1_000).to_string())
}
