//! Pipelines in SQLite.

use super::json::write_path;
use super::{Sqlite, latitude, longitude};
use crate::query::{DatePart, EmptyRows};
use crate::schema::FieldType;
use crate::storage::sql::aggregate::{Aggregates, End, Extreme};
use crate::storage::sql::{Bind, Operand, Sql};

impl Aggregates for Sqlite {
    fn place(&self) -> &'static str {
        "o.\"_seq\""
    }

    fn wire(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        let word = match operand.kind {
            FieldType::Object | FieldType::Array => {
                sql.column(operand);
                return;
            }
            FieldType::String | FieldType::Relation(_) | FieldType::Acl => "text",
            FieldType::Number => "number",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::GeoPoint => "point",
            FieldType::Polygon => "polygon",
            FieldType::File => "file",
            FieldType::Bytes => "bytes",
            FieldType::Pointer(_) => "pointer",
        };
        sql.push("parse_wire('").push(word).push("', ");
        if *operand.kind == FieldType::GeoPoint {
            sql.push("o.").name(&latitude(operand)).push(", o.").name(&longitude(operand));
        } else {
            sql.column(operand).push(", ");
            sql.bind(
                operand.kind.target().map_or(Bind::Null, |class| Bind::Text(class.to_string())),
            );
        }
        sql.push(")");
    }

    fn inside(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        if !operand.has_inside() {
            sql.push("NULL");
            return;
        }
        sql.push("parse_get(").column(operand).push(", ");
        write_path(sql, operand.path);
        sql.push(")");
    }

    fn number(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        if !operand.has_inside() {
            sql.push("NULL");
            return;
        }
        sql.push("parse_number(").column(operand).push(", ");
        write_path(sql, operand.path);
        sql.push(")");
    }

    fn number_json(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>)) {
        sql.push("parse_wire('number', ");
        write(sql);
        sql.push(", NULL)");
    }

    fn text_json(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>)) {
        sql.push("parse_wire('text', ");
        write(sql);
        sql.push(", NULL)");
    }

    fn members(
        &self,
        sql: &mut Sql<'_>,
        names: &[&str],
        write: &mut dyn FnMut(&mut Sql<'_>, usize),
    ) {
        sql.push("parse_members(");
        sql.join(names.iter().enumerate(), ", ", |sql, (at, name)| {
            sql.bind(Bind::Text((*name).to_owned())).push(", ");
            write(sql, at);
        });
        sql.push(")");
    }

    fn date_part(&self, sql: &mut Sql<'_>, part: DatePart, operand: &Operand<'_>) {
        let word = match part {
            DatePart::Year => "year",
            DatePart::Month => "month",
            DatePart::DayOfMonth => "day",
            DatePart::DayOfWeek => "weekday",
            DatePart::DayOfYear => "yearday",
            DatePart::Hour => "hour",
            DatePart::Minute => "minute",
            DatePart::Second => "second",
            DatePart::Millisecond => "millisecond",
        };
        sql.push("parse_date_part('").push(word).push("', ").column(operand).push(")");
    }

    fn date_text(&self, sql: &mut Sql<'_>, format: &str, operand: &Operand<'_>) {
        sql.push("parse_date_text(")
            .bind(Bind::Text(format.to_owned()))
            .push(", ")
            .column(operand)
            .push(")");
    }

    fn extreme(
        &self,
        sql: &mut Sql<'_>,
        extreme: Extreme,
        _: &FieldType,
        write: &mut dyn FnMut(&mut Sql<'_>),
    ) {
        sql.push(function(extreme)).push("(");
        write(sql);
        sql.push(")");
    }

    fn json_extreme(&self, sql: &mut Sql<'_>, extreme: Extreme, operand: &Operand<'_>) {
        if !operand.has_inside() {
            sql.push("NULL");
            return;
        }
        sql.push("parse_plain(")
            .push(function(extreme))
            .push("(parse_at(")
            .column(operand)
            .push(", ");
        write_path(sql, operand.path);
        sql.push(")))");
    }

    fn end(&self, sql: &mut Sql<'_>, end: End, write: &mut dyn FnMut(&mut Sql<'_>)) {
        sql.push(if end == End::First { "parse_first(" } else { "parse_last(" });
        write(sql);
        sql.push(" ORDER BY o.\"_n\")");
    }

    fn push(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>)) {
        sql.push("'[' || COALESCE(group_concat(");
        write(sql);
        sql.push(", ',' ORDER BY o.\"_n\"), '') || ']'");
    }

    fn add_to_set(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>)) {
        sql.push("'[' || COALESCE(group_concat(DISTINCT ");
        write(sql);
        sql.push("), '') || ']'");
    }

    fn unfold_array(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, empty: EmptyRows) {
        sql.push(if empty == EmptyRows::Keep { " LEFT JOIN" } else { " JOIN" });
        sql.push(" json_each(CASE WHEN json_type(")
            .column(operand)
            .push(") = 'array' THEN ")
            .column(operand);
        sql.push(" WHEN ")
            .column(operand)
            .push(" IS NOT NULL THEN '[' || ")
            .column(operand)
            .push(" || ']' END) AS e ON TRUE");
    }

    fn element(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        sql.push("NULLIF(CASE WHEN json_type(")
            .column(operand)
            .push(") = 'array' THEN ")
            .column(operand);
        sql.push(" -> e.key ELSE ").column(operand).push(" END, 'null')");
    }

    fn element_position(&self) -> &'static str {
        "e.key"
    }
}

fn function(extreme: Extreme) -> &'static str {
    match extreme {
        Extreme::Min => "min",
        Extreme::Max => "max",
    }
}
