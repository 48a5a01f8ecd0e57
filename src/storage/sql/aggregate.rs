//! Pipelines: each stage is a query over the one before.
//!
//! Every level has the columns of its shape and `_n`, the place of the row: SQL keeps no order by itself.

use super::filter::{operand, write_rows, write_where};
use super::select::write_keys;
use super::{Bind, Dialect, Operand, Shape, Sql, Statement};
use crate::access::Allowed;
use crate::query::{
    Accumulator, DatePart, EmptyRows, Expression, FieldPath, Pipeline, Stage, Step, Unwind,
};
use crate::schema::{ClassSchema, FieldType};
use crate::value::{FieldName, Json};

/// What one back end writes in its own way for pipelines.
pub trait Aggregates {
    /// The place of a row of a table.
    fn place(&self) -> &'static str;

    /// The value of a field as JSON in wire form; `NULL` if it is empty.
    fn wire(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// The JSON that a path leads to.
    fn inside(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// The number in JSON; `NULL` if it is none.
    fn number(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// A number as JSON.
    fn number_json(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>));

    /// A text as JSON.
    fn text_json(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>));

    /// A JSON object of members that are JSON themselves; those that are `NULL` are left out.
    fn members(
        &self,
        sql: &mut Sql<'_>,
        names: &[&str],
        write: &mut dyn FnMut(&mut Sql<'_>, usize),
    );

    /// A number taken from a date.
    fn date_part(&self, sql: &mut Sql<'_>, part: DatePart, operand: &Operand<'_>);

    /// A date as text.
    fn date_text(&self, sql: &mut Sql<'_>, format: &str, operand: &Operand<'_>);

    /// The smallest value of a group, or the greatest.
    fn extreme(
        &self,
        sql: &mut Sql<'_>,
        extreme: Extreme,
        kind: &FieldType,
        write: &mut dyn FnMut(&mut Sql<'_>),
    );

    /// The smallest JSON value of a group, or the greatest.
    fn json_extreme(&self, sql: &mut Sql<'_>, extreme: Extreme, operand: &Operand<'_>);

    /// The value of the first row of a group, or the last.
    fn end(&self, sql: &mut Sql<'_>, end: End, write: &mut dyn FnMut(&mut Sql<'_>));

    /// A JSON array of the JSON values of a group.
    fn push(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>));

    /// A JSON array of the different JSON values of a group.
    fn add_to_set(&self, sql: &mut Sql<'_>, write: &mut dyn FnMut(&mut Sql<'_>));

    /// The elements of a JSON column as rows: `JOIN … AS e`. The element is [`Aggregates::element`].
    fn unfold_array(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, empty: EmptyRows);

    /// The element that a row of [`Aggregates::unfold_array`] has.
    fn element(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// The position of the element.
    fn element_position(&self) -> &'static str;
}

/// One of the ends of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// the first row
    First,
    /// the last row
    Last,
}

/// One of the extremes of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// the smallest value
    Min,
    /// the greatest value
    Max,
}

/// The rows that leave a pipeline.
pub fn aggregate(dialect: &dyn Dialect, pipeline: &Allowed<Pipeline>) -> (Statement, Shape) {
    let shape = pipeline.inner().shape();
    let fields: Vec<FieldName> = shape.fields.keys().cloned().collect();
    let answer = Shape::of(shape, &fields);
    let mut sql = Sql::new(dialect);
    sql.push("SELECT ");
    answer.write(&mut sql, "o.", shape);
    sql.push(" FROM (");
    write_stages(&mut sql, pipeline, &pipeline.inner().stages);
    sql.push(") AS o ORDER BY o.\"_n\"");
    (sql.finish(), answer)
}

fn write_stages(sql: &mut Sql<'_>, pipeline: &Allowed<Pipeline>, stages: &[Stage]) {
    let class = &pipeline.inner().class;
    let is_match = |stage: &Stage| matches!(stage.step, Step::Match(_));
    let (Some((stage, before)), false) = (stages.split_last(), stages.iter().all(is_match)) else {
        return write_table(sql, pipeline, stages);
    };
    let shape = before.last().map_or(class, |stage| &stage.shape);
    let from = |sql: &mut Sql<'_>| {
        sql.push(" FROM (");
        write_stages(sql, pipeline, before);
        sql.push(") AS o");
    };
    match &stage.step {
        Step::Group(id, fields) => {
            write_group(sql, shape, &stage.shape, id, fields);
            from(sql);
            sql.push(if *id == Expression::NOTHING {
                " HAVING count(*) > 0"
            } else {
                " GROUP BY 1"
            });
        }
        Step::Count(name) => {
            sql.push("SELECT CAST(count(*) AS double precision)");
            write_name(sql, &stage.shape, name);
            sql.push(", 1 AS \"_n\"");
            from(sql);
            sql.push(" HAVING count(*) > 0");
        }
        Step::Project(fields) => {
            sql.push("SELECT ");
            fields.iter().for_each(|(name, expression)| {
                write_field(sql, shape, &stage.shape, name, expression);
                sql.push(", ");
            });
            sql.push("o.\"_n\" AS \"_n\"");
            from(sql);
        }
        Step::Unwind(unwind) => {
            write_unwind(sql, shape, &stage.shape, unwind);
            from(sql);
            write_unwound(sql, shape, unwind);
        }
        Step::Sort(order) => {
            sql.push("SELECT ");
            write_columns(sql, shape);
            sql.push(", row_number() OVER (ORDER BY ");
            write_keys(sql, shape, order);
            sql.push("o.\"_n\") AS \"_n\"");
            from(sql);
        }
        Step::Match(_) | Step::Skip(_) | Step::Limit(_) | Step::Sample(_) => {
            sql.push("SELECT ");
            write_columns(sql, shape);
            sql.push(", o.\"_n\" AS \"_n\"");
            from(sql);
            write_choice(sql, shape, &stage.step);
        }
    }
}

/// The rows of the table that meet what the first stages want: it is asked where an index can answer it, and before the
/// places of the rows are counted.
fn write_table(sql: &mut Sql<'_>, pipeline: &Allowed<Pipeline>, matches: &[Stage]) {
    let class = &pipeline.inner().class;
    sql.push("SELECT ");
    write_columns(sql, class);
    let place = sql.dialect().place();
    sql.push(", ").push(place).push(" AS \"_n\" FROM ").name(&class.name).push(" AS o WHERE TRUE");
    write_rows(sql, class, pipeline.rows());
    for stage in matches {
        if let Step::Match(filter) = &stage.step {
            sql.push(" AND ");
            write_where(sql, class, filter);
        }
    }
}

/// What chooses among rows and leaves them as they are.
fn write_choice(sql: &mut Sql<'_>, shape: &ClassSchema, step: &Step) {
    match step {
        Step::Match(filter) => {
            sql.push(" WHERE ");
            write_where(sql, shape, filter);
        }
        Step::Skip(count) => {
            sql.push(" ORDER BY o.\"_n\"");
            sql.dialect().page(sql, *count, None);
        }
        Step::Limit(count) => {
            sql.push(" ORDER BY o.\"_n\"");
            sql.dialect().page(sql, 0, Some(*count));
        }
        Step::Sample(count) => {
            sql.push(" ORDER BY random()");
            sql.dialect().page(sql, 0, Some(*count));
        }
        Step::Sort(_) | Step::Count(_) | Step::Unwind(_) | Step::Project(_) | Step::Group(..) => {}
    }
}

/// All columns of a shape.
fn write_columns(sql: &mut Sql<'_>, shape: &ClassSchema) {
    let dialect = sql.dialect();
    let columns =
        shape.fields.iter().flat_map(|(name, field)| dialect.columns(shape, name, &field.kind));
    sql.join(columns, ", ", |sql, column| {
        sql.push("o.").name(&column.name);
    });
}

/// A computed field, under its new name.
fn write_field(
    sql: &mut Sql<'_>,
    before: &ClassSchema,
    after: &ClassSchema,
    name: &FieldName,
    expression: &Expression,
) {
    let dialect = sql.dialect();
    let kind = expression.kind();
    let to = dialect.columns(after, name, &kind);
    if let Some(path) = whole_field(expression) {
        let from = dialect.columns(before, &path.field, &path.kind);
        sql.join(from.iter().zip(&to), ", ", |sql, (from, to)| {
            sql.push("o.").name(&from.name).push(" AS ").name(&to.name);
        });
    } else {
        write_value(sql, before, expression);
        write_name(sql, after, name);
    }
}

/// Names a column as what comes after it will call it.
fn write_name(sql: &mut Sql<'_>, shape: &ClassSchema, name: &FieldName) {
    let kind = shape.kind(name).unwrap_or(&FieldType::Number);
    let column = sql.dialect().column(shape, name, kind);
    sql.push(" AS ").name(&column);
}

/// The field, if the expression is nothing but one.
fn whole_field(expression: &Expression) -> Option<&FieldPath> {
    field_of(expression).filter(|path| path.path.is_empty())
}

/// The field, or the way into one, that the expression is.
fn field_of(expression: &Expression) -> Option<&FieldPath> {
    match expression {
        Expression::Field(path) => Some(path),
        Expression::Literal(_)
        | Expression::DatePart(..)
        | Expression::DateText(..)
        | Expression::Members(_) => None,
    }
}

/// The value of an expression as one column: points, files and the like in wire form.
fn write_value(sql: &mut Sql<'_>, shape: &ClassSchema, expression: &Expression) {
    let dialect = sql.dialect();
    match expression {
        Expression::Literal(json) => write_literal(sql, json),
        Expression::Field(path) if !path.path.is_empty() => {
            dialect.inside(sql, &operand(shape, path))
        }
        Expression::Field(path) if is_plain(&path.kind) => {
            sql.column(&operand(shape, path));
        }
        Expression::Field(path) => dialect.wire(sql, &operand(shape, path)),
        Expression::DatePart(part, path) => dialect.date_part(sql, *part, &operand(shape, path)),
        Expression::DateText(format, path) => dialect.date_text(sql, format, &operand(shape, path)),
        Expression::Members(members) => {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            dialect.members(sql, &names, &mut |sql, at| write_json(sql, shape, &members[at].1));
        }
    }
}

/// Whether one column of that type holds a value that is also right alone.
fn is_plain(kind: &FieldType) -> bool {
    matches!(
        kind,
        FieldType::String
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Object
            | FieldType::Array
    )
}

fn write_literal(sql: &mut Sql<'_>, json: &Json) {
    sql.bind(match json {
        Json::Null => Bind::Null,
        Json::Bool(flag) => Bind::Bool(*flag),
        Json::Number(number) => Bind::Number(*number),
        Json::String(text) => Bind::Text(text.clone()),
        Json::Array(_) | Json::Object(_) => Bind::Json(json.to_text()),
    });
}

/// The value of an expression as JSON.
fn write_json(sql: &mut Sql<'_>, shape: &ClassSchema, expression: &Expression) {
    let dialect = sql.dialect();
    match expression {
        Expression::Literal(Json::Null) => {
            sql.push("NULL");
        }
        Expression::Literal(json) => {
            sql.bind(Bind::Json(json.to_text()));
        }
        Expression::Field(path) if path.path.is_empty() => dialect.wire(sql, &operand(shape, path)),
        Expression::DatePart(..) => {
            dialect.number_json(sql, &mut |sql| write_value(sql, shape, expression))
        }
        Expression::DateText(..) => {
            dialect.text_json(sql, &mut |sql| write_value(sql, shape, expression))
        }
        Expression::Field(_) | Expression::Members(_) => write_value(sql, shape, expression),
    }
}

fn write_group(
    sql: &mut Sql<'_>,
    before: &ClassSchema,
    after: &ClassSchema,
    id: &Expression,
    fields: &[(FieldName, Accumulator)],
) {
    sql.push("SELECT ");
    // A pointer is grouped by its id alone, a file by its name.
    let named = whole_field(id).filter(|_| after.kind("objectId") == Some(&FieldType::String));
    match named {
        Some(path) => {
            sql.column(&operand(before, path));
        }
        None => write_value(sql, before, id),
    }
    sql.push(" AS \"objectId\", ");
    for (name, accumulator) in fields {
        write_accumulator(sql, before, accumulator);
        write_name(sql, after, name);
        sql.push(", ");
    }
    sql.push("min(o.\"_n\") AS \"_n\"");
}

fn write_accumulator(sql: &mut Sql<'_>, shape: &ClassSchema, accumulator: &Accumulator) {
    let dialect = sql.dialect();
    match accumulator {
        Accumulator::Count => {
            sql.push("CAST(count(*) AS double precision)");
        }
        Accumulator::Sum(of) => {
            sql.push("COALESCE(sum(");
            write_number(sql, shape, of);
            sql.push("), 0)");
        }
        Accumulator::Average(of) => {
            sql.push("avg(");
            write_number(sql, shape, of);
            sql.push(")");
        }
        Accumulator::Min(of) => write_extreme(sql, shape, Extreme::Min, of),
        Accumulator::Max(of) => write_extreme(sql, shape, Extreme::Max, of),
        Accumulator::First(of) => {
            dialect.end(sql, End::First, &mut |sql| write_value(sql, shape, of))
        }
        Accumulator::Last(of) => {
            dialect.end(sql, End::Last, &mut |sql| write_value(sql, shape, of))
        }
        Accumulator::Push(of) => dialect.push(sql, &mut |sql| write_json(sql, shape, of)),
        Accumulator::AddToSet(of) => dialect.add_to_set(sql, &mut |sql| write_json(sql, shape, of)),
    }
}

fn write_number(sql: &mut Sql<'_>, shape: &ClassSchema, expression: &Expression) {
    if let Some(path) = field_of(expression).filter(|path| is_json(path)) {
        sql.dialect().number(sql, &operand(shape, path));
    } else if expression.kind() == FieldType::Number {
        write_value(sql, shape, expression);
    } else {
        sql.push("CAST(NULL AS double precision)");
    }
}

fn write_extreme(
    sql: &mut Sql<'_>,
    shape: &ClassSchema,
    extreme: Extreme,
    expression: &Expression,
) {
    let dialect = sql.dialect();
    let write = &mut |sql: &mut Sql<'_>| write_value(sql, shape, expression);
    match field_of(expression) {
        Some(path) if is_json(path) => dialect.json_extreme(sql, extreme, &operand(shape, path)),
        // Points, pointers and the like have no order of their own.
        Some(path) if !is_plain(&path.kind) => dialect.end(sql, End::First, write),
        Some(_) | None => dialect.extreme(sql, extreme, &expression.kind(), write),
    }
}

fn is_json(path: &FieldPath) -> bool {
    !path.path.is_empty() || matches!(path.kind, FieldType::Object | FieldType::Array)
}

fn write_unwind(sql: &mut Sql<'_>, before: &ClassSchema, after: &ClassSchema, unwind: &Unwind) {
    let dialect = sql.dialect();
    let array = operand(before, &unwind.field);
    sql.push("SELECT ");
    for (name, field) in &before.fields {
        if *name == unwind.field.field && array.is_json() {
            dialect.element(sql, &array);
            write_name(sql, after, name);
            sql.push(", ");
            continue;
        }
        for column in dialect.columns(after, name, &field.kind) {
            sql.push("o.").name(&column.name).push(", ");
        }
    }
    let position = if array.is_json() { dialect.element_position() } else { "NULL" };
    if let Some(index) = &unwind.index {
        sql.push(position);
        write_name(sql, after, index);
        sql.push(", ");
    }
    sql.push("row_number() OVER (ORDER BY o.\"_n\"");
    if array.is_json() {
        sql.push(", ").push(position);
    }
    sql.push(") AS \"_n\"");
}

/// What comes after `FROM` of an unwinding stage.
fn write_unwound(sql: &mut Sql<'_>, shape: &ClassSchema, unwind: &Unwind) {
    let array = operand(shape, &unwind.field);
    if array.is_json() {
        sql.dialect().unfold_array(sql, &array, unwind.empty);
    } else if unwind.empty == EmptyRows::Drop {
        sql.push(" WHERE ").column(&array).push(" IS NOT NULL");
    }
}
