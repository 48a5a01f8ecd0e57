//! Where the SQL of one back end differs from that of another.

mod postgres;
mod sqlite;

pub use postgres::{Postgres, account_guard, guarded_field};
pub use sqlite::{Sqlite, account_index};

use super::{Aggregates, Bind, Sql};
use crate::access::Grantees;
use crate::query::{Comparison, Pattern, TextSearch};
use crate::schema::{Assign, ClassSchema, FieldType};
use crate::value::{ClassName, GeoPoint, Json, Polygon, Value};

/// A column, or a way into one, as an operator family gets it.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// The class of the row.
    pub class: &'a ClassSchema,
    /// The field.
    pub field: &'a str,
    /// Its type.
    pub kind: &'a FieldType,
    /// The way into it; empty for the field itself.
    pub path: &'a [String],
}

/// A test of JSON: of an array or an object, or of a value inside one. Of nothing (or `null`) there, the
/// answer is SQL's `NULL`.
#[derive(Clone, Copy, Debug)]
pub enum JsonTest<'a> {
    /// It compares with a literal.
    Compare(Comparison, &'a Json),
    /// It is one of these, or an array with an element that is.
    In(&'a [Json]),
    /// There is something, and it is none of these nor an array with such an element.
    NotIn(&'a [Json]),
    /// It is an array with an element like this.
    Contains(&'a Json),
    /// It is not an array with an element like this.
    ContainsNot(&'a Json),
    /// It is an array with all of these.
    All(&'a [Json]),
    /// It is an array with nothing but these.
    ContainedBy(&'a [Json]),
    /// It is a text, or an array with a text, that matches.
    Regex(&'a Pattern),
    /// It is an array that has, for each pattern, a text that matches.
    AllRegex(&'a [Pattern]),
    /// It is a text that has the words.
    Words(&'a TextSearch),
}

/// How a column of a table is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDeclaration {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
}

/// An index that a class has without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name in the database.
    pub name: &'static str,
    /// The field that it is about.
    pub field: &'static str,
    /// How it compares.
    pub form: IndexForm,
}

/// How an index compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexForm {
    /// For look-ups.
    Plain,
    /// For look-ups by text, whatever the case of its letters.
    Folded,
    /// No value twice.
    Unique,
    /// No value twice, whatever the case of its letters.
    UniqueFolded,
}

/// What one back end writes in its own way. The rest of this room is common.
pub trait Dialect: Aggregates + Send + Sync {
    /// Appends the placeholder of a bound value.
    fn placeholder(&self, bind: &Bind, number: usize, out: &mut String);

    /// A column that numbers the rows, if tables have one.
    fn identity(&self) -> Option<&'static str>;

    /// What makes `objectId` the key of its table.
    fn key_constraint(&self) -> &'static str;

    /// What `createdAt` and `updatedAt` must hold.
    fn time_constraint(&self) -> &'static str;

    /// What stands at the end of the statement that makes a join table.
    fn join_options(&self) -> &'static str;

    /// The columns that hold a field; none for a relation.
    fn columns(&self, class: &ClassSchema, field: &str, kind: &FieldType)
    -> Vec<ColumnDeclaration>;

    /// The column that says whether a field is empty.
    fn column<'n>(
        &self,
        class: &ClassSchema,
        field: &'n str,
        kind: &FieldType,
    ) -> std::borrow::Cow<'n, str>;

    /// Appends what is read of a field, one expression for each of its [`CellKind`](super::CellKind)'s columns.
    fn read(&self, sql: &mut Sql<'_>, table: &'static str, operand: &Operand<'_>);

    /// Appends what a column of a field is set to.
    fn store(&self, sql: &mut Sql<'_>, kind: &FieldType, part: usize, value: &Value);

    /// Appends the new value of a field after a change that depends on the old one, which `current` writes.
    fn change(&self, sql: &mut Sql<'_>, assign: &Assign, current: &mut dyn FnMut(&mut Sql<'_>));

    /// Whether the back end can tell what is read of a field of this type from other values.
    fn compares(&self, _kind: &FieldType) -> bool {
        true
    }

    /// What is written after a text operand so that bytes are compared: ` COLLATE "C"`.
    fn by_bytes(&self) -> &'static str;

    /// `operand IN (values)`, `operand NOT IN (values)`: `NULL` if the operand is.
    fn is_in(&self, sql: &mut Sql<'_>, operand: &str, values: Bind);

    /// A test of JSON.
    fn json(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, test: JsonTest<'_>);

    /// Whether JSON at a path is there: true or false.
    fn json_exists(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// What JSON at a path is ordered by.
    fn json_order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>);

    /// A text column matches a pattern.
    fn regex(&self, sql: &mut Sql<'_>, column: &str, pattern: &Pattern);

    /// A text column has words.
    fn words(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch);

    /// How well a text column meets a search; greater is better.
    fn score(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, search: &TextSearch);

    /// The angle in radians between a point column and a point.
    fn angle(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint);

    /// A point column is not farther than an angle from a point.
    fn near(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint, radians: f64);

    /// A point column equals a point.
    fn point_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint);

    /// A point column is in a box.
    fn in_box(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, low: GeoPoint, high: GeoPoint);

    /// A point column is in a polygon.
    fn in_polygon(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, polygon: &Polygon);

    /// A polygon column has a point.
    fn has_point(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint);

    /// A polygon or bytes column equals a value.
    fn opaque_is(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, value: &Value);

    /// A list of grantees in a column has one of these.
    fn grants(&self, sql: &mut Sql<'_>, column: &'static str, grantees: &Grantees);

    /// The expression that creation order is known by, if there is one.
    fn creation_order(&self) -> Option<&'static str>;

    /// Appends an order key with its direction.
    fn order(&self, sql: &mut Sql<'_>, operand: &Operand<'_>, direction: &'static str);

    /// What an index on a field is made of.
    fn index_columns(&self, class: &ClassSchema, field: &str, kind: &FieldType) -> Vec<String>;

    /// The name in the database of an index that a class was asked to have.
    fn index_name(&self, class: &ClassName, name: &str) -> String;

    /// The indexes without which the server would be slow or would take a name twice.
    fn built_in(&self, class: &ClassName) -> &'static [BuiltIn];

    /// An index column in which letters of either case are equal, for a text field.
    fn folded(&self, field: &str, column: &str) -> String;

    /// A column that holds the text of a field in lower case and changes with it, where the back end has no index
    /// that folds the letters of every script.
    fn shadow(&self, _class: &ClassSchema, _field: &str) -> Option<String> {
        None
    }

    /// What an index of the words of columns is made of, if it is an index of the table like others.
    fn word_index(&self, columns: &[String]) -> Option<String>;

    /// `LIMIT` and `OFFSET`.
    fn page(&self, sql: &mut Sql<'_>, skip: u64, limit: Option<u64>);

    /// Appends rows of one column, one for each text of a list: what comes after `SELECT`.
    fn unfold(&self, sql: &mut Sql<'_>, texts: Bind);

    /// What stands before and after `INTO … VALUES` when a row that exists already is left alone.
    fn insert_or_ignore(&self) -> (&'static str, &'static str);
}

/// Whether an identity provider can have this name: what else is sent as one is no part of any statement.
fn is_provider_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whose account an operand is the id of, if it is one: `authData.<provider>.id`.
fn account_provider<'a>(operand: &Operand<'a>) -> Option<&'a str> {
    match operand.path {
        [provider, id]
            if operand.class.name == "_User" && operand.field == "authData" && id == "id" =>
        {
            is_provider_name(provider).then_some(provider)
        }
        _ => None,
    }
}
