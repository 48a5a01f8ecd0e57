//! Changes of arrays and objects in place.

use crate::query::matches::position;
use crate::schema::Assign;
use crate::storage::sql::{Bind, Sql};
use crate::value::Json;

type Write<'w> = &'w mut dyn FnMut(&mut Sql<'_>);

/// Appends the new value of a column whose old value `current` writes.
pub(super) fn write_change(sql: &mut Sql<'_>, assign: &Assign, current: Write<'_>) {
    match assign {
        Assign::Set(_) => current(sql),
        Assign::Increment(amount) => {
            sql.push("(COALESCE(");
            current(sql);
            sql.push(", 0) + ").bind(Bind::Number(*amount)).push(")");
        }
        Assign::Add(elements) => {
            write_list(sql, current);
            sql.push(" || ").bind(list(elements));
        }
        Assign::AddUnique(elements) => write_add_unique(sql, elements, current),
        Assign::Remove(elements) => {
            sql.push("(SELECT COALESCE(jsonb_agg(e.v ORDER BY e.i), '[]'::jsonb) FROM jsonb_array_elements(");
            write_list(sql, current);
            sql.push(") WITH ORDINALITY AS e(v, i) WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(");
            sql.bind(list(elements)).push(") AS g(v) WHERE g.v = e.v))");
        }
        Assign::SetPath(path, json) => {
            let mut value = |sql: &mut Sql<'_>| {
                sql.bind(Bind::Json(json.to_text()));
            };
            write_path(sql, path, current, &mut value);
        }
        Assign::IncrementPath(path, amount) => {
            let mut value = |sql: &mut Sql<'_>| {
                sql.push("to_jsonb(CASE jsonb_typeof(p.j) WHEN 'number' THEN (p.j)::double precision ELSE 0 END + ");
                sql.bind(Bind::Number(*amount)).push(")");
            };
            write_path(sql, path, current, &mut value);
        }
        Assign::UnsetPath(path) => {
            sql.push("(COALESCE(");
            current(sql);
            sql.push(", '{}'::jsonb) #- ").bind(Bind::Texts(path.clone())).push(")");
        }
    }
}

fn list(elements: &[Json]) -> Bind {
    Bind::Json(Json::Array(elements.to_vec()).to_text())
}

fn write_list(sql: &mut Sql<'_>, current: Write<'_>) {
    sql.push("COALESCE(");
    current(sql);
    sql.push(", '[]'::jsonb)");
}

fn write_add_unique(sql: &mut Sql<'_>, elements: &[Json], current: Write<'_>) {
    sql.push("(SELECT t.j || COALESCE((SELECT jsonb_agg(n.v ORDER BY n.i) FROM (SELECT x.v, min(x.i) AS i FROM jsonb_array_elements(");
    sql.bind(list(elements)).push(") WITH ORDINALITY AS x(v, i) GROUP BY x.v) AS n ");
    sql.push("WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(t.j) AS e(v) WHERE e.v = n.v)), '[]'::jsonb) FROM (SELECT ");
    write_list(sql, current);
    sql.push(" AS j) AS t)");
}

/// Appends JSON in which the place that a path leads to has a new value. Objects that are missing on the way are made;
/// what stands in the way of one is replaced. The value may use `p.j`, the old one.
fn write_path(sql: &mut Sql<'_>, path: &[String], current: Write<'_>, value: Write<'_>) {
    let Some((part, rest)) = path.split_first() else {
        sql.push("(SELECT ");
        value(sql);
        sql.push(" FROM (SELECT ");
        current(sql);
        sql.push(" AS j) AS p)");
        return;
    };
    let object = "(CASE jsonb_typeof(t.j) WHEN 'object' THEN t.j ELSE '{}'::jsonb END) || jsonb_build_object(";
    match position(part) {
        Some(at) => {
            sql.push(
                "(SELECT CASE WHEN jsonb_typeof(t.j) = 'array' AND jsonb_array_length(t.j) >= ",
            );
            sql.bind(Bind::Integer(i64::try_from(at).unwrap_or(i64::MAX)));
            sql.push(" THEN jsonb_set(t.j, ")
                .bind(Bind::Texts(vec![part.clone()]))
                .push(", t.v) ELSE ")
                .push(object);
            sql.bind(Bind::Text(part.clone())).push(", t.v) END");
        }
        None => {
            sql.push("(SELECT ").push(object).bind(Bind::Text(part.clone())).push(", t.v)");
        }
    }
    sql.push(" FROM (SELECT c.j, ");
    let below = &mut |sql: &mut Sql<'_>| {
        sql.push("(c.j #> ").bind(Bind::Texts(vec![part.clone()])).push(")");
    };
    write_path(sql, rest, below, value);
    sql.push(" AS v FROM (SELECT ");
    current(sql);
    sql.push(" AS j) AS c) AS t)");
}
