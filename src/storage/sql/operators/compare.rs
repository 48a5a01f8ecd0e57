//! Equal, less, greater, one of.

use crate::query::Comparison;
use crate::schema::FieldType;
use crate::storage::sql::{Bind, Operand, Sql};
use crate::value::{Date, Value};

/// A column compares with a value.
pub(crate) fn compare(
    sql: &mut Sql<'_>,
    operand: &Operand<'_>,
    comparison: Comparison,
    value: &Value,
) {
    let word = match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " IS DISTINCT FROM ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    };
    if let Some(bind) = plain(operand.kind, value) {
        sql.column(operand).push(word);
        let by_bytes = matches!(bind, Bind::Text(_))
            && !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        sql.bind(bind);
        if by_bytes {
            let collation = sql.dialect().by_bytes();
            sql.push(collation);
        }
        return;
    }
    match comparison {
        Comparison::Equal => equal(sql, operand, value),
        Comparison::NotEqual => {
            sql.push("(");
            equal(sql, operand, value);
            sql.push(" IS NOT TRUE)");
        }
        Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => {
            sql.false_unless_empty(operand);
        }
    }
}

fn equal(sql: &mut Sql<'_>, operand: &Operand<'_>, value: &Value) {
    match (operand.kind, value) {
        (FieldType::GeoPoint, Value::GeoPoint(point)) => {
            sql.dialect().point_is(sql, operand, *point)
        }
        (FieldType::Polygon, Value::Polygon(_)) | (FieldType::Bytes, Value::Bytes(_)) => {
            sql.dialect().opaque_is(sql, operand, value);
        }
        _ => match plain(operand.kind, value) {
            Some(bind) => {
                sql.column(operand).push(" = ").bind(bind);
            }
            None => sql.false_unless_empty(operand),
        },
    }
}

/// The bound form of a value that one column holds; nothing if the column can not hold it.
fn plain(kind: &FieldType, value: &Value) -> Option<Bind> {
    match (kind, value) {
        (FieldType::String, Value::String(text)) | (FieldType::File, Value::File(text)) => {
            Some(Bind::Text(text.clone()))
        }
        (FieldType::Number, Value::Number(number)) => Some(Bind::Number(*number)),
        (FieldType::Boolean, Value::Bool(flag)) => Some(Bind::Bool(*flag)),
        (FieldType::Date, Value::Date(date)) => Some(Bind::Date(*date)),
        (FieldType::Pointer(class), Value::Pointer(pointer)) if *class == pointer.class => {
            Some(Bind::Text(pointer.id.to_string()))
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    if let Value::Number(number) = value { Some(*number) } else { None }
}

fn date(value: &Value) -> Option<Date> {
    if let Value::Date(date) = value { Some(*date) } else { None }
}

/// The bound form of a list of values; nothing if the column's values are not bound as lists.
fn list(kind: &FieldType, values: &[Value]) -> Option<Bind> {
    match kind {
        FieldType::String | FieldType::File | FieldType::Pointer(_) => {
            let texts = values.iter().filter_map(|value| match plain(kind, value) {
                Some(Bind::Text(text)) => Some(text),
                _ => None,
            });
            Some(Bind::Texts(texts.collect()))
        }
        FieldType::Number => Some(Bind::Numbers(values.iter().filter_map(number).collect())),
        FieldType::Date => Some(Bind::Dates(values.iter().filter_map(date).collect())),
        FieldType::Boolean
        | FieldType::Object
        | FieldType::Array
        | FieldType::GeoPoint
        | FieldType::Polygon
        | FieldType::Bytes
        | FieldType::Relation(_)
        | FieldType::Acl => None,
    }
}

/// A column has one of several values; with `or_null`, or none.
pub(crate) fn is_in(sql: &mut Sql<'_>, operand: &Operand<'_>, values: &[Value], or_null: bool) {
    sql.push("(");
    one_of(sql, operand, values);
    if or_null {
        sql.push(" OR ").column(operand).push(" IS NULL");
    }
    sql.push(")");
}

/// A column has a value and it is none of several.
pub(crate) fn is_not_in(sql: &mut Sql<'_>, operand: &Operand<'_>, values: &[Value]) {
    if values.is_empty() {
        return sql.true_unless_empty(operand);
    }
    sql.push("NOT (");
    one_of(sql, operand, values);
    sql.push(")");
}

fn one_of(sql: &mut Sql<'_>, operand: &Operand<'_>, values: &[Value]) {
    match list(operand.kind, values) {
        _ if values.is_empty() => sql.false_unless_empty(operand),
        Some(bind) => {
            let mut column = String::from("o.");
            super::super::quote(
                &sql.dialect().column(operand.class, operand.field, operand.kind),
                &mut column,
            );
            sql.dialect().is_in(sql, &column, bind);
        }
        None => sql.join(values, " OR ", |sql, value| equal(sql, operand, value)),
    }
}
