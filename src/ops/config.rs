//! The configuration that an app keeps on the server: named values, some of them for the master key only
//! (`parse-server:src/Routers/GlobalConfigRouter.js`).

use super::{Ctx, hooks, only_object};
use crate::error::Result;
use crate::value::{Fields, Json, Members, wire};

/// The class of the one object that holds the configuration, and its fields.
const CLASS: &str = "_GlobalConfig";
const FIELDS: [&str; 2] = ["params", "masterKeyOnly"];

/// Values by name, and which of them only a master key may see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppConfig {
    /// The values.
    pub params: Members,
    /// For each value, whether only a master key may see it.
    pub master_key_only: Members,
}

/// The values that the caller may see.
pub async fn get(ctx: &Ctx) -> Result<AppConfig> {
    let mut config = ctx.settled(|ctx| async move { read(&ctx).await }).await?;
    if !ctx.principal.is_master() {
        let hidden = |name: &String| config.master_key_only.get(name).is_some_and(Json::is_truthy);
        let hidden: Vec<String> = config
            .params
            .keys()
            .chain(config.master_key_only.keys())
            .filter(|name| hidden(name))
            .cloned()
            .collect();
        config.params.retain(|name, _| !hidden.contains(name));
        config.master_key_only.retain(|name, _| !hidden.contains(name));
    }
    Ok(config)
}

async fn read(ctx: &Ctx) -> Result<AppConfig> {
    let [params, master_key_only] = only_object::read(&ctx.app, ctx.data(), CLASS, FIELDS).await?;
    Ok(AppConfig { params, master_key_only })
}

/// Sets, changes (`{"__op": …}`) or removes values. What is not said to be for the master key only is open.
pub async fn update(ctx: &Ctx, params: &Members, master_key_only: &Members) -> Result<()> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    let heard = match hooks::hears_configuration(ctx) {
        true => {
            let before = ctx.settled(|ctx| async move { read(&ctx).await }).await?;
            Some(hooks::before_configuration(ctx, params, before.params).await?)
        }
        false => None,
    };
    let params = heard.as_ref().map_or(params, |heard| &heard.params);
    let mut fields = Fields::default();
    for (name, json) in params {
        let (key, op) = wire::read_entry(&format!("params.{name}"), json.clone())?;
        fields.put(key, op);
        let closed = master_key_only.get(name).is_some_and(Json::is_truthy);
        let (key, op) = wire::read_entry(&format!("masterKeyOnly.{name}"), Json::Bool(closed))?;
        fields.put(key, op);
    }
    ctx.app.denylist.check(&fields)?;
    let fields = &fields;
    ctx.settled(|ctx| async move { only_object::store(&ctx, access, CLASS, FIELDS, fields).await })
        .await?;
    let Some(heard) = heard else { return Ok(()) };
    let now = ctx.settled(|ctx| async move { read(&ctx).await }).await?;
    hooks::after_configuration(ctx, heard, now.params).await
}
