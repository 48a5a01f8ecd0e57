//! create

use super::admit::{Verb, admit};
use super::{Saved, answer, draft, settle};
use crate::error::Result;
use crate::ops::Ctx;
use crate::schema::{ClassOperation, Row, infer_fields};
use crate::storage::{Change, Insert};
use crate::value::{ClassName, Fields, Value};

/// Creates an object.
pub async fn create(ctx: &Ctx, class: &str, fields: Fields) -> Result<Saved> {
    let fields = &fields;
    ctx.settled(|ctx| async move { create_once(&ctx, class, fields.clone()).await }).await
}

/// What the caller must be allowed before anything is changed for him.
pub(super) fn admitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<ClassName> {
    let name = admit(ctx, class, Verb::Create)?;
    ctx.app.denylist.check(fields)?;
    if let Some(known) = ctx.snapshot.class(&name) {
        ctx.plan(known, ClassOperation::Create)?;
        infer_fields(known, fields)?;
    }
    Ok(name)
}

async fn create_once(ctx: &Ctx, class: &str, mut fields: Fields) -> Result<Saved> {
    let name = admitted(ctx, class, &fields)?;
    let id = draft::new_id(ctx, &mut fields)?;
    let class = settle::fitting_class(ctx, &name, &fields).await?;
    draft::drop_server_owned(&mut fields);
    settle::default_acl(ctx, &class, &mut fields);
    let filled = settle::fill(&class, &mut fields)?;
    let news = answer::of_create(&fields, &filled);
    let row = without_nulls(Row::of_new(&class, fields)?);

    let now = ctx.app.clock.now();
    let plan = ctx.plan(&class, ClassOperation::Create)?;
    let insert = plan.allow_change(Insert { class: class.clone(), id: id.clone(), now, row });
    ctx.data().write(vec![Change::Insert(insert)]).await?;
    Ok(Saved { id, at: now, news })
}

/// A column that nothing was said of and one that was set to null are the same in a new row.
fn without_nulls(mut row: Row) -> Row {
    row.columns.retain(|(_, assign)| !matches!(assign, crate::schema::Assign::Set(Value::Null)));
    row
}
