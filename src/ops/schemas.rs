//! The verbs of the schemas API. All demand the master key.

use std::sync::Arc;

use crate::access::{Plan, WriteAccess};
use crate::auth::Forget;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::query::{Query, Where};
use crate::schema::{ClassChange, ClassSchema, SchemaRequest, is_class_name, is_internal_class};
use crate::value::ClassName;

/// All classes.
pub fn list(ctx: &Ctx) -> Result<Vec<Arc<ClassSchema>>> {
    ctx.demand_master()?;
    Ok(ctx.snapshot.classes().filter(|class| !is_internal_class(&class.name)).cloned().collect())
}

/// One class; error 103 if there is none.
pub fn get(ctx: &Ctx, class: &str) -> Result<Arc<ClassSchema>> {
    ctx.demand_master()?;
    ctx.snapshot.class(class).cloned().ok_or_else(|| no_class(class))
}

fn no_class(class: &str) -> Error {
    Error::new(Code::InvalidClassName, format!("Class {class} does not exist."))
}

/// Where the options define the classes (`schema.lockSchemas`), nobody changes them.
fn check_unlocked(ctx: &Ctx) -> Result<()> {
    ctx.demand_no_transaction()?;
    match ctx.app.config.schema.lock_schemas {
        true => Err(Error::new(
            Code::OperationForbidden,
            "Cannot perform this operation when schemas options is used.",
        )),
        false => Ok(()),
    }
}

/// Makes a class.
pub async fn create(ctx: &Ctx, class: &str, request: &SchemaRequest) -> Result<Arc<ClassSchema>> {
    let access = ctx.demand_master_writer()?;
    check_unlocked(ctx)?;
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| {
            if now.class(class).is_some() {
                return Err(Error::new(
                    Code::InvalidClassName,
                    format!("Class {class} already exists."),
                ));
            }
            ClassChange::create(class, request).map(Some)
        })
        .await?;
    snapshot.class(class).cloned().ok_or_else(|| no_class(class))
}

/// Changes a class.
pub async fn update(ctx: &Ctx, class: &str, request: &SchemaRequest) -> Result<Arc<ClassSchema>> {
    let access = ctx.demand_master_writer()?;
    check_unlocked(ctx)?;
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| {
            let before = now.class(class).ok_or_else(|| no_class(class))?;
            ClassChange::update(before, request).map(Some)
        })
        .await?;
    snapshot.class(class).cloned().ok_or_else(|| no_class(class))
}

/// Removes a class that has no objects. One that does not exist is left alone.
pub async fn delete(ctx: &Ctx, class: &str) -> Result<Option<Arc<ClassSchema>>> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    if !is_class_name(class) {
        return Err(Error::invalid_class_name(class));
    }
    ctx.settled(|ctx| async move { delete_once(&ctx, access, class).await }).await
}

async fn delete_once(
    ctx: &Ctx,
    access: WriteAccess,
    class: &str,
) -> Result<Option<Arc<ClassSchema>>> {
    let Some(schema) = ctx.app.catalog.snapshot().class(class).cloned() else { return Ok(None) };
    let count = ctx.data().count(Plan::server(&schema).allow(everything(&schema))?).await?;
    if count > 0 {
        return Err(Error::new(
            Code::InvalidSchemaOperation,
            format!("Class {class} is not empty, contains {count} objects, cannot drop schema."),
        ));
    }
    // An object that is made from here on is seen by storage, which then keeps the class.
    ctx.app.catalog.change(access, |now| Ok(now.class(class).map(ClassChange::remove))).await?;
    Ok(Some(schema))
}

/// Deletes all objects of a class. One that does not exist has none.
pub async fn purge(ctx: &Ctx, class: &str) -> Result<()> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    ctx.settled(|ctx| async move { purge_once(&ctx, access, class).await }).await
}

async fn purge_once(ctx: &Ctx, access: WriteAccess, class: &str) -> Result<()> {
    match ctx.snapshot.class(&ClassName::from(class)) {
        Some(schema) => {
            let forget = match class {
                "_User" | "_Session" => vec![Forget::AllSessions, Forget::AllRoles],
                "_Role" => vec![Forget::AllRoles],
                _ => Vec::new(),
            };
            let purge = ctx.app.storage.purge(Arc::clone(schema), access);
            ctx.app.auth.changing(forget, ctx.app.clock.now(), purge).await
        }
        None => Ok(()),
    }
}

fn everything(class: &Arc<ClassSchema>) -> Query {
    Query {
        class: Arc::clone(class),
        filter: Where::Everything,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns: Vec::new(),
        hint: None,
    }
}
