//! Changes that somebody watches, on one connection. A row is read and changed inside the one transaction that writes, so
//! that what is noted is what this very change did.

use super::connection::Connection;
use crate::access::Allowed;
use crate::storage::sql::{self, Sqlite};
use crate::storage::{Delete, Insert, Update};
use crate::value::Stored;

/// Makes a row.
pub(super) fn insert(connection: &Connection, insert: &Insert) -> rusqlite::Result<()> {
    let (statement, shape) = sql::insert_watched(&Sqlite, &insert.class, &[insert]);
    let after = connection.query(&statement, &shape)?;
    connection.sight().note(&insert.class, None, Some(after));
    Ok(())
}

/// Changes a row. Gives what was asked for; nothing at all if there was no such row.
pub(super) fn update(
    connection: &Connection,
    allowed: &Allowed<Update>,
) -> rusqlite::Result<Option<Option<Stored>>> {
    let update = allowed.inner();
    let (statement, shape) = sql::row_before(&Sqlite, update);
    let before = connection.query(&statement, &shape)?;
    if before.is_empty() {
        return Ok(None);
    }
    let change = sql::update_watched(&Sqlite, allowed, shape);
    let (after, asked) =
        connection.query_both(&change.statement, &change.whole, change.asked.as_ref())?;
    if after.is_empty() {
        return Ok(None);
    }
    connection.sight().note_update(update, before, after);
    Ok(Some(asked))
}

/// Deletes a row. Returns whether there was one.
pub(super) fn delete(connection: &Connection, allowed: &Allowed<Delete>) -> rusqlite::Result<bool> {
    let (statement, shape) = sql::delete_watched(&Sqlite, allowed);
    let before = connection.query(&statement, &shape)?;
    if before.is_empty() {
        return Ok(false);
    }
    connection.sight().note(&allowed.inner().class, Some(before), None);
    Ok(true)
}
