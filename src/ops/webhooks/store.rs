//! The class that keeps the webhooks, in the layout of the original: a row for each, without fields of its own for the
//! server.

use std::sync::Arc;

use crate::access::{Plan, WriteAccess};
use crate::cloud::{TriggerKind, WebhookOf};
use crate::error::{Error, Result};
use crate::ops::{App, Ctx};
use crate::query::{Query, Where};
use crate::schema::{ClassChange, ClassSchema, Row};
use crate::storage::{Change, Delete, Insert, Update};
use crate::value::{Cell, ClassName, FieldName, Fields, ObjectId, Value};

const CLASS: &str = "_Hooks";
/// Length of the ids of the rows.
const ID_LENGTH: usize = 10;

/// A webhook as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    id: ObjectId,
    /// What it answers.
    pub of: WebhookOf,
    /// Where it is.
    pub url: String,
}

/// All webhooks, the oldest first. What another server stored that can not be understood is left out.
pub(super) async fn all(app: &App) -> Result<Vec<Stored>> {
    let Some(class) = app.catalog.snapshot().class(CLASS).cloned() else { return Ok(Vec::new()) };
    let columns = ["objectId", "createdAt", "functionName", "className", "triggerName", "url"];
    let query = Query {
        filter: Where::Everything,
        class: Arc::clone(&class),
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns: columns.map(FieldName::from).to_vec(),
        hint: None,
    };
    let plan = Plan::server(&class);
    let objects = plan.reveal(app.storage.find(plan.allow(query)?).await?);
    let mut found = Vec::new();
    for object in objects.iter() {
        let text = |field: &str| match objects.column(field).map(|at| object.cell(at)) {
            Some(Cell::Text(text)) if !text.is_empty() => Some(text.to_owned()),
            _ => None,
        };
        // Rows of the original have no time, and come first.
        let made = match objects.column("createdAt").map(|at| object.cell(at)) {
            Some(Cell::Date(date)) => date.millis(),
            _ => i64::MIN,
        };
        let of = match (text("functionName"), text("className"), text("triggerName")) {
            (Some(name), _, _) => Some(WebhookOf::Function(Arc::from(name))),
            (None, Some(class), Some(kind)) => TriggerKind::named(&kind)
                .map(|kind| WebhookOf::Trigger(kind, ClassName::from(class.as_str()))),
            _ => None,
        };
        match (of, text("url")) {
            (Some(of), Some(url)) => {
                found.push((made, Stored { id: ObjectId::from(object.id()), of, url }));
            }
            _ => tracing::warn!(id = object.id(), "a webhook in the database says nothing"),
        }
    }
    found.sort_by_key(|(made, _)| *made);
    Ok(found.into_iter().map(|(_, hook)| hook).collect())
}

/// Stores a new webhook.
pub(super) async fn insert(
    ctx: &Ctx,
    access: WriteAccess,
    of: &WebhookOf,
    url: &str,
) -> Result<()> {
    let class = class(ctx, access).await?;
    let mut fields = Fields::default();
    let mut set = |name: &str, text: &str| fields.set(name, Value::String(text.to_owned()));
    match of {
        WebhookOf::Function(name) => set("functionName", name),
        WebhookOf::Trigger(kind, class) => {
            set("className", class);
            set("triggerName", kind.name());
        }
    }
    set("url", url);
    let insert = Insert {
        class: Arc::clone(&class),
        id: ctx.app.random.object_id(ID_LENGTH)?,
        now: ctx.app.clock.now(),
        row: Row::of_new(&class, fields)?,
    };
    let change = Change::Insert(Plan::server(&class).allow_change(insert, access));
    ctx.write(vec![change], Vec::new()).await.map(drop)
}

/// Moves a webhook.
pub(super) async fn update(ctx: &Ctx, access: WriteAccess, hook: &Stored, url: &str) -> Result<()> {
    let class = class(ctx, access).await?;
    let mut fields = Fields::default();
    fields.set("url", Value::String(url.to_owned()));
    let update = Update {
        class: Arc::clone(&class),
        id: hook.id.clone(),
        guard: Where::Everything,
        now: Some(ctx.app.clock.now()),
        row: Row::of_change(&class, fields),
        returning: Vec::new(),
    };
    let change = Change::Update(Plan::server(&class).allow_change(update, access));
    ctx.write(vec![change], Vec::new()).await.map(drop)
}

/// Removes webhooks.
pub(super) async fn delete(ctx: &Ctx, access: WriteAccess, hooks: &[Stored]) -> Result<()> {
    if hooks.is_empty() {
        return Ok(());
    }
    let class = class(ctx, access).await?;
    let plan = Plan::server(&class);
    let delete = |hook: &Stored| {
        let delete = Delete { class: Arc::clone(&class), id: hook.id.clone() };
        Change::Delete(plan.allow_change(delete, access))
    };
    ctx.write(hooks.iter().map(delete).collect(), Vec::new()).await.map(drop)
}

/// The class, made if it is not there.
async fn class(ctx: &Ctx, access: WriteAccess) -> Result<Arc<ClassSchema>> {
    let name = ClassName::from(CLASS);
    let make = ctx.app.catalog.change(access, |now| {
        Ok(now.class(&name).is_none().then(|| ClassChange::create_with(&name, Vec::new())))
    });
    let class = make.await?.class(&name).cloned();
    class.ok_or_else(|| Error::internal("a class that was just made is gone"))
}
