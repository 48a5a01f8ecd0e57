//! update

use std::sync::Arc;

use super::admit::{Verb, admit};
use super::{Saved, answer, draft, settle};
use crate::access::Plan;
use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::query::Where;
use crate::schema::{ClassOperation, ClassSchema, Row, infer_fields};
use crate::storage::{Change, Update, Written};
use crate::value::{FieldName, Fields, ObjectId, Op, Value};

/// Changes an object. Error 101 if it does not exist or the caller may not change it.
pub async fn update(ctx: &Ctx, class: &str, id: &str, fields: Fields) -> Result<Saved> {
    let fields = &fields;
    ctx.settled(|ctx| async move { update_once(&ctx, class, id, fields.clone()).await }).await
}

/// What the caller must be allowed before anything is changed for him. Where there is no class there is no
/// object.
pub(super) fn admitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<Arc<ClassSchema>> {
    let name = admit(ctx, class, Verb::Update)?;
    ctx.app.denylist.check(fields)?;
    let known = ctx.snapshot.class(&name).ok_or_else(Error::object_not_found)?;
    ctx.plan(known, ClassOperation::Update)?;
    infer_fields(known, fields)?;
    Ok(Arc::clone(known))
}

async fn update_once(ctx: &Ctx, class: &str, id: &str, mut fields: Fields) -> Result<Saved> {
    let known = admitted(ctx, class, &fields)?;
    fields.retain(|op| !matches!(op, Op::SetOnInsert(_)));
    let class = settle::fitting_class(ctx, &known.name, &fields).await?;
    draft::check_rename(&mut fields, id)?;
    draft::drop_server_owned(&mut fields);
    settle::keep_required(&class, &fields)?;

    let now = ctx.app.clock.now();
    let plan = ctx.plan(&class, ClassOperation::Update)?;
    let renamed = match fields.get("objectId") {
        Some(Op::Set(Value::String(new))) => Some(ObjectId::from(new.as_str())),
        _ => None,
    };
    let update = Update {
        class: class.clone(),
        id: ObjectId::from(id),
        guard: Where::Everything,
        now,
        row: Row::of_change(&class, fields.clone()),
        returning: returning(ctx, &plan, &fields),
    };
    let written = ctx.data().write(vec![Change::Update(plan.allow_change(update))]).await?;
    match written.into_iter().next() {
        Some(Written::Done(stored)) => {
            let news = answer::of_update(&fields, stored.as_ref());
            Ok(Saved { id: renamed.unwrap_or_else(|| ObjectId::from(id)), at: now, news })
        }
        Some(Written::Missing) | None => Err(Error::object_not_found()),
    }
}

/// The fields whose new values the caller is told. One that he may not read is not among them, unless the
/// options say that answers to writes are exempt (`protectedFieldsSaveResponseExempt`).
fn returning(ctx: &Ctx, plan: &Plan, fields: &Fields) -> Vec<FieldName> {
    let is_exempt = ctx.app.config.protected_fields_save_response_exempt;
    answer::relative_fields(fields)
        .into_iter()
        .filter(|field| is_exempt || plan.may_read(field))
        .collect()
}
