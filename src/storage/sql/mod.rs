//! SQL for every question and every change, in the dialect of a back end.
//!
//! This room writes statements and never runs one. What a client wrote is bound, never written: only
//! names that a class schema has become identifiers, and those stand in quotes. The same question with
//! other values gives the same text, so that prepared statements are found again.

mod aggregate;
mod cells;
mod change;
mod description;
mod dialect;
mod distinct;
mod filter;
mod operators;
mod related;
mod roles;
mod select;
mod statement;
mod table;
mod watched;

pub use aggregate::{Aggregates, End, Extreme, aggregate};
pub use cells::{CellKind, Shape, form};
pub use change::{
    delete, delete_memberships, delete_relations, insert, insert_all, is_alike, membership, purge,
    relation_changes, rename_relations, update,
};
pub use description::{class_text, read_class, read_class_text, stored_field};
pub use dialect::{
    BuiltIn, ColumnDeclaration, Dialect, IndexForm, JsonTest, Operand, Postgres, Sqlite,
    account_guard, account_index, guarded_field,
};
pub use distinct::{different, distinct};
pub use filter::{write_rows, write_where};
pub use related::{count_related, find_related};
pub use roles::roles_of;
pub use select::{count, find};
pub use statement::{Bind, Sql, Statement, quote, quoted};
pub use table::{
    Index, change_field, create_join, create_table, drop_table, has_text_index, indexes, join_name,
    text_fields, text_table,
};
pub use watched::{
    WatchedUpdate, delete_watched, insert_watched, row_before, update_watched,
    update_watched_at_once,
};
