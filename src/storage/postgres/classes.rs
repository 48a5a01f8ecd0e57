//! The descriptions of the classes, and how a class changes with its tables.
//!
//! The original keeps no description of the classes that only the server itself uses: their tables are there, and their
//! fields are always the same. Neither do we, as long as they are as they were.

use sqlx::postgres::PgRow;

use super::catalogue::{COLUMNS, Catalogue, Columns, NAME_BYTES_MAX, cut, second_name};
use super::cells::{integer, text};
use super::connection::Connection;
use super::runs::Answer;
use super::version;
use crate::error::{Code, Error, Result};
use crate::schema::{
    ClassChange, ClassSchema, Field, FieldChange, FieldType, SYSTEM_CLASSES, Snapshot,
    is_internal_class,
};
use crate::storage::ClassChanged;
use crate::storage::sql::{
    Bind, ColumnDeclaration, Dialect, Index, Postgres, Statement, change_field, class_text,
    create_join, create_table, drop_table, indexes, join_name, quoted, read_class_text,
    stored_field,
};
use crate::value::{ClassName, FieldName};

/// The lock that whoever changes classes holds: any number, but always the same.
const LOCK: i64 = 0x7061_7273_696d;
/// How long a class change waits for another one.
const TURN_TIMEOUT: &str = "30s";
/// How long a class change waits for those who use the class. All who come later wait behind it.
const TABLE_TIMEOUT: &str = "2s";
/// The column type of class names holds so many letters.
const CLASS_NAME_MAX: usize = 120;

/// Makes the tables that describe the classes, and the classes that every database has.
pub(super) async fn prepare(connection: &mut Connection<'_>) -> sqlx::Result<()> {
    lock(connection).await?;
    connection
        .run(
            "CREATE TABLE IF NOT EXISTS \"_SCHEMA\" (\"className\" varchar(120) PRIMARY KEY, \"schema\" jsonb, \
                 \"isParseClass\" bool)"
                .to_owned(),
        )
        .await?;
    connection.run(version::PREPARE.to_owned()).await?;
    for name in ["_User", "_Role"] {
        let known = "SELECT 1::bigint FROM \"_SCHEMA\" WHERE \"className\" = $1::text";
        let known = statement(known, vec![Bind::Text(name.to_owned())]);
        if connection.rows(&known).await?.is_empty() {
            let class = ClassSchema::new(ClassName::from(name));
            apply(connection, &ClassChange { before: None, after: Some(class) }).await?;
        }
    }
    for statement in version::watch() {
        connection.run(statement).await?;
    }
    Ok(())
}

/// Waits until nobody else changes classes. From then on, whoever uses a table is not waited for for long; what is done
/// with a table may take as long as it needs.
pub(super) async fn lock(connection: &mut Connection<'_>) -> sqlx::Result<()> {
    let text = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{TURN_TIMEOUT}'; \
         SELECT pg_advisory_xact_lock({LOCK}); SET LOCAL lock_timeout = '{TABLE_TIMEOUT}'"
    );
    connection.run(text).await
}

fn statement(text: &str, binds: Vec<Bind>) -> Statement {
    Statement { text: text.to_owned(), binds }
}

async fn version_in_force(connection: &mut Connection<'_>) -> sqlx::Result<u64> {
    let rows =
        connection.rows(&statement("SELECT \"version\" FROM \"_VERSION\"", Vec::new())).await?;
    rows.first().map_or(Ok(0), |row| integer(row, 0)).map(i64::unsigned_abs)
}

/// Asks for the classes as they are stored, oldest first, with the columns of their tables; in one statement, so that
/// the version is theirs.
pub(super) fn load() -> Statement {
    let volatile = SYSTEM_CLASSES.iter().filter(|name| is_internal_class(name));
    let volatile = Bind::Texts(volatile.map(|name| (*name).to_owned()).collect());
    let text = format!(
        "SELECT v.\"version\", k.name, k.described, k.columns FROM \"_VERSION\" AS v LEFT JOIN ( \
             SELECT d.name, d.described, c.oid, {COLUMNS} AS columns FROM ( \
                 SELECT \"className\"::text AS name, \"schema\"::text AS described FROM \"_SCHEMA\" \
                 UNION ALL SELECT n, NULL FROM unnest($1::text[]) AS n \
                     WHERE NOT EXISTS (SELECT FROM \"_SCHEMA\" WHERE \"className\" = n)) AS d \
             LEFT JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(d.name)) \
             WHERE d.described IS NOT NULL OR c.oid IS NOT NULL) AS k ON TRUE ORDER BY k.oid"
    );
    Statement { text, binds: vec![volatile] }
}

/// The classes, as the rows of [`load`] tell of them.
#[derive(Default)]
pub(super) struct Loaded {
    version: u64,
    pub(super) classes: Vec<ClassSchema>,
    /// Fields that are not served, and why.
    pub(super) unserved: Vec<String>,
}

impl Answer for Loaded {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.version = integer(row, 0)?.unsigned_abs();
        let Ok(name) = text(row, 1) else { return Ok(()) };
        let columns = text(row, 3).map(Columns::read).unwrap_or_default();
        let (mut class, unreadable) = match text(row, 2) {
            Ok(described) => read_class_text(name, described)
                .map_err(|cause| sqlx::Error::Decode(cause.log_text().to_string().into()))?,
            Err(_) => (ClassSchema::new(ClassName::from(name)), Vec::new()),
        };
        for field in unreadable {
            self.unserved.push(format!("the type of {name}.{field} is not known"));
        }
        let unfit = |(field, definition): (&FieldName, &Field)| {
            (!columns.fit(&class, field, &definition.kind)).then(|| field.clone())
        };
        let unfit: Vec<FieldName> = class.fields.iter().filter_map(unfit).collect();
        for field in unfit {
            self.unserved.push(format!("the column of {name}.{field} has another type"));
            class.fields.shift_remove(&field);
        }
        arrange(&mut class, &columns);
        self.classes.push(class);
        Ok(())
    }
}

impl Loaded {
    /// The classes as a request sees them.
    pub(super) fn snapshot(self) -> Snapshot {
        Snapshot::new(self.version, self.classes)
    }
}

/// Brings the fields into the order in which they were made: that of their columns, after those that every object has.
fn arrange(class: &mut ClassSchema, columns: &Columns) {
    let defaults = ClassSchema::new(class.name.clone()).fields;
    let name = class.name.clone();
    let shell = ClassSchema::new(name);
    class.fields.sort_by_cached_key(|name, field| match defaults.get_index_of(name) {
        Some(at) => at,
        None => {
            let column = Postgres.column(&shell, name, &field.kind);
            columns.position(&column).map_or(usize::MAX, |at| defaults.len() + at)
        }
    });
}

/// Changes a class if the version is still that one. The caller has begun a transaction, and undoes it unless the
/// answer is a new version.
pub(super) async fn change(
    connection: &mut Connection<'_>,
    version: u64,
    change: &ClassChange,
) -> sqlx::Result<Result<ClassChanged>> {
    lock(connection).await?;
    if version_in_force(connection).await? != version {
        return Ok(Ok(ClassChanged::Stale));
    }
    if let Err(refused) = check_names(change) {
        return Ok(Err(refused));
    }
    if let (Some(before), None) = (&change.before, &change.after) {
        let count = close(connection, before).await?;
        if count > 0 {
            return Ok(Ok(ClassChanged::NotEmpty(count)));
        }
    }
    if let Some(taken) = apply(connection, change).await? {
        return Ok(Err(taken));
    }
    // Whoever changes classes without our lock may have been in between.
    Ok(Ok(match version_in_force(connection).await? == version + 1 {
        true => ClassChanged::To(version + 1),
        false => ClassChanged::Stale,
    }))
}

/// Refuses names that the database can not keep apart, because it cuts them.
fn check_names(change: &ClassChange) -> Result<()> {
    let Some(after) = &change.after else { return Ok(()) };
    if change.before.is_none() && after.name.len() > CLASS_NAME_MAX {
        let text = format!(
            "Invalid classname: {}, names of more than {CLASS_NAME_MAX} letters do not fit into this database.",
            after.name
        );
        return Err(Error::new(Code::InvalidClassName, text));
    }
    for name in after.fields.keys().filter(|name| name.len() > NAME_BYTES_MAX) {
        let is_like = |other: &&FieldName| *other != name && cut(other) == cut(name);
        if let Some(other) = after.fields.keys().find(is_like) {
            let text = format!(
                "Invalid field name: {name}, it differs from {other} after {NAME_BYTES_MAX} letters only."
            );
            return Err(Error::new(Code::InvalidKeyName, text));
        }
    }
    Ok(())
}

/// Keeps everybody from a class that goes, and says how many objects it has.
async fn close(connection: &mut Connection<'_>, class: &ClassSchema) -> sqlx::Result<u64> {
    let table = quoted(&class.name);
    connection.run(format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await?;
    let count = Statement { text: format!("SELECT count(*) FROM {table}"), binds: Vec::new() };
    let rows = connection.rows(&count).await?;
    rows.first().map_or(Ok(0), |row| integer(row, 0)).map(i64::unsigned_abs)
}

/// Makes the change, or says which name is taken.
async fn apply(
    connection: &mut Connection<'_>,
    change: &ClassChange,
) -> sqlx::Result<Option<Error>> {
    let (before, after) = (change.before.as_deref(), change.after.as_ref());
    let Some(name) = change.class_name() else { return Ok(None) };
    let asked: Vec<Index> =
        before.into_iter().chain(after).flat_map(|class| indexes(&Postgres, class)).collect();
    let mut names: Vec<String> = asked.iter().map(|index| index.name.clone()).collect();
    if let Some(class) = before.or(after) {
        names.extend(asked.iter().map(|index| second_name(class, index)));
    }
    let fresh = fresh_joins(before, after);
    names.extend(fresh.iter().cloned());
    let found = Catalogue::of_table(connection, name, &names).await?;
    let is_cut = |name: &&String| name.len() > NAME_BYTES_MAX && found.table(name).is_some();
    if before.is_none() && is_cut(&&name.to_string()) {
        let text =
            format!("Invalid classname: {name}, the name is too much like that of another class.");
        return Ok(Some(Error::new(Code::InvalidClassName, text)));
    }
    if let Some(taken) = fresh.iter().find(is_cut) {
        let text = format!("Invalid field name: the name {taken} is taken in this database.");
        return Ok(Some(Error::new(Code::InvalidKeyName, text)));
    }
    let statements = match (before, after) {
        (None, None) => return Ok(None),
        (Some(before), None) => drop_class(before),
        (None, Some(after)) => make_class(after, &found),
        (Some(before), Some(after)) => change_tables(change, before, after, &found),
    };
    if !statements.is_empty() {
        connection.run(statements.join("; ")).await?;
    }
    connection.execute(&describe(before, after)).await?;
    for statement in version::watch_class(name) {
        connection.run(statement).await?;
    }
    Ok(None)
}

/// The names of the join tables that come.
fn fresh_joins(before: Option<&ClassSchema>, after: Option<&ClassSchema>) -> Vec<String> {
    let relations = after.into_iter().flat_map(|class| {
        class.relations().map(move |(key, _)| (key, join_name(&class.name, key)))
    });
    relations
        .filter(|(key, _)| {
            !before
                .and_then(|class| class.kind(key))
                .is_some_and(|kind| matches!(kind, FieldType::Relation(_)))
        })
        .map(|(_, name)| name)
        .collect()
}

fn drop_class(class: &ClassSchema) -> Vec<String> {
    let joins = class.relations().map(|(key, _)| drop_table(&join_name(&class.name, key)));
    joins.chain([drop_table(&class.name)]).collect()
}

/// The statements that make a class, or complete one whose table is there already.
pub(super) fn make_class(class: &ClassSchema, found: &Catalogue) -> Vec<String> {
    let mut statements = Vec::new();
    match found.table(&class.name) {
        None => statements.push(create_table(&Postgres, class).replacen(
            "CREATE TABLE ",
            "CREATE TABLE IF NOT EXISTS ",
            1,
        )),
        Some(columns) => statements.extend(missing_columns(class, columns)),
    }
    statements.extend(joins(class));
    statements.extend(missing_indexes(class, found, &[]).iter().map(make_index));
    statements
}

/// The statement that makes an index if there is none of its name.
pub(super) fn make_index(index: &Index) -> String {
    index.text.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1)
}

/// The statements that add to a table the columns that it lacks. Objects that have no id, because the original writes
/// none (`_Hooks`), get one.
pub(super) fn missing_columns(class: &ClassSchema, columns: &Columns) -> Vec<String> {
    let table = quoted(&class.name);
    let lacks = |(name, field): (&FieldName, &Field)| {
        let declared = Postgres.columns(class, name, &field.kind).into_iter();
        declared.filter(|column| columns.position(&column.name).is_none()).collect::<Vec<_>>()
    };
    let add = |column: ColumnDeclaration| {
        let default = match column.name.as_str() {
            "objectId" => " DEFAULT substr(md5(random()::text), 1, 10)",
            _ => "",
        };
        let (name, kind) = (quoted(&column.name), column.kind);
        format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}{default}")
    };
    class.columns().flat_map(lacks).map(add).collect()
}

/// The statements that make the join tables of a class.
pub(super) fn joins(class: &ClassSchema) -> impl Iterator<Item = String> {
    class.relations().flat_map(|(key, _)| create_join(&Postgres, &class.name, key))
}

/// The indexes of a class that are not there or go.
pub(super) fn missing_indexes(
    class: &ClassSchema,
    found: &Catalogue,
    gone: &[String],
) -> Vec<Index> {
    let mut missing = Vec::new();
    for index in indexes(&Postgres, class) {
        match found.index(class, &index) {
            Some(name) if gone.contains(&name) => missing.push(index.renamed(name)),
            Some(_) => {}
            None => missing.push(found.placed(class, index)),
        }
    }
    missing
}

fn change_tables(
    change: &ClassChange,
    before: &ClassSchema,
    after: &ClassSchema,
    found: &Catalogue,
) -> Vec<String> {
    let wanted = indexes(&Postgres, after);
    let mut gone = Vec::new();
    for index in indexes(&Postgres, before) {
        let changes = index.fields.iter().any(|field| before.kind(field) != after.kind(field));
        if changes || !wanted.contains(&index) {
            gone.extend(found.index(before, &index));
        }
    }
    let mut statements: Vec<String> =
        gone.iter().map(|name| format!("DROP INDEX IF EXISTS {}", quoted(name))).collect();
    for field in change.fields() {
        let forgiving = match &field {
            FieldChange::Add(..) => ("ADD COLUMN ", "ADD COLUMN IF NOT EXISTS "),
            FieldChange::Remove(..) => ("DROP COLUMN ", "DROP COLUMN IF EXISTS "),
        };
        let texts = change_field(&Postgres, after, &field);
        statements.extend(texts.iter().map(|text| text.replacen(forgiving.0, forgiving.1, 1)));
    }
    statements.extend(joins(after));
    statements.extend(missing_indexes(after, found, &gone).iter().map(make_index));
    statements
}

/// The statement that describes a class as it is now. What the description says and this program does not understand
/// stays. Even where nothing is described, the table is written to, because that is what makes a new version.
fn describe(before: Option<&ClassSchema>, after: Option<&ClassSchema>) -> Statement {
    let Some(after) = after else {
        let name = before.map(|class| class.name.to_string()).unwrap_or_default();
        return statement(
            "DELETE FROM \"_SCHEMA\" WHERE \"className\" = $1::text",
            vec![Bind::Text(name)],
        );
    };
    if is_internal_class(&after.name) && *after == ClassSchema::new(after.name.clone()) {
        return statement(
            "DELETE FROM \"_SCHEMA\" WHERE \"className\" = $1::text",
            vec![Bind::Text(after.name.to_string())],
        );
    }
    let removed = before.into_iter().flat_map(|class| class.fields.keys());
    let removed = removed.filter(|field| after.field(field).is_none());
    let removed = removed.map(|field| stored_field(&after.name, field).to_owned()).collect();
    statement(
        "INSERT INTO \"_SCHEMA\" AS s (\"className\", \"schema\", \"isParseClass\") \
         VALUES ($1::text, $2::jsonb, TRUE) ON CONFLICT (\"className\") DO UPDATE SET \"schema\" = \
         (s.\"schema\" - 'classLevelPermissions' - 'indexes') || jsonb_set(excluded.\"schema\", '{fields}', \
         (COALESCE(s.\"schema\" -> 'fields', '{}') - $3::text[]) || (excluded.\"schema\" -> 'fields'))",
        vec![
            Bind::Text(after.name.to_string()),
            Bind::Json(class_text(after)),
            Bind::Texts(removed),
        ],
    )
}
