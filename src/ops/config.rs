//! The configuration that an app keeps on the server: named values, some of them for the master key only
//! (`parse-server:src/Routers/GlobalConfigRouter.js`).

use std::sync::Arc;

use super::Ctx;
use crate::access::{Plan, WriteAccess};
use crate::error::{Error, Result};
use crate::query::{Comparison, Condition, Filter, Query, Where, resolve};
use crate::schema::{ClassChange, ClassSchema, Row};
use crate::storage::{Change, Insert, Update, Written};
use crate::value::{ClassName, FieldName, Fields, Json, Members, ObjectId, Value, wire};

/// The one object of the class that holds the configuration.
const ID: &str = "1";
const CLASS: &str = "_GlobalConfig";

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
    let Some(class) = ctx.app.catalog.snapshot().class(CLASS).cloned() else {
        return Ok(AppConfig::default());
    };
    let filter = Filter::Field(
        "objectId".to_owned(),
        vec![Condition::Compare(Comparison::Equal, Json::from(ID))],
    );
    let query = Query {
        filter: resolve(&filter, &class)?,
        class: Arc::clone(&class),
        order: Vec::new(),
        skip: 0,
        limit: Some(1),
        columns: ["objectId", "params", "masterKeyOnly"].map(FieldName::from).to_vec(),
        hint: None,
    };
    let plan = Plan::server(&class);
    let objects = plan.reveal(ctx.data().find(plan.allow(query)?).await?);
    let Some(object) = objects.iter().next() else { return Ok(AppConfig::default()) };
    let members = |field: &str| match objects
        .column(field)
        .map(|at| wire::cell_to_value(object.cell(at), &objects.column_at(at).form))
    {
        Some(Value::Object(members)) => members,
        _ => Members::new(),
    };
    Ok(AppConfig { params: members("params"), master_key_only: members("masterKeyOnly") })
}

/// Sets, changes (`{"__op": …}`) or removes values. What is not said to be for the master key only is open.
pub async fn update(ctx: &Ctx, params: &Members, master_key_only: &Members) -> Result<()> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
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
    ctx.settled(|ctx| async move { store(&ctx, access, fields).await }).await
}

async fn store(ctx: &Ctx, access: WriteAccess, fields: &Fields) -> Result<()> {
    let name = ClassName::from(CLASS);
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| {
            Ok(now.class(&name).is_none().then(|| ClassChange::create_with(&name, Vec::new())))
        })
        .await?;
    let class = snapshot
        .class(&name)
        .cloned()
        .ok_or_else(|| Error::internal("a class that was just made is gone"))?;
    if !change(ctx, access, &class, fields).await? {
        make(ctx, access, &class).await?;
        change(ctx, access, &class, fields).await?;
    }
    Ok(())
}

/// Changes the object. Returns whether it exists.
async fn change(
    ctx: &Ctx,
    access: WriteAccess,
    class: &Arc<ClassSchema>,
    fields: &Fields,
) -> Result<bool> {
    let update = Update {
        class: Arc::clone(class),
        id: ObjectId::from(ID),
        guard: Where::Everything,
        now: Some(ctx.app.clock.now()),
        row: Row::of_change(class, fields.clone()),
        returning: Vec::new(),
    };
    let written = ctx
        .write(vec![Change::Update(Plan::server(class).allow_change(update, access))], Vec::new())
        .await?;
    Ok(matches!(written.first(), Some(Written::Done(_))))
}

/// Makes the object. That somebody else makes it at the same moment is as good.
async fn make(ctx: &Ctx, access: WriteAccess, class: &Arc<ClassSchema>) -> Result<()> {
    let mut fields = Fields::default();
    fields.set("params", Value::Object(Members::new()));
    fields.set("masterKeyOnly", Value::Object(Members::new()));
    let insert = Insert {
        class: Arc::clone(class),
        id: ObjectId::from(ID),
        now: ctx.app.clock.now(),
        row: Row::of_new(class, fields)?,
    };
    match ctx
        .write(vec![Change::Insert(Plan::server(class).allow_change(insert, access))], Vec::new())
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.code() == crate::error::Code::DuplicateValue => Ok(()),
        Err(error) => Err(error),
    }
}
