//! What plans refuse, which rows they open, and what they show.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::query::{FindRequest, Query, parse_filter, resolve, resolve_order};
use crate::schema::{ClassOperation, ClassPermissions, ClassSchema, Field, FieldType};
use crate::value::{
    Acl, Cell, ClassName, Column, FieldName, Json, Layout, ObjectId, Pointer, Stored,
    StoredBuilder, Value, wire,
};

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn named(name: &str, permissions: &str) -> Arc<ClassSchema> {
    let mut class = ClassSchema::new(ClassName::from(name));
    let users = || FieldType::Pointer(ClassName::from("_User"));
    for (name, kind) in [
        ("title", FieldType::String),
        ("secret", FieldType::String),
        ("secret2", FieldType::String),
        ("owner", users()),
        ("second", users()),
        ("owners", FieldType::Array),
        ("friends", FieldType::Relation(ClassName::from("_User"))),
    ] {
        class.fields.insert(FieldName::from(name), Field::plain(kind));
    }
    class.permissions = ClassPermissions::check(&json(permissions), &class.fields).unwrap();
    Arc::new(class)
}

fn class(permissions: &str) -> Arc<ClassSchema> {
    named("Doc", permissions)
}

fn user(id: &str, roles: &[&str]) -> Principal {
    let roles = roles.iter().map(|&role| role.to_owned()).collect();
    Principal::User(Arc::new(UserIdentity::new(ObjectId::from(id), roles)))
}

fn plan(class: &Arc<ClassSchema>, operation: ClassOperation, principal: &Principal) -> Plan {
    Plan::compile(class, operation, principal, &Protection::default()).unwrap()
}

fn query(class: &Arc<ClassSchema>, filter: &str) -> Query {
    Query {
        class: Arc::clone(class),
        filter: resolve(&parse_filter(&json(filter)).unwrap(), class).unwrap(),
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns: vec![FieldName::from("objectId"), FieldName::from("secret")],
        hint: None,
    }
}

/// The code with which an operation is refused.
fn check(
    class: &Arc<ClassSchema>,
    operation: ClassOperation,
    principal: &Principal,
    code: Option<i32>,
) {
    let compiled = Plan::compile(class, operation, principal, &Protection::default());
    let refused = compiled.err().map(|error| error.code() as i32);
    assert_eq!(refused, code, "{operation:?} {principal:?}");
}

#[test]
fn class_level_permissions_refuse() {
    let class =
        class(r#"{"find":{"u1":true,"role:R":true},"get":{"requiresAuthentication":true}}"#);
    check(&class, ClassOperation::Find, &Principal::Public, Some(119));
    check(&class, ClassOperation::Find, &user("u1", &[]), None);
    check(&class, ClassOperation::Find, &user("u2", &["R"]), None);
    check(&class, ClassOperation::Find, &user("role:R", &[]), Some(119));
    check(&class, ClassOperation::Get, &Principal::Public, Some(101));
    check(&class, ClassOperation::Get, &user("u2", &[]), None);
    check(&class, ClassOperation::Delete, &user("u2", &["R"]), Some(119));
    check(&class, ClassOperation::Delete, &Principal::Master, None);
}

#[test]
fn refusals_give_their_reason_to_open_servers() {
    let class = class(r#"{"get":{"requiresAuthentication":true}}"#);
    let reason = |operation| {
        let refused = Plan::compile(&class, operation, &Principal::Public, &Protection::default());
        let error = refused.unwrap_err();
        assert_eq!(error.text(), "Permission denied");
        error.open_text().to_owned()
    };
    assert_eq!(reason(ClassOperation::Find), "Permission denied for action find on class Doc.");
    assert_eq!(reason(ClassOperation::Get), "Permission denied, user needs to be authenticated.");
}

// ---------------------------------------------------------------------------------------------------- rows

type Row = HashMap<FieldName, Value>;

fn pointer(id: &str) -> Pointer {
    Pointer { class: ClassName::from("_User"), id: ObjectId::from(id) }
}

/// A row with an id, an owner, several owners and an access control list in wire form.
fn row(id: &str, owner: &str, owners: &[&str], acl: &str) -> Row {
    let owners = owners.iter().map(|id| wire::pointer_to_json(&pointer(id))).collect();
    let acl = json(acl);
    Row::from([
        (FieldName::from("objectId"), Value::String(id.to_owned())),
        (FieldName::from("owner"), Value::Pointer(pointer(owner))),
        (FieldName::from("owners"), Value::Array(owners)),
        (FieldName::from("user"), Value::Pointer(pointer(owner))),
        (FieldName::from("ACL"), Value::Acl(Acl::from_json(&acl))),
    ])
}

#[track_caller]
fn admits(class: &Arc<ClassSchema>, op: ClassOperation, who: &Principal, row: &Row, yes: bool) {
    assert_eq!(plan(class, op, who).rows().admits(row), yes, "{op:?} {who:?} {row:?}");
}

#[test]
fn lists_open_rows() {
    let class = class(r#"{"find":{"*":true},"update":{"*":true}}"#);
    let (find, update) = (ClassOperation::Find, ClassOperation::Update);
    let list = r#"{"u1":{"read":true,"write":true},"role:R":{"read":true}}"#;
    let (open, listed, closed) =
        (row("a", "x", &[], "null"), row("b", "x", &[], list), row("c", "x", &[], "{}"));
    for (who, reads, writes) in [
        (Principal::Public, false, false),
        (user("u1", &[]), true, true),
        (user("u2", &["R"]), true, false),
        (user("R", &[]), false, false),
    ] {
        admits(&class, find, &who, &listed, reads);
        admits(&class, update, &who, &listed, writes);
        admits(&class, find, &who, &open, true);
        admits(&class, find, &who, &closed, false);
    }
    admits(&class, find, &Principal::Master, &closed, true);
}

#[test]
fn fields_that_point_to_a_user_open_rows() {
    let class = class(
        r#"{"find":{"pointerFields":["owner"]},"get":{"pointerFields":["owner","owners"]},"readUserFields":["second"],
            "update":{"requiresAuthentication":true},"writeUserFields":["owner"],"create":{},
            "count":{"role:R":true},"delete":{"*":true}}"#,
    );
    let mine = row("a", "u1", &["u2", "u1"], "null");
    let theirs = row("b", "u2", &["u2"], "null");
    let listed = row("c", "u2", &["u1"], "{}");
    let me = user("u1", &[]);
    for (operation, both) in [(ClassOperation::Find, false), (ClassOperation::Update, false)] {
        admits(&class, operation, &me, &mine, true);
        admits(&class, operation, &me, &theirs, both);
    }
    admits(&class, ClassOperation::Get, &user("u2", &[]), &mine, true);
    admits(&class, ClassOperation::Get, &user("u3", &[]), &mine, false);
    admits(&class, ClassOperation::Get, &me, &listed, false);
    let mut second = theirs.clone();
    second.insert(FieldName::from("second"), Value::Pointer(pointer("u1")));
    admits(&class, ClassOperation::Find, &me, &second, true);
    // Whoever the rule itself names needs no field.
    admits(&class, ClassOperation::Count, &user("u3", &["R"]), &mine, true);
    admits(&class, ClassOperation::Count, &user("u3", &[]), &mine, false);
    admits(&class, ClassOperation::Delete, &user("u3", &[]), &mine, true);
    // Nobody in particular is named by nothing; that is no refusal, there are just no rows.
    admits(&class, ClassOperation::Find, &Principal::Public, &mine, false);
    check(&class, ClassOperation::Update, &Principal::Public, Some(101));
    // A new object names nobody yet.
    check(&class, ClassOperation::Create, &me, Some(119));
}

#[test]
fn a_field_that_is_gone_opens_nothing() {
    let mut class = ClassSchema::clone(&class(r#"{"find":{"pointerFields":["owner"]}}"#));
    class.fields.shift_remove("owner");
    let class = Arc::new(class);
    admits(&class, ClassOperation::Find, &user("u1", &[]), &row("a", "u1", &[], "null"), false);
}

#[test]
fn a_user_sees_himself_and_only_he_changes_himself() {
    let class = named("_User", r#"{"find":{"*":true},"update":{"*":true},"delete":{"*":true}}"#);
    let closed = row("u1", "x", &[], "{}");
    let open = row("u1", "x", &[], "null");
    let (me, other) = (user("u1", &[]), user("u2", &[]));
    admits(&class, ClassOperation::Find, &me, &closed, true);
    admits(&class, ClassOperation::Find, &other, &closed, false);
    admits(&class, ClassOperation::Find, &Principal::Public, &closed, false);
    for operation in [ClassOperation::Update, ClassOperation::Delete] {
        admits(&class, operation, &me, &open, true);
        admits(&class, operation, &other, &open, false);
        admits(&class, operation, &Principal::Public, &open, false);
        admits(&class, operation, &Principal::Master, &closed, true);
    }
}

#[test]
fn a_session_is_there_for_its_user_only() {
    let permissions = r#"{"find":{"*":true},"update":{"*":true},"create":{"*":true}}"#;
    let mut class = ClassSchema::new(ClassName::from("_Session"));
    class.permissions = ClassPermissions::check(&json(permissions), &class.fields).unwrap();
    let class = Arc::new(class);
    let session = row("s", "u1", &[], "null");
    for operation in [ClassOperation::Find, ClassOperation::Update] {
        admits(&class, operation, &user("u1", &[]), &session, true);
        admits(&class, operation, &user("u2", &["R"]), &session, false);
        admits(&class, operation, &Principal::Master, &session, true);
        check(&class, operation, &Principal::Public, Some(209));
    }
    check(&class, ClassOperation::Create, &Principal::Public, Some(209));
}

#[test]
fn of_himself_a_user_reads_whatever_the_class_says() {
    let class = named("_User", r#"{"protectedFields":{"*":["secret"]}}"#);
    let me = user("u1", &[]);
    check(&class, ClassOperation::Get, &me, Some(119));
    for (owner_exempt, sees) in [(false, false), (true, true)] {
        let plan = Plan::of_self(&class, &me, &Protection { configured: &[], owner_exempt });
        assert_eq!(plan.may_read("secret"), sees);
        assert!(plan.may_read("authData") && !plan.may_read("password"));
        assert!(plan.rows().admits(&row("u1", "x", &[], "{}")));
        assert!(!plan.rows().admits(&row("u2", "x", &[], "null")));
    }
    let nobody = Plan::of_self(&class, &Principal::Public, &Protection::default());
    assert!(!nobody.rows().admits(&row("u1", "x", &[], "null")));
}

// -------------------------------------------------------------------------------------------------- fields

#[test]
fn a_hidden_field_is_no_oracle() {
    let class = class(r#"{"find":{"*":true},"protectedFields":{"*":["secret","friends"]}}"#);
    let plan = plan(&class, ClassOperation::Find, &Principal::Public);
    for filter in [
        r#"{"secret":"x"}"#,
        r#"{"secret":{"$exists":true}}"#,
        r#"{"$or":[{"title":"a"},{"$and":[{"secret":{"$regex":"^x"}}]}]}"#,
        r#"{"$nor":[{"secret.a":1}]}"#,
        r#"{"friends":{"__type":"Pointer","className":"_User","objectId":"x"}}"#,
    ] {
        assert!(plan.allow(query(&class, filter)).is_err(), "{filter}");
    }
    let mut ordered = query(&class, "{}");
    ordered.order = resolve_order(&FindRequest::parse_order("title,-secret"), &class).unwrap();
    assert!(plan.allow(ordered).is_err());
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
        let protection = Protection { configured: &configured, owner_exempt: false };
        let plan = Plan::compile(&class, ClassOperation::Find, principal, &protection).unwrap();
        ["title", "secret", "secret2"]
            .into_iter()
            .filter(|field| !plan.may_read(field))
            .collect::<Vec<_>>()
    };
    assert_eq!(hidden(&Principal::Public), ["title", "secret", "secret2"]);
    assert_eq!(hidden(&user("u", &["R"])), ["secret2"]);
    assert!(hidden(&Principal::Master).is_empty());
}

/// Rows with an id, an owner, several owners, and `s` and `s2` as secrets. The columns that a plan reads only to
/// decide come last, as storage gives them.
fn stored(
    class: &Arc<ClassSchema>,
    allowed: &Allowed<Query>,
    rows: &[(&str, &str, &str)],
) -> Stored {
    let columns = &allowed.inner().columns;
    let deciding = allowed.deciding().iter();
    let names = columns.iter().map(|name| (name.clone(), name));
    let names = names.chain(deciding.map(|name| (Allowed::<Query>::deciding_column(name), name)));
    let names: Vec<(FieldName, &FieldName)> = names.collect();
    let form = |name: &FieldName| class.kind(name).unwrap().form();
    let columns =
        names.iter().map(|(column, name)| Column { name: column.clone(), form: form(name) });
    let layout = Layout { class: class.name.clone(), columns: columns.collect() };
    let mut builder = StoredBuilder::new(Arc::new(layout));
    for (id, owner, owners) in rows {
        for (_, name) in &names {
            builder.push(match name.as_str() {
                "objectId" => Cell::Text(id),
                "owner" => Cell::Text(owner),
                "owners" if owners.is_empty() => Cell::Null,
                "owners" => Cell::Json(owners),
                "authData" => Cell::Json("{}"),
                _ => Cell::Text("s"),
            });
        }
    }
    builder.finish()
}

/// What somebody sees of rows: of each, the names of the columns.
fn seen(
    class: &Arc<ClassSchema>,
    who: &Principal,
    columns: &[&str],
    owner_exempt: bool,
    rows: &[(&str, &str, &str)],
) -> Vec<String> {
    let protection = Protection { configured: &[], owner_exempt };
    let plan = Plan::compile(class, ClassOperation::Find, who, &protection).unwrap();
    let mut question = query(class, "{}");
    question.columns = columns.iter().map(|&name| FieldName::from(name)).collect();
    let allowed = plan.allow(question).unwrap();
    let objects = plan.reveal(stored(class, &allowed, rows));
    let names = |object: ObjectView<'_>| {
        let names: Vec<&str> = object.cells().map(|(_, column, _)| &*column.name).collect();
        for name in class.fields.keys().filter(|name| !names.contains(&name.as_str())) {
            let cell = objects.column(name).map_or(Cell::Null, |at| object.cell(at));
            assert_eq!(cell, Cell::Null, "{name} is not shown and yet to be had");
        }
        names.join(" ")
    };
    objects.iter().map(names).collect()
}

const ALICE_S: &str = r#"[{"__type":"Pointer","className":"_User","objectId":"alice"}]"#;
const NO_USER_S: &str =
    r#"[{"__type":"Pointer","className":"Doc","objectId":"alice"},"alice",{"objectId":"alice"}]"#;

#[test]
fn what_is_shown_depends_on_whom_a_row_names() {
    let class = class(
        r#"{"find":{"*":true},"protectedFields":{"*":["secret","secret2","owner"],"userField:owner":["secret2"],
            "userField:owners":[],"userField:nothing":[]}}"#,
    );
    let rows = [
        ("a", "alice", ""),
        ("b", "bob", ALICE_S),
        ("c", "alice", ALICE_S),
        ("d", "bob", NO_USER_S),
    ];
    let columns = ["objectId", "title", "secret", "secret2"];
    let seen = |who: &Principal| seen(&class, who, &columns, false, &rows);
    assert_eq!(
        seen(&user("alice", &[])),
        [
            "objectId title secret",
            "objectId title secret secret2",
            "objectId title secret secret2",
            "objectId title"
        ]
    );
    assert_eq!(seen(&Principal::Public), ["objectId title"; 4]);
    assert_eq!(seen(&user("eve", &["alice"])), ["objectId title"; 4]);
    assert_eq!(seen(&Principal::Master), ["objectId title secret secret2"; 4]);
    // What some rows hide is no oracle, not even for somebody who sees it in others.
    let plan = plan(&class, ClassOperation::Find, &user("alice", &[]));
    assert!(plan.allow(query(&class, r#"{"secret":"s"}"#)).is_err());
    assert!(plan.allow(query(&class, r#"{"title":"s"}"#)).is_ok());
}

#[test]
fn a_group_by_field_alone_hides_from_those_it_names() {
    let class = class(r#"{"find":{"*":true},"protectedFields":{"userField:owner":["secret"]}}"#);
    let rows = [("a", "alice", ""), ("b", "bob", "")];
    let columns = ["objectId", "secret", "owner"];
    let names = |who: &Principal| seen(&class, who, &columns, false, &rows);
    assert_eq!(names(&user("alice", &[])), ["objectId owner", "objectId secret owner"]);
    assert_eq!(names(&Principal::Public), ["objectId secret owner"; 2]);
    let plan = plan(&class, ClassOperation::Find, &user("alice", &[]));
    assert!(plan.allow(query(&class, r#"{"secret":"s"}"#)).is_err());
}

#[test]
fn of_himself_a_user_sees_more() {
    let class = named("_User", r#"{"find":{"*":true},"protectedFields":{"*":["secret"]}}"#);
    let rows = [("alice", "", ""), ("bob", "", "")];
    let columns = ["objectId", "secret", "authData", "password", "_perishable_token"];
    let names = |who: &Principal, exempt| seen(&class, who, &columns[..4], exempt, &rows);
    let me = user("alice", &[]);
    assert_eq!(names(&me, false), ["objectId authData", "objectId"]);
    assert_eq!(names(&me, true), ["objectId secret authData", "objectId"]);
    assert_eq!(names(&Principal::Public, true), ["objectId"; 2]);
    assert_eq!(names(&Principal::Master, true), ["objectId secret authData"; 2]);
    // Columns that are no fields are the server's, also where the master key asks.
    let mut question = query(&class, "{}");
    question.columns = columns.iter().map(|&name| FieldName::from(name)).collect();
    let allowed = plan(&class, ClassOperation::Find, &Principal::Master).allow(question).unwrap();
    assert!(!allowed.inner().columns.iter().any(|name| name.starts_with('_')));
}

#[test]
fn who_asks_by_auth_data_finds_himself_or_nobody() {
    let class = named("_User", r#"{"find":{"*":true}}"#);
    let filter = r#"{"$or":[{"authData.demo.id":"1"},{"title":"x"}]}"#;
    for (who, finds) in [(Principal::Public, ""), (user("u1", &[]), "u1")] {
        let plan = plan(&class, ClassOperation::Find, &who);
        let allowed = plan.allow(query(&class, filter)).unwrap();
        for id in ["u1", "u2"] {
            assert_eq!(allowed.rows().admits(&row(id, "x", &[], "null")), id == finds);
        }
        let others = plan.allow(query(&class, r#"{"title":"x"}"#)).unwrap();
        assert!(others.rows().admits(&row("u2", "x", &[], "null")));
    }
    let plan = plan(&class, ClassOperation::Find, &Principal::Master);
    let allowed = plan.allow(query(&class, filter)).unwrap();
    assert!(allowed.rows().is_all());
}

#[test]
fn what_hides_nothing_costs_nothing() {
    let class = class(r#"{"find":{"*":true},"protectedFields":{"*":[]}}"#);
    let plan = plan(&class, ClassOperation::Find, &user("u", &["R"]));
    assert!(plan.may_read("secret"));
    let rows = [("a", "alice", "")];
    let names = seen(&class, &user("u", &[]), &["objectId", "secret"], false, &rows);
    assert_eq!(names, ["objectId secret"]);
    assert!(plan.allow(query(&class, "{}")).unwrap().deciding().is_empty());
}
