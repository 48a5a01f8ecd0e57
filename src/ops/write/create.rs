//! create

use std::sync::Arc;

use super::admit::{Verb, admit};
use super::{Saved, answer, draft, forget, session_rules, settle};
use crate::error::Result;
use crate::ops::Ctx;
use crate::ops::hooks::{self, Heard, Once};
use crate::ops::users::{self, SignedUp};
use crate::schema::{ClassOperation, ClassSchema, Row, infer_fields};
use crate::storage::{Change, Insert};
use crate::value::{ClassName, Date, Fields, Json, Key, Members, ObjectId, Op, Value};

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
    let once = &Once::default();
    ctx.settled(|ctx| async move { create_once(&ctx, class, fields.clone(), once).await }).await
}

/// What the caller must be allowed before anything is changed for him.
pub(super) fn admitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<ClassName> {
    let name = permitted(ctx, class, fields)?;
    if let Some(known) = ctx.snapshot.class(&name) {
        infer_fields(known, fields)?;
    }
    Ok(name)
}

/// The same, whatever the types of the fields: a hook may bring them in order.
pub(super) fn permitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<ClassName> {
    let name = admit(ctx, class, Verb::Create)?;
    ctx.app.denylist.check(fields)?;
    if name == "_Session" {
        session_rules::check_plain(fields)?;
    }
    if let Some(known) = ctx.snapshot.class(&name) {
        ctx.plan(known, ClassOperation::Create)?;
    }
    Ok(name)
}

async fn create_once(
    ctx: &Ctx,
    class: &str,
    mut fields: Fields,
    once: &Once<Heard>,
) -> Result<Saved> {
    let (name, heard) = match hooks::hears_saves(ctx, class) {
        true => {
            let name = permitted(ctx, class, &fields)?;
            let heard = Box::pin(heard(ctx, &name, &mut fields, once)).await?;
            (name, Some(heard))
        }
        false => (admitted(ctx, class, &fields)?, None),
    };
    let Draft { class, fields, id, now, news } =
        draft(ctx, &name, fields, heard.as_deref()).await?;
    let after = heard.as_deref().filter(|_| hooks::hears_after_save(ctx, &name));
    let after = after.map(|heard| (heard, created(ctx, &fields, now)));
    let row = without_nulls(Row::of_new(&class, fields)?);
    let plan = ctx.plan(&class, ClassOperation::Create)?;
    let forget = forget::of_create(ctx, &class, &row);
    let insert = Insert { class: class.clone(), id: id.clone(), now, row };
    let insert = plan.allow_change(insert, ctx.writer()?);
    ctx.write(vec![Change::Insert(insert)], forget).await?;
    let mut saved = Saved { class: name, id, at: now, news, instead: None };
    if let Some((heard, after)) = after {
        Box::pin(hooks::after_save(ctx, heard, after, &mut saved)).await;
        answer::keep_tellable(ctx, &plan, &mut saved.news);
    }
    Ok(saved)
}

/// Tells hooks of an object that is going to be made, and takes over what they made of it.
async fn heard(
    ctx: &Ctx,
    name: &ClassName,
    fields: &mut Fields,
    once: &Once<Heard>,
) -> Result<Arc<Heard>> {
    let given = fields.get("objectId").cloned();
    let id = match &given {
        Some(Op::Set(Value::String(id))) => Some(ObjectId::from(id.as_str())),
        _ => None,
    };
    // An id that can not be is refused before anybody hears of it.
    draft::new_id(ctx, &mut fields.clone())?;
    let heard = once.get(hooks::before_save(ctx, name, id, fields, None)).await?;
    *fields = heard.fields.clone();
    if let Some(given) = given {
        fields.put(Key::field("objectId"), given);
    }
    ctx.app.denylist.check(fields)?;
    Ok(heard)
}

/// The fields of an object that is made now, as hooks are told of it after that.
pub(in crate::ops) fn created(ctx: &Ctx, fields: &Fields, now: Date) -> Members {
    let mut data = hooks::created(fields, &ctx.app.files);
    for name in ["createdAt", "updatedAt"] {
        data.insert(name.to_owned(), Json::from(now.to_iso()));
    }
    data
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

async fn draft(
    ctx: &Ctx,
    name: &ClassName,
    mut fields: Fields,
    heard: Option<&Heard>,
) -> Result<Draft> {
    let id = draft::new_id(ctx, &mut fields)?;
    let id = heard.and_then(|heard| heard.id.clone()).unwrap_or(id);
    let class = settle::fitting_class(ctx, name, &fields, Verb::Create).await?;
    draft::drop_server_owned(&mut fields);
    let acl = settle::default_acl(ctx, &class, &mut fields);
    let mut filled = settle::fill(&class, &mut fields)?;
    filled.extend(acl);
    let mut news = answer::of_create(&fields, &filled);
    if !news.is_empty() || heard.is_some() {
        let plan = ctx.plan(&class, ClassOperation::Create)?;
        news.retain(|field, _| answer::may_tell(ctx, &plan, field));
        if let Some(heard) = heard {
            answer::tell(ctx, &plan, heard, &mut news);
        }
    }
    Ok(Draft { class, fields, id, now: ctx.app.clock.now(), news })
}

/// A new user before he is stored, who may be made by this caller. `heard` says what hooks made of him.
pub(in crate::ops) async fn draft_user(
    ctx: &Ctx,
    fields: Fields,
    heard: Option<&Heard>,
) -> Result<Draft> {
    let name = admitted(ctx, "_User", &fields)?;
    let draft = draft(ctx, &name, fields, heard).await?;
    draft::check_user_id(ctx, &draft.id, true)?;
    Ok(draft)
}

/// Tells hooks of a user who is going to be made, and takes over what they made of him.
pub(in crate::ops) async fn hear_user(
    ctx: &Ctx,
    fields: &mut Fields,
    once: &Once<Heard>,
) -> Result<Arc<Heard>> {
    let name = permitted(ctx, "_User", fields)?;
    heard(ctx, &name, fields, once).await
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
