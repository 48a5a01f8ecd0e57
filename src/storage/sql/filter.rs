//! Conditions and row filters.

use super::operators::{array, compare, geo, relation, text};
use super::{Bind, JsonTest, Operand, Sql};
use crate::access::{Right, RowFilter};
use crate::query::matches::when_empty;
use crate::query::{FieldPath, Test, Where};
use crate::schema::{ClassSchema, FieldType};
use crate::value::{Json, Value, wire};

/// Longer chains of `AND` and `OR` are written as a balanced tree, because the depth of an expression is
/// limited.
const CHAIN_MAX: usize = 32;

/// Appends a condition on the rows of a class, whose alias is `o`.
pub fn write_where(sql: &mut Sql<'_>, class: &ClassSchema, filter: &Where) {
    match filter {
        Where::Everything => {
            sql.push("TRUE");
        }
        Where::Nothing => {
            sql.push("FALSE");
        }
        Where::All(parts) => write_parts(sql, class, parts, " AND ", "TRUE"),
        Where::Any(parts) => write_parts(sql, class, parts, " OR ", "FALSE"),
        Where::Nor(parts) => {
            sql.push("NOT ");
            write_parts(sql, class, parts, " OR ", "FALSE");
        }
        Where::Field(path, test) => write_test(sql, &operand(class, path), test),
        Where::RelatedTo { class: owner_class, owner, key } => {
            relation::related_to(sql, owner_class, owner, key)
        }
        Where::Relates(field, ids) => relation::relates(sql, class, field, ids),
        Where::NotRelates(field, ids) => {
            sql.push("NOT ");
            relation::relates(sql, class, field, ids);
        }
    }
}

fn write_parts(
    sql: &mut Sql<'_>,
    class: &ClassSchema,
    parts: &[Where],
    between: &'static str,
    none: &'static str,
) {
    sql.push("(");
    if parts.is_empty() {
        sql.push(none);
    } else if parts.len() > CHAIN_MAX {
        let (left, right) = parts.split_at(parts.len() / 2);
        write_parts(sql, class, left, between, none);
        sql.push(between);
        write_parts(sql, class, right, between, none);
    } else {
        sql.join(parts, between, |sql, part| write_where(sql, class, part));
    }
    sql.push(")");
}

/// The operand of a path.
pub(super) fn operand<'a>(class: &'a ClassSchema, path: &'a FieldPath) -> Operand<'a> {
    Operand { class, field: &path.field, kind: &path.kind, path: &path.path }
}

/// Appends a test of a field.
pub(super) fn write_test(sql: &mut Sql<'_>, operand: &Operand<'_>, test: &Test) {
    match test {
        Test::Never => {
            sql.push("FALSE");
        }
        Test::Not(tests) => {
            sql.push("((");
            sql.join(tests, " AND ", |sql, test| write_test(sql, operand, test));
            sql.push(") IS NOT TRUE)");
        }
        // It has no column, so it is empty in every row.
        _ if matches!(operand.kind, FieldType::Relation(_)) => {
            sql.push(match when_empty(test) {
                Some(true) => "TRUE",
                Some(false) => "FALSE",
                None => "NULL",
            });
        }
        Test::Exists(exists) => write_exists(sql, operand, *exists),
        _ if operand.is_json() => write_json_test(sql, operand, test),
        Test::Compare(comparison, value) => compare::compare(sql, operand, *comparison, value),
        Test::In { values, or_null } => compare::is_in(sql, operand, values, *or_null),
        Test::NotIn(values) => compare::is_not_in(sql, operand, values),
        Test::Regex(pattern) => text::regex(sql, operand, pattern),
        Test::Text(search) => text::words(sql, operand, search),
        Test::Near(centre, limit) => geo::near(sql, operand, *centre, *limit),
        Test::InBox(low, high) => geo::in_box(sql, operand, *low, *high),
        Test::InPolygon(polygon) => geo::in_polygon(sql, operand, polygon),
        Test::InSphere(centre, radians) => geo::near(sql, operand, *centre, Some(*radians)),
        Test::Intersects(point) => geo::intersects(sql, operand, *point),
        Test::ContainsNot(_) => {
            sql.push("TRUE");
        }
        Test::Contains(_) | Test::All(_) | Test::AllRegex(_) | Test::ContainedBy(_) => {
            sql.false_unless_empty(operand)
        }
    }
}

fn write_exists(sql: &mut Sql<'_>, operand: &Operand<'_>, exists: bool) {
    if operand.is_json() && !operand.path.is_empty() {
        sql.push(if exists { "" } else { "NOT " });
        sql.dialect().json_exists(sql, operand);
    } else {
        sql.column(operand).push(if exists { " IS NOT NULL" } else { " IS NULL" });
    }
}

/// Arrays, objects and what is inside.
fn write_json_test(sql: &mut Sql<'_>, operand: &Operand<'_>, test: &Test) {
    let jsons =
        |values: &[Value]| -> Vec<Json> { values.iter().map(wire::value_to_json).collect() };
    match test {
        Test::Compare(comparison, value) => {
            array::compare(sql, operand, *comparison, &wire::value_to_json(value));
        }
        Test::In { values, or_null } => array::is_in(sql, operand, &jsons(values), *or_null),
        Test::NotIn(values) => sql.json(operand, JsonTest::NotIn(&jsons(values))),
        Test::Contains(element) => sql.json(operand, JsonTest::Contains(element)),
        Test::ContainsNot(element) => array::contains_not(sql, operand, element),
        Test::All(elements) => sql.json(operand, JsonTest::All(elements)),
        Test::ContainedBy(elements) => sql.json(operand, JsonTest::ContainedBy(elements)),
        Test::Regex(pattern) => sql.json(operand, JsonTest::Regex(pattern)),
        Test::AllRegex(patterns) => sql.json(operand, JsonTest::AllRegex(patterns)),
        Test::Text(search) => sql.json(operand, JsonTest::Words(search)),
        Test::Near(..)
        | Test::InBox(..)
        | Test::InPolygon(_)
        | Test::InSphere(..)
        | Test::Intersects(_)
        | Test::Never
        | Test::Not(_)
        | Test::Exists(_) => array::nothing_fits(sql, operand),
    }
}

/// Appends the row filter of a plan with `AND` in front of it; nothing if all rows are open.
pub fn write_rows(sql: &mut Sql<'_>, class: &ClassSchema, rows: &RowFilter) {
    if let Some(list) = rows.list() {
        let column = match list.right {
            Right::Read => "_rperm",
            Right::Write => "_wperm",
        };
        sql.push(" AND (o.").name(column).push(" IS NULL OR ");
        if list.or_self
            && let Some(user) = list.grantees.user_id()
        {
            sql.push("o.\"objectId\" = ").bind(Bind::Text(user.to_string())).push(" OR ");
        }
        sql.dialect().grants(sql, column, &list.grantees);
        sql.push(")");
    }
    if *rows.condition() != Where::Everything {
        sql.push(" AND ");
        write_where(sql, class, rows.condition());
    }
}
