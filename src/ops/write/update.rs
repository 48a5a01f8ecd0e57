//! update

use std::sync::Arc;

use super::admit::{Verb, admit};
use super::{Saved, answer, draft, forget, session_rules, settle};
use crate::access::Plan;
use crate::auth::Forget;
use crate::error::{Code, Error, Result};
use crate::ops::hooks::{Heard, Once};
use crate::ops::users::UserChange;
use crate::ops::{Ctx, hooks, read, users};
use crate::query::Where;
use crate::schema::{ClassOperation, ClassSchema, Row, infer_fields};
use crate::storage::{Change, Update, Written};
use crate::value::{Date, FieldName, Fields, Json, Key, Members, ObjectId, Op, Stored, Value};

/// Changes an object. Error 101 if it does not exist or the caller may not change it.
pub async fn update(ctx: &Ctx, class: &str, id: &str, fields: Fields) -> Result<Saved> {
    let fields = &fields;
    let once = &Once::default();
    ctx.settled(|ctx| async move { update_once(&ctx, class, id, fields.clone(), once).await }).await
}

/// What the caller must be allowed before anything is changed for him. Where there is no class there is no
/// object.
pub(super) fn admitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<Arc<ClassSchema>> {
    let known = permitted(ctx, class, fields)?;
    infer_fields(&known, fields)?;
    Ok(known)
}

/// The same, whatever the types of the fields: a hook may bring them in order.
pub(super) fn permitted(ctx: &Ctx, class: &str, fields: &Fields) -> Result<Arc<ClassSchema>> {
    let name = admit(ctx, class, Verb::Update)?;
    ctx.app.denylist.check(fields)?;
    let known = ctx.snapshot.class(&name).ok_or_else(Error::object_not_found)?;
    ctx.plan(known, ClassOperation::Update)?;
    Ok(Arc::clone(known))
}

/// Tells hooks of an object that is going to change, and takes over what they made of it. Error 101 if the caller can
/// not change it.
async fn heard(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    id: &str,
    fields: &mut Fields,
    once: &Once<Heard>,
) -> Result<Arc<Heard>> {
    let rename = fields.get("objectId").cloned();
    let heard = once
        .get(async {
            let plan = ctx.plan(class, ClassOperation::Update)?;
            let original = read::for_hooks(ctx, plan, id).await?;
            let original = original.ok_or_else(Error::object_not_found)?;
            let id = original.id.clone();
            hooks::before_save(ctx, &class.name, id, fields, Some(original)).await
        })
        .await?;
    *fields = heard.fields.clone();
    if let Some(rename) = rename {
        fields.put(Key::field("objectId"), rename);
    }
    ctx.app.denylist.check(fields)?;
    Ok(heard)
}

/// What the caller wants, or what hooks made of it.
async fn wanted(
    ctx: &Ctx,
    class: &str,
    id: &str,
    fields: &mut Fields,
    once: &Once<Heard>,
) -> Result<(Arc<ClassSchema>, Option<Arc<Heard>>)> {
    let is_user = class == "_User";
    if is_user {
        users::check_caller(ctx, id)?;
        users::check_restricted(ctx, fields)?;
    }
    if class == "_Session" {
        session_rules::check_update(ctx, fields)?;
    }
    if !hooks::hears_saves(ctx, class) {
        let known = admitted(ctx, class, fields)?;
        fields.retain(|op| !matches!(op, Op::SetOnInsert(_)));
        return Ok((known, None));
    }
    let known = permitted(ctx, class, fields)?;
    fields.retain(|op| !matches!(op, Op::SetOnInsert(_)));
    let heard = Box::pin(heard(ctx, &known, id, fields, once)).await?;
    Ok((known, Some(heard)))
}

async fn update_once(
    ctx: &Ctx,
    class: &str,
    id: &str,
    mut fields: Fields,
    once: &Once<Heard>,
) -> Result<Saved> {
    let is_user = class == "_User";
    let (known, heard) = wanted(ctx, class, id, &mut fields, once).await?;
    let adds = !infer_fields(&known, &fields)?.is_empty();
    if adds && !reaches(ctx, &known, id).await? {
        return Err(Error::object_not_found());
    }
    let class = settle::fitting_class(ctx, &known.name, &fields, Verb::Update).await?;
    draft::check_rename(&mut fields, id)?;
    draft::drop_server_owned(&mut fields);
    settle::keep_required(&class, &fields)?;

    let user_change = match is_user {
        true => Some(users::shape(ctx, id, &mut fields).await?),
        false => None,
    };
    let now = ctx.app.clock.now();
    let plan = match adds {
        true => ctx.adding_plan(&class)?,
        false => ctx.plan(&class, ClassOperation::Update)?,
    };
    let renamed = renamed(ctx, &fields, is_user)?;
    let mut row = Row::of_change(&class, fields.clone());
    let mut guard = Where::Everything;
    if let Some(change) = &user_change {
        row.columns.extend(change.columns.iter().cloned());
        guard = change.guard.clone();
    }
    let forget = forget::of_update(&class, id, &row);
    let update = Update {
        class: class.clone(),
        id: ObjectId::from(id),
        guard,
        now: Some(now),
        row,
        returning: returning(ctx, &plan, &fields, heard.as_deref()),
    };
    let change = Change::Update(plan.allow_change(update, ctx.writer()?));
    let new_id = renamed.unwrap_or_else(|| ObjectId::from(id));
    let (stored, more) = match user_change {
        None => (stored(ctx.write(vec![change], forget).await?)?, None),
        Some(user) if user.is_compound() || *new_id != *id => {
            // A new password, and the end of the sessions that the old one opened, are lasting together.
            users::prepare_session(ctx).await?;
            let (old, new) = (&ObjectId::from(id), &new_id);
            ctx.together(
                |ctx| async move { store_user(&ctx, change, forget, user, (old, new)).await },
            )
            .await?
        }
        Some(user) => store_user(ctx, change, forget, user, (&new_id, &new_id)).await?,
    };
    let news = answer::of_update(&fields, stored.as_ref());
    let class = class.name.clone();
    let mut saved = Saved { class, id: new_id, at: now, news, instead: None };
    match heard {
        Some(heard) => Box::pin(told(ctx, &plan, &heard, &fields, (&mut saved, more))).await,
        None => saved.news.extend(more.into_iter().flatten()),
    }
    Ok(saved)
}

/// The id that an object gets.
fn renamed(ctx: &Ctx, fields: &Fields, is_user: bool) -> Result<Option<ObjectId>> {
    let Some(Op::Set(Value::String(new))) = fields.get("objectId") else { return Ok(None) };
    if is_user {
        draft::check_user_id(ctx, new, false)?;
    }
    Ok(Some(ObjectId::from(new.as_str())))
}

/// Tells hooks of an object that was changed, and the client of what they did to it.
async fn told(
    ctx: &Ctx,
    plan: &Plan,
    heard: &Heard,
    fields: &Fields,
    (saved, more): (&mut Saved, Option<Members>),
) {
    let after = hooks::hears_after_save(ctx, &saved.class)
        .then(|| after(ctx, heard, fields, (&saved.news, more.as_ref()), saved.at));
    answer::tell(ctx, plan, heard, &mut saved.news);
    saved.news.extend(more.into_iter().flatten());
    if let Some(after) = after {
        hooks::after_save(ctx, heard, after, saved).await;
        answer::keep_tellable(ctx, plan, &mut saved.news);
    }
}

/// The fields of an object that was changed, as hooks are told of it after that. `results` are the new values that
/// only storage knew, and what came of a change of a user besides.
fn after(
    ctx: &Ctx,
    heard: &Heard,
    fields: &Fields,
    results: (&Members, Option<&Members>),
    now: Date,
) -> Members {
    let (results, more) = results;
    let mut data = hooks::updated(heard.data(), fields, results, &ctx.app.files);
    data.extend(more.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    data.shift_remove("authDataResponse");
    data.insert("updatedAt".to_owned(), Json::from(now.to_iso()));
    data
}

/// Stores a user and does what follows from it.
async fn store_user(
    ctx: &Ctx,
    change: Change,
    forget: Vec<Forget>,
    user: UserChange,
    (old, new): (&ObjectId, &ObjectId),
) -> Result<(Option<Stored>, Option<Members>)> {
    let written = ctx.write(vec![change], forget).await.map_err(users::taken)?;
    let stored = stored(written).map_err(|missing| match user.is_guarded() {
        true => Error::new(Code::ScriptFailed, "Invalid auth data"),
        false => missing,
    })?;
    if old != new {
        users::session::end_all(ctx, old, None).await?;
    }
    let news = user.finish(ctx, new).await?;
    Ok((stored, Some(news)))
}

/// The new values of an object that was changed, if they were asked for. Error 101 if none was.
fn stored(written: Vec<Written>) -> Result<Option<Stored>> {
    match written.into_iter().next() {
        Some(Written::Done(stored)) => Ok(stored),
        Some(Written::Missing) | None => Err(Error::object_not_found()),
    }
}

/// Before a class gets fields for the sake of an object: whether the caller may change that object at all, and so that
/// its class gets them. Nobody changes a class by changing what he may not change.
pub(super) async fn reaches(ctx: &Ctx, class: &Arc<ClassSchema>, id: &str) -> Result<bool> {
    let plan = ctx.adding_plan(class)?;
    if ctx.principal.sees_everything() {
        return Ok(true);
    }
    Ok(ctx.data().count(plan.allow(read::by_id(class, id))?).await? > 0)
}

/// The fields whose new values the caller is told, or hooks are.
fn returning(ctx: &Ctx, plan: &Plan, fields: &Fields, heard: Option<&Heard>) -> Vec<FieldName> {
    let mut told = answer::relative_fields(fields);
    told.retain(|field| heard.is_some() || answer::may_tell(ctx, plan, field));
    told
}
