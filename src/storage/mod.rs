//! The port to the database: what any back end can be asked, in the project's own words.
//!
//! A back end takes only questions and changes that a plan allowed, applies their row filter together with
//! their own conditions, and returns rows in driver form. Nothing here is shaped like SQL, and no back end
//! decides who may do what.

mod blobs;
mod elsewhere;
mod inspection;
#[macro_use]
#[cfg(test)]
mod suite;
pub mod postgres;
pub mod sql;
pub mod sqlite;
mod witness;

use std::sync::Arc;

use async_trait::async_trait;

pub use blobs::{Blob, BlobLabel, BlobPart, Blobs};
pub use elsewhere::{Elsewhere, Tell};
pub use inspection::{
    IndexFacts, Inspection, ProviderFacts, RoleFacts, ServerFacts, SessionFacts, Table, UserFacts,
};
pub use witness::{Seen, Witness};

use crate::access::{Allowed, FixedQuestion, WriteAccess};
use crate::error::Result;
use crate::query::{FieldPath, Pipeline, Query, Where};
use crate::schema::{ClassChange, ClassSchema, Row, Snapshot};
use crate::value::{ClassName, Date, FieldName, Json, ObjectId, Stored};

/// What can be done with data, in a transaction or outside of one.
#[async_trait]
pub trait Verbs: Send + Sync {
    /// The rows that meet a question.
    async fn find(&self, query: Allowed<Query>) -> Result<Stored>;

    /// How many rows meet a question; its page and columns do not count.
    async fn count(&self, query: Allowed<Query>) -> Result<u64>;

    /// The rows that meet a question and are in a relation of one of several owners. The page applies to
    /// each owner by itself.
    async fn find_related(&self, query: Allowed<Query>, relation: Related) -> Result<RelatedRows>;

    /// For each owner, how many rows meet a question and are in its relation.
    async fn count_related(
        &self,
        query: Allowed<Query>,
        relation: Related,
    ) -> Result<Vec<(ObjectId, u64)>>;

    /// The different values of a field; of an array field, the different elements. In wire form, pointers
    /// and dates too.
    async fn distinct(&self, query: Allowed<Query>, field: FieldPath) -> Result<Vec<Json>>;

    /// The result of a pipeline; the layout names the columns that its last stage has.
    async fn aggregate(&self, pipeline: Allowed<Pipeline>) -> Result<Stored>;

    /// How the back end would answer a question, in its own form.
    async fn explain(&self, query: Allowed<Query>) -> Result<Json>;

    /// Makes all changes or none, in order, and says of each what became of it.
    async fn write(&self, changes: Vec<Change>) -> Result<Vec<Written>>;
}

/// A database.
#[async_trait]
pub trait Storage: Verbs + Blobs {
    /// The classes as they are stored, with the version of the whole.
    async fn load(&self) -> Result<Snapshot>;

    /// Changes a class, tables and indexes and description together, if `version` is still the one in
    /// force. A class that has objects does not go.
    async fn change_class(&self, version: u64, change: Arc<ClassChange>) -> Result<ClassChanged>;

    /// Makes sure that no two users have the same account at one of these identity providers, and that the
    /// one who has it is found without looking at all. The names are letters, digits and `_`.
    async fn guard_accounts(&self, providers: &[&str]) -> Result<()>;

    /// Deletes all objects of a class and what they have in relations.
    async fn purge(&self, class: Arc<ClassSchema>, access: WriteAccess) -> Result<()>;

    /// Starts a transaction that sees its own changes. It is rolled back when it is dropped, and when
    /// `timeout_ms` milliseconds have passed (error 124 from then on).
    async fn begin(&self, timeout_ms: u64) -> Result<Box<dyn Tx>>;

    /// The roles that a user has, directly or through roles that contain roles: their ids and names, by
    /// name. A role that does not exist gives nothing.
    async fn roles_of(&self, question: Allowed<RolesOf>) -> Result<Vec<(ObjectId, String)>>;

    /// From now on, tells a witness of every change of an object that lasts, before whoever made it hears that it was
    /// made. Only the first witness is taken.
    fn watch(&self, witness: Arc<dyn Witness>);

    /// Tells what other processes do in the database, until the future is dropped: within a second, and
    /// first of all [`Elsewhere::Everything`]. Until then nothing is told.
    async fn listen(&self, tell: Tell<'_>);

    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;

    /// How many statements the verbs have sent since the start: for tests and metrics.
    fn statements(&self) -> u64;

    /// Finishes what is under way and closes the database.
    async fn close(&self) -> Result<()>;
}

/// An open transaction.
#[async_trait]
pub trait Tx: Verbs {
    /// Makes its changes lasting.
    async fn commit(&self) -> Result<()>;

    /// Undoes its changes.
    async fn rollback(&self) -> Result<()>;
}

/// What became of a class change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassChanged {
    /// It is in force as this version.
    To(u64),
    /// Somebody else changed classes in between: load them and decide again.
    Stale,
    /// The class was to go, and has so many objects.
    NotEmpty(u64),
}

/// Asks for all roles of a user.
#[derive(Clone, Debug)]
pub struct RolesOf {
    /// The class of roles.
    pub class: Arc<ClassSchema>,
    /// The user.
    pub user: ObjectId,
}

impl FixedQuestion for RolesOf {}

/// A relation field of several objects of one class.
#[derive(Clone, Debug)]
pub struct Related {
    /// The class that has the relation.
    pub class: ClassName,
    /// The relation field.
    pub key: FieldName,
    /// The objects that have it.
    pub owners: Vec<ObjectId>,
}

/// Rows of several owners.
#[derive(Clone, Debug)]
pub struct RelatedRows {
    /// All rows; one that several owners have may occur more than once.
    pub rows: Stored,
    /// For each row, the position of its owner in [`Related::owners`].
    pub owners: Vec<usize>,
}

/// One change. Every one was allowed by a plan; an insert carries no row filter.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new object.
    Insert(Allowed<Insert>),
    /// Another state of an object.
    Update(Allowed<Update>),
    /// The end of an object.
    Delete(Allowed<Delete>),
}

/// A new object.
#[derive(Clone, Debug)]
pub struct Insert {
    /// Its class, with all the fields of the row.
    pub class: Arc<ClassSchema>,
    /// Its id; if it is taken, error 137.
    pub id: ObjectId,
    /// When it is created and updated.
    pub now: Date,
    /// Its fields and relations.
    pub row: Row,
}

/// Another state of an object.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its class, with all the fields of the row.
    pub class: Arc<ClassSchema>,
    /// Its id.
    pub id: ObjectId,
    /// What else must hold for it to be changed.
    pub guard: Where,
    /// When it is updated; nothing if its `updatedAt` stays as it is.
    pub now: Option<Date>,
    /// What becomes of its fields and relations. A new `objectId` renames it.
    pub row: Row,
    /// Fields whose new values are asked for.
    pub returning: Vec<FieldName>,
}

/// The end of an object.
#[derive(Clone, Debug)]
pub struct Delete {
    /// Its class.
    pub class: Arc<ClassSchema>,
    /// Its id.
    pub id: ObjectId,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub enum Written {
    /// It was made; of an update that asked for it, the new values (with `objectId`), one row.
    Done(Option<Stored>),
    /// There is no such object, or the caller may not change it.
    Missing,
}
