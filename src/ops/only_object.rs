//! Classes with one object, which holds what an app keeps on the server: its fields are objects.

use std::sync::Arc;

use super::{App, Ctx};
use crate::access::{Plan, WriteAccess};
use crate::error::{Code, Error, Result};
use crate::query::{Comparison, Condition, Filter, Query, Where, resolve};
use crate::schema::{ClassChange, ClassSchema, Row};
use crate::storage::{Change, Insert, Update, Verbs, Written};
use crate::value::{ClassName, FieldName, Fields, Json, Members, ObjectId, Value, wire};

/// The id of the object.
const ID: &str = "1";

/// What the fields of the object hold; nothing if there is no object.
pub(super) async fn read<const N: usize>(
    app: &App,
    data: &dyn Verbs,
    class: &str,
    fields: [&str; N],
) -> Result<[Members; N]> {
    let nothing = || std::array::from_fn(|_| Members::new());
    let Some(class) = app.catalog.snapshot().class(class).cloned() else { return Ok(nothing()) };
    let filter = Filter::Field(
        "objectId".to_owned(),
        vec![Condition::Compare(Comparison::Equal, Json::from(ID))],
    );
    let mut columns = vec![FieldName::from("objectId")];
    columns.extend(fields.iter().map(|field| FieldName::from(*field)));
    let query = Query {
        filter: resolve(&filter, &class)?,
        class: Arc::clone(&class),
        order: Vec::new(),
        skip: 0,
        limit: Some(1),
        columns,
        hint: None,
    };
    let plan = Plan::server(&class);
    let objects = plan.reveal(data.find(plan.allow(query)?).await?);
    let Some(object) = objects.iter().next() else { return Ok(nothing()) };
    Ok(fields.map(|field| {
        let value = objects
            .column(field)
            .map(|at| wire::cell_to_value(object.cell(at), &objects.column_at(at).form));
        match value {
            Some(Value::Object(members)) => members,
            _ => Members::new(),
        }
    }))
}

/// Changes the object, which is made if it is not there, with these fields, all empty.
pub(super) async fn store<const N: usize>(
    ctx: &Ctx,
    access: WriteAccess,
    class: &str,
    all: [&str; N],
    fields: &Fields,
) -> Result<()> {
    let name = ClassName::from(class);
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| {
            Ok(now.class(&name).is_none().then(|| ClassChange::create_with(&name, Vec::new())))
        })
        .await?;
    let class = snapshot
        .class(&name)
        .cloned()
        .ok_or_else(|| Error::internal("a class that was just made is gone"))?;
    if !change(ctx, access, &class, fields).await? {
        make(ctx, access, &class, &all).await?;
        change(ctx, access, &class, fields).await?;
    }
    Ok(())
}

/// Changes the object. Returns whether it exists.
async fn change(
    ctx: &Ctx,
    access: WriteAccess,
    class: &Arc<ClassSchema>,
    fields: &Fields,
) -> Result<bool> {
    let update = Update {
        class: Arc::clone(class),
        id: ObjectId::from(ID),
        guard: Where::Everything,
        now: Some(ctx.app.clock.now()),
        row: Row::of_change(class, fields.clone()),
        returning: Vec::new(),
    };
    let written = ctx
        .write(vec![Change::Update(Plan::server(class).allow_change(update, access))], Vec::new())
        .await?;
    Ok(matches!(written.first(), Some(Written::Done(_))))
}

/// Makes the object. That somebody else makes it at the same moment is as good.
async fn make(
    ctx: &Ctx,
    access: WriteAccess,
    class: &Arc<ClassSchema>,
    all: &[&str],
) -> Result<()> {
    let mut fields = Fields::default();
    for field in all {
        fields.set(field, Value::Object(Members::new()));
    }
    let insert = Insert {
        class: Arc::clone(class),
        id: ObjectId::from(ID),
        now: ctx.app.clock.now(),
        row: Row::of_new(class, fields)?,
    };
    match ctx
        .write(vec![Change::Insert(Plan::server(class).allow_change(insert, access))], Vec::new())
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Code::DuplicateValue => Ok(()),
        Err(error) => Err(error),
    }
}
