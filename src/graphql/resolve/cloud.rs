//! The root field that calls a function of cloud code.

use super::{Outcome, Subject, Written, text};
use crate::error::{Error, Result};
use crate::ops::{Ctx, functions};
use crate::value::{Json, Members};

/// Calls the function that the input names. A function that returns nothing gives null.
pub(super) async fn call(ctx: &Ctx, mut arguments: Members) -> Result<Outcome> {
    let Some(Json::Object(mut input)) = arguments.shift_remove("input") else {
        return Err(Error::internal("a mutation has an input"));
    };
    let client_mutation_id = input.shift_remove("clientMutationId");
    let params = match input.shift_remove("params") {
        Some(Json::Object(params)) => params,
        Some(_) | None => Members::new(),
    };
    let value = functions::call(ctx, text(&input, "functionName"), params).await?;
    let value = value.map_or(Json::Null, |value| value.to_json());
    Ok(Outcome::Written(Written { subject: Subject::Value(value), client_mutation_id }))
}
