//! Objects in relations, for many owners at once.

use super::cells::read_field;
use super::filter::{write_rows, write_where};
use super::select::write_whole_order;
use super::{Bind, Dialect, Shape, Sql, Statement, join_name};
use crate::access::Allowed;
use crate::query::Query;
use crate::storage::Related;
use crate::value::ObjectId;

/// The rows of several owners that meet a question, the page for each owner. The first column is the
/// owner's id, the others are those of the shape.
pub fn find_related(
    dialect: &dyn Dialect,
    query: &Allowed<Query>,
    relation: &Related,
) -> (Statement, Shape) {
    let question = query.inner();
    let shape = Shape::of_query(query);
    let mut sql = Sql::new(dialect);
    sql.push("SELECT r.\"_owner\", ");
    shape.write(&mut sql, "r.", &question.class);
    sql.push(" FROM (SELECT j.\"owningId\" AS \"_owner\"");
    let names = shape.layout.columns.iter();
    let names = names.filter_map(|column| question.class.known(read_field(&column.name)));
    for column in
        names.flat_map(|(name, field)| dialect.columns(&question.class, name, &field.kind))
    {
        sql.push(", o.").name(&column.name);
    }
    sql.push(", row_number() OVER (PARTITION BY j.\"owningId\"");
    write_whole_order(&mut sql, question);
    sql.push(") AS \"_row\"");
    write_source(&mut sql, query, relation);
    sql.push(") AS r");
    let count = |number: u64| Bind::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    sql.push(" WHERE r.\"_row\" > ").bind(count(question.skip));
    if let Some(limit) = question.limit {
        sql.push(" AND r.\"_row\" <= ").bind(count(question.skip.saturating_add(limit)));
    }
    sql.push(" ORDER BY r.\"_owner\", r.\"_row\"");
    (sql.finish(), shape)
}

/// For each owner that has any, its id and how many rows meet a question.
pub fn count_related(
    dialect: &dyn Dialect,
    query: &Allowed<Query>,
    relation: &Related,
) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT j.\"owningId\", count(*)");
    write_source(&mut sql, query, relation);
    sql.push(" GROUP BY j.\"owningId\"");
    sql.finish()
}

fn write_source(sql: &mut Sql<'_>, query: &Allowed<Query>, relation: &Related) {
    let class = &query.inner().class;
    sql.push(" FROM ")
        .name(&join_name(&relation.class, &relation.key))
        .push(" AS j JOIN ")
        .name(&class.name);
    sql.push(" AS o ON o.\"objectId\" = j.\"relatedId\" WHERE ");
    let owners = relation.owners.iter().map(ObjectId::to_string).collect();
    sql.dialect().is_in(sql, "j.\"owningId\"", Bind::Texts(owners));
    sql.push(" AND ");
    write_where(sql, class, &query.inner().filter);
    write_rows(sql, class, query.rows());
}
