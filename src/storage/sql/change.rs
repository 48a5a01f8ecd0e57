//! Changes: insert, update, delete, and rows of join tables.

use super::filter::{write_rows, write_where};
use super::table::join_name;
use super::{Bind, Dialect, Operand, Shape, Sql, Statement};
use crate::access::Allowed;
use crate::query::Where;
use crate::schema::{Assign, ClassSchema, Field, FieldType, RelationChange};
use crate::storage::{Delete, Insert, Update};
use crate::value::{ClassName, FieldName, ObjectId, Value};

/// The statement that makes an object.
pub fn insert(dialect: &dyn Dialect, insert: &Insert) -> Statement {
    insert_all(dialect, &[insert])
}

/// The statement that makes several objects, which are alike (see [`is_alike`]).
pub fn insert_all(dialect: &dyn Dialect, inserts: &[&Insert]) -> Statement {
    let mut sql = Sql::new(dialect);
    write_insert(&mut sql, inserts);
    sql.finish()
}

/// Appends what makes several objects, which are alike.
pub(super) fn write_insert(sql: &mut Sql<'_>, inserts: &[&Insert]) {
    let dialect = sql.dialect();
    // How many columns each field takes; the same in all rows.
    let mut parts: Vec<usize> = Vec::new();
    for (at, insert) in inserts.iter().enumerate() {
        let (id, now) = (Value::String(insert.id.to_string()), Value::Date(insert.now));
        let columns = columns_of_new(insert, &id, &now);
        let shadows: Vec<(String, Value)> = columns
            .iter()
            .filter_map(|(name, _, value)| {
                Some((dialect.shadow(&insert.class, name)?, folded(value)))
            })
            .collect();
        if at == 0 {
            sql.push("INSERT INTO ").name(&insert.class.name).push(" (");
            let declared: Vec<_> = columns
                .iter()
                .map(|(name, kind, _)| dialect.columns(&insert.class, name, kind))
                .collect();
            parts = declared.iter().map(Vec::len).collect();
            let names = declared.into_iter().flatten().map(|column| column.name);
            sql.join(
                names.chain(shadows.iter().map(|(name, _)| name.clone())),
                ", ",
                |sql, name| {
                    sql.name(&name);
                },
            );
        }
        sql.push(if at == 0 { ") VALUES (" } else { ", (" });
        let values = columns
            .iter()
            .zip(&parts)
            .flat_map(|((_, kind, value), parts)| (0..*parts).map(|part| (*kind, part, *value)));
        let values = values.chain(shadows.iter().map(|(_, value)| (&FieldType::String, 0, value)));
        sql.join(values, ", ", |sql, (kind, part, value)| dialect.store(sql, kind, part, value));
        sql.push(")");
    }
}

/// Whether one statement can make both objects: they are of one class and have the same fields.
pub fn is_alike(first: &Insert, second: &Insert) -> bool {
    let (one, other) = (&first.row.columns, &second.row.columns);
    first.class.name == second.class.name
        && one.len() == other.len()
        && one.iter().zip(other).all(|((name, assign), (other, second))| {
            name == other && matches!(assign, Assign::Set(_)) == matches!(second, Assign::Set(_))
        })
}

/// The fields of a new object, `objectId` first.
fn columns_of_new<'i>(
    insert: &'i Insert,
    id: &'i Value,
    now: &'i Value,
) -> Vec<(&'i str, &'i FieldType, &'i Value)> {
    let mut columns = Vec::with_capacity(insert.row.columns.len() + 3);
    for (name, value) in [("objectId", id), ("createdAt", now), ("updatedAt", now)] {
        if name == "objectId" || insert.row.value(name).is_none() {
            columns.push((name, kind_of(&insert.class, name), value));
        }
    }
    for (name, assign) in &insert.row.columns {
        if let Assign::Set(value) = assign
            && *name != "objectId"
            && let Some((_, field)) = insert.class.column(name)
        {
            columns.push((&**name, &field.kind, value));
        }
    }
    columns
}

/// What the shadow of a text is.
fn folded(value: &Value) -> Value {
    if let Value::String(text) = value { Value::String(text.to_lowercase()) } else { Value::Null }
}

/// The type of a field; of a field that every object has, also without the class.
fn kind_of<'a>(class: &'a ClassSchema, name: &str) -> &'a FieldType {
    class.kind(name).unwrap_or(if name == "objectId" {
        &FieldType::String
    } else {
        &FieldType::Date
    })
}

/// The statement that changes an object, and the shape of what it returns if something is asked for.
pub fn update(dialect: &dyn Dialect, allowed: &Allowed<Update>) -> (Statement, Option<Shape>) {
    let update = allowed.inner();
    let mut sql = Sql::new(dialect);
    write_update(&mut sql, update);
    write_target(&mut sql, allowed);
    if update.returning.is_empty() {
        return (sql.finish(), None);
    }
    let shape = Shape::of(&update.class, &update.returning);
    sql.push(" RETURNING ");
    shape.write(&mut sql, "", &update.class);
    (sql.finish(), Some(shape))
}

/// Appends `UPDATE … SET …`
pub(super) fn write_update(sql: &mut Sql<'_>, update: &Update) {
    sql.push("UPDATE ").name(&update.class.name).push(" AS o SET ");
    let mut is_first = true;
    if let Some(now) = update.now
        && update.row.value("updatedAt").is_none()
    {
        sql.name("updatedAt").push(" = ");
        sql.dialect().store(sql, &FieldType::Date, 0, &Value::Date(now));
        is_first = false;
    }
    write_assignments(sql, update, is_first);
}

/// Appends `WHERE …`: the object that an update changes, if it may.
pub(super) fn write_target(sql: &mut Sql<'_>, allowed: &Allowed<Update>) {
    let update = allowed.inner();
    sql.push(" WHERE o.\"objectId\" = ").bind(Bind::Text(update.id.to_string()));
    if update.guard != Where::Everything {
        sql.push(" AND ");
        write_where(sql, &update.class, &update.guard);
    }
    write_rows(sql, &update.class, allowed.rows());
}

fn write_assignments(sql: &mut Sql<'_>, update: &Update, mut is_first: bool) {
    let mut names: Vec<&FieldName> = Vec::with_capacity(update.row.columns.len());
    for (name, _) in &update.row.columns {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let Some((_, Field { kind, .. })) = update.class.column(name) else { continue };
        let assigns: Vec<&Assign> = update
            .row
            .columns
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, assign)| assign)
            .collect();
        let operand = Operand { class: &update.class, field: name, kind, path: &[] };
        for (part, column) in
            sql.dialect().columns(&update.class, name, kind).into_iter().enumerate()
        {
            sql.push(if is_first { "" } else { ", " }).name(&column.name).push(" = ");
            is_first = false;
            match assigns[..] {
                [Assign::Set(value)] => sql.dialect().store(sql, kind, part, value),
                _ => write_changes(sql, &operand, &assigns),
            }
        }
        if let (Some(shadow), [Assign::Set(value)]) =
            (sql.dialect().shadow(&update.class, name), &assigns[..])
        {
            sql.push(", ").name(&shadow).push(" = ");
            sql.dialect().store(sql, kind, 0, &folded(value));
        }
    }
}

/// Changes of one column, the last outermost.
fn write_changes(sql: &mut Sql<'_>, operand: &Operand<'_>, assigns: &[&Assign]) {
    match assigns.split_last() {
        None => {
            sql.column(operand);
        }
        Some((Assign::Set(value), _)) => sql.dialect().store(sql, operand.kind, 0, value),
        Some((last, before)) => {
            sql.dialect().change(sql, last, &mut |sql| write_changes(sql, operand, before));
        }
    }
}

/// The statement that deletes an object.
pub fn delete(dialect: &dyn Dialect, allowed: &Allowed<Delete>) -> Statement {
    let mut sql = Sql::new(dialect);
    write_delete(&mut sql, allowed);
    sql.finish()
}

/// Appends what deletes an object.
pub(super) fn write_delete(sql: &mut Sql<'_>, allowed: &Allowed<Delete>) {
    let delete = allowed.inner();
    sql.push("DELETE FROM ").name(&delete.class.name).push(" AS o WHERE o.\"objectId\" = ");
    sql.bind(Bind::Text(delete.id.to_string()));
    write_rows(sql, &delete.class, allowed.rows());
}

/// The statements that take an object out of all its own relations.
pub fn delete_relations(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    id: &ObjectId,
) -> Vec<Statement> {
    let delete = |(key, _): (&FieldName, _)| {
        let mut sql = Sql::new(dialect);
        sql.push("DELETE FROM ").name(&join_name(&class.name, key)).push(" WHERE \"owningId\" = ");
        sql.bind(Bind::Text(id.to_string()));
        sql.finish()
    };
    class.relations().map(delete).collect()
}

/// The statement that takes a user, or a role, out of all roles: whoever gets its id later must not get what it was
/// granted. Nothing for objects of other classes.
pub fn delete_memberships(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    id: &ObjectId,
) -> Option<Statement> {
    let key = membership(class)?;
    let mut sql = Sql::new(dialect);
    sql.push("DELETE FROM ").name(&join_name(&ClassName::from("_Role"), &FieldName::from(key)));
    sql.push(" WHERE \"relatedId\" = ").bind(Bind::Text(id.to_string()));
    Some(sql.finish())
}

/// The relation of roles that holds the objects of a class.
pub fn membership(class: &ClassSchema) -> Option<&'static str> {
    match class.name.as_str() {
        "_User" => Some("users"),
        "_Role" => Some("roles"),
        _ => None,
    }
}

/// The statements that give an object's relations to its new id.
pub fn rename_relations(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    from: &ObjectId,
    to: &ObjectId,
) -> Vec<Statement> {
    let rename = |(key, _): (&FieldName, _)| {
        let mut sql = Sql::new(dialect);
        sql.push("UPDATE ").name(&join_name(&class.name, key)).push(" SET \"owningId\" = ");
        sql.bind(Bind::Text(to.to_string()))
            .push(" WHERE \"owningId\" = ")
            .bind(Bind::Text(from.to_string()));
        sql.finish()
    };
    class.relations().map(rename).collect()
}

/// The statements that add objects to the relations of an object, and remove them.
pub fn relation_changes(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    id: &ObjectId,
    changes: &[RelationChange],
) -> Vec<Statement> {
    let mut statements = Vec::new();
    let texts = |ids: &[ObjectId]| Bind::Texts(ids.iter().map(ObjectId::to_string).collect());
    for change in changes {
        let table = join_name(&class.name, &change.field);
        if !change.add.is_empty() {
            let (before, after) = dialect.insert_or_ignore();
            let mut sql = Sql::new(dialect);
            sql.push(before).name(&table).push(" (\"owningId\", \"relatedId\") SELECT ");
            sql.bind(Bind::Text(id.to_string())).push(", ");
            dialect.unfold(&mut sql, texts(&change.add));
            sql.push(after);
            statements.push(sql.finish());
        }
        if !change.remove.is_empty() {
            let mut sql = Sql::new(dialect);
            sql.push("DELETE FROM ")
                .name(&table)
                .push(" WHERE \"owningId\" = ")
                .bind(Bind::Text(id.to_string()));
            sql.push(" AND ");
            dialect.is_in(&mut sql, "\"relatedId\"", texts(&change.remove));
            statements.push(sql.finish());
        }
    }
    statements
}

/// The statements that delete all objects of a class and what they have in relations.
pub fn purge(dialect: &dyn Dialect, class: &ClassSchema) -> Vec<Statement> {
    let joins = class.relations().map(|(key, _)| join_name(&class.name, key));
    let tables = std::iter::once(class.name.to_string()).chain(joins);
    let delete = |table: String| {
        let mut sql = Sql::new(dialect);
        sql.push("DELETE FROM ").name(&table);
        sql.finish()
    };
    tables.map(delete).collect()
}
