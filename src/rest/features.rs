//! `/serverInfo`: what Parse Dashboard asks before it shows anything.

use crate::error::Result;
use crate::http::Reply;
use crate::ops::Ctx;

/// The version of the API that clients may rely on.
const API_VERSION: &str = "9.10.0";

/// Features in the form that Parse Dashboard reads; what this server can not do yet says so.
const FEATURES: &str = r#"{"globalConfig":{"create":true,"read":true,"update":true,"delete":true},"hooks":{"create":true,"read":true,"update":true,"delete":true},"cloudCode":{"jobs":true},"logs":{"level":false,"size":false,"order":false,"until":false,"from":false},"push":{"immediatePush":false,"scheduledPush":false,"storedPushData":false,"pushAudiences":false,"localization":false},"schemas":{"addField":true,"removeField":true,"addClass":true,"removeClass":true,"clearAllDataFromClass":true,"exportClass":false,"editClassLevelPermissions":true,"editPointerPermissions":true},"settings":{"securityCheck":false}}"#;

pub(super) fn server_info(ctx: &Ctx) -> Result<Reply> {
    ctx.demand_master()?;
    Ok(Reply::json(
        200,
        format!(r#"{{"features":{FEATURES},"parseServerVersion":"{API_VERSION}"}}"#).into_bytes(),
    ))
}
