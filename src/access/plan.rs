//! The permission plan: class-level permissions, access control lists and hidden fields as one value.

use std::sync::Arc;

use super::{Objects, Principal};
use crate::error::{Code, Error, Result};
use crate::query::{OrderBy, Pipeline, Query, Where};
use crate::schema::{ClassOperation, ClassSchema};
use crate::value::{FieldName, Stored};

/// What one caller may do with one class in one operation.
#[derive(Clone, Debug)]
pub struct Plan {
    class: Arc<ClassSchema>,
    rows: RowFilter,
    hidden: Vec<FieldName>,
}

/// Which rows a caller may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFilter {
    /// All.
    All,
    /// Those whose access control list lets one of these grantees read; a row without a list is open.
    Readable(Vec<String>),
    /// Those whose access control list lets one of these grantees write; a row without a list is open.
    Writable(Vec<String>),
}

/// A question or a change that a plan allowed, with the rows that it may touch.
#[derive(Clone, Debug)]
pub struct Allowed<T> {
    inner: T,
    rows: RowFilter,
}

impl<T> Allowed<T> {
    /// The question or the change.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The rows that it may touch; the back end applies this together with the question's own filter.
    pub fn rows(&self) -> &RowFilter {
        &self.rows
    }
}

impl Plan {
    /// Compiles what `principal` may do. Refused operations are an error.
    ///
    /// `protected` are the fields of the class that the server's options hide, by group of callers.
    pub fn compile(
        class: &Arc<ClassSchema>,
        operation: ClassOperation,
        principal: &Principal,
        protected: &[(String, Vec<String>)],
    ) -> Result<Self> {
        if principal.sees_everything() {
            return Ok(Self { class: Arc::clone(class), rows: RowFilter::All, hidden: Vec::new() });
        }
        check_class(class, operation, principal)?;
        let rows = match operation {
            ClassOperation::Find | ClassOperation::Get | ClassOperation::Count => {
                RowFilter::Readable(principal.grantees())
            }
            ClassOperation::Update | ClassOperation::Delete => {
                RowFilter::Writable(principal.grantees())
            }
            ClassOperation::Create | ClassOperation::AddField => RowFilter::All,
        };
        let hidden = hidden_fields(class, principal, protected);
        Ok(Self { class: Arc::clone(class), rows, hidden })
    }

    /// The plan of the server's own work, which nothing limits. Its call sites are counted by a test.
    pub fn server(class: &Arc<ClassSchema>) -> Self {
        Self { class: Arc::clone(class), rows: RowFilter::All, hidden: Vec::new() }
    }

    /// The class of the plan.
    pub fn class(&self) -> &Arc<ClassSchema> {
        &self.class
    }

    /// Whether the caller may read a field.
    pub fn may_read(&self, field: &str) -> bool {
        !self.hidden.iter().any(|hidden| *hidden == *field)
    }

    /// Allows a question if it uses no field that the caller may not read. Columns that he may not read
    /// are left out.
    pub fn allow(&self, mut query: Query) -> Result<Allowed<Query>> {
        self.check_where(&query.filter)?;
        for key in &query.order {
            if let OrderBy::Field(path, _) = key {
                self.check_field(&path.field)?;
            }
        }
        query.columns.retain(|column| self.may_read(column));
        Ok(Allowed { inner: query, rows: self.rows.clone() })
    }

    /// Allows a change of rows that the caller may touch.
    pub fn allow_change<T>(&self, change: T) -> Allowed<T> {
        Allowed { inner: change, rows: self.rows.clone() }
    }

    /// Allows a pipeline if it uses no field that the caller may not read.
    pub fn allow_pipeline(&self, pipeline: Pipeline) -> Result<Allowed<Pipeline>> {
        for field in pipeline.fields() {
            self.check_field(&field)?;
        }
        Ok(Allowed { inner: pipeline, rows: self.rows.clone() })
    }

    /// Refuses the use of a field that the caller may not read.
    pub fn check_field(&self, field: &str) -> Result<()> {
        if self.may_read(field) {
            return Ok(());
        }
        Err(Error::denied(
            Code::OperationForbidden,
            format!("This user is not allowed to query {field} on class {}", self.class.name),
        ))
    }

    fn check_where(&self, filter: &Where) -> Result<()> {
        match filter {
            Where::Everything | Where::Nothing | Where::RelatedTo { .. } => Ok(()),
            Where::All(parts) | Where::Any(parts) | Where::Nor(parts) => {
                parts.iter().try_for_each(|part| self.check_where(part))
            }
            Where::Field(path, _) => self.check_field(&path.field),
            Where::Relates(field, _) | Where::NotRelates(field, _) => self.check_field(field),
        }
    }

    /// Rows as the caller may see them.
    pub fn reveal(&self, stored: Stored) -> Objects {
        let columns = stored.layout().columns.iter().enumerate();
        let visible = columns
            .filter(|(_, column)| self.may_read(&column.name))
            .map(|(position, _)| position)
            .collect();
        Objects::new(stored, visible)
    }
}

/// Class-level permissions (`parse-server:src/Controllers/SchemaController.js`, `validatePermission`).
fn check_class(
    class: &ClassSchema,
    operation: ClassOperation,
    principal: &Principal,
) -> Result<()> {
    let rule = class.permissions.rule(operation);
    if rule.public {
        return Ok(());
    }
    let user = principal.user();
    let granted = |grantee: &String| match grantee.strip_prefix("role:") {
        Some(role) => user.is_some_and(|user| user.roles.iter().any(|name| name == role)),
        None => user.is_some_and(|user| user.id == *grantee.as_str()),
    };
    if rule.grantees.iter().any(granted) {
        return Ok(());
    }
    if rule.authenticated {
        return match user {
            Some(_) => Ok(()),
            None => Err(Error::denied(
                Code::ObjectNotFound,
                "Permission denied, user needs to be authenticated.",
            )),
        };
    }
    Err(Error::denied(
        Code::OperationForbidden,
        format!("Permission denied for action {} on class {}.", operation.name(), class.name),
    ))
}

/// A field is hidden if every group that the caller belongs to hides it; whoever belongs to a group with
/// fewer hidden fields sees more. What the class and the options say of one group adds up.
fn hidden_fields(
    class: &ClassSchema,
    principal: &Principal,
    configured: &[(String, Vec<String>)],
) -> Vec<FieldName> {
    let said = || class.permissions.protected().iter().chain(configured);
    let mut groups: Vec<&str> =
        said().map(|(group, _)| group.as_str()).filter(|group| belongs(principal, group)).collect();
    groups.sort_unstable();
    groups.dedup();
    let hides = |group: &str, field: &str| {
        said().any(|(name, fields)| name == group && fields.iter().any(|hidden| hidden == field))
    };
    let hidden =
        |field: &&FieldName| !groups.is_empty() && groups.iter().all(|group| hides(group, field));
    class.fields.keys().filter(hidden).cloned().collect()
}

fn belongs(principal: &Principal, group: &str) -> bool {
    match (group, principal.user()) {
        ("*", _) => true,
        ("authenticated", user) => user.is_some(),
        (group, Some(user)) => match group.strip_prefix("role:") {
            Some(role) => user.roles.iter().any(|name| name == role),
            None => user.id == *group,
        },
        (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::UserIdentity;
    use crate::query::{parse_filter, resolve};
    use crate::schema::{ClassPermissions, Field, FieldType};
    use crate::value::{ClassName, Json, ObjectId};

    fn class(permissions: &str) -> Arc<ClassSchema> {
        let mut class = ClassSchema::new(ClassName::from("Doc"));
        for name in ["title", "secret", "secret2"] {
            class.fields.insert(FieldName::from(name), Field::plain(FieldType::String));
        }
        class.permissions =
            ClassPermissions::check(&Json::parse(permissions.as_bytes()).unwrap(), &class.fields)
                .unwrap();
        Arc::new(class)
    }

    fn user(id: &str, roles: &[&str]) -> Principal {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        Principal::User(Arc::new(UserIdentity { id: ObjectId::from(id), roles }))
    }

    fn query(class: &Arc<ClassSchema>, filter: &str) -> Query {
        let filter = parse_filter(&Json::parse(filter.as_bytes()).unwrap()).unwrap();
        Query {
            class: Arc::clone(class),
            filter: resolve(&filter, class).unwrap(),
            order: Vec::new(),
            skip: 0,
            limit: None,
            columns: vec![FieldName::from("objectId"), FieldName::from("secret")],
            hint: None,
        }
    }

    #[test]
    fn class_level_permissions_refuse() {
        let class =
            class(r#"{"find":{"u1":true,"role:R":true},"get":{"requiresAuthentication":true}}"#);
        let check = |operation, principal: &Principal, code: Option<i32>| {
            let refused = Plan::compile(&class, operation, principal, &[])
                .err()
                .map(|error| error.code() as i32);
            assert_eq!(refused, code, "{operation:?} {principal:?}");
        };
        check(ClassOperation::Find, &Principal::Public, Some(119));
        check(ClassOperation::Find, &user("u1", &[]), None);
        check(ClassOperation::Find, &user("u2", &["R"]), None);
        check(ClassOperation::Find, &user("role:R", &[]), Some(119));
        check(ClassOperation::Get, &Principal::Public, Some(101));
        check(ClassOperation::Get, &user("u2", &[]), None);
        check(ClassOperation::Delete, &user("u2", &["R"]), Some(119));
        check(ClassOperation::Delete, &Principal::Master, None);
    }

    #[test]
    fn a_hidden_field_is_no_oracle() {
        let class = class(r#"{"find":{"*":true},"protectedFields":{"*":["secret"]}}"#);
        let plan = Plan::compile(&class, ClassOperation::Find, &Principal::Public, &[]).unwrap();
        for filter in [
            r#"{"secret":"x"}"#,
            r#"{"secret":{"$exists":true}}"#,
            r#"{"$or":[{"title":"a"},{"$and":[{"secret":{"$regex":"^x"}}]}]}"#,
            r#"{"$nor":[{"secret.a":1}]}"#,
        ] {
            assert!(plan.allow(query(&class, filter)).is_err(), "{filter}");
        }
        let allowed = plan.allow(query(&class, "{}")).unwrap();
        assert_eq!(allowed.inner().columns, vec![FieldName::from("objectId")]);
    }

    #[test]
    fn who_belongs_to_more_groups_sees_more() {
        let class = class(
            r#"{"find":{"*":true},"protectedFields":{"*":["secret","secret2"],"role:R":["secret2"]}}"#,
        );
        let configured = [("*".to_owned(), vec!["title".to_owned()])];
        let hidden = |principal: &Principal| {
            let plan = Plan::compile(&class, ClassOperation::Find, principal, &configured).unwrap();
            ["title", "secret", "secret2"]
                .into_iter()
                .filter(|field| !plan.may_read(field))
                .collect::<Vec<_>>()
        };
        assert_eq!(hidden(&Principal::Public), ["title", "secret", "secret2"]);
        assert_eq!(hidden(&user("u", &["R"])), ["secret2"]);
        assert!(hidden(&Principal::Master).is_empty());
    }
}
