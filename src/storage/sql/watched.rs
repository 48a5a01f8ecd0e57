//! Changes that return whole rows, as they were before and as they are after.

use super::change::{write_delete, write_insert, write_target, write_update};
use super::{Bind, Dialect, Shape, Sql, Statement};
use crate::access::Allowed;
use crate::schema::ClassSchema;
use crate::storage::{Delete, Insert, Update};

/// The statement that makes several objects, which are alike, and what they look like then.
pub fn insert_watched(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    inserts: &[&Insert],
) -> (Statement, Shape) {
    let (mut sql, shape) = (Sql::new(dialect), Shape::whole(class));
    write_insert(&mut sql, inserts);
    sql.push(" RETURNING ");
    shape.write(&mut sql, "", class);
    (sql.finish(), shape)
}

/// The statement that deletes an object, and what it looked like.
pub fn delete_watched(dialect: &dyn Dialect, allowed: &Allowed<Delete>) -> (Statement, Shape) {
    let class = &allowed.inner().class;
    let (mut sql, shape) = (Sql::new(dialect), Shape::whole(class));
    write_delete(&mut sql, allowed);
    sql.push(" RETURNING ");
    shape.write(&mut sql, "", class);
    (sql.finish(), shape)
}

/// A statement that changes an object, and what it returns: the whole row after, then what was asked for, then, if the
/// back end can, the whole row before.
#[derive(Debug)]
pub struct WatchedUpdate {
    /// The statement.
    pub statement: Statement,
    /// Whole rows.
    pub whole: Shape,
    /// What was asked for, if anything was.
    pub asked: Option<Shape>,
}

/// The statement that reads an object before it is changed, for back ends that return only what a row is after a
/// change. Nobody else may write between the two.
pub fn row_before(dialect: &dyn Dialect, update: &Update) -> (Statement, Shape) {
    let (mut sql, shape) = (Sql::new(dialect), Shape::whole(&update.class));
    sql.push("SELECT ");
    shape.write(&mut sql, "o.", &update.class);
    sql.push(" FROM ").name(&update.class.name).push(" AS o WHERE o.\"objectId\" = ");
    sql.bind(Bind::Text(update.id.to_string()));
    (sql.finish(), shape)
}

/// The statement that changes an object after its row was read.
pub fn update_watched(
    dialect: &dyn Dialect,
    allowed: &Allowed<Update>,
    whole: Shape,
) -> WatchedUpdate {
    let mut sql = Sql::new(dialect);
    write_update(&mut sql, allowed.inner());
    write_target(&mut sql, allowed);
    let asked = write_returning(&mut sql, allowed.inner(), &whole, "");
    WatchedUpdate { statement: sql.finish(), whole, asked }
}

/// The statement that changes an object and returns its row before too.
///
/// The row is locked where it is read: if somebody else is changing it, what is read is what he left behind, and the
/// conditions are tried on that. From then on nobody gets between it and the change.
pub fn update_watched_at_once(dialect: &dyn Dialect, allowed: &Allowed<Update>) -> WatchedUpdate {
    let update = allowed.inner();
    let (mut sql, whole) = (Sql::new(dialect), Shape::whole(&update.class));
    write_update(&mut sql, update);
    sql.push(" FROM (SELECT o.* FROM ").name(&update.class.name).push(" AS o");
    write_target(&mut sql, allowed);
    sql.push(" FOR UPDATE) AS b WHERE o.\"objectId\" = b.\"objectId\"");
    let asked = write_returning(&mut sql, update, &whole, "o.");
    sql.push(", ");
    whole.write(&mut sql, "b.", &update.class);
    WatchedUpdate { statement: sql.finish(), whole, asked }
}

fn write_returning(
    sql: &mut Sql<'_>,
    update: &Update,
    whole: &Shape,
    table: &'static str,
) -> Option<Shape> {
    sql.push(" RETURNING ");
    whole.write(sql, table, &update.class);
    if update.returning.is_empty() {
        return None;
    }
    let asked = Shape::of(&update.class, &update.returning);
    sql.push(", ");
    asked.write(sql, table, &update.class);
    Some(asked)
}
