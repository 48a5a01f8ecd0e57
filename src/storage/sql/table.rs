//! Tables, join tables and indexes of a class.

use super::{BuiltIn, Dialect, IndexForm, quoted};
use crate::schema::{ClassSchema, FieldChange, FieldType};
use crate::value::{ClassName, FieldName, Json, Members};

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
            "createdAt" | "updatedAt" => dialect.time_constraint(),
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

impl Index {
    fn new(class: &ClassSchema, name: String, made_of: &str, fields: Vec<FieldName>) -> Self {
        let text = format!("CREATE INDEX {} ON {} {made_of}", quoted(&name), quoted(&class.name));
        Self { name, text, fields }
    }

    fn unique(mut self) -> Self {
        self.text = self.text.replacen("CREATE INDEX", "CREATE UNIQUE INDEX", 1);
        self
    }

    /// The same index under another name.
    #[must_use]
    pub fn renamed(&self, name: String) -> Self {
        let text = self.text.replacen(&quoted(&self.name), &quoted(&name), 1);
        Self { name, text, fields: self.fields.clone() }
    }
}

/// The indexes of a class: those that were asked for, and those without which the server would be slow or
/// would take a name twice.
pub fn indexes(dialect: &dyn Dialect, class: &ClassSchema) -> Vec<Index> {
    let mut indexes = Vec::new();
    for (name, keys) in &class.indexes {
        if name != "_id_" && !name.contains('\0') {
            write_asked(dialect, class, name, keys, &mut indexes);
        }
    }
    for built_in in dialect.built_in(&class.name) {
        indexes.extend(built_in_index(dialect, class, built_in));
    }
    indexes
}

/// An index that was asked for. Where the back end indexes words in an index like others, that of the words alone has
/// the name that was asked for; beside other keys it has one of its own.
fn write_asked(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    name: &str,
    keys: &Members,
    indexes: &mut Vec<Index>,
) {
    let has_word_indexes = dialect.word_index(&[]).is_some();
    let mut words = Vec::new();
    let mut plain = Vec::new();
    for (key, kind) in keys {
        let field = key_field(key);
        let of_words = kind.as_str() == Some("text")
            && (!has_word_indexes || class.kind(&field) == Some(&FieldType::String));
        match of_words {
            true => words.push(field),
            false => plain.push((field, kind.as_number().is_some_and(|direction| direction < 0.0))),
        }
    }
    let name = dialect.index_name(&class.name, name);
    if !plain.is_empty() {
        indexes.extend(plain_index(dialect, class, name.clone(), &plain));
    }
    let columns: Vec<String> = words
        .iter()
        .map(|field| quoted(&dialect.column(class, field, &FieldType::String)))
        .collect();
    if let Some(first) = words.first()
        && let Some(made_of) = dialect.word_index(&columns)
    {
        let name = if plain.is_empty() { name } else { text_table(&class.name, first) };
        indexes.push(Index::new(class, name, &made_of, words));
    }
}

/// The field of a key, by the names that the original's own databases use.
fn key_field(name: &str) -> FieldName {
    FieldName::from(match name {
        "_id" => "objectId",
        "_created_at" => "createdAt",
        "_updated_at" => "updatedAt",
        name => name.strip_prefix("_p_").unwrap_or(name),
    })
}

fn plain_index(
    dialect: &dyn Dialect,
    class: &ClassSchema,
    name: String,
    fields: &[(FieldName, bool)],
) -> Option<Index> {
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
    let fields = fields.iter().map(|(field, _)| field.clone()).collect();
    Some(Index::new(class, name, &format!("({})", columns.join(", ")), fields))
}

fn built_in_index(dialect: &dyn Dialect, class: &ClassSchema, built_in: &BuiltIn) -> Option<Index> {
    let (field, definition) = class.column(built_in.field)?;
    let columns = dialect.index_columns(class, field, &definition.kind).join(", ");
    let columns = match built_in.form {
        IndexForm::Plain | IndexForm::Unique => columns,
        IndexForm::Folded | IndexForm::UniqueFolded => dialect.folded(field, &columns),
    };
    let (name, fields) = (built_in.name.to_owned(), vec![field.clone()]);
    let index = Index::new(class, name, &format!("({columns})"), fields);
    Some(match built_in.form {
        IndexForm::Plain | IndexForm::Folded => index,
        IndexForm::Unique | IndexForm::UniqueFolded => index.unique(),
    })
}
