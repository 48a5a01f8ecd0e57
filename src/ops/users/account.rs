//! A user as the server knows him, with the columns that nobody else reads, and how they change: in one
//! guarded update each, so that what may be used once is used once.

use std::sync::Arc;

use crate::access::Plan;
use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::query::{Comparison, FieldPath, Query, Test, Where};
use crate::schema::{Assign, ClassSchema, RAW_AUTH_DATA, Row};
use crate::storage::{Change, Update, Written};
use crate::value::{Acl, Date, FieldName, Json, Members, ObjectId, Value, wire};

/// A user with everything that the server keeps of him.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Account {
    pub id: ObjectId,
    pub username: Option<String>,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub auth_data: Members,
    pub acl: Option<Acl>,
    pub password_hash: Option<String>,
    pub password_changed_at: Option<Date>,
    /// Hashes of earlier passwords, the latest first.
    pub password_history: Vec<String>,
    pub failed_log_ins: f64,
    pub locked_until: Option<Date>,
    pub verify_token: Option<String>,
    pub verify_token_expires_at: Option<Date>,
    pub reset_token: Option<String>,
    pub reset_token_expires_at: Option<Date>,
}

impl Account {
    /// Whether nobody may read or write it: how an operator locks somebody out.
    pub(in crate::ops) fn is_closed(&self) -> bool {
        self.acl.as_ref().is_some_and(|acl| acl.readers().is_empty() && acl.writers().is_empty())
    }
}

const COLUMNS: [&str; 15] = [
    "objectId",
    "username",
    "email",
    "emailVerified",
    RAW_AUTH_DATA,
    "ACL",
    "password",
    "_password_changed_at",
    "_password_history",
    "_failed_login_count",
    "_account_lockout_expires_at",
    "_email_verify_token",
    "_email_verify_token_expires_at",
    "_perishable_token",
    "_perishable_token_expires_at",
];

/// The class of users, as it is in force for this request.
pub(in crate::ops) fn class(ctx: &Ctx) -> Result<Arc<ClassSchema>> {
    ctx.snapshot.class("_User").cloned().ok_or_else(Error::object_not_found)
}

/// A column, or a member inside an object column, has a value. Columns that only the server uses, too.
pub(in crate::ops) fn has(class: &ClassSchema, column: &str, path: &[&str], value: Value) -> Where {
    test(class, column, path, Test::Compare(Comparison::Equal, value))
}

/// A column is empty.
pub(in crate::ops) fn is_empty(class: &ClassSchema, column: &str) -> Where {
    test(class, column, &[], Test::Exists(false))
}

/// A column meets a test; a class without the column has no object that does.
pub(in crate::ops) fn test(class: &ClassSchema, column: &str, path: &[&str], test: Test) -> Where {
    let Some((name, field)) = class.column(column) else { return Where::Nothing };
    let path = FieldPath {
        field: name.clone(),
        kind: field.kind.clone(),
        path: path.iter().map(|&part| part.to_owned()).collect(),
    };
    Where::Field(path, test)
}

/// The accounts that meet a condition, the oldest first; two at most, since more are never needed.
pub(in crate::ops) async fn find(ctx: &Ctx, filter: Where) -> Result<Vec<Account>> {
    let class = class(ctx)?;
    let query = Query {
        class: Arc::clone(&class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: Some(2),
        columns: COLUMNS.map(FieldName::from).to_vec(),
        hint: None,
    };
    let stored = ctx.data().find(Plan::server(&class).allow(query)?).await?;
    let read = |at: usize| {
        let row = stored.row(at);
        let value = |name: &str| match stored.layout().position(name) {
            Some(position) => {
                wire::cell_to_value(row.cell(position), &stored.layout().columns[position].form)
            }
            None => Value::Null,
        };
        account(ObjectId::from(row.id()), value)
    };
    Ok((0..stored.len()).map(read).collect())
}

/// The account of an id.
pub(in crate::ops) async fn by_id(ctx: &Ctx, id: &str) -> Result<Option<Account>> {
    let class = class(ctx)?;
    let filter = has(&class, "objectId", &[], Value::String(id.to_owned()));
    Ok(find(ctx, filter).await?.into_iter().next())
}

fn account(id: ObjectId, value: impl Fn(&str) -> Value) -> Account {
    let text = |name: &str| if let Value::String(text) = value(name) { Some(text) } else { None };
    let date = |name: &str| if let Value::Date(date) = value(name) { Some(date) } else { None };
    let hashes = |name: &str| {
        let Value::Array(hashes) = value(name) else { return Vec::new() };
        hashes.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    Account {
        id,
        username: text("username"),
        email: text("email"),
        email_verified: if let Value::Bool(flag) = value("emailVerified") {
            Some(flag)
        } else {
            None
        },
        auth_data: if let Value::Object(data) = value(RAW_AUTH_DATA) {
            data
        } else {
            Members::new()
        },
        acl: acl(value("ACL")),
        password_hash: text("password"),
        password_changed_at: date("_password_changed_at"),
        password_history: hashes("_password_history"),
        failed_log_ins: if let Value::Number(count) = value("_failed_login_count") {
            count
        } else {
            0.0
        },
        locked_until: date("_account_lockout_expires_at"),
        verify_token: text("_email_verify_token"),
        verify_token_expires_at: date("_email_verify_token_expires_at"),
        reset_token: text("_perishable_token"),
        reset_token_expires_at: date("_perishable_token_expires_at"),
    }
}

fn acl(value: Value) -> Option<Acl> {
    if let Value::Object(grants) = value {
        Acl::from_json(&Json::Object(grants))
    } else if let Value::Acl(acl) = value {
        acl
    } else {
        None
    }
}

/// Changes an account if `guard` still holds, in one statement. Whether it did. `updatedAt` changes only if
/// `now` is given.
pub(in crate::ops) async fn change(
    ctx: &Ctx,
    id: &ObjectId,
    guard: Where,
    columns: Vec<(&str, Assign)>,
    now: Option<Date>,
) -> Result<bool> {
    let class = class(ctx)?;
    let columns = columns.into_iter().map(|(name, assign)| (FieldName::from(name), assign));
    let row = Row { columns: columns.collect(), relations: Vec::new() };
    let returning = Vec::new();
    let update = Update { class: Arc::clone(&class), id: id.clone(), guard, now, row, returning };
    let allowed = Plan::server(&class).allow_change(update, ctx.writer()?);
    let written = ctx.write(vec![Change::Update(allowed)], Vec::new()).await?;
    Ok(matches!(written.first(), Some(Written::Done(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::FieldType;
    use crate::value::ClassName;

    #[test]
    fn every_column_of_an_account_exists() {
        let class = ClassSchema::new(ClassName::from("_User"));
        for name in COLUMNS {
            assert!(class.column(name).is_some(), "{name}");
        }
        assert_eq!(class.column("_perishable_token").unwrap().1.kind, FieldType::String);
        assert!(class.known("_perishable_token").is_none(), "no request can name it");
    }
}
