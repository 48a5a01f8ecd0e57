//! Pipelines in PostgreSQL.

use super::Postgres;
use super::json::{write_inside, write_order};
use crate::query::{DatePart, EmptyRows};
use crate::schema::FieldType;
use crate::storage::sql::aggregate::{Aggregates, End, Extreme};
use crate::storage::sql::{Bind, Operand, Sql};

type Write<'w> = &'w mut dyn FnMut(&mut Sql<'_>);

const ISO: &str = "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'";

impl Aggregates for Postgres {
    fn place(&self) -> &'static str {
        "row_number() OVER (ORDER BY o.\"createdAt\", o.\"objectId\")"
    }

    fn wire(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        sql.push("CASE WHEN ").column(operand).push(" IS NOT NULL THEN ");
        match operand.kind {
            FieldType::Object | FieldType::Array | FieldType::Bytes => {
                sql.column(operand);
            }
            FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Relation(_)
            | FieldType::Acl => {
                sql.push("to_jsonb(").column(operand).push(")");
            }
            FieldType::Date => {
                sql.push("jsonb_build_object('__type', 'Date', 'iso', to_char(").column(operand);
                sql.push(" AT TIME ZONE 'UTC', ").push(ISO).push("))");
            }
            FieldType::GeoPoint => {
                sql.push("jsonb_build_object('__type', 'GeoPoint', 'latitude', ").column(operand);
                sql.push("[1], 'longitude', ").column(operand).push("[0])");
            }
            FieldType::Polygon => {
                // The column has longitudes first.
                sql.push("jsonb_build_object('__type', 'Polygon', 'coordinates', (SELECT jsonb_agg(jsonb_build_array(p.v -> 1, p.v -> 0) ORDER BY p.i) FROM jsonb_array_elements(translate(");
                sql.column(operand)
                    .push("::text, '()', '[]')::jsonb) WITH ORDINALITY AS p(v, i)))");
            }
            FieldType::File => {
                sql.push("jsonb_build_object('__type', 'File', 'name', ").column(operand).push(")");
            }
            FieldType::Pointer(class) => {
                sql.push("jsonb_build_object('__type', 'Pointer', 'className', ")
                    .bind(Bind::Text(class.to_string()));
                sql.push(", 'objectId', ").column(operand).push(")");
            }
        }
        sql.push(" END");
    }

    fn inside(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        write_inside(sql, operand);
    }

    fn number(&self, sql: &mut Sql<'_>, operand: &Operand<'_>) {
        sql.push("(SELECT CASE jsonb_typeof(t.j) WHEN 'number' THEN (t.j)::double precision END FROM (SELECT ");
        write_inside(sql, operand);
        sql.push(" AS j) AS t)");
    }

    fn number_json(&self, sql: &mut Sql<'_>, write: Write<'_>) {
        sql.push("to_jsonb((");
        write(sql);
        sql.push(")::double precision)");
    }

    fn text_json(&self, sql: &mut Sql<'_>, write: Write<'_>) {
        sql.push("to_jsonb((");
        write(sql);
        sql.push(")::text)");
    }

    fn members(
        &self,
        sql: &mut Sql<'_>,
        names: &[&str],
        write: &mut dyn FnMut(&mut Sql<'_>, usize),
    ) {
        sql.push("jsonb_strip_nulls(jsonb_build_object(");
        sql.join(names.iter().enumerate(), ", ", |sql, (at, name)| {
            sql.bind(Bind::Text((*name).to_owned())).push(", ");
            write(sql, at);
        });
        sql.push("))");
    }

    fn date_part(&self, sql: &mut Sql<'_>, part: DatePart, operand: &Operand<'_>) {
        let (word, after) = match part {
            DatePart::Year => ("YEAR", ""),
            DatePart::Month => ("MONTH", ""),
            DatePart::DayOfMonth => ("DAY", ""),
            DatePart::DayOfWeek => ("DOW", " + 1"),
            DatePart::DayOfYear => ("DOY", ""),
            DatePart::Hour => ("HOUR", ""),
            DatePart::Minute => ("MINUTE", ""),
            DatePart::Second => ("SECOND", ""),
            DatePart::Millisecond => ("MILLISECOND", ""),
        };
        sql.push("(floor(EXTRACT(")
            .push(word)
            .push(" FROM ")
            .column(operand)
            .push(" AT TIME ZONE 'UTC'))::bigint");
        sql.push(if part == DatePart::Millisecond { " % 1000" } else { after })
            .push(")::double precision");
    }

    fn date_text(&self, sql: &mut Sql<'_>, format: &str, operand: &Operand<'_>) {
        sql.push("to_char(")
            .column(operand)
            .push(" AT TIME ZONE 'UTC', ")
            .bind(Bind::Text(date_format(format)))
            .push(")");
    }

    fn extreme(&self, sql: &mut Sql<'_>, extreme: Extreme, kind: &FieldType, write: Write<'_>) {
        if matches!(kind, FieldType::Object | FieldType::Array) {
            sql.push("(array_agg(");
            write_typed(sql, write);
            sql.push(" ORDER BY ");
            write(sql);
            sql.push(if extreme == Extreme::Min { "))[1]" } else { " DESC NULLS LAST))[1]" });
            return;
        }
        sql.push(match (extreme, kind) {
            (Extreme::Min, FieldType::Boolean) => "bool_and(",
            (Extreme::Max, FieldType::Boolean) => "bool_or(",
            (Extreme::Min, _) => "min(",
            (Extreme::Max, _) => "max(",
        });
        write_typed(sql, write);
        sql.push(if *kind == FieldType::String { " COLLATE \"C\")" } else { ")" });
    }

    fn json_extreme(&self, sql: &mut Sql<'_>, extreme: Extreme, operand: &Operand<'_>) {
        sql.push("(array_agg(");
        write_inside(sql, operand);
        sql.push(" ORDER BY ");
        write_order(
            sql,
            operand,
            if extreme == Extreme::Min { " NULLS LAST" } else { " DESC NULLS LAST" },
        );
        sql.push("))[1]");
    }

    fn end(&self, sql: &mut Sql<'_>, end: End, write: Write<'_>) {
        sql.push("(array_agg(");
        write_typed(sql, write);
        sql.push(if end == End::First {
            " ORDER BY o.\"_n\"))[1]"
        } else {
            " ORDER BY o.\"_n\" DESC))[1]"
        });
    }

    fn push(&self, sql: &mut Sql<'_>, write: Write<'_>) {
        sql.push("COALESCE(jsonb_agg(");
        write_as_json(sql, write);
        sql.push(" ORDER BY o.\"_n\") FILTER (WHERE ");
        write(sql);
        sql.push(" IS NOT NULL), '[]'::jsonb)");
    }

    fn add_to_set(&self, sql: &mut Sql<'_>, write: Write<'_>) {
        sql.push("COALESCE(jsonb_agg(DISTINCT ");
        write_as_json(sql, write);
        sql.push(") FILTER (WHERE ");
        write(sql);
        sql.push(" IS NOT NULL), '[]'::jsonb)");
    }

    fn unfold_array(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, empty: EmptyRows) {
        sql.push(if empty == EmptyRows::Keep { " LEFT JOIN" } else { " JOIN" });
        sql.push(" LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(")
            .column(operand)
            .push(") = 'array' THEN ");
        sql.column(operand)
            .push(" WHEN ")
            .column(operand)
            .push(" IS NOT NULL THEN jsonb_build_array(");
        sql.column(operand).push(") END) WITH ORDINALITY AS e(v, i) ON TRUE");
    }

    fn element(&self, sql: &mut Sql<'_>, _: &Operand<'_>) {
        sql.push("NULLIF(e.v, 'null'::jsonb)");
    }

    fn element_position(&self) -> &'static str {
        "(e.i - 1)::double precision"
    }
}

/// Appends a value that has a type, even if it is `NULL`.
fn write_typed(sql: &mut Sql<'_>, write: Write<'_>) {
    sql.push("COALESCE(");
    write(sql);
    sql.push(")");
}

/// Appends JSON that is known to be JSON, even if it is `NULL`.
fn write_as_json(sql: &mut Sql<'_>, write: Write<'_>) {
    sql.push("COALESCE(");
    write(sql);
    sql.push(", NULL::jsonb)");
}

/// A format of `%Y` and the like as PostgreSQL writes it.
fn date_format(format: &str) -> String {
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push_str(&literal(c));
            continue;
        }
        match rest.next() {
            Some('Y') => out.push_str("YYYY"),
            Some('m') => out.push_str("MM"),
            Some('d') => out.push_str("DD"),
            Some('H') => out.push_str("HH24"),
            Some('M') => out.push_str("MI"),
            Some('S') => out.push_str("SS"),
            Some('L') => out.push_str("MS"),
            Some('j') => out.push_str("DDD"),
            Some('u') => out.push_str("ID"),
            Some('w') => out.push('D'),
            Some(other) => out.push_str(&literal(other)),
            None => {}
        }
    }
    out
}

fn literal(c: char) -> String {
    match c {
        '"' | '\\' => format!("\"\\{c}\""),
        c if c.is_alphanumeric() => format!("\"{c}\""),
        c => c.to_string(),
    }
}
