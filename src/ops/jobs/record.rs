//! Rows of the two classes of jobs as the server itself reads and writes them: without triggers, like the
//! original (`parse-server:src/StatusHandler.js`).

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::query::{Comparison, FieldPath, Query, Test, Where};
use crate::schema::{Assign, ClassChange, ClassOperation, ClassSchema, Row};
use crate::storage::{Change, Delete, Insert, Update, Written};
use crate::value::{ClassName, FieldName, ObjectId, Value, wire};

/// One row: its id and the values of its columns.
pub(super) struct Record {
    pub id: ObjectId,
    values: Vec<(FieldName, Value)>,
}

impl Record {
    #[cfg(test)]
    pub(super) fn new(id: &str, values: Vec<(&str, Value)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (FieldName::from(name), value));
        Self { id: ObjectId::from(id), values: values.collect() }
    }

    /// Takes a value out.
    pub(super) fn take(&mut self, name: &str) -> Value {
        let value = self.values.iter_mut().find(|(known, _)| *known == *name);
        value.map_or(Value::Null, |(_, value)| std::mem::replace(value, Value::Null))
    }

    /// Takes a text out.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        if let Value::String(text) = self.take(name) { Some(text) } else { None }
    }

    /// Takes a number out.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        if let Value::Number(number) = self.take(name) { Some(number) } else { None }
    }
}

/// The class, made if there is none yet.
pub(super) async fn class(ctx: &Ctx, name: &str) -> Result<Arc<ClassSchema>> {
    if let Some(class) = ctx.snapshot.class(name) {
        return Ok(Arc::clone(class));
    }
    let name = ClassName::from(name);
    let make = |now: &crate::schema::Snapshot| {
        Ok(now.class(&name).is_none().then(|| ClassChange::create_with(&name, Vec::new())))
    };
    let snapshot = ctx.app.catalog.change(ctx.writer()?, make).await?;
    let class = snapshot.class(&name).cloned();
    class.ok_or_else(|| Error::internal("a class that was just made is gone"))
}

/// A column has a value.
pub(super) fn is(class: &ClassSchema, column: &str, value: Value) -> Where {
    test(class, column, Test::Compare(Comparison::Equal, value))
}

/// A column is empty.
pub(super) fn is_empty(class: &ClassSchema, column: &str) -> Where {
    test(class, column, Test::Exists(false))
}

/// A column has a value less than this.
pub(super) fn is_less(class: &ClassSchema, column: &str, value: Value) -> Where {
    test(class, column, Test::Compare(Comparison::Less, value))
}

fn test(class: &ClassSchema, column: &str, test: Test) -> Where {
    let Some((name, field)) = class.column(column) else { return Where::Nothing };
    let path = FieldPath { field: name.clone(), kind: field.kind.clone(), path: Vec::new() };
    Where::Field(path, test)
}

/// The rows of a class that meet a condition.
pub(super) async fn find(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    filter: Where,
    limit: u64,
) -> Result<Vec<Record>> {
    let columns = class.fields.iter().map(|(name, _)| name.clone());
    let query = Query {
        class: Arc::clone(class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: Some(limit),
        columns: columns.collect(),
        hint: None,
    };
    let plan = ctx.plan(class, ClassOperation::Find)?;
    let objects = plan.reveal(ctx.data().find(plan.allow(query)?).await?);
    let records = objects.iter().map(|object| Record {
        id: ObjectId::from(object.id()),
        values: object
            .cells()
            .map(|(_, column, cell)| (column.name.clone(), wire::cell_to_value(cell, &column.form)))
            .collect(),
    });
    Ok(records.collect())
}

/// Makes a row.
pub(super) async fn insert(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    id: &ObjectId,
    columns: Vec<(&'static str, Value)>,
) -> Result<()> {
    let plan = ctx.plan(class, ClassOperation::Create)?;
    let now = ctx.app.clock.now();
    let insert = Insert { class: Arc::clone(class), id: id.clone(), now, row: row(columns) };
    let change = Change::Insert(plan.allow_change(insert, ctx.writer()?));
    ctx.write(vec![change], Vec::new()).await.map(|_| ())
}

/// Changes a row if it meets a condition; the change does not touch `updatedAt` unless it says so. Returns whether
/// it was changed.
pub(super) async fn update(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    id: &ObjectId,
    guard: Where,
    columns: Vec<(&'static str, Value)>,
) -> Result<bool> {
    let change = changed(ctx, class, id, guard, columns)?;
    let written = ctx.write(vec![change], Vec::new()).await?;
    Ok(matches!(written.first(), Some(Written::Done(_))))
}

/// The change of a row if it meets a condition.
pub(super) fn changed(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    id: &ObjectId,
    guard: Where,
    columns: Vec<(&'static str, Value)>,
) -> Result<Change> {
    let plan = ctx.plan(class, ClassOperation::Update)?;
    let update = Update {
        class: Arc::clone(class),
        id: id.clone(),
        guard,
        now: None,
        row: row(columns),
        returning: Vec::new(),
    };
    Ok(Change::Update(plan.allow_change(update, ctx.writer()?)))
}

/// Makes changes together.
pub(super) async fn write(ctx: &Ctx, changes: Vec<Change>) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    ctx.write(changes, Vec::new()).await.map(|_| ())
}

/// Deletes a row; that somebody else was faster is as good.
pub(super) async fn delete(ctx: &Ctx, class: &Arc<ClassSchema>, id: &ObjectId) -> Result<()> {
    let plan = ctx.plan(class, ClassOperation::Delete)?;
    let delete = Delete { class: Arc::clone(class), id: id.clone() };
    let change = Change::Delete(plan.allow_change(delete, ctx.writer()?));
    ctx.write(vec![change], Vec::new()).await.map(|_| ())
}

fn row(columns: Vec<(&'static str, Value)>) -> Row {
    let columns =
        columns.into_iter().map(|(name, value)| (FieldName::from(name), Assign::Set(value)));
    Row { columns: columns.collect(), relations: Vec::new() }
}
