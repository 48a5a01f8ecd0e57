//! Which routes callers without a privileged key may use, if the options say (`routeAllowList`,
//! `parse-server:src/middlewares.js`, `enforceRouteAllowList`).

use crate::error::{Code, Error, Result};
use crate::http::unescape_segment;
use crate::ops::Ctx;
use crate::options::Config;

/// Refuses a route that is not on the list, unless the caller has a privileged key.
pub fn check(ctx: &Ctx, method: &str, path: &str) -> Result<()> {
    match ctx.principal.sees_everything() {
        true => Ok(()),
        false => check_open(&ctx.app.config, method, path),
    }
}

/// Refuses a route that is not on the list, whoever calls. `path` begins with a slash, below the mount path.
/// It is compared as it is routed: unescaped.
pub fn check_open(config: &Config, method: &str, path: &str) -> Result<()> {
    let Some(list) = &config.route_allow_list else { return Ok(()) };
    let segments: Vec<String> = path.trim_matches('/').split('/').map(unescape_segment).collect();
    let path = segments.join("/");
    match list.allows(&path) {
        true => Ok(()),
        false => Err(Error::denied(
            Code::OperationForbidden,
            format!("Route not allowed by routeAllowList: {method} {path}"),
        )),
    }
}
