//! PostgreSQL, in the layout of the original (`parse-server:src/Adapters/Storage/Postgres`): arrays and objects are
//! `jsonb`, points are `point` (longitude first), access lists are `text[]`.
//!
//! Nothing here needs an extension. Without an order, rows come as the database has them: to sort every question would
//! cost a scan of the table.

mod aggregates;
mod changes;
mod indexes;
mod json;
mod pattern;
mod words;

use std::borrow::Cow;

pub use self::indexes::{account_guard, guarded_field};
use super::{BuiltIn, ColumnDeclaration, Dialect, JsonTest, Operand};
use crate::access::Grantees;
use crate::query::{Pattern, TextSearch};
use crate::schema::{Assign, ClassSchema, FieldType, RAW_AUTH_DATA, is_redacted};
use crate::storage::sql::operators::text::{after_prefix, prefix};
use crate::storage::sql::{Bind, Sql, quoted};
use crate::value::{ClassName, GeoPoint, Json, Polygon, Value, wire};

/// The dialect of PostgreSQL.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl Dialect for Postgres {
    fn placeholder(&self, bind: &Bind, number: usize, out: &mut String) {
        let kind = match bind {
            Bind::Null => "",
            Bind::Bool(_) => "::boolean",
            Bind::Integer(_) => "::bigint",
            Bind::Number(_) => "::double precision",
            Bind::Text(_) => "::text",
            Bind::Date(_) => "::timestamptz",
            Bind::Json(_) => "::jsonb",
            Bind::Bytes(_) => "::bytea",
            Bind::Texts(_) | Bind::Grantees(_) => "::text[]",
            Bind::Numbers(_) => "::double precision[]",
            Bind::Dates(_) => "::timestamptz[]",
        };
        out.push('$');
        out.push_str(&number.to_string());
        out.push_str(kind);
    }

    fn identity(&self) -> Option<&'static str> {
        None
    }

    fn key_constraint(&self) -> &'static str {
        " PRIMARY KEY"
    }

    /// The original leaves them empty in rows that it writes past its own rules, those of jobs for example.
    fn time_constraint(&self) -> &'static str {
        ""
    }

    fn join_options(&self) -> &'static str {
        ""
    }

    fn columns(
        &self,
        class: &ClassSchema,
        field: &str,
        kind: &FieldType,
    ) -> Vec<ColumnDeclaration> {
        let one = |declared| {
            vec![ColumnDeclaration {
                name: self.column(class, field, kind).into_owned(),
                kind: declared,
            }]
        };
        match kind {
            FieldType::String | FieldType::File | FieldType::Pointer(_) => one("text"),
            FieldType::Number => one("double precision"),
            FieldType::Boolean => one("boolean"),
            FieldType::Date => one("timestamp with time zone"),
            FieldType::Object | FieldType::Array | FieldType::Bytes => one("jsonb"),
            FieldType::GeoPoint => one("point"),
            FieldType::Polygon => one("polygon"),
            FieldType::Relation(_) => Vec::new(),
            FieldType::Acl => vec![
                ColumnDeclaration { name: "_rperm".to_owned(), kind: "text[]" },
                ColumnDeclaration { name: "_wperm".to_owned(), kind: "text[]" },
            ],
        }
    }

    fn column<'n>(&self, class: &ClassSchema, field: &'n str, kind: &FieldType) -> Cow<'n, str> {
        match (kind, field) {
            (FieldType::Acl, _) => Cow::Borrowed("_rperm"),
            (_, RAW_AUTH_DATA) => Cow::Borrowed("authData"),
            (_, "password") if class.name == "_User" => Cow::Borrowed("_hashed_password"),
            _ => Cow::Borrowed(field),
        }
    }

    fn read(&self, sql: &mut Sql<'_>, table: &'static str, operand: &Operand<'_>) {
        let column = quoted(&self.column(operand.class, operand.field, operand.kind));
        let name = |sql: &mut Sql<'_>| {
            sql.push(table).push_written(&column);
        };
        match operand.kind {
            FieldType::GeoPoint => {
                name(sql);
                sql.push("[1], ");
                name(sql);
                sql.push("[0]");
            }
            FieldType::Acl => {
                sql.push(table).push("\"_rperm\", ").push(table).push("\"_wperm\"");
            }
            FieldType::Object if is_redacted(&operand.class.name, operand.field) => {
                sql.push("(CASE WHEN ");
                name(sql);
                sql.push(" -> 'mfa' IS NULL THEN ");
                name(sql);
                sql.push(" ELSE jsonb_set(");
                name(sql);
                sql.push(", '{mfa}', '{\"status\":\"enabled\"}') END)");
            }
            FieldType::Bytes => {
                sql.push("(");
                name(sql);
                sql.push(" -> 'base64')");
            }
            FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
            | FieldType::Polygon
            | FieldType::File
            | FieldType::Pointer(_)
            | FieldType::Relation(_) => name(sql),
        }
    }

    fn store(&self, sql: &mut Sql<'_>, kind: &FieldType, part: usize, value: &Value) {
        if let Value::GeoPoint(point) = value {
            write_point(sql, *point);
        } else if let Value::Polygon(polygon) = value {
            write_polygon(sql, polygon);
        } else {
            sql.bind(stored(kind, part, value));
        }
    }

    fn change(&self, sql: &mut Sql<'_>, assign: &Assign, current: &mut dyn FnMut(&mut Sql<'_>)) {
        changes::write_change(sql, assign, current);
    }

    fn compares(&self, kind: &FieldType) -> bool {
        *kind != FieldType::Polygon
    }

    fn by_bytes(&self) -> &'static str {
        " COLLATE \"C\""
    }

    fn is_in(&self, sql: &mut Sql<'_>, operand: &str, values: Bind) {
        sql.push_written(operand).push(" = ANY (").bind(values).push(")");
    }

    fn json(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, test: JsonTest<'_>) {
        json::write_test(sql, operand, test);
    }

    fn json_exists(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        sql.push("(");
        json::write_inside(sql, operand);
        sql.push(" IS NOT NULL)");
    }

    fn json_order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        json::write_inside(sql, operand);
    }

    fn regex(&self, sql: &mut Sql<'_>, column: &str, pattern: &Pattern) {
        let Some((start, is_all)) = prefix(pattern) else {
            sql.push_written(column).push(" ~ ").bind(Bind::Text(pattern::translated(pattern)));
            return;
        };
        let end = after_prefix(&start);
        sql.push("(")
            .push_written(column)
            .push(" >= ")
            .bind(Bind::Text(start))
            .push(self.by_bytes());
        if let Some(end) = end {
            sql.push(" AND ")
                .push_written(column)
                .push(" < ")
                .bind(Bind::Text(end))
                .push(self.by_bytes());
        }
        if !is_all {
            sql.push(" AND ")
                .push_written(column)
                .push(" ~ ")
                .bind(Bind::Text(pattern::translated(pattern)));
        }
        sql.push(")");
    }

    fn words(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
        words::write_words(sql, operand, search);
    }

    fn score(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch) {
        words::write_score(sql, operand, search);
    }

    /// The haversine formula: PostGIS is not needed, and its sphere is of another size.
    fn angle(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint) {
        let (latitude, longitude) = (Bind::Number(centre.latitude), Bind::Number(centre.longitude));
        // Of nothing and 1, `least` takes 1.
        sql.push("CASE WHEN ").column(operand).push(" IS NOT NULL THEN ");
        sql.push("2 * asin(sqrt(least(1, power(sin(radians(").bind(latitude.clone()).push(" - ");
        sql.column(operand)
            .push("[1]) / 2), 2) + cos(radians(")
            .column(operand)
            .push("[1])) * cos(radians(");
        sql.bind(latitude).push(")) * power(sin(radians(").bind(longitude).push(" - ");
        sql.column(operand).push("[0]) / 2), 2)))) END");
    }

    fn near(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint, radians: f64) {
        // No farther in latitude than in all: an index over the field finds the band.
        let reach = radians.to_degrees() + 1e-9;
        sql.push("(")
            .column(operand)
            .push("[1] BETWEEN ")
            .bind(Bind::Number(centre.latitude - reach));
        sql.push(" AND ").bind(Bind::Number(centre.latitude + reach)).push(" AND ");
        self.angle(sql, operand, centre);
        sql.push(" <= ").bind(Bind::Number(radians)).push(")");
    }

    fn point_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint) {
        sql.push("(")
            .column(operand)
            .push("[1] = ")
            .bind(Bind::Number(point.latitude))
            .push(" AND ");
        sql.column(operand).push("[0] = ").bind(Bind::Number(point.longitude)).push(")");
    }

    fn in_box(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, low: GeoPoint, high: GeoPoint) {
        sql.push("(").column(operand).push("[1] BETWEEN ").bind(Bind::Number(low.latitude));
        sql.push(" AND ")
            .bind(Bind::Number(high.latitude))
            .push(" AND ")
            .column(operand)
            .push("[0] BETWEEN ");
        sql.bind(Bind::Number(low.longitude))
            .push(" AND ")
            .bind(Bind::Number(high.longitude))
            .push(")");
    }

    fn in_polygon(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, polygon: &Polygon) {
        sql.column(operand).push(" <@ ");
        write_polygon(sql, polygon);
    }

    fn has_point(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint) {
        sql.column(operand).push(" @> ");
        write_point(sql, point);
    }

    fn opaque_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, value: &Value) {
        if let Value::Polygon(polygon) = value {
            sql.column(operand).push(" ~= ");
            write_polygon(sql, polygon);
        } else {
            sql.column(operand).push(" = ").bind(stored(operand.kind, 0, value));
        }
    }

    fn grants(&self, sql: &mut Sql<'_>, column: &'static str, grantees: &Grantees) {
        sql.push("o.").name(column).push(" && ").bind(Bind::Grantees(grantees.clone()));
    }

    fn creation_order(&self) -> Option<&'static str> {
        None
    }

    fn order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, direction: &'static str) {
        if !operand.path.is_empty() {
            return json::write_order(sql, operand, direction);
        }
        sql.column(operand);
        match operand.kind {
            FieldType::String | FieldType::File | FieldType::Pointer(_) => {
                sql.push(self.by_bytes()).push(direction)
            }
            FieldType::GeoPoint => sql
                .push("[1]")
                .push(direction)
                .push(", ")
                .column(operand)
                .push("[0]")
                .push(direction),
            FieldType::Polygon => sql.push("::text").push(direction),
            FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
            | FieldType::Bytes
            | FieldType::Relation(_)
            | FieldType::Acl => sql.push(direction),
        };
    }

    fn index_columns(&self, class: &ClassSchema, field: &str, kind: &FieldType) -> Vec<String> {
        let columns = self.columns(class, field, kind);
        indexes::expressions(kind, columns.iter().map(|column| quoted(&column.name)))
    }

    /// As in the original: the name alone, whatever the class.
    fn index_name(&self, _: &ClassName, name: &str) -> String {
        name.to_owned()
    }

    fn built_in(&self, class: &ClassName) -> &'static [BuiltIn] {
        indexes::built_in(class)
    }

    fn folded(&self, _: &str, column: &str) -> String {
        format!("lower({column}) varchar_pattern_ops")
    }

    fn page(&self, sql: &mut Sql<'_>, skip: u64, limit: Option<u64>) {
        let count = |number: u64| Bind::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        if let Some(limit) = limit {
            sql.push(" LIMIT ").bind(count(limit));
        }
        if skip > 0 {
            sql.push(" OFFSET ").bind(count(skip));
        }
    }

    fn word_index(&self, columns: &[String]) -> Option<String> {
        Some(words::index(columns))
    }

    fn unfold(&self, sql: &mut Sql<'_>, texts: Bind) {
        sql.push("unnest(").bind(texts).push(")");
    }

    fn insert_or_ignore(&self) -> (&'static str, &'static str) {
        ("INSERT INTO ", " ON CONFLICT DO NOTHING")
    }
}

/// What a column of a field holds for a value that is bound as a whole.
fn stored(kind: &FieldType, part: usize, value: &Value) -> Bind {
    match value {
        Value::Null | Value::Acl(None) | Value::Relation(_) => Bind::Null,
        Value::Bool(flag) => Bind::Bool(*flag),
        Value::Number(number) => Bind::Number(*number),
        Value::String(text) | Value::File(text) => Bind::Text(text.clone()),
        Value::Date(date) => Bind::Date(*date),
        Value::Pointer(pointer) => Bind::Text(pointer.id.to_string()),
        Value::Acl(Some(acl)) => {
            Bind::Texts(if part == 0 { acl.readers() } else { acl.writers() }.to_vec())
        }
        Value::Array(elements) => Bind::Json(Json::Array(elements.clone()).to_text()),
        Value::Object(members) => Bind::Json(Json::Object(members.clone()).to_text()),
        Value::Bytes(_) | Value::GeoPoint(_) | Value::Polygon(_) => {
            let json = wire::value_to_json(value).to_text();
            if matches!(kind, FieldType::Bytes) { Bind::Json(json) } else { Bind::Text(json) }
        }
    }
}

fn write_point(sql: &mut Sql<'_>, point: GeoPoint) {
    sql.push("point(")
        .bind(Bind::Number(point.longitude))
        .push(", ")
        .bind(Bind::Number(point.latitude))
        .push(")");
}

fn write_polygon(sql: &mut Sql<'_>, polygon: &Polygon) {
    let points: Vec<String> = polygon
        .ring()
        .iter()
        .map(|point| format!("({},{})", point.longitude, point.latitude))
        .collect();
    sql.push("CAST(").bind(Bind::Text(format!("({})", points.join(",")))).push(" AS polygon)");
}
