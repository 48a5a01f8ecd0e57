//! delete

use std::sync::Arc;

use super::admit::{Verb, admit};
use super::{forget, session_rules};
use crate::access::Plan;
use crate::error::{Error, Result};
use crate::ops::hooks::{Deletion, Once};
use crate::ops::{Ctx, hooks, read, users};
use crate::schema::ClassOperation;
use crate::storage::{Change, Delete, Written};
use crate::value::ObjectId;

/// Deletes an object. Error 101 if it does not exist or the caller may not delete it.
pub async fn delete(ctx: &Ctx, class: &str, id: &str) -> Result<()> {
    let once = &Once::default();
    ctx.settled(|ctx| async move { delete_once(&ctx, class, id, once).await }).await
}

async fn delete_once(ctx: &Ctx, class: &str, id: &str, once: &Once<Deletion>) -> Result<()> {
    let name = admit(ctx, class, Verb::Delete)?;
    if name == "_User" {
        users::check_deleter(ctx, id)?;
    }
    let class = ctx.snapshot.class(&name).ok_or_else(Error::object_not_found)?;
    let plan = ctx.plan(class, ClassOperation::Delete)?;
    let heard = match hooks::hears_deletes(ctx, &name) {
        true => Some(Box::pin(heard(ctx, &plan, id, once)).await?),
        false => None,
    };
    let delete = Delete { class: class.clone(), id: ObjectId::from(id) };
    let delete = plan.allow_change(delete, ctx.writer()?);
    let written = ctx.write(vec![Change::Delete(delete)], forget::of_delete(class, id)).await?;
    match written.first() {
        Some(Written::Done(_)) if name == "_User" => {
            users::session::end_all(ctx, &ObjectId::from(id), None).await?;
        }
        Some(Written::Done(_)) => {}
        Some(Written::Missing) | None if name == "_Session" || heard.is_some() => {
            return Err(not_found());
        }
        Some(Written::Missing) | None => return Err(Error::object_not_found()),
    }
    match heard {
        Some(heard) => Box::pin(hooks::after_delete(ctx, &heard)).await,
        None => Ok(()),
    }
}

fn not_found() -> Error {
    session_rules::not_found_for_delete()
}

/// Tells hooks of an object that is going to be deleted. It is got as it is deleted: by who may delete it, and past the
/// hooks that hear of questions (`parse-server:src/rest.js`, `del`).
async fn heard(ctx: &Ctx, plan: &Plan, id: &str, once: &Once<Deletion>) -> Result<Arc<Deletion>> {
    once.get(async {
        let object = read::for_hooks_past_finds(ctx, plan.clone(), id).await?;
        hooks::before_delete(ctx, object.ok_or_else(not_found)?).await
    })
    .await
}
