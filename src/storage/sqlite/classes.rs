//! The descriptions of the classes, and how a class changes with its tables.

use rusqlite::OptionalExtension;

use super::connection::Connection;
use super::failure::failure;
use crate::error::{Code, Error, Result};
use crate::schema::{ClassChange, ClassSchema, FieldChange, Snapshot, server_fields};
use crate::storage::ClassChanged;
use crate::storage::sql::{
    Sqlite, change_field, create_join, create_table, drop_table, indexes, join_name, quoted,
    read_class, text_fields, text_table,
};
use crate::value::{ClassName, FieldName};

/// The layout of the tables; a database with a later one is not opened.
pub(super) const LAYOUT: i64 = 2;

/// Makes the tables that describe the classes, and the classes that every database has.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    let raw = connection.raw();
    let layout: i64 =
        raw.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failure)?;
    if layout > LAYOUT {
        return Err(Error::internal(format!(
            "the database has layout {layout}, which is newer than {LAYOUT}"
        )));
    }
    if layout == LAYOUT {
        return Ok(());
    }
    raw.execute_batch("BEGIN IMMEDIATE").map_err(failure)?;
    let made = make(raw);
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    raw.execute_batch(end).map_err(failure)?;
    made.map_err(failure)
}

fn make(raw: &rusqlite::Connection) -> rusqlite::Result<()> {
    let layout: i64 = raw.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout == LAYOUT {
        return Ok(());
    }
    if layout == 1 {
        add_server_columns(raw)?;
        return raw.pragma_update(None, "user_version", LAYOUT);
    }
    raw.execute_batch(
        "CREATE TABLE \"_SCHEMA\" (\"className\" TEXT PRIMARY KEY, \"schema\" TEXT NOT NULL, \"isParseClass\" INTEGER NOT NULL);
         CREATE TABLE \"_VERSION\" (\"id\" INTEGER PRIMARY KEY CHECK (\"id\" = 1), \"version\" INTEGER NOT NULL);
         INSERT INTO \"_VERSION\" VALUES (1, 1);",
    )?;
    for name in ["_User", "_Role"] {
        let class = ClassSchema::new(ClassName::from(name));
        apply(raw, &ClassChange { before: None, after: Some(class) })?;
    }
    raw.pragma_update(None, "user_version", LAYOUT)
}

/// The first layout had no columns that only the server uses, and other indexes of users.
fn add_server_columns(raw: &rusqlite::Connection) -> rusqlite::Result<()> {
    let class = ClassSchema::new(ClassName::from("_User"));
    for (name, field) in server_fields(&class.name) {
        change_field(&Sqlite, &class, &FieldChange::Add(name, &field.kind))
            .iter()
            .try_for_each(|sql| raw.execute_batch(sql))?;
    }
    raw.execute_batch(
        "ALTER TABLE \"_User\" ADD COLUMN \"_folded_username\" TEXT; \
         ALTER TABLE \"_User\" ADD COLUMN \"_folded_email\" TEXT; \
         UPDATE \"_User\" SET \"_folded_username\" = parse_folded(\"username\"), \
             \"_folded_email\" = parse_folded(\"email\");",
    )?;
    indexes(&Sqlite, &class).iter().try_for_each(|index| {
        raw.execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&index.name)))
    })?;
    add_parts(raw, None, &class)
}

/// The classes as they are stored.
pub(super) fn load(connection: &Connection) -> Result<Snapshot> {
    let raw = connection.raw();
    let read = || -> rusqlite::Result<(u64, Vec<(String, String)>)> {
        let transaction = raw.unchecked_transaction()?;
        let version = version(&transaction)?;
        let mut statement = transaction
            .prepare("SELECT \"className\", \"schema\" FROM \"_SCHEMA\" ORDER BY rowid")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((version, rows.collect::<rusqlite::Result<_>>()?))
    };
    let (version, rows) = read().map_err(failure)?;
    let classes: Result<Vec<ClassSchema>> =
        rows.iter().map(|(name, text)| read_class(name, text)).collect();
    Ok(Snapshot::new(version, classes?))
}

/// The version of the whole.
pub(super) fn version(raw: &rusqlite::Connection) -> rusqlite::Result<u64> {
    raw.query_row("SELECT \"version\" FROM \"_VERSION\"", [], |row| row.get(0))
        .map(i64::unsigned_abs)
}

/// Refuses names that SQLite can not keep apart: to it, names that differ in case only are equal.
fn check_names(connection: &Connection, change: &ClassChange) -> Result<()> {
    let Some(after) = &change.after else { return Ok(()) };
    let mut names: Vec<(String, &FieldName)> =
        after.fields.keys().map(|name| (name.to_ascii_lowercase(), name)).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let text = format!(
            "Invalid field name: {}, it differs from {} in case only.",
            pair[1].1, pair[0].1
        );
        return Err(Error::new(Code::InvalidKeyName, text));
    }
    if change.before.is_some() {
        return Ok(());
    }
    if after.name.to_ascii_lowercase().starts_with("sqlite_") {
        return Err(Error::invalid_class_name(&after.name));
    }
    let sql = "SELECT \"className\" FROM \"_SCHEMA\" WHERE \"className\" = ?1 COLLATE NOCASE";
    let taken = connection
        .raw()
        .query_row(sql, [after.name.as_str()], |row| row.get::<_, String>(0))
        .optional();
    match taken.map_err(failure)? {
        None => Ok(()),
        Some(taken) => {
            let text =
                format!("Invalid classname: {}, it differs from {taken} in case only.", after.name);
            Err(Error::new(Code::InvalidClassName, text))
        }
    }
}

/// Changes a class if the version is still that one. The caller has begun a transaction, and nothing was changed in it
/// if the change is refused.
pub(super) fn change(
    connection: &Connection,
    version: u64,
    change: &ClassChange,
) -> rusqlite::Result<Result<ClassChanged>> {
    let raw = connection.raw();
    if self::version(raw)? != version {
        return Ok(Ok(ClassChanged::Stale));
    }
    if let Err(refused) = check_names(connection, change) {
        return Ok(Err(refused));
    }
    if let (Some(before), None) = (&change.before, &change.after) {
        let sql = format!("SELECT count(*) FROM {}", quoted(&before.name));
        let count = raw.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
        if count > 0 {
            return Ok(Ok(ClassChanged::NotEmpty(count)));
        }
    }
    apply(raw, change)?;
    raw.execute("UPDATE \"_VERSION\" SET \"version\" = \"version\" + 1", [])?;
    Ok(Ok(ClassChanged::To(version + 1)))
}

fn apply(raw: &rusqlite::Connection, change: &ClassChange) -> rusqlite::Result<()> {
    match (change.before.as_deref(), &change.after) {
        (None, None) => return Ok(()),
        (Some(before), None) => drop_class(raw, before)?,
        (None, Some(after)) => {
            raw.execute_batch(&create_table(&Sqlite, after))?;
            add_parts(raw, None, after)?;
        }
        (Some(before), Some(after)) => {
            drop_parts(raw, before, after)?;
            for field in change.fields() {
                change_field(&Sqlite, after, &field)
                    .iter()
                    .try_for_each(|sql| raw.execute_batch(sql))?;
            }
            add_parts(raw, Some(before), after)?;
        }
    }
    if let Some(after) = &change.after {
        let sql = "INSERT INTO \"_SCHEMA\" VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET \"schema\" = excluded.\"schema\"";
        raw.prepare_cached(sql)?.execute([after.name.as_str(), &after.to_json().to_text()])?;
    }
    Ok(())
}

/// Drops indexes that go, and those of fields that go.
fn drop_parts(
    raw: &rusqlite::Connection,
    before: &ClassSchema,
    after: &ClassSchema,
) -> rusqlite::Result<()> {
    let wanted = indexes(&Sqlite, after);
    for index in indexes(&Sqlite, before) {
        let changes = index.fields.iter().any(|field| before.kind(field) != after.kind(field));
        if changes || !wanted.contains(&index) {
            raw.execute_batch(&format!("DROP INDEX IF EXISTS {}", quoted(&index.name)))?;
        }
    }
    let wanted = text_fields(after);
    text_fields(before)
        .into_iter()
        .filter(|field| !wanted.contains(field))
        .try_for_each(|field| drop_text(raw, before, field))
}

/// Makes join tables and indexes that the class did not have.
fn add_parts(
    raw: &rusqlite::Connection,
    before: Option<&ClassSchema>,
    after: &ClassSchema,
) -> rusqlite::Result<()> {
    for (key, _) in after.relations() {
        create_join(&Sqlite, &after.name, key).iter().try_for_each(|sql| raw.execute_batch(sql))?;
    }
    for index in indexes(&Sqlite, after) {
        raw.execute_batch(&index.text.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1))?;
    }
    let known = before.map(text_fields).unwrap_or_default();
    text_fields(after)
        .into_iter()
        .filter(|field| !known.contains(field))
        .try_for_each(|field| create_text(raw, after, field))
}

/// The words of a text field: an index table that triggers keep.
fn create_text(
    raw: &rusqlite::Connection,
    class: &ClassSchema,
    field: &FieldName,
) -> rusqlite::Result<()> {
    let name = text_table(&class.name, field);
    let (words, table, column) = (quoted(&name), quoted(&class.name), quoted(field));
    let trigger = |event: &str| quoted(&format!("{name}:{event}"));
    raw.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {words} USING fts5(\"words\", content='', contentless_delete=1, \
             tokenize='unicode61 remove_diacritics 2'); \
         INSERT INTO {words} (rowid, \"words\") SELECT \"_seq\", {column} FROM {table} WHERE {column} IS NOT NULL; \
         CREATE TRIGGER {} AFTER INSERT ON {table} WHEN new.{column} IS NOT NULL BEGIN \
             INSERT INTO {words} (rowid, \"words\") VALUES (new.\"_seq\", new.{column}); END; \
         CREATE TRIGGER {} AFTER UPDATE OF {column} ON {table} BEGIN \
             DELETE FROM {words} WHERE rowid = old.\"_seq\"; \
             INSERT INTO {words} (rowid, \"words\") SELECT new.\"_seq\", new.{column} WHERE new.{column} IS NOT NULL; END; \
         CREATE TRIGGER {} AFTER DELETE ON {table} BEGIN DELETE FROM {words} WHERE rowid = old.\"_seq\"; END;",
        trigger("insert"),
        trigger("update"),
        trigger("delete"),
    ))
}

fn drop_text(
    raw: &rusqlite::Connection,
    class: &ClassSchema,
    field: &FieldName,
) -> rusqlite::Result<()> {
    let name = text_table(&class.name, field);
    for event in ["insert", "update", "delete"] {
        raw.execute_batch(&format!(
            "DROP TRIGGER IF EXISTS {}",
            quoted(&format!("{name}:{event}"))
        ))?;
    }
    raw.execute_batch(&drop_table(&name))
}

fn drop_class(raw: &rusqlite::Connection, class: &ClassSchema) -> rusqlite::Result<()> {
    for (key, _) in class.relations() {
        raw.execute_batch(&drop_table(&join_name(&class.name, key)))?;
    }
    for field in text_fields(class) {
        drop_text(raw, class, field)?;
    }
    raw.execute_batch(&drop_table(&class.name))?;
    raw.execute("DELETE FROM \"_SCHEMA\" WHERE \"className\" = ?1", [class.name.as_str()])?;
    Ok(())
}
