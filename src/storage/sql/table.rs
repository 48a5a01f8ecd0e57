//! Tables, join tables and indexes of a class.

use super::{Dialect, quoted};
use crate::schema::{ClassSchema, FieldChange, FieldType};
use crate::value::{ClassName, FieldName, Json};

/// The name of the table that holds a relation.
pub fn join_name(class: &ClassName, key: &FieldName) -> String {
    format!("_Join:{key}:{class}")
}

/// The name of the table that holds the words of a text field.
pub fn text_table(class: &ClassName, field: &str) -> String {
    format!("_Text:{field}:{class}")
}

/// Whether the words of a field are indexed.
pub fn has_text_index(class: &ClassSchema, field: &str) -> bool {
    class.indexes.values().any(|keys| keys.get(field).and_then(Json::as_str) == Some("text"))
        && class.kind(field) == Some(&FieldType::String)
}

/// The fields whose words are indexed.
pub fn text_fields(class: &ClassSchema) -> Vec<&FieldName> {
    class.fields.keys().filter(|field| has_text_index(class, field)).collect()
}

/// The statement that makes the table of a class.
pub fn create_table(dialect: &dyn Dialect, class: &ClassSchema) -> String {
    let mut columns: Vec<String> = dialect.identity().into_iter().map(str::to_owned).collect();
    for (name, field) in class.columns() {
        let constraint = match name.as_str() {
            "objectId" => dialect.key_constraint(),
            "createdAt" | "updatedAt" => " NOT NULL",
            _ => "",
        };
        columns.extend(
            declarations(dialect, class, name, &field.kind)
                .into_iter()
                .map(|column| column + constraint),
        );
    }
    format!("CREATE TABLE {} ({})", quoted(&class.name), columns.join(", "))
}

/// The statements that make the table of a relation if it does not exist.
pub fn create_join(dialect: &dyn Dialect, class: &ClassName, key: &FieldName) -> [String; 2] {
    let name = join_name(class, key);
    let (table, index) = (quoted(&name), quoted(&format!("{name}:owningId")));
    [
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (\"relatedId\" varchar(120) NOT NULL, \"owningId\" varchar(120) NOT NULL, \
             PRIMARY KEY (\"relatedId\", \"owningId\")){}",
            dialect.join_options(),
        ),
        format!("CREATE INDEX IF NOT EXISTS {index} ON {table} (\"owningId\")"),
    ]
}

/// The statement that drops a table if it exists.
pub fn drop_table(name: &str) -> String {
    format!("DROP TABLE IF EXISTS {}", quoted(name))
}

/// The statements that give a column to a table or take it. The join table of a relation goes; that of a new one is
/// made by [`create_join`].
pub fn change_field(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    change: &FieldChange<'_>,
) -> Vec<String> {
    let table = quoted(&class.name);
    match change {
        FieldChange::Add(name, kind) => {
            let columns = declarations(dialect, class, name, kind);
            columns
                .iter()
                .map(|column| format!("ALTER TABLE {table} ADD COLUMN {column}"))
                .collect()
        }
        FieldChange::Remove(name, FieldType::Relation(_)) => {
            vec![drop_table(&join_name(&class.name, name))]
        }
        FieldChange::Remove(name, kind) => {
            let columns = dialect.columns(class, name, kind);
            columns
                .iter()
                .map(|column| format!("ALTER TABLE {table} DROP COLUMN {}", quoted(&column.name)))
                .collect()
        }
    }
}

/// `"name" TYPE` for each column of a field.
fn declarations(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    field: &str,
    kind: &FieldType,
) -> Vec<String> {
    let columns = dialect.columns(class, field, kind);
    let shadow =
        dialect.shadow(class, field).into_iter().map(|name| format!("{} TEXT", quoted(&name)));
    let columns = columns.iter().map(|column| format!("{} {}", quoted(&column.name), column.kind));
    columns.chain(shadow).collect()
}

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name in the database.
    pub name: String,
    /// The statement that makes it.
    pub text: String,
    /// The fields that it is about.
    pub fields: Vec<FieldName>,
}

/// The indexes of a class: those that were asked for, and those without which the server would be slow or
/// would take a name twice.
pub fn indexes(dialect: &dyn Dialect, class: &ClassSchema) -> Vec<Index> {
    let mut indexes = Vec::new();
    for (name, keys) in &class.indexes {
        let fields: Option<Vec<(FieldName, bool)>> =
            keys.iter().filter(|(_, kind)| kind.as_str() != Some("text")).map(key).collect();
        let Some(fields) = fields.filter(|fields| !fields.is_empty() && name != "_id_") else {
            continue;
        };
        indexes.extend(plain_index(dialect, class, name, &fields));
    }
    for field in text_fields(class) {
        let column = quoted(&dialect.column(class, field, &FieldType::String));
        let Some(made_of) = dialect.word_index(&column) else { continue };
        let name = text_table(&class.name, field);
        let text = format!("CREATE INDEX {} ON {} {made_of}", quoted(&name), quoted(&class.name));
        indexes.push(Index { name, text, fields: vec![field.clone()] });
    }
    for &(field, form) in built_in(&class.name) {
        indexes.extend(built_in_index(dialect, class, field, form));
    }
    indexes
}

/// The field of a key, by the names that the original's own databases use, and whether it goes down.
fn key((name, kind): (&String, &Json)) -> Option<(FieldName, bool)> {
    let name = match name.as_str() {
        "_id" => "objectId",
        "_created_at" => "createdAt",
        "_updated_at" => "updatedAt",
        name => name.strip_prefix("_p_").unwrap_or(name),
    };
    Some((FieldName::from(name), kind.as_number().is_some_and(|direction| direction < 0.0)))
}

fn plain_index(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    name: &str,
    fields: &[(FieldName, bool)],
) -> Option<Index> {
    if name.contains('\0') {
        return None;
    }
    let mut columns = Vec::new();
    for (field, goes_down) in fields {
        let kind = class.kind(field).filter(|kind| !matches!(kind, FieldType::Relation(_)))?;
        columns.extend(dialect.index_columns(class, field, kind).into_iter().map(|column| {
            match goes_down {
                true => format!("{column} DESC"),
                false => column,
            }
        }));
    }
    let index = format!("{}:{name}", class.name);
    let text = format!(
        "CREATE INDEX {} ON {} ({})",
        quoted(&index),
        quoted(&class.name),
        columns.join(", ")
    );
    Some(Index {
        name: index,
        text,
        fields: fields.iter().map(|(field, _)| field.clone()).collect(),
    })
}

/// How a built-in index compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BuiltIn {
    /// For look-ups.
    Plain,
    /// No value twice.
    Unique,
    /// No value twice, whatever the case of its letters.
    UniqueFolded,
}

fn built_in(class: &ClassName) -> &'static [(&'static str, BuiltIn)] {
    match class.as_str() {
        "_User" => &[
            // SQLite looks at the newest index first, so that a name that is taken is told before an address.
            ("email", BuiltIn::Plain),
            ("email", BuiltIn::UniqueFolded),
            ("username", BuiltIn::Plain),
            ("username", BuiltIn::UniqueFolded),
            ("_email_verify_token", BuiltIn::Plain),
            ("_perishable_token", BuiltIn::Plain),
        ],
        "_Role" => &[("name", BuiltIn::Unique)],
        "_Session" => &[("sessionToken", BuiltIn::Unique), ("user", BuiltIn::Plain)],
        "_Installation" => &[("installationId", BuiltIn::Plain), ("deviceToken", BuiltIn::Plain)],
        "_Idempotency" => &[("reqId", BuiltIn::Unique), ("expire", BuiltIn::Plain)],
        _ => &[],
    }
}

fn built_in_index(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    field: &str,
    form: BuiltIn,
) -> Option<Index> {
    let (field, definition) = class.column(field)?;
    let columns = dialect.index_columns(class, field, &definition.kind).join(", ");
    let (name, unique, columns) = match form {
        BuiltIn::Plain => (format!("{}:{field}", class.name), "", columns),
        BuiltIn::Unique => (format!("{}:{field}:unique", class.name), "UNIQUE ", columns),
        BuiltIn::UniqueFolded => {
            (format!("{}:{field}:unique", class.name), "UNIQUE ", dialect.folded(field, &columns))
        }
    };
    let text =
        format!("CREATE {unique}INDEX {} ON {} ({columns})", quoted(&name), quoted(&class.name));
    Some(Index { name, text, fields: vec![field.clone()] })
}
