//! delete

use super::admit::{Verb, admit};
use super::{forget, session_rules};
use crate::error::{Error, Result};
use crate::ops::{Ctx, users};
use crate::schema::ClassOperation;
use crate::storage::{Change, Delete, Written};
use crate::value::ObjectId;

/// Deletes an object. Error 101 if it does not exist or the caller may not delete it.
pub async fn delete(ctx: &Ctx, class: &str, id: &str) -> Result<()> {
    ctx.settled(|ctx| async move { delete_once(&ctx, class, id).await }).await
}

async fn delete_once(ctx: &Ctx, class: &str, id: &str) -> Result<()> {
    let name = admit(ctx, class, Verb::Delete)?;
    if name == "_User" {
        users::check_deleter(ctx, id)?;
    }
    let class = ctx.snapshot.class(&name).ok_or_else(Error::object_not_found)?;
    let plan = ctx.plan(class, ClassOperation::Delete)?;
    let delete = Delete { class: class.clone(), id: ObjectId::from(id) };
    let delete = plan.allow_change(delete, ctx.writer()?);
    let written = ctx.write(vec![Change::Delete(delete)], forget::of_delete(class, id)).await?;
    match written.first() {
        Some(Written::Done(_)) if name == "_User" => {
            users::session::end_all(ctx, &ObjectId::from(id), None).await
        }
        Some(Written::Done(_)) => Ok(()),
        Some(Written::Missing) | None if name == "_Session" => {
            Err(session_rules::not_found_for_delete())
        }
        Some(Written::Missing) | None => Err(Error::object_not_found()),
    }
}
