//! Random rows with access control lists and fields that point to users, and the plans of those who may ask for
//! some of them.

use std::sync::Arc;

use parsimony::access::{Plan, Principal, Protection, UserIdentity};
use parsimony::schema::{ClassOperation, ClassPermissions, ClassSchema, Field, FieldType};
use parsimony::value::{Acl, ClassName, FieldName, Json, ObjectId, Pointer, Value, wire};

use super::dice::{Dice, Object};

/// The names of the classes: one of an app, and two that have rules of their own.
pub(crate) const CLASSES: [&str; 3] = ["Doc", "_User", "_Session"];
/// How many rows a class has.
pub(crate) const ROWS: usize = 80;

const USERS: [&str; 3] = ["o001", "o002", "it's \"me\""];
const PERMISSIONS: [&str; 3] = [
    r#"{"find":{"*":true},"update":{"*":true},"delete":{"*":true}}"#,
    r#"{"find":{"pointerFields":["owner"]},"readUserFields":["owners"],"writeUserFields":["owner","second"]}"#,
    r#"{"find":{"requiresAuthentication":true,"pointerFields":["owners"]},"update":{"role:R":true,"pointerFields":["owner"]},"delete":{"*":true}}"#,
];

/// A class that everybody may ask; see [`plans`] for the permissions.
pub(crate) fn class(name: &str) -> ClassSchema {
    let mut class = ClassSchema::new(ClassName::from(name));
    let users = || FieldType::Pointer(ClassName::from("_User"));
    for (name, kind) in
        [("owner", users()), ("second", users()), ("owners", FieldType::Array), ("user", users())]
    {
        class.fields.insert(FieldName::from(name), Field::plain(kind));
    }
    class
}

/// The plans of different callers under different permissions of a class.
pub(crate) fn plans(class: &ClassSchema) -> Vec<(String, Plan)> {
    let mut plans = Vec::new();
    for permissions in PERMISSIONS {
        let mut class = class.clone();
        let json = Json::parse(permissions.as_bytes()).expect("JSON");
        class.permissions = ClassPermissions::check(&json, &class.fields).expect("permissions");
        let class = Arc::new(class);
        for principal in principals() {
            for operation in [ClassOperation::Find, ClassOperation::Update, ClassOperation::Delete]
            {
                let plan = Plan::compile(&class, operation, &principal, &Protection::default());
                let name = format!("{} {permissions} {operation:?} {principal:?}", class.name);
                plans.extend(plan.ok().map(|plan| (name, plan)));
            }
        }
    }
    plans
}

fn principals() -> Vec<Principal> {
    let user = |(id, roles): (&str, &[&str])| {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        Principal::User(Arc::new(UserIdentity::new(ObjectId::from(id), roles)))
    };
    let mut principals = vec![Principal::Public, Principal::Master];
    let users: [(&str, &[&str]); 5] = [
        (USERS[0], &[]),
        (USERS[1], &["R", "S"]),
        (USERS[2], &["it's \"me\""]),
        ("role:R", &[]),
        ("%", &["_"]),
    ];
    principals.extend(users.into_iter().map(user));
    principals
}

/// A random row. Its id is for whoever inserts it to choose; it is part of the row all the same.
pub(crate) fn row(dice: &mut Dice, id: &str) -> Object {
    let mut row = Object::from([(FieldName::from("objectId"), Value::String(id.to_owned()))]);
    for name in ["owner", "second", "user"] {
        if dice.below(3) > 0 {
            row.insert(FieldName::from(name), Value::Pointer(user(dice)));
        }
    }
    if dice.below(3) > 0 {
        let owners = (0..dice.below(4)).map(|_| match dice.below(4) {
            0 => Json::from(USERS[0]),
            1 => {
                let id = ObjectId::from(USERS[0]);
                wire::pointer_to_json(&Pointer { class: ClassName::from("Doc"), id })
            }
            _ => wire::pointer_to_json(&user(dice)),
        });
        row.insert(FieldName::from("owners"), Value::Array(owners.collect()));
    }
    if dice.below(4) > 0 {
        let grantees = ["*", USERS[0], USERS[1], USERS[2], "role:R", "role:it's \"me\"", "%"];
        let mut some = || -> Vec<String> {
            let chosen = grantees.iter().filter(|_| dice.below(5) == 0);
            chosen.map(|&grantee| grantee.to_owned()).collect()
        };
        row.insert(FieldName::from("ACL"), Value::Acl(Some(Acl::new(some(), some()))));
    }
    row
}

fn user(dice: &mut Dice) -> Pointer {
    let id = ObjectId::from(USERS[dice.below(USERS.len())]);
    Pointer { class: ClassName::from("_User"), id }
}
