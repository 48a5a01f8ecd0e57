//! Changes that somebody watches: each is one statement, which returns the rows as they were and as they are.

use std::sync::Arc;

use sqlx::postgres::PgRow;

use super::connection::Connection;
use super::runs::Answer;
use super::verbs::Rows;
use crate::access::Allowed;
use crate::schema::ClassSchema;
use crate::storage::sql::{self, Postgres, Shape};
use crate::storage::witness::Sight;
use crate::storage::{Delete, Insert, Update};
use crate::value::Stored;

/// Makes rows, which are alike.
pub(super) async fn insert(
    connection: &mut Connection<'_>,
    class: &Arc<ClassSchema>,
    inserts: &[&Insert],
    sight: &mut Sight,
) -> sqlx::Result<()> {
    let (statement, shape) = sql::insert_watched(&Postgres, class, inserts);
    let made = connection.ask(&statement, Single { shape: &shape, rows: Vec::new() }).await?;
    made.rows.into_iter().for_each(|after| sight.note(class, None, Some(after)));
    Ok(())
}

/// Changes a row. Gives what was asked for; nothing at all if there was no such row.
pub(super) async fn update(
    connection: &mut Connection<'_>,
    allowed: &Allowed<Update>,
    sight: &mut Sight,
) -> sqlx::Result<Option<Option<Stored>>> {
    let change = sql::update_watched_at_once(&Postgres, allowed);
    let whole = change.whole.width();
    let asked = change.asked.as_ref().map(|shape| (whole, shape));
    let both = Both {
        after: Rows::new(&change.whole),
        before: (whole + asked.map_or(0, |(_, shape)| shape.width()), Rows::new(&change.whole)),
        asked: asked.map(|(at, shape)| (at, Rows::new(shape))),
    };
    let Both { after, before: (_, before), asked } =
        connection.ask(&change.statement, both).await?;
    let (after, before) = (after.finish(), before.finish());
    if after.is_empty() {
        return Ok(None);
    }
    sight.note_update(allowed.inner(), before, after);
    Ok(Some(asked.map(|(_, rows)| rows.finish())))
}

/// Deletes a row. Returns whether there was one.
pub(super) async fn delete(
    connection: &mut Connection<'_>,
    allowed: &Allowed<Delete>,
    sight: &mut Sight,
) -> sqlx::Result<bool> {
    let (statement, shape) = sql::delete_watched(&Postgres, allowed);
    let before = connection.ask(&statement, Rows::new(&shape)).await?.finish();
    if before.is_empty() {
        return Ok(false);
    }
    sight.note(&allowed.inner().class, Some(before), None);
    Ok(true)
}

/// Rows, each by itself.
struct Single<'s> {
    shape: &'s Shape,
    rows: Vec<Stored>,
}

impl Answer for Single<'_> {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let mut rows = Rows::new(self.shape);
        rows.read(row, 0)?;
        self.rows.push(rows.finish());
        Ok(())
    }
}

/// A row after a change, what was asked for, and the row before; with where their columns begin.
struct Both<'s> {
    after: Rows<'s>,
    asked: Option<(usize, Rows<'s>)>,
    before: (usize, Rows<'s>),
}

impl Answer for Both<'_> {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.after.read(row, 0)?;
        if let Some((at, rows)) = &mut self.asked {
            rows.read(row, *at)?;
        }
        let (at, rows) = &mut self.before;
        rows.read(row, *at)
    }
}
