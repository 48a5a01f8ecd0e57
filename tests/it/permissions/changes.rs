//! What changes who may do what holds for the next request, however warm the caches are.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::people::{PASSWORD, Person};
use crate::support::{Caller, TestServer, add_relation, pointer};

/// A document for the role `Inner` alone; `Outer` holds `Inner`'s place among its roles when a test says so.
struct Office {
    server: TestServer,
    ann: Person,
    doc: String,
    inner: String,
    outer: String,
}

impl Office {
    fn new() -> Self {
        let server = TestServer::start();
        let ann = Person::new(&server, "ann");
        let master = server.master();
        let open = json!({"*": {"read": true}});
        let inner = master.create("_Role", &json!({"name": "Inner", "ACL": open}));
        let outer = master.create("_Role", &json!({"name": "Outer", "ACL": open}));
        let acl = json!({"role:Inner": {"read": true, "write": true}});
        let doc = master.create("Doc", &json!({"s": "x", "ACL": acl}));
        Self { server, ann, doc, inner, outer }
    }

    fn caller(&self) -> Caller {
        self.ann.caller(&self.server)
    }

    /// Whether Ann reads the document, through either door; they must agree, and again when warm.
    fn sees(&self) -> bool {
        let caller = self.caller();
        let rest = !caller.get(&format!("/classes/Doc/{}", self.doc)).is_refusal();
        let found = caller.graphql("{ docs { count } }").data("/docs/count") == 1;
        assert_eq!(rest, found, "the doors differ");
        assert_eq!(rest, !caller.get("/classes/Doc").is(200).results().is_empty(), "find differs");
        rest
    }

    fn role(&self, id: &str, change: &Value) {
        self.server.master().put(&format!("/classes/_Role/{id}"), change).is(200);
    }

    fn add(&self, role: &str) {
        self.role(role, &json!({"users": add_relation("_User", &[&self.ann.id])}));
    }

    fn remove(&self, role: &str) {
        self.role(role, &json!({"users": remove_relation("_User", &self.ann.id)}));
    }
}

fn remove_relation(class: &str, id: &str) -> Value {
    json!({"__op": "RemoveRelation", "objects": [pointer(class, id)]})
}

#[test]
fn members_come_and_go() {
    let office = Office::new();
    assert!(!office.sees());
    for _ in 0..3 {
        office.add(&office.inner);
        assert!(office.sees());
        office.remove(&office.inner);
        assert!(!office.sees());
    }
}

#[test]
fn members_come_and_go_in_batches_and_transactions() {
    let office = Office::new();
    let master = office.server.master();
    for is_transaction in [false, true] {
        let change = |operation: Value| {
            let path = format!("/parse/classes/_Role/{}", office.inner);
            let entry = json!({"method": "PUT", "path": path, "body": {"users": operation}});
            master
                .post("/batch", &json!({"requests": [entry], "transaction": is_transaction}))
                .is(200);
        };
        assert!(!office.sees());
        change(add_relation("_User", &[&office.ann.id]));
        assert!(office.sees(), "transaction: {is_transaction}");
        change(remove_relation("_User", &office.ann.id));
        assert!(!office.sees(), "transaction: {is_transaction}");
    }
}

#[test]
fn a_transaction_that_fails_changes_no_member() {
    let office = Office::new();
    let add = json!({"users": add_relation("_User", &[&office.ann.id])});
    let entries = json!([
        {"method": "PUT", "path": format!("/parse/classes/_Role/{}", office.inner), "body": add},
        {"method": "PUT", "path": "/parse/classes/Doc/absent0000", "body": {"s": "y"}},
    ]);
    let transaction = json!({"requests": entries, "transaction": true});
    assert!(!office.sees());
    office.server.master().post("/batch", &transaction).is_refused();
    assert!(!office.sees());
}

#[test]
fn members_come_and_go_through_graphql() {
    let office = Office::new();
    let master = office.server.master();
    let global = |class: &str, id: &str| BASE64_STANDARD.encode(format!("{class}:{id}"));
    let (role, user) = (global("_Role", &office.inner), global("_User", &office.ann.id));
    let change = |operation: &str| {
        let fields = format!("users: {{{operation}: [\"{user}\"]}}");
        let query = format!(
            "mutation {{ updateRole(input: {{id: \"{role}\", fields: {{{fields}}}}}) {{ role {{ name }} }} }}"
        );
        master.graphql(&query).data("/updateRole/role");
    };
    assert!(!office.sees());
    change("add");
    assert!(office.sees());
    change("remove");
    assert!(!office.sees());
}

#[test]
fn roles_inside_of_roles_come_and_go() {
    let office = Office::new();
    office.add(&office.outer);
    assert!(!office.sees());
    // Whoever has `Outer` has `Inner` as long as `Inner` lists `Outer`.
    office.role(&office.inner, &json!({"roles": add_relation("_Role", &[&office.outer])}));
    assert!(office.sees());
    office.remove(&office.outer);
    assert!(!office.sees());
    office.add(&office.outer);
    assert!(office.sees());
    office.role(&office.inner, &json!({"roles": remove_relation("_Role", &office.outer)}));
    assert!(!office.sees());
}

#[test]
fn roles_that_hold_each_other_end() {
    let office = Office::new();
    office.role(
        &office.inner,
        &json!({"roles": add_relation("_Role", &[&office.outer, &office.inner])}),
    );
    office.role(&office.outer, &json!({"roles": add_relation("_Role", &[&office.inner])}));
    assert!(!office.sees());
    office.add(&office.outer);
    assert!(office.sees());
    office.remove(&office.outer);
    assert!(!office.sees());
}

#[test]
fn a_role_that_is_gone_gives_nothing() {
    let office = Office::new();
    office.add(&office.inner);
    assert!(office.sees());
    office.server.master().delete(&format!("/classes/_Role/{}", office.inner)).is(200);
    assert!(!office.sees());
    // A new role of that name has no members.
    office.server.master().create("_Role", &json!({"name": "Inner", "ACL": {}}));
    assert!(!office.sees());
}

#[test]
fn a_role_between_that_is_gone_leads_nowhere() {
    let office = Office::new();
    office.add(&office.outer);
    office.role(&office.inner, &json!({"roles": add_relation("_Role", &[&office.outer])}));
    assert!(office.sees());
    office.server.master().delete(&format!("/classes/_Role/{}", office.outer)).is(200);
    assert!(!office.sees());
}

#[test]
fn roles_make_new_roles_with_members() {
    let office = Office::new();
    let master = office.server.master();
    let acl = json!({"role:Late": {"read": true}});
    master.put(&format!("/classes/Doc/{}", office.doc), &json!({"ACL": acl})).is(200);
    assert!(!office.sees());
    let users = add_relation("_User", &[&office.ann.id]);
    master.create("_Role", &json!({"name": "Late", "ACL": {}, "users": users}));
    assert!(office.sees());
}

#[test]
fn access_control_lists_change() {
    let office = Office::new();
    let master = office.server.master();
    let path = format!("/classes/Doc/{}", office.doc);
    for (acl, sees) in [
        (json!({&office.ann.id: {"read": true}}), true),
        (json!({&office.ann.id: {"write": true}}), false),
        (json!({"*": {"read": true}}), true),
        (json!({}), false),
        (json!({"__op": "Delete"}), true),
    ] {
        master.put(&path, &json!({"ACL": acl})).is(200);
        assert_eq!(office.sees(), sees, "{acl}");
    }
}

#[test]
fn class_level_permissions_change() {
    let office = Office::new();
    let master = office.server.master();
    master
        .put(&format!("/classes/Doc/{}", office.doc), &json!({"ACL": {"__op": "Delete"}}))
        .is(200);
    let caller = office.caller();
    for (rule, is_open) in [
        (json!({"*": true}), true),
        (json!({}), false),
        (json!({&office.ann.id: true}), true),
        (json!({"role:Inner": true}), false),
        (json!({"requiresAuthentication": true}), true),
    ] {
        let permissions = json!({"find": rule, "get": rule, "count": rule, "create": {"*": true}});
        master.put("/schemas/Doc", &json!({"classLevelPermissions": permissions})).is(200);
        let open = |refused: bool| assert_eq!(!refused, is_open, "{rule}");
        open(caller.get("/classes/Doc").is_refusal());
        open(caller.get(&format!("/classes/Doc/{}", office.doc)).is_refusal());
        open(caller.graphql("{ docs { count edges { node { s } } } }").is_refusal());
    }
}

/// What ends Ann's session.
type End = fn(&Office);

#[test]
fn sessions_end() {
    let office = Office::new();
    office.add(&office.inner);
    let ends: [(&str, End); 5] = [
        ("log out", |office| drop(office.caller().post("/logout", &json!({})).is(200))),
        ("log out by GraphQL", |office| {
            drop(
                office.caller().graphql("mutation { logOut(input: {}) { ok } }").data("/logOut/ok"),
            );
        }),
        ("session deleted", |office| {
            let found = office.server.master().get("/classes/_Session").is(200).results();
            let own =
                found.iter().find(|session| session["sessionToken"] == office.ann.token.as_str());
            let id =
                own.expect("the session is there")["objectId"].as_str().expect("an id").to_owned();
            office.server.master().delete(&format!("/classes/_Session/{id}")).is(200);
        }),
        ("password changed by the master key", |office| {
            let changed = json!({"password": PASSWORD});
            office.server.master().put(&office.ann.path(), &changed).is(200);
        }),
        ("user deleted", |office| drop(office.server.master().delete(&office.ann.path()).is(200))),
    ];
    let mut office = office;
    for (name, end) in ends {
        let answer =
            crate::support::people::log_in(&office.server.public(), "ann", PASSWORD, &json!({}))
                .is(200);
        office.ann.token = answer.json()["sessionToken"].as_str().expect("a token").to_owned();
        assert!(office.sees(), "{name}");
        end(&office);
        let caller = office.caller();
        caller.get("/classes/Doc").is_refused_with(&[209]);
        caller.get("/users/me").is_refused_with(&[209]);
        caller.graphql("{ docs { count } }").is_refused_with(&[209]);
        caller.post("/classes/Doc", &json!({"s": name})).is_refused_with(&[209]);
    }
}
