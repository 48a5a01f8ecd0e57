//! SQLite with the functions that this program registers (see `storage::sqlite`).
//!
//! Texts, numbers, booleans (0, 1) and dates (milliseconds) are plain values; arrays, objects, bytes and
//! polygons are JSON text; a point has two columns, so that its latitude can be looked up in an index.

mod aggregates;
mod indexes;
mod json;
mod words;

use std::borrow::Cow;

pub use self::json::account_index;
use self::json::{list_text, write_path, write_regex};
use super::{BuiltIn, ColumnDeclaration, Dialect, JsonTest, Operand};
use crate::access::Grantees;
use crate::query::{Pattern, TextSearch};
use crate::schema::{Assign, ClassSchema, FieldType, RAW_AUTH_DATA, is_redacted};
use crate::storage::sql::operators::text::{after_prefix, prefix};
use crate::storage::sql::{Bind, Sql, quote, quoted};
use crate::value::{ClassName, GeoPoint, Json, Polygon, Value, wire};

/// Lists up to this length are bound value by value.
const LIST_MAX: usize = 32;

/// The dialect of SQLite.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn placeholder(&self, _: &Bind, _: usize, out: &mut String) {
        out.push('?');
    }

    fn identity(&self) -> Option<&'static str> {
        Some("\"_seq\" INTEGER PRIMARY KEY")
    }

    fn key_constraint(&self) -> &'static str {
        " NOT NULL UNIQUE"
    }

    fn time_constraint(&self) -> &'static str {
        " NOT NULL"
    }

    fn join_options(&self) -> &'static str {
        " WITHOUT ROWID"
    }

    fn columns(
        &self,
        class: &ClassSchema,
        field: &str,
        kind: &FieldType,
    ) -> Vec<ColumnDeclaration> {
        let one = |kind| {
            vec![ColumnDeclaration {
                name: self.column(class, field, &FieldType::String).into_owned(),
                kind,
            }]
        };
        match kind {
            FieldType::String | FieldType::File | FieldType::Pointer(_) => one("TEXT"),
            FieldType::Object | FieldType::Array | FieldType::Polygon | FieldType::Bytes => {
                one("TEXT")
            }
            FieldType::Number => one("REAL"),
            FieldType::Boolean | FieldType::Date => one("INTEGER"),
            FieldType::GeoPoint => vec![
                ColumnDeclaration { name: format!("{field}:lat"), kind: "REAL" },
                ColumnDeclaration { name: format!("{field}:lng"), kind: "REAL" },
            ],
            FieldType::Acl => vec![
                ColumnDeclaration { name: "_rperm".to_owned(), kind: "TEXT" },
                ColumnDeclaration { name: "_wperm".to_owned(), kind: "TEXT" },
            ],
            FieldType::Relation(_) => Vec::new(),
        }
    }

    fn column<'n>(&self, _: &ClassSchema, field: &'n str, kind: &FieldType) -> Cow<'n, str> {
        match kind {
            FieldType::GeoPoint => Cow::Owned(format!("{field}:lat")),
            FieldType::Acl => Cow::Borrowed("_rperm"),
            FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
            | FieldType::Polygon
            | FieldType::File
            | FieldType::Bytes
            | FieldType::Pointer(_)
            | FieldType::Relation(_) => Cow::Borrowed(field),
        }
    }

    fn read(&self, sql: &mut Sql<'_>, table: &'static str, operand: &Operand<'_>) {
        match operand.kind {
            FieldType::GeoPoint => {
                sql.push(table)
                    .name(&latitude(operand))
                    .push(", ")
                    .push(table)
                    .name(&longitude(operand));
            }
            FieldType::Acl => {
                sql.push(table).push("\"_rperm\", ").push(table).push("\"_wperm\"");
            }
            FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
            | FieldType::Polygon
            | FieldType::File
            | FieldType::Bytes
            | FieldType::Pointer(_)
            | FieldType::Relation(_) => {
                match operand.field {
                    RAW_AUTH_DATA => sql.push(table).name("authData"),
                    field if is_redacted(&operand.class.name, field) => {
                        json::write_redacted(sql, table)
                    }
                    field => sql.push(table).name(field),
                };
            }
        }
    }

    fn store(&self, sql: &mut Sql<'_>, _: &FieldType, part: usize, value: &Value) {
        sql.bind(stored(part, value));
    }

    fn change(&self, sql: &mut Sql<'_>, assign: &Assign, current: &mut dyn FnMut(&mut Sql<'_>)) {
        let function = match assign {
            Assign::Set(value) => {
                sql.bind(stored(0, value));
                return;
            }
            Assign::Increment(_) => "(COALESCE(",
            Assign::Add(_) => "parse_add(",
            Assign::AddUnique(_) => "parse_add_unique(",
            Assign::Remove(_) => "parse_remove(",
            Assign::SetPath(..) => "parse_set(",
            Assign::IncrementPath(..) => "parse_increment(",
            Assign::UnsetPath(_) => "parse_unset(COALESCE(",
        };
        sql.push(function);
        current(sql);
        match assign {
            Assign::Set(_) => {}
            Assign::Increment(amount) => {
                sql.push(", 0) + ").bind(Bind::Number(*amount));
            }
            Assign::Add(elements) | Assign::AddUnique(elements) | Assign::Remove(elements) => {
                sql.push(", ").bind(Bind::Json(list_text(elements)));
            }
            Assign::SetPath(path, json) => {
                sql.push(", ");
                write_path(sql, path);
                sql.push(", ").bind(Bind::Json(json.to_text()));
            }
            Assign::IncrementPath(path, amount) => {
                sql.push(", ");
                write_path(sql, path);
                sql.push(", ").bind(Bind::Number(*amount));
            }
            Assign::UnsetPath(path) => {
                sql.push(", '{}'), ");
                write_path(sql, path);
            }
        }
        sql.push(")");
    }

    fn by_bytes(&self) -> &'static str {
        ""
    }

    fn is_in(&self, sql: &mut Sql<'_>, operand: &str, values: Bind) {
        sql.push_written(operand);
        match values {
            Bind::Texts(texts) if texts.len() <= LIST_MAX => write_list(sql, texts, Bind::Text),
            Bind::Numbers(list) if list.len() <= LIST_MAX => write_list(sql, list, Bind::Number),
            Bind::Dates(dates) if dates.len() <= LIST_MAX => write_list(sql, dates, Bind::Date),
            Bind::Numbers(_) => {
                // SQLite itself reads a number in JSON with an error in the last bit.
                sql.push(" IN (SELECT parse_double(value) FROM json_each(");
                sql.bind(json_list(values)).push("))");
            }
            Bind::Texts(_)
            | Bind::Dates(_)
            | Bind::Null
            | Bind::Bool(_)
            | Bind::Integer(_)
            | Bind::Number(_)
            | Bind::Text(_)
            | Bind::Date(_)
            | Bind::Json(_)
            | Bind::Bytes(_)
            | Bind::Grantees(_) => {
                sql.push(" IN (SELECT value FROM json_each(").bind(json_list(values)).push("))");
            }
        }
    }

    fn json(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, test: JsonTest<'_>) {
        json::write_test(sql, operand, test);
    }

    fn json_exists(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        sql.push("(");
        self.json_order(sql, operand);
        sql.push(" IS NOT NULL)");
    }

    fn json_order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        if operand.has_inside() {
            sql.push("parse_at(").column(operand).push(", ");
            write_path(sql, operand.path);
            sql.push(")");
        } else {
            sql.push("NULL");
        }
    }

    fn regex(&self, sql: &mut Sql<'_>, column: &str, pattern: &Pattern) {
        let Some((start, is_all)) = prefix(pattern) else {
            return write_regex(sql, column, pattern);
        };
        let end = after_prefix(&start);
        sql.push("(").push_written(column).push(" >= ").bind(Bind::Text(start));
        if let Some(end) = end {
            sql.push(" AND ").push_written(column).push(" < ").bind(Bind::Text(end));
        }
        if !is_all {
            sql.push(" AND ");
            write_regex(sql, column, pattern);
        }
        sql.push(")");
    }

    fn words(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
        words::write_words(sql, operand, search);
    }

    fn score(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
        words::write_score(sql, operand, search);
    }

    fn angle(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint) {
        sql.push("parse_angle(");
        write_point(sql, operand);
        sql.push(", ")
            .bind(Bind::Number(centre.latitude))
            .push(", ")
            .bind(Bind::Number(centre.longitude))
            .push(")");
    }

    fn near(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint, radians: f64) {
        let reach = radians.to_degrees() + 1e-9;
        sql.push("(").column(operand).push(" BETWEEN ").bind(Bind::Number(centre.latitude - reach));
        sql.push(" AND ").bind(Bind::Number(centre.latitude + reach)).push(" AND ");
        self.angle(sql, operand, centre);
        sql.push(" <= ").bind(Bind::Number(radians)).push(")");
    }

    fn point_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint) {
        sql.push("((");
        write_point(sql, operand);
        sql.push(") = (")
            .bind(Bind::Number(point.latitude))
            .push(", ")
            .bind(Bind::Number(point.longitude))
            .push("))");
    }

    fn in_box(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, low: GeoPoint, high: GeoPoint) {
        sql.push("(").column(operand).push(" BETWEEN ").bind(Bind::Number(low.latitude));
        sql.push(" AND ")
            .bind(Bind::Number(high.latitude))
            .push(" AND o.")
            .name(&longitude(operand));
        sql.push(" BETWEEN ")
            .bind(Bind::Number(low.longitude))
            .push(" AND ")
            .bind(Bind::Number(high.longitude))
            .push(")");
    }

    fn in_polygon(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, polygon: &Polygon) {
        let latitudes = polygon.ring().iter().map(|point| point.latitude);
        let (low, high) = latitudes.fold((f64::MAX, f64::MIN), |(low, high), latitude| {
            (low.min(latitude), high.max(latitude))
        });
        sql.push("(")
            .column(operand)
            .push(" BETWEEN ")
            .bind(Bind::Number(low))
            .push(" AND ")
            .bind(Bind::Number(high));
        sql.push(" AND parse_inside(");
        write_point(sql, operand);
        sql.push(", ").bind(Bind::Json(wire::ring_to_json(polygon).to_text())).push("))");
    }

    fn has_point(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint) {
        sql.push("parse_inside(")
            .bind(Bind::Number(point.latitude))
            .push(", ")
            .bind(Bind::Number(point.longitude));
        sql.push(", ").column(operand).push(")");
    }

    fn opaque_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, value: &Value) {
        sql.column(operand).push(" = ").bind(stored(0, value));
    }

    fn grants(&self, sql: &mut Sql<'_>, column: &'static str, grantees: &Grantees) {
        sql.push("parse_grants(o.").name(column).push(", ");
        sql.bind(Bind::Grantees(grantees.clone())).push(")");
    }

    fn creation_order(&self) -> Option<&'static str> {
        Some("o.\"_seq\"")
    }

    fn page(&self, sql: &mut Sql<'_>, skip: u64, limit: Option<u64>) {
        let count = |number: u64| Bind::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        match limit {
            Some(limit) => {
                sql.push(" LIMIT ").bind(count(limit));
            }
            None if skip > 0 => {
                sql.push(" LIMIT -1");
            }
            None => {}
        }
        if skip > 0 {
            sql.push(" OFFSET ").bind(count(skip));
        }
    }

    fn order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, direction: &'static str) {
        if operand.is_json() {
            self.json_order(sql, operand);
            sql.push(direction);
            return;
        }
        sql.column(operand).push(direction);
        if *operand.kind == FieldType::GeoPoint {
            sql.push(", o.").name(&longitude(operand)).push(direction);
        }
    }

    fn index_columns(&self, class: &ClassSchema, field: &str, kind: &FieldType) -> Vec<String> {
        self.columns(class, field, kind).iter().map(|column| quoted(&column.name)).collect()
    }

    fn index_name(&self, class: &ClassName, name: &str) -> String {
        format!("{class}:{name}")
    }

    fn built_in(&self, class: &ClassName) -> &'static [BuiltIn] {
        indexes::built_in(class)
    }

    fn folded(&self, field: &str, _: &str) -> String {
        quoted(&shadow(field))
    }

    /// SQLite folds ASCII only, and an index over a function of this program would make the file useless to other
    /// programs.
    fn shadow(&self, class: &ClassSchema, field: &str) -> Option<String> {
        (class.name == "_User" && ["username", "email"].contains(&field)).then(|| shadow(field))
    }

    fn word_index(&self, _: &[String]) -> Option<String> {
        None
    }

    fn unfold(&self, sql: &mut Sql<'_>, texts: Bind) {
        sql.push("value FROM json_each(").bind(json_list(texts)).push(")");
    }

    fn insert_or_ignore(&self) -> (&'static str, &'static str) {
        ("INSERT OR IGNORE INTO ", "")
    }
}

/// The name of the column that holds a text in lower case.
fn shadow(field: &str) -> String {
    format!("_folded_{field}")
}

/// What a column of a field holds for a value.
fn stored(part: usize, value: &Value) -> Bind {
    match value {
        Value::Null | Value::Acl(None) | Value::Relation(_) => Bind::Null,
        Value::Bool(flag) => Bind::Bool(*flag),
        Value::Number(number) => Bind::Number(*number),
        Value::String(text) | Value::File(text) => Bind::Text(text.clone()),
        Value::Date(date) => Bind::Date(*date),
        Value::Bytes(content) => Bind::Json(content.to_text()),
        Value::GeoPoint(point) if part == 0 => Bind::Number(point.latitude),
        Value::GeoPoint(point) => Bind::Number(point.longitude),
        Value::Polygon(polygon) => Bind::Json(wire::ring_to_json(polygon).to_text()),
        Value::Pointer(pointer) => Bind::Text(pointer.id.to_string()),
        Value::Acl(Some(acl)) if part == 0 => json_list(Bind::Texts(acl.readers().to_vec())),
        Value::Acl(Some(acl)) => json_list(Bind::Texts(acl.writers().to_vec())),
        Value::Array(elements) => Bind::Json(list_text(elements)),
        Value::Object(members) => Bind::Json(Json::Object(members.clone()).to_text()),
    }
}

/// Writes ` IN (?, ?)`. The list is filled up to a power of two by repeating its last value, so that lists
/// of similar length share a prepared statement.
fn write_list<T: Clone>(sql: &mut Sql<'_>, mut values: Vec<T>, bind: impl Fn(T) -> Bind) {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    sql.push(" IN (");
    sql.join(values, ", ", |sql, value| {
        sql.bind(bind(value));
    });
    sql.push(")");
}

fn json_list(values: Bind) -> Bind {
    let elements: Vec<Json> = match values {
        Bind::Texts(texts) => texts.into_iter().map(Json::from).collect(),
        Bind::Numbers(list) => {
            list.iter().map(|number| Json::from(format!("{number:?}"))).collect()
        }
        Bind::Dates(dates) => {
            dates.into_iter().map(|date| Json::Number(date.millis() as f64)).collect()
        }
        Bind::Null
        | Bind::Bool(_)
        | Bind::Integer(_)
        | Bind::Number(_)
        | Bind::Text(_)
        | Bind::Date(_)
        | Bind::Json(_)
        | Bind::Bytes(_)
        | Bind::Grantees(_) => return values,
    };
    Bind::Json(Json::Array(elements).to_text())
}

fn latitude(operand: &Operand<'_>) -> String {
    format!("{}:lat", operand.field)
}

fn longitude(operand: &Operand<'_>) -> String {
    format!("{}:lng", operand.field)
}

fn write_point(sql: &mut Sql<'_>, operand: &Operand<'_>) {
    let mut columns = String::from("o.");
    quote(&latitude(operand), &mut columns);
    columns.push_str(", o.");
    quote(&longitude(operand), &mut columns);
    sql.push_written(&columns);
}
