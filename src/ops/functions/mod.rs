//! Functions of cloud code: one verb for every door. Whoever answers a function - a worker, a closure of this program, a
//! webhook - its validator is asked first, and what comes of it is logged.

mod log;

pub use crate::cloud::hook::HostValue;

use crate::cloud::hook::FunctionRequest;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::hooks::{asker, in_time, validate_function};
use crate::value::Members;

/// Calls a function with parameters in wire form. `None` if it returns nothing.
///
/// Errors are those that the function throws, those of its validator (142), or 141 if there is no such function.
pub async fn call(ctx: &Ctx, name: &str, params: Members) -> Result<Option<HostValue>> {
    ctx.app.denylist.check_files(&params)?;
    let cloud = &ctx.app.cloud;
    let registry = cloud.registry();
    let Some(function) = registry.function(name) else { return Err(unknown(name)) };
    let asker = asker(ctx).await?;
    let mut request = FunctionRequest { name: function.name.clone(), asker, params };
    validate_function(ctx, function, &mut request).await?;
    let run = log::Run::begins(ctx, &request);
    let within = ctx.within()?;
    let called = in_time(ctx, Box::pin(cloud.call_function(function, request, &within))).await;
    run.ended(&called);
    called
}

fn unknown(name: &str) -> Error {
    Error::new(Code::ScriptFailed, format!("Invalid function: \"{name}\""))
}
