//! create

use std::sync::Arc;

use super::admit::{Verb, admit};
use super::{Saved, answer, draft, forget, session_rules, settle};
use crate::error::Result;
use crate::ops::Ctx;
use crate::ops::users::{self, SignedUp};
use crate::schema::{ClassOperation, ClassSchema, Row, infer_fields};
use crate::storage::{Change, Insert};
use crate::value::{ClassName, Date, Fields, Members, ObjectId, Value};

/// Creates an object.
pub async fn create(ctx: &Ctx, class: &str, fields: Fields) -> Result<Saved> {
    if class == "_User" {
        return match users::sign_up(ctx, fields).await? {
            SignedUp::New { saved, .. } => Ok(saved),
            SignedUp::Known(logged_in) => Ok(logged_in.as_saved(ctx)),
        };
    }
    let fields = &fields;
    if class == "_Session" && !session_rules::is_plain(ctx) {
        return ctx
            .settled(|ctx| async move { session_rules::create(&ctx, fields.clone()).await })
            .await;
    }
    ctx.settled(|ctx| async move { create_once(&ctx, class, fields.clone()).await }).await
}

/// What the caller must be allowed before anything is changed for him.
pub(super) fn admitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<ClassName> {
    let name = admit(ctx, class, Verb::Create)?;
    ctx.app.denylist.check(fields)?;
    if name == "_Session" {
        session_rules::check_plain(fields)?;
    }
    if let Some(known) = ctx.snapshot.class(&name) {
        ctx.plan(known, ClassOperation::Create)?;
        infer_fields(known, fields)?;
    }
    Ok(name)
}

async fn create_once(ctx: &Ctx, class: &str, fields: Fields) -> Result<Saved> {
    let name = admitted(ctx, class, &fields)?;
    let Draft { class, fields, id, now, news } = draft(ctx, &name, fields).await?;
    let row = without_nulls(Row::of_new(&class, fields)?);
    let plan = ctx.plan(&class, ClassOperation::Create)?;
    let forget = forget::of_create(ctx, &class, &row);
    let insert = Insert { class: class.clone(), id: id.clone(), now, row };
    let insert = plan.allow_change(insert, ctx.writer()?);
    ctx.write(vec![Change::Insert(insert)], forget).await?;
    Ok(Saved { id, at: now, news })
}

/// A new object before it is stored.
#[derive(Debug)]
pub(in crate::ops) struct Draft {
    /// Its class, with all the fields that it needs.
    pub class: Arc<ClassSchema>,
    /// Its fields, with defaults.
    pub fields: Fields,
    /// Its id.
    pub id: ObjectId,
    /// When it is created.
    pub now: Date,
    /// What its creator does not know.
    pub news: Members,
}

async fn draft(ctx: &Ctx, name: &ClassName, mut fields: Fields) -> Result<Draft> {
    let id = draft::new_id(ctx, &mut fields)?;
    let class = settle::fitting_class(ctx, name, &fields, Verb::Create).await?;
    draft::drop_server_owned(&mut fields);
    let acl = settle::default_acl(ctx, &class, &mut fields);
    let mut filled = settle::fill(&class, &mut fields)?;
    filled.extend(acl);
    let mut news = answer::of_create(&fields, &filled);
    if !news.is_empty() {
        let plan = ctx.plan(&class, ClassOperation::Create)?;
        news.retain(|field, _| answer::may_tell(ctx, &plan, field));
    }
    Ok(Draft { class, fields, id, now: ctx.app.clock.now(), news })
}

/// A new user before he is stored, who may be made by this caller.
pub(in crate::ops) async fn draft_user(ctx: &Ctx, fields: Fields) -> Result<Draft> {
    let name = admitted(ctx, "_User", &fields)?;
    let draft = draft(ctx, &name, fields).await?;
    draft::check_user_id(ctx, &draft.id, true)?;
    Ok(draft)
}

/// Whether this caller may make users at all, whatever the class says of it.
pub(in crate::ops) fn admit_user(ctx: &Ctx) -> Result<()> {
    admit(ctx, "_User", Verb::Create).map(|_| ())
}

/// A column that nothing was said of and one that was set to null are the same in a new row.
fn without_nulls(mut row: Row) -> Row {
    row.columns.retain(|(_, assign)| !matches!(assign, crate::schema::Assign::Set(Value::Null)));
    row
}
