//! What a database of the original holds and allows, looked at from outside.

/// A PostgreSQL database. To find this out nothing is written to it.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The server that keeps it.
    pub server: ServerFacts,
    /// What the role of the address may do.
    pub role: RoleFacts,
    /// Names and descriptions of the rows of `_SCHEMA`; nothing if there is no such table.
    pub classes: Option<Vec<(String, String)>>,
    /// All tables of the schema, without those that belong to an extension.
    pub tables: Vec<Table>,
    /// What stands in the table of users.
    pub users: UserFacts,
    /// What stands in the table of sessions.
    pub sessions: SessionFacts,
}

/// A database server.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// Its version as a number: 150004 for 15.4.
    pub version_number: i64,
    /// Its version as it shows it.
    pub version: String,
    /// The encoding of the database.
    pub encoding: String,
    /// The version of PostGIS in the database.
    pub postgis: Option<String>,
    /// Connections that this role may have at the same time, besides those that are open now.
    pub connections_free: i64,
    /// Whether it only reads: a standby server, or a database that was set so.
    pub is_read_only: bool,
}

/// A role of a database server.
#[derive(Clone, Debug, Default)]
pub struct RoleFacts {
    /// Its name.
    pub name: String,
    /// The schema in which tables are looked for and made.
    pub schema: Option<String>,
    /// Whether it may make tables there.
    pub may_create: bool,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Rows, as the database estimates; nothing if it never counted.
    pub rows_estimate: Option<i64>,
    /// Whether it has any row.
    pub has_rows: bool,
    /// Whether the role owns it, which changing it needs.
    pub is_owned: bool,
    /// Whether the role may read and write it.
    pub is_writable: bool,
    /// Names and types of its columns.
    pub columns: Vec<(String, String)>,
    /// Its indexes.
    pub indexes: Vec<IndexFacts>,
}

/// An index.
#[derive(Clone, Debug, Default)]
pub struct IndexFacts {
    /// Its name.
    pub name: String,
    /// Its columns in their order; an expression is an empty name.
    pub columns: Vec<String>,
    /// Whether it is used: one that was interrupted while it was made is not.
    pub is_valid: bool,
    /// Whether it is about some rows only.
    pub is_partial: bool,
}

/// What is noteworthy about users.
#[derive(Clone, Debug, Default)]
pub struct UserFacts {
    /// User names that several users have.
    pub usernames_twice: u64,
    /// User names that several users have if case does not count.
    pub usernames_twice_by_case: u64,
    /// Addresses that several users have.
    pub emails_twice: u64,
    /// Addresses that several users have if case does not count.
    pub emails_twice_by_case: u64,
    /// Users whose password was hashed by something else than bcrypt.
    pub passwords_of_other_kinds: u64,
    /// Identity providers, with how many users have an account there and how many accounts belong to several users.
    pub providers: Vec<ProviderFacts>,
}

/// The accounts of users at an identity provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderFacts {
    /// Its name in `authData`.
    pub name: String,
    /// Users with an account there.
    pub users: u64,
    /// Accounts that belong to several users.
    pub accounts_twice: u64,
}

/// What is noteworthy about sessions.
#[derive(Clone, Debug, Default)]
pub struct SessionFacts {
    /// Sessions that are in force.
    pub live: u64,
    /// Of those, sessions whose token is not of the kind that can be revoked.
    pub legacy: u64,
    /// Sessions that have ended and are still there.
    pub expired: u64,
    /// Sessions without a user, or of a user who is gone.
    pub orphaned: u64,
}

impl Inspection {
    /// A table, by its name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Whether there is an index of this name.
    pub fn has_index(&self, name: &str) -> bool {
        self.tables.iter().flat_map(|table| &table.indexes).any(|index| index.name == name)
    }
}

impl Table {
    /// Whether it has this column.
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|(column, _)| column == name)
    }

    /// Whether an index that is used begins with this column.
    pub fn is_indexed_by(&self, column: &str) -> bool {
        let begins =
            |index: &IndexFacts| index.columns.first().is_some_and(|first| first == column);
        self.indexes.iter().any(|index| index.is_valid && !index.is_partial && begins(index))
    }
}
