//! The permission plan: class-level permissions, access control lists and hidden fields as one value.

use std::sync::Arc;

use super::fields::{Hidden, Protection};
use super::rows::is_self;
use super::rules::{self, Grant};
use super::{Objects, Principal, RowFilter, WriteAccess};
use crate::error::{Code, Error, Result};
use crate::query::{OrderBy, Pipeline, Query, Where};
use crate::schema::{ClassOperation, ClassSchema, is_write_only, server_fields};
use crate::value::{FieldName, Stored};

/// What one caller may do with one class in one operation.
#[derive(Clone, Debug)]
pub struct Plan {
    class: Arc<ClassSchema>,
    rows: RowFilter,
    hidden: Hidden,
    /// The rows that he may ask by a field that users see of themselves only; nothing if he may ask all.
    own_rows: Option<Where>,
    is_server: bool,
}

/// A question or a change that a plan allowed, with the rows that it may touch.
#[derive(Clone, Debug)]
pub struct Allowed<T> {
    inner: T,
    rows: RowFilter,
    deciding: Vec<FieldName>,
}

/// What only reads, and only what it is made to read.
pub trait FixedQuestion {}

impl<T> Allowed<T> {
    /// The question or the change.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The rows that it may touch; the back end applies this together with the question's own filter.
    pub fn rows(&self) -> &RowFilter {
        &self.rows
    }

    /// Fields to be read besides the question's columns, because it depends on them which columns of a row
    /// its reader sees. Their columns are named by [`Allowed::deciding_column`].
    pub fn deciding(&self) -> &[FieldName] {
        &self.deciding
    }

    /// The column of a field that is read only to decide, which no field can be called like.
    pub fn deciding_column(field: &str) -> FieldName {
        FieldName::from(format!("{}{field}", super::fields::GROUP_PREFIX))
    }
}

impl Plan {
    /// Compiles what `principal` may do. Refused operations are an error. To add a field is asked for a new object
    /// here; for an object that exists see [`Plan::of_adding_update`].
    pub fn compile(
        class: &Arc<ClassSchema>,
        operation: ClassOperation,
        principal: &Principal,
        protection: &Protection<'_>,
    ) -> Result<Self> {
        if principal.sees_everything() {
            return Ok(Self::without_rules(class));
        }
        let grant = rules::check_class(class, operation, principal)?;
        let rows = rules::rows_of(class, operation, principal)?;
        let rows = match grant {
            Grant::All => rows,
            // An object that does not exist yet names nobody; a rule for all users lets them pass before that.
            Grant::Rows(_) if operation == ClassOperation::AddField => {
                match class.permissions.rule(operation).authenticated {
                    true => rows,
                    false => return Err(rules::refused(class, operation)),
                }
            }
            Grant::Rows(condition) => rows.and(condition),
        };
        let hidden = Hidden::of(class, principal, protection);
        let is_write = matches!(operation, ClassOperation::Update | ClassOperation::Delete);
        let hidden = match class.name == "_User" && is_write {
            true => hidden.of_self(),
            false => hidden,
        };
        Ok(Self::of_rules(class, rows, hidden, principal))
    }

    /// What `principal` may do to objects by a change that adds fields to their class: what an update may do, as
    /// far as the rule for new fields lets him.
    pub fn of_adding_update(
        class: &Arc<ClassSchema>,
        principal: &Principal,
        protection: &Protection<'_>,
    ) -> Result<Self> {
        let mut plan = Self::compile(class, ClassOperation::Update, principal, protection)?;
        if !principal.sees_everything()
            && let Grant::Rows(condition) =
                rules::check_class(class, ClassOperation::AddField, principal)?
        {
            plan.rows = plan.rows.and(condition);
        }
        Ok(plan)
    }

    /// What a user may read of himself, whatever the rules of the class say: when he logs in, and when he asks
    /// who he is.
    pub fn of_self(
        class: &Arc<ClassSchema>,
        principal: &Principal,
        protection: &Protection<'_>,
    ) -> Self {
        if principal.sees_everything() {
            return Self::without_rules(class);
        }
        let own = principal.user().map_or(Where::Nothing, |user| is_self(user));
        let hidden = Hidden::of(class, principal, protection).of_self();
        Self::of_rules(class, RowFilter::ALL.and(own), hidden, principal)
    }

    /// The plan of the server's own work, which nothing limits. Its call sites are counted by a test.
    pub fn server(class: &Arc<ClassSchema>) -> Self {
        Self { is_server: true, ..Self::without_rules(class) }
    }

    fn without_rules(class: &Arc<ClassSchema>) -> Self {
        Self {
            class: Arc::clone(class),
            rows: RowFilter::ALL,
            hidden: Hidden::default(),
            own_rows: None,
            is_server: false,
        }
    }

    fn of_rules(
        class: &Arc<ClassSchema>,
        rows: RowFilter,
        hidden: Hidden,
        principal: &Principal,
    ) -> Self {
        let own_rows = (class.name == "_User")
            .then(|| principal.user().map_or(Where::Nothing, |user| is_self(user)));
        Self { class: Arc::clone(class), rows, hidden, own_rows, is_server: false }
    }

    /// The same for hooks of the server's own code, which see every field of the rows that the caller may touch
    /// (`protectedFieldsTriggerExempt`). What it reveals is no answer.
    #[must_use]
    pub fn for_hooks(self) -> Self {
        Self { hidden: Hidden::default(), own_rows: None, ..self }
    }

    /// The class of the plan.
    pub fn class(&self) -> &Arc<ClassSchema> {
        &self.class
    }

    /// The rows that the caller may touch.
    pub fn rows(&self) -> &RowFilter {
        &self.rows
    }

    /// Whether the caller may read a field, in whatever row.
    pub fn may_read(&self, field: &str) -> bool {
        self.hidden.is_open(field) && !self.is_secret(field)
    }

    /// Whether a column is one that only the server reads.
    fn is_secret(&self, field: &str) -> bool {
        !self.is_server
            && (is_write_only(&self.class.name, field)
                || (field.starts_with('_') && server_fields(&self.class.name).contains_key(field)))
    }

    /// Allows a question if it uses no field that the caller may not read. Columns that he may not read
    /// are left out.
    pub fn allow(&self, mut query: Query) -> Result<Allowed<Query>> {
        let mut use_of_own = false;
        self.check_where(&query.filter, &mut use_of_own)?;
        for key in &query.order {
            if let OrderBy::Field(path, _) = key {
                self.check_field_of(&path.field, &mut use_of_own)?;
            }
        }
        query.columns.retain(|column| !self.hidden.is_closed(column) && !self.is_secret(column));
        let rows = match &self.own_rows {
            Some(own) if use_of_own => self.rows.clone().and(own.clone()),
            _ => self.rows.clone(),
        };
        let is_missing = |field: &&FieldName| !query.columns.contains(field);
        let deciding = self.hidden.deciding().filter(is_missing).cloned().collect();
        Ok(Allowed { inner: query, rows, deciding })
    }

    /// Allows a change of rows that the caller may touch, to somebody who may write at all.
    pub fn allow_change<T>(&self, change: T, _: WriteAccess) -> Allowed<T> {
        Allowed { inner: change, rows: self.rows.clone(), deciding: Vec::new() }
    }

    /// Allows a question that uses no field of its own choice.
    pub fn allow_fixed<T: FixedQuestion>(&self, question: T) -> Allowed<T> {
        Allowed { inner: question, rows: self.rows.clone(), deciding: Vec::new() }
    }

    /// Allows a pipeline if it uses no field that the caller may not read.
    pub fn allow_pipeline(&self, pipeline: Pipeline) -> Result<Allowed<Pipeline>> {
        for field in pipeline.fields() {
            self.check_field(&field)?;
        }
        Ok(Allowed { inner: pipeline, rows: self.rows.clone(), deciding: Vec::new() })
    }

    /// Refuses the use of a field that the caller may not read in every row: what it is used for would tell
    /// of the others.
    pub fn check_field(&self, field: &str) -> Result<()> {
        if self.may_read(field) {
            return Ok(());
        }
        Err(Error::denied(
            Code::OperationForbidden,
            format!("This user is not allowed to query {field} on class {}", self.class.name),
        ))
    }

    /// The same for a question, which may use fields that a user sees of himself only: it finds him or nobody.
    fn check_field_of(&self, field: &str, use_of_own: &mut bool) -> Result<()> {
        if self.hidden.is_own(&self.class, field) {
            *use_of_own = true;
            return Ok(());
        }
        self.check_field(field)
    }

    fn check_where(&self, filter: &Where, use_of_own: &mut bool) -> Result<()> {
        match filter {
            Where::Everything | Where::Nothing | Where::RelatedTo { .. } => Ok(()),
            Where::All(parts) | Where::Any(parts) | Where::Nor(parts) => {
                parts.iter().try_for_each(|part| self.check_where(part, use_of_own))
            }
            Where::Field(path, _) => self.check_field_of(&path.field, use_of_own),
            Where::Relates(field, _) | Where::NotRelates(field, _) => self.check_field(field),
        }
    }

    /// Rows as the caller may see them.
    pub fn reveal(&self, stored: Stored) -> Objects {
        let visible = self.hidden.visible(&stored, |column| self.is_secret(column));
        Objects::new(stored, visible)
    }
}
