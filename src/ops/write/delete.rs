//! delete

use super::admit::{Verb, admit};
use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::schema::ClassOperation;
use crate::storage::{Change, Delete, Written};
use crate::value::ObjectId;

/// Deletes an object. Error 101 if it does not exist or the caller may not delete it.
pub async fn delete(ctx: &Ctx, class: &str, id: &str) -> Result<()> {
    ctx.settled(|ctx| async move { delete_once(&ctx, class, id).await }).await
}

async fn delete_once(ctx: &Ctx, class: &str, id: &str) -> Result<()> {
    let name = admit(ctx, class, Verb::Delete)?;
    let class = ctx.snapshot.class(&name).ok_or_else(Error::object_not_found)?;
    let plan = ctx.plan(class, ClassOperation::Delete)?;
    let delete = plan.allow_change(Delete { class: class.clone(), id: ObjectId::from(id) });
    let written = ctx.data().write(vec![Change::Delete(delete)]).await?;
    match written.first() {
        Some(Written::Done(_)) => Ok(()),
        Some(Written::Missing) | None => Err(Error::object_not_found()),
    }
}
