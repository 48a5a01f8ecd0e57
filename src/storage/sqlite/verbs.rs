//! The verbs, on one connection.

use std::collections::HashMap;
use std::sync::Arc;

use super::connection::{Connection, RowReader};
use super::failure::{failure, is_unknown_relation};
use super::watched;
use crate::access::Allowed;
use crate::error::Result;
use crate::query::{Comparison, FieldPath, Pipeline, Query, Test, Where};
use crate::schema::FieldType;
use crate::storage::sql::{self, Sqlite};
use crate::storage::{Change, Delete, Insert, Related, RelatedRows, RolesOf, Update, Written};
use crate::value::{Json, ObjectId, Stored, StoredBuilder, Value};

/// The rows that meet a question.
pub(super) fn find(connection: &Connection, query: &Allowed<Query>) -> Result<Stored> {
    let (statement, shape) = sql::find(&Sqlite, query);
    match connection.query(&statement, &shape) {
        Err(cause) if is_unknown_relation(&cause) => Ok(Stored::none(shape.layout)),
        answer => answer.map_err(failure),
    }
}

/// Whether a question is answered in microseconds: it names its objects by their ids, and not many.
pub(super) fn is_short(query: &Allowed<Query>) -> bool {
    const IDS_MAX: usize = 16;
    let Where::Field(path, test) = &query.inner().filter else { return false };
    let is_few = matches!(test, Test::Compare(Comparison::Equal, _))
        || matches!(test, Test::In { values, .. } if values.len() <= IDS_MAX);
    is_few && path.field == "objectId" && path.path.is_empty()
}

/// How many rows meet a question.
pub(super) fn count(connection: &Connection, query: &Allowed<Query>) -> Result<u64> {
    let mut count = 0;
    let counted = connection.each_row(&sql::count(&Sqlite, query), |row| {
        count = row.get::<_, i64>(0)?.unsigned_abs();
        Ok(())
    });
    match counted {
        Err(cause) if is_unknown_relation(&cause) => Ok(0),
        counted => counted.map(|()| count).map_err(failure),
    }
}

/// The rows of several owners that meet a question.
pub(super) fn find_related(
    connection: &Connection,
    query: &Allowed<Query>,
    relation: &Related,
) -> Result<RelatedRows> {
    let (statement, shape) = sql::find_related(&Sqlite, query, relation);
    let positions: HashMap<&str, usize> =
        relation.owners.iter().enumerate().rev().map(|(at, id)| (id.as_str(), at)).collect();
    let mut builder = StoredBuilder::new(Arc::clone(&shape.layout));
    let mut reader = RowReader::default();
    let mut owners = Vec::new();
    let found = connection.each_row(&statement, |row| {
        let owner = row.get_ref(0)?.as_str()?;
        owners.push(positions.get(owner).copied().unwrap_or_default());
        reader.read(row, 1, &shape, &mut builder)
    });
    match found {
        Err(cause) if !is_unknown_relation(&cause) => Err(failure(cause)),
        _ => Ok(RelatedRows { rows: builder.finish(), owners }),
    }
}

/// How many rows of each owner meet a question.
pub(super) fn count_related(
    connection: &Connection,
    query: &Allowed<Query>,
    relation: &Related,
) -> Result<Vec<(ObjectId, u64)>> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let counted = connection.each_row(&sql::count_related(&Sqlite, query, relation), |row| {
        counts.insert(row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs());
        Ok(())
    });
    match counted {
        Err(cause) if !is_unknown_relation(&cause) => Err(failure(cause)),
        _ => Ok(relation
            .owners
            .iter()
            .map(|id| (id.clone(), counts.get(id.as_str()).copied().unwrap_or(0)))
            .collect()),
    }
}

/// All roles of a user.
pub(super) fn roles_of(
    connection: &Connection,
    question: &Allowed<RolesOf>,
) -> Result<Vec<(ObjectId, String)>> {
    let mut roles = Vec::new();
    let found = connection.each_row(&sql::roles_of(&Sqlite, question), |row| {
        roles.push((ObjectId::from(row.get_ref(0)?.as_str()?), row.get(1)?));
        Ok(())
    });
    found.map(|()| roles).map_err(failure)
}

/// The different values of a field.
pub(super) fn distinct(
    connection: &Connection,
    query: &Allowed<Query>,
    field: &FieldPath,
) -> Result<Vec<Json>> {
    if matches!(field.kind, FieldType::Relation(_) | FieldType::Acl) {
        return Ok(Vec::new());
    }
    let (statement, shape) = sql::distinct(&Sqlite, query, field);
    match connection.query(&statement, &shape) {
        Err(cause) if is_unknown_relation(&cause) => Ok(Vec::new()),
        rows => Ok(sql::different(&rows.map_err(failure)?, field)),
    }
}

/// The result of a pipeline.
pub(super) fn aggregate(connection: &Connection, pipeline: &Allowed<Pipeline>) -> Result<Stored> {
    let (statement, shape) = sql::aggregate(&Sqlite, pipeline);
    connection.query(&statement, &shape).map_err(failure)
}

/// How SQLite would answer a question: the steps of its plan.
pub(super) fn explain(connection: &Connection, query: &Allowed<Query>) -> Result<Json> {
    let (mut statement, _) = sql::find(&Sqlite, query);
    statement.text.insert_str(0, "EXPLAIN QUERY PLAN ");
    let mut steps = Vec::new();
    let explained = connection.each_row(&statement, |row| {
        let number =
            |at: usize| Ok::<_, rusqlite::Error>(Json::Number(row.get::<_, i64>(at)? as f64));
        steps.push(Json::from([
            ("id", number(0)?),
            ("parent", number(1)?),
            ("detail", Json::from(row.get::<_, String>(3)?)),
        ]));
        Ok(())
    });
    explained.map_err(failure)?;
    Ok(Json::Array(steps))
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

/// Makes changes, one after the other. After an error the caller undoes those that were made.
pub(super) fn write(connection: &Connection, changes: &[Change]) -> Result<Vec<Written>> {
    let write = |change: &Change| match change {
        Change::Insert(insert) => create(connection, insert.inner()),
        Change::Update(change) => update(connection, change),
        Change::Delete(change) => delete(connection, change),
    };
    changes.iter().map(|change| write(change).map_err(failure)).collect()
}

fn create(connection: &Connection, insert: &Insert) -> rusqlite::Result<Written> {
    match connection.watches(&insert.class.name) {
        true => watched::insert(connection, insert)?,
        false => connection.execute(&sql::insert(&Sqlite, insert)).map(|_| ())?,
    }
    for statement in
        sql::relation_changes(&Sqlite, &insert.class, &insert.id, &insert.row.relations)
    {
        connection.execute(&statement)?;
    }
    Ok(Written::Done(None))
}

fn update(connection: &Connection, allowed: &Allowed<Update>) -> rusqlite::Result<Written> {
    let update = allowed.inner();
    let changed = match connection.watches(&update.class.name) {
        true => watched::update(connection, allowed)?,
        false => change(connection, allowed)?,
    };
    let Some(written) = changed else { return Ok(Written::Missing) };
    let mut id = &update.id;
    let renamed = new_id(update);
    if let Some(renamed) = &renamed {
        for statement in sql::rename_relations(&Sqlite, &update.class, id, renamed) {
            connection.execute(&statement)?;
        }
        id = renamed;
    }
    for statement in sql::relation_changes(&Sqlite, &update.class, id, &update.row.relations) {
        connection.execute(&statement)?;
    }
    Ok(Written::Done(written))
}

/// Changes a row. Gives what was asked for; nothing at all if there was no such row.
fn change(
    connection: &Connection,
    allowed: &Allowed<Update>,
) -> rusqlite::Result<Option<Option<Stored>>> {
    let (statement, shape) = sql::update(&Sqlite, allowed);
    let Some(shape) = shape else {
        return Ok((connection.execute(&statement)? > 0).then_some(None));
    };
    let stored = connection.query(&statement, &shape)?;
    Ok((!stored.is_empty()).then_some(Some(stored)))
}

/// The id that an update gives to its object, if it is another one.
fn new_id(update: &Update) -> Option<ObjectId> {
    match update.row.value("objectId") {
        Some(Value::String(id)) if update.id != *id.as_str() => Some(ObjectId::from(id.as_str())),
        _ => None,
    }
}

fn delete(connection: &Connection, allowed: &Allowed<Delete>) -> rusqlite::Result<Written> {
    let is_gone = match connection.watches(&allowed.inner().class.name) {
        true => watched::delete(connection, allowed)?,
        false => connection.execute(&sql::delete(&Sqlite, allowed))? > 0,
    };
    if !is_gone {
        return Ok(Written::Missing);
    }
    let Delete { class, id } = allowed.inner();
    for statement in sql::delete_relations(&Sqlite, class, id) {
        connection.execute(&statement)?;
    }
    if let Some(statement) = sql::delete_memberships(&Sqlite, class, id) {
        match connection.execute(&statement) {
            Err(cause) if !is_unknown_relation(&cause) => return Err(cause),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(Written::Done(None))
}
