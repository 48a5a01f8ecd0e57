//! What the verbs make of rows, and how changes are made on one connection.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::cells::{RowReader, integer, text};
use super::connection::Connection;
use super::runs::Answer;
use super::watched;
use crate::access::Allowed;
use crate::storage::sql::{self, Postgres, Shape};
use crate::storage::witness::Sight;
use crate::storage::{Change, Delete, Insert, RelatedRows, Update, Written};
use crate::value::{Json, ObjectId, Stored, StoredBuilder, Value};

/// Rows as they are.
pub(super) struct Rows<'s> {
    shape: &'s Shape,
    builder: StoredBuilder,
    reader: RowReader,
    count: usize,
}

impl<'s> Rows<'s> {
    pub(super) fn new(shape: &'s Shape) -> Self {
        let builder = StoredBuilder::new(Arc::clone(&shape.layout));
        Self { shape, builder, reader: RowReader::default(), count: 0 }
    }

    pub(super) fn finish(self) -> Stored {
        self.builder.finish()
    }

    /// Reads a row whose columns begin at a position.
    pub(super) fn read(&mut self, row: &PgRow, first: usize) -> sqlx::Result<()> {
        if matches!(self.count, 2 | 16 | 128) {
            self.builder.expect_more(self.count * 8);
        }
        self.count += 1;
        self.reader.read(row, first, self.shape, &mut self.builder)
    }
}

impl Answer for Rows<'_> {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.read(row, 0)
    }
}

/// Rows with the owner of each in front.
pub(super) struct OwnedRows<'s> {
    rows: Rows<'s>,
    positions: &'s HashMap<&'s str, usize>,
    owners: Vec<usize>,
}

impl<'s> OwnedRows<'s> {
    pub(super) fn new(shape: &'s Shape, positions: &'s HashMap<&'s str, usize>) -> Self {
        Self { rows: Rows::new(shape), positions, owners: Vec::new() }
    }

    pub(super) fn finish(self) -> RelatedRows {
        RelatedRows { rows: self.rows.finish(), owners: self.owners }
    }
}

impl Answer for OwnedRows<'_> {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.owners.push(self.positions.get(text(row, 0)?).copied().unwrap_or_default());
        self.rows.read(row, 1)
    }
}

/// A count.
#[derive(Default)]
pub(super) struct Count(pub(super) u64);

impl Answer for Count {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0 = integer(row, 0)?.unsigned_abs();
        Ok(())
    }
}

/// A count of each owner.
#[derive(Default)]
pub(super) struct Counts(pub(super) HashMap<String, u64>);

impl Answer for Counts {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0.insert(text(row, 0)?.to_owned(), integer(row, 1)?.unsigned_abs());
        Ok(())
    }
}

/// Roles, by id and name.
#[derive(Default)]
pub(super) struct Roles(pub(super) Vec<(ObjectId, String)>);

impl Answer for Roles {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0.push((ObjectId::from(text(row, 0)?), text(row, 1)?.to_owned()));
        Ok(())
    }
}

/// A plan, as JSON.
#[derive(Default)]
pub(super) struct Explained(pub(super) Json);

impl Answer for Explained {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let bytes = row.try_get_raw(0)?.as_bytes().map_err(sqlx::Error::Decode)?;
        self.0 = Json::parse(bytes).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
        Ok(())
    }
}

/// That there was an answer.
#[derive(Default)]
pub(super) struct Nothing;

impl Answer for Nothing {
    fn see(&mut self, _: &PgRow) -> sqlx::Result<()> {
        Ok(())
    }
}

/// Whether changes take more than one statement, so that a failure in the middle must be undone.
pub(super) fn is_compound(changes: &[Change]) -> bool {
    let [change] = changes else { return true };
    match change {
        Change::Insert(insert) => !insert.inner().row.relations.is_empty(),
        Change::Update(update) => {
            !update.inner().row.relations.is_empty() || new_id(update.inner()).is_some()
        }
        Change::Delete(delete) => {
            let class = &delete.inner().class;
            class.relations().next().is_some() || sql::membership(class).is_some()
        }
    }
}

/// Makes changes, one after the other, and notes what became of objects that are watched. After an error the caller
/// undoes those that were made.
pub(super) async fn write(
    connection: &mut Connection<'_>,
    changes: &[Change],
    sight: &mut Sight,
) -> sqlx::Result<Vec<Written>> {
    let mut written = Vec::with_capacity(changes.len());
    for change in changes {
        written.push(match change {
            Change::Insert(insert) => create(connection, insert.inner(), sight).await?,
            Change::Update(change) => update(connection, change, sight).await?,
            Change::Delete(change) => delete(connection, change, sight).await?,
        });
    }
    Ok(written)
}

async fn create(
    connection: &mut Connection<'_>,
    insert: &Insert,
    sight: &mut Sight,
) -> sqlx::Result<Written> {
    match sight.watches(&insert.class.name) {
        true => watched::insert(connection, &insert.class, &[insert], sight).await?,
        false => connection.execute(&sql::insert(&Postgres, insert)).await.map(|_| ())?,
    }
    for statement in
        sql::relation_changes(&Postgres, &insert.class, &insert.id, &insert.row.relations)
    {
        connection.execute(&statement).await?;
    }
    Ok(Written::Done(None))
}

async fn update(
    connection: &mut Connection<'_>,
    allowed: &Allowed<Update>,
    sight: &mut Sight,
) -> sqlx::Result<Written> {
    let update = allowed.inner();
    let changed = match sight.watches(&update.class.name) {
        true => watched::update(connection, allowed, sight).await?,
        false => change(connection, allowed).await?,
    };
    let Some(written) = changed else { return Ok(Written::Missing) };
    let mut id = &update.id;
    let renamed = new_id(update);
    if let Some(renamed) = &renamed {
        for statement in sql::rename_relations(&Postgres, &update.class, id, renamed) {
            connection.execute(&statement).await?;
        }
        id = renamed;
    }
    for statement in sql::relation_changes(&Postgres, &update.class, id, &update.row.relations) {
        connection.execute(&statement).await?;
    }
    Ok(Written::Done(written))
}

/// Changes a row. Gives what was asked for; nothing at all if there was no such row.
async fn change(
    connection: &mut Connection<'_>,
    allowed: &Allowed<Update>,
) -> sqlx::Result<Option<Option<Stored>>> {
    let (statement, shape) = sql::update(&Postgres, allowed);
    let Some(shape) = shape else {
        return Ok((connection.execute(&statement).await? > 0).then_some(None));
    };
    let stored = connection.ask(&statement, Rows::new(&shape)).await?.finish();
    Ok((!stored.is_empty()).then_some(Some(stored)))
}

/// The id that an update gives to its object, if it is another one.
pub(super) fn new_id(update: &Update) -> Option<ObjectId> {
    match update.row.value("objectId") {
        Some(Value::String(id)) if update.id != *id.as_str() => Some(ObjectId::from(id.as_str())),
        _ => None,
    }
}

async fn delete(
    connection: &mut Connection<'_>,
    allowed: &Allowed<Delete>,
    sight: &mut Sight,
) -> sqlx::Result<Written> {
    let is_gone = match sight.watches(&allowed.inner().class.name) {
        true => watched::delete(connection, allowed, sight).await?,
        false => connection.execute(&sql::delete(&Postgres, allowed)).await? > 0,
    };
    if !is_gone {
        return Ok(Written::Missing);
    }
    let Delete { class, id } = allowed.inner();
    for statement in sql::delete_relations(&Postgres, class, id) {
        connection.execute(&statement).await?;
    }
    if let Some(statement) = sql::delete_memberships(&Postgres, class, id) {
        connection.execute(&statement).await?;
    }
    Ok(Written::Done(None))
}
