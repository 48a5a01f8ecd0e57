//! Questions: find and count.

use super::filter::{operand, write_rows, write_where};
use super::{Shape, Sql, Statement};
use crate::access::Allowed;
use crate::query::{Direction, FieldPath, OrderBy, Query, SCORE, Test, TextSearch, Where};
use crate::schema::{ClassSchema, FieldType};
use crate::value::GeoPoint;

use super::Dialect;

/// The rows that meet a question, and what they look like.
pub fn find(dialect: &dyn Dialect, query: &Allowed<Query>) -> (Statement, Shape) {
    let question = query.inner();
    let shape = Shape::of_query(query);
    let mut sql = Sql::new(dialect);
    sql.push("SELECT ");
    shape.write(&mut sql, "o.", &question.class);
    let wants_rank = question.class.field("score").is_none()
        && question.columns.iter().any(|column| *column == SCORE);
    let rank = find_text(&question.filter).filter(|_| wants_rank);
    if let Some((path, search)) = rank {
        sql.push(", ");
        dialect.score(&mut sql, &operand(&question.class, path), search);
    }
    let shape = if rank.is_some() { shape.with_number("score") } else { shape };
    sql.push(" FROM ").name(&question.class.name).push(" AS o");
    write_conditions(&mut sql, query);
    write_order(&mut sql, question);
    dialect.page(&mut sql, question.skip, question.limit);
    (sql.finish(), shape)
}

/// How many rows meet a question.
pub fn count(dialect: &dyn Dialect, query: &Allowed<Query>) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT count(*) FROM ").name(&query.inner().class.name).push(" AS o");
    write_conditions(&mut sql, query);
    sql.finish()
}

/// Appends `WHERE` with the condition of a question and the row filter of its plan.
pub(super) fn write_conditions(sql: &mut Sql<'_>, query: &Allowed<Query>) {
    let question = query.inner();
    if question.filter == Where::Everything && query.rows().is_all() {
        return;
    }
    sql.push(" WHERE ");
    write_where(sql, &question.class, &question.filter);
    write_rows(sql, &question.class, query.rows());
}

/// Appends the order of a question, with what makes it the same every time: ` ORDER BY …`, or nothing where the back
/// end knows no order of creation.
pub(super) fn write_order(sql: &mut Sql<'_>, query: &Query) {
    let mut keys = write_wanted_order(sql, query);
    keys.finish(sql, Unordered::Stays);
}

fn write_wanted_order(sql: &mut Sql<'_>, query: &Query) -> Keys {
    let class = &*query.class;
    let mut keys = Keys { count: 0, is_unique: false };
    for key in &query.order {
        keys.write(sql, class, &query.filter, key);
    }
    if keys.count == 0
        && let Some((path, centre)) = find_near(&query.filter)
    {
        keys.begin(sql);
        sql.dialect().angle(sql, &operand(class, path), centre);
    }
    keys
}

/// The same for the rows of a page that a database would otherwise choose as it likes: never nothing.
pub(super) fn write_whole_order(sql: &mut Sql<'_>, query: &Query) {
    let mut keys = write_wanted_order(sql, query);
    keys.finish(sql, Unordered::ByCreation);
}

/// What becomes of rows for which no order is wanted, where the back end knows no order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unordered {
    /// They come as they are.
    Stays,
    /// They are sorted by when they were made.
    ByCreation,
}

/// The keys of an order, while they are written.
struct Keys {
    count: usize,
    is_unique: bool,
}

impl Keys {
    /// Appends what makes the order the same every time.
    fn finish(&mut self, sql: &mut Sql<'_>, unordered: Unordered) {
        if self.is_unique {
            return;
        }
        let place = match sql.dialect().creation_order() {
            Some(place) => place,
            None if self.count > 0 => "o.\"objectId\"",
            None if unordered == Unordered::ByCreation => "o.\"createdAt\", o.\"objectId\"",
            None => return,
        };
        self.begin(sql);
        sql.push(place);
    }

    fn begin(&mut self, sql: &mut Sql<'_>) {
        sql.push(if self.count == 0 { " ORDER BY " } else { ", " });
        self.count += 1;
    }

    fn write(&mut self, sql: &mut Sql<'_>, class: &ClassSchema, filter: &Where, key: &OrderBy) {
        match key {
            OrderBy::Field(path, direction) => {
                self.begin(sql);
                write_field_key(sql, class, path, *direction);
                self.is_unique |= path.field == "objectId";
            }
            OrderBy::Score => {
                if let Some((path, search)) = find_text(filter) {
                    self.begin(sql);
                    sql.dialect().score(sql, &operand(class, path), search);
                    sql.push(" DESC");
                }
            }
        }
    }
}

/// Appends the keys of an order of computed rows, each with a comma after it.
pub(super) fn write_keys(sql: &mut Sql<'_>, shape: &ClassSchema, order: &[OrderBy]) {
    for key in order {
        if let OrderBy::Field(path, direction) = key {
            write_field_key(sql, shape, path, *direction);
            sql.push(", ");
        }
    }
}

fn write_field_key(sql: &mut Sql<'_>, class: &ClassSchema, path: &FieldPath, direction: Direction) {
    let operand = operand(class, path);
    let direction = match direction {
        Direction::Ascending if never_empty(class, path) => "",
        Direction::Descending if never_empty(class, path) => " DESC",
        Direction::Ascending => " NULLS LAST",
        Direction::Descending => " DESC NULLS FIRST",
    };
    sql.dialect().order(sql, &operand, direction);
}

/// Whether every object has a value there; computed rows (which have no `ACL`) need not.
fn never_empty(class: &ClassSchema, path: &FieldPath) -> bool {
    path.path.is_empty()
        && matches!(&*path.field, "objectId" | "createdAt" | "updatedAt")
        && class.field("ACL").is_some()
}

fn is_whole(path: &FieldPath, kind: &FieldType) -> bool {
    path.path.is_empty() && path.kind == *kind
}

/// The search for near points that every row meets, if there is one.
fn find_near(filter: &Where) -> Option<(&FieldPath, GeoPoint)> {
    match filter {
        Where::Field(path, Test::Near(centre, _)) if is_whole(path, &FieldType::GeoPoint) => {
            Some((path, *centre))
        }
        Where::All(parts) => parts.iter().find_map(find_near),
        Where::Everything
        | Where::Nothing
        | Where::Any(_)
        | Where::Nor(_)
        | Where::Field(..)
        | Where::RelatedTo { .. }
        | Where::Relates(..)
        | Where::NotRelates(..) => None,
    }
}

/// The search for words that rows meet, if there is one.
fn find_text(filter: &Where) -> Option<(&FieldPath, &TextSearch)> {
    match filter {
        Where::Field(path, Test::Text(search)) if is_whole(path, &FieldType::String) => {
            Some((path, search))
        }
        Where::All(parts) | Where::Any(parts) => parts.iter().find_map(find_text),
        Where::Everything
        | Where::Nothing
        | Where::Nor(_)
        | Where::Field(..)
        | Where::RelatedTo { .. }
        | Where::Relates(..)
        | Where::NotRelates(..) => None,
    }
}
