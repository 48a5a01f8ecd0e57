//! The different values of a field.

use std::collections::HashSet;
use std::sync::Arc;

use super::filter::operand;
use super::select::write_conditions;
use super::{CellKind, Dialect, Shape, Sql, Statement, form};
use crate::access::Allowed;
use crate::query::{FieldPath, Query};
use crate::schema::FieldType;
use crate::value::{Column, Json, Layout, Stored, wire};

/// The rows that a field's different values stand in: one column.
pub fn distinct(
    dialect: &dyn Dialect,
    query: &Allowed<Query>,
    field: &FieldPath,
) -> (Statement, Shape) {
    let class = &query.inner().class;
    let operand = operand(class, field);
    let mut sql = Sql::new(dialect);
    let compares = !field.path.is_empty() || dialect.compares(&field.kind);
    sql.push(if compares { "SELECT DISTINCT " } else { "SELECT " });
    let (kind, form) = if field.path.is_empty() {
        dialect.read(&mut sql, "o.", &operand);
        (CellKind::of(&field.kind), form(&field.field, &field.kind))
    } else {
        dialect.inside(&mut sql, &operand);
        (CellKind::Json, FieldType::Object.form())
    };
    sql.push(" FROM ").name(&class.name).push(" AS o");
    write_conditions(&mut sql, query);
    if compares {
        sql.push(" ORDER BY 1");
    }
    let columns = vec![Column { name: field.field.clone(), form }];
    let layout = Layout { class: class.name.clone(), columns };
    (sql.finish(), Shape { layout: Arc::new(layout), cells: vec![kind] })
}

/// The different values in wire form; of arrays, the different elements.
pub fn different(rows: &Stored, field: &FieldPath) -> Vec<Json> {
    let is_json =
        !field.path.is_empty() || matches!(field.kind, FieldType::Array | FieldType::Object);
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for row in rows.rows() {
        let json =
            wire::value_to_json(&wire::cell_to_value(row.cell(0), &rows.layout().columns[0].form));
        let elements = json.as_array().filter(|_| is_json).unwrap_or(std::slice::from_ref(&json));
        for element in elements {
            if !element.is_null() && seen.insert(sorted(element).to_text()) {
                values.push(element.clone());
            }
        }
    }
    values
}

/// The same JSON with the members of objects in order.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<(String, Json)> =
                members.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(sorted).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}
