//! The root fields of the app's configuration, for the holder of the master key
//! (`parse-server:src/GraphQL/loaders/configQueries.js`, `configMutations.js`).

use super::{Outcome, Subject, Written, text};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, config};
use crate::value::{Json, Members};

/// A value of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ConfigValue {
    /// The value.
    pub(crate) value: Option<Json>,
    /// Whether only a master key may see it.
    pub(crate) master_key_only: Option<bool>,
}

/// One value.
pub(super) async fn get(ctx: &Ctx, arguments: &Members) -> Result<Outcome> {
    demand_master(ctx)?;
    let config = config::get(ctx).await?;
    let name = text(arguments, "paramName");
    let value = config.params.get(name).filter(|value| !value.is_null()).cloned();
    let master_key_only = config.master_key_only.get(name).map(Json::is_truthy);
    Ok(Outcome::Config(ConfigValue { value, master_key_only }))
}

/// Sets a value.
pub(super) async fn write(ctx: &Ctx, arguments: &Members) -> Result<Outcome> {
    demand_master(ctx)?;
    let empty = Members::new();
    let input = arguments.get("input").and_then(Json::as_object).unwrap_or(&empty);
    let name = text(input, "paramName").to_owned();
    let value = Json::from(text(input, "value"));
    let closed = input.get("isMasterKeyOnly").is_some_and(Json::is_truthy);
    let params = Members::from([(name.clone(), value.clone())]);
    config::update(ctx, &params, &Members::from([(name, Json::Bool(closed))])).await?;
    let subject =
        Subject::Config(ConfigValue { value: Some(value), master_key_only: Some(closed) });
    Ok(Outcome::Written(Written {
        subject,
        client_mutation_id: input.get("clientMutationId").cloned(),
    }))
}

/// Here the original never says why.
fn demand_master(ctx: &Ctx) -> Result<()> {
    match ctx.principal.is_master() {
        true => Ok(()),
        false => Err(Error::new(Code::OperationForbidden, "Permission denied")),
    }
}
