//! Roles: who has which, and that the server knows at once when that changes, and for nobody else.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Caller, TestServer, add_relation, pointer, together};

/// A document for each role that only the role may read.
struct World {
    server: TestServer,
    ann: Person,
    bob: Person,
}

const ROLES: [&str; 4] = ["Admins", "Editors", "Readers", "Renamed"];

impl World {
    fn new() -> Self {
        let server = TestServer::start();
        server.class("Doc", &json!({"for": {"type": "String"}}));
        for role in ROLES {
            let grants = json!({(format!("role:{role}")): {"read": true}});
            server.master().create("Doc", &json!({"for": role, "ACL": grants}));
        }
        let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
        Self { server, ann, bob }
    }

    fn role(&self, name: &str, users: &[&str], roles: &[&str]) -> String {
        let mut fields = json!({"name": name, "ACL": {}});
        if !users.is_empty() {
            fields["users"] = add_relation("_User", users);
        }
        if !roles.is_empty() {
            fields["roles"] = add_relation("_Role", roles);
        }
        let made = self.server.master().post("/roles", &fields).is(201).json();
        made["objectId"].as_str().expect("an id").to_owned()
    }

    fn put(&self, role: &str, fields: &Value) {
        self.server.master().put(&format!("/roles/{role}"), fields).is(200);
    }

    /// The roles whose documents a user sees, over both doors.
    fn seen(&self, person: &Person) -> String {
        let caller = person.caller(&self.server);
        let rest = caller.find("Doc", &json!({"order": "for"})).is(200).each("for");
        let query = "{ docs(order: [for_ASC]) { edges { node { for } } } }";
        let edges = caller.graphql(query).data("/docs/edges");
        let graphql: Vec<Value> = edges
            .as_array()
            .expect("edges")
            .iter()
            .map(|edge| edge["node"]["for"].clone())
            .collect();
        assert_eq!(rest, graphql);
        rest.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Makes a change that is about Ann and not about Bob, and looks at who sees what then.
    fn check(&self, expected: &str, change: impl FnOnce()) {
        let bob = self.bob.caller(&self.server);
        let before = self.seen(&self.bob);
        self.seen(&self.ann);
        change();
        let statements = self.server.statements_of(|| bob.find("Doc", &json!({})).is(200));
        assert_eq!(statements, 1, "the roles of others are still known");
        assert_eq!(self.seen(&self.ann), expected);
        assert_eq!(self.seen(&self.bob), before);
    }
}

fn remove_relation(class: &str, ids: &[&str]) -> Value {
    let objects: Vec<Value> = ids.iter().map(|id| pointer(class, id)).collect();
    json!({"__op": "RemoveRelation", "objects": objects})
}

#[test]
fn changes_of_roles_hold_at_once() {
    let world = World::new();
    let (ann, bob) = (world.ann.id.as_str(), world.bob.id.as_str());
    world.role("Others", &[bob], &[]);
    let (mut admins, mut editors, mut readers) = (String::new(), String::new(), String::new());
    world.check("Admins", || admins = world.role("Admins", &[ann], &[]));
    world.check("Admins Editors", || editors = world.role("Editors", &[], &[&admins]));
    world.check("Admins Editors", || readers = world.role("Readers", &[], &[]));
    world.check("Admins Editors Readers", || {
        world.put(&readers, &json!({"roles": add_relation("_Role", &[&editors])}))
    });
    world.check("Admins Editors Renamed", || world.put(&readers, &json!({"name": "Renamed"})));
    world.check("", || world.put(&admins, &json!({"users": remove_relation("_User", &[ann])})));
    world.check("Admins Editors Renamed", || {
        world.put(&admins, &json!({"users": add_relation("_User", &[ann])}))
    });
    world.check("Admins", || {
        drop(world.server.master().delete(&format!("/roles/{editors}")).is(200))
    });
    world.check("Admins Renamed", || {
        world.put(&readers, &json!({"roles": add_relation("_Role", &[&admins])}))
    });
    world.check("Admins", || {
        world.put(&readers, &json!({"roles": remove_relation("_Role", &[&admins])}))
    });
    world.server.master().delete("/purge/_Role").is(200);
    assert_eq!(world.seen(&world.ann), "");
}

#[test]
fn changes_of_roles_hold_at_once_whatever_the_door() {
    let world = World::new();
    let ann = world.ann.id.as_str();
    let admins = world.role("Admins", &[], &[]);
    let master = world.server.master();
    let entry = |op: &Value| json!({"method": "PUT", "path": format!("/parse/roles/{admins}"), "body": {"users": op}});
    let (add, remove) = (add_relation("_User", &[ann]), remove_relation("_User", &[ann]));
    for transaction in [false, true] {
        let batch = |op: &Value| json!({"requests": [entry(op)], "transaction": transaction});
        world.check("Admins", || drop(master.post("/batch", &batch(&add)).is(200)));
        world.check("", || drop(master.post("/batch", &batch(&remove)).is(200)));
    }
    let mutation = |word: &str| {
        format!(
            "mutation {{ updateRole(input: {{id: \"{admins}\", fields: {{users: {{{word}: [\"{ann}\"]}}}}}}) {{ role {{ objectId }} }} }}"
        )
    };
    world.check("Admins", || drop(master.graphql(&mutation("add")).data("/updateRole")));
    world.check("", || drop(master.graphql(&mutation("remove")).data("/updateRole")));
}

#[test]
fn a_transaction_that_is_undone_changes_no_role() {
    let world = World::new();
    let admins = world.role("Admins", &[&world.ann.id], &[]);
    world.seen(&world.ann);
    let entries = json!([
        {"method": "DELETE", "path": format!("/parse/roles/{admins}")},
        {"method": "DELETE", "path": "/parse/classes/Doc/nothing"},
    ]);
    let batch = json!({"requests": entries, "transaction": true});
    world.server.master().post("/batch", &batch).is_refused();
    assert_eq!(world.seen(&world.ann), "Admins");
}

#[test]
fn circles_of_roles_are_roles() {
    let world = World::new();
    let ann = world.ann.id.as_str();
    let admins = world.role("Admins", &[ann], &[]);
    let editors = world.role("Editors", &[], &[&admins]);
    let readers = world.role("Readers", &[&world.bob.id], &[&editors]);
    world.put(&admins, &json!({"roles": add_relation("_Role", &[&readers, &admins])}));
    assert_eq!(world.seen(&world.ann), "Admins Editors Readers");
    assert_eq!(world.seen(&world.bob), "Admins Editors Readers");
}

#[test]
fn a_user_of_ten_roles_costs_what_nobody_costs() {
    let world = World::new();
    for number in 0..10 {
        world.role(&format!("role{number}"), &[&world.ann.id], &[]);
    }
    let (public, ann) = (world.server.public(), world.ann.caller(&world.server));
    ann.get("/users/me").is(200);
    let update = |caller: &Caller| {
        let id = caller.create("Doc", &json!({"for": "x"}));
        world.server.statements_of(|| {
            caller.put(&format!("/classes/Doc/{id}"), &json!({"for": "y"})).is(200)
        })
    };
    let find = |caller: &Caller| {
        world.server.statements_of(|| {
            caller.find("Doc", &json!({"count": 1, "where": {"for": "x"}})).is(200)
        })
    };
    let graphql = |caller: &Caller| {
        world.server.statements_of(|| {
            caller.graphql("{ docs { count edges { node { for } } } }").data("/docs")
        })
    };
    assert_eq!(update(&ann), update(&public));
    assert_eq!(find(&ann), find(&public));
    assert_eq!(graphql(&ann), graphql(&public));
}

#[test]
fn who_lost_a_role_never_sees_what_it_sees() {
    let world = World::new();
    let admins = world.role("Admins", &[], &[]);
    let ann = world.ann.id.as_str();
    together(4, |number| {
        if number > 0 {
            // Readers keep the cache busy with loads that begin before a change and end after it.
            for _ in 0..80 {
                world.ann.caller(&world.server).find("Doc", &json!({})).is(200);
            }
            return;
        }
        for _ in 0..25 {
            world.put(&admins, &json!({"users": add_relation("_User", &[ann])}));
            assert_eq!(world.seen(&world.ann), "Admins");
            world.put(&admins, &json!({"users": remove_relation("_User", &[ann])}));
            assert_eq!(world.seen(&world.ann), "");
        }
    });
}

#[test]
fn a_role_is_written_by_whom_its_list_names() {
    let world = World::new();
    let (ann, bob) = (world.ann.caller(&world.server), world.bob.caller(&world.server));
    let grants = json!({"*": {"read": true}, (world.ann.id.as_str()): {"write": true}});
    let made = ann.post("/roles", &json!({"name": "Admins", "ACL": grants})).is(201).json();
    let path = format!("/roles/{}", made["objectId"].as_str().expect("an id"));
    let join = json!({"users": add_relation("_User", &[&world.bob.id])});
    bob.put(&path, &join).is_refused_with(&[101]);
    bob.delete(&path).is_refused_with(&[101]);
    assert_eq!(world.seen(&world.bob), "");
    ann.put(&path, &join).is(200);
    assert_eq!(world.seen(&world.bob), "Admins");
    for fields in [
        json!({"name": "x"}),
        json!({"ACL": {}}),
        json!({"name": "", "ACL": {}}),
        json!({"name": null, "ACL": {}}),
    ] {
        assert_eq!(ann.post("/roles", &fields).code(), Some(111), "{fields}");
    }
    let odd = [json!(5), json!({"a": 1}), json!(["x"]), json!(true)];
    for name in odd {
        ann.post("/roles", &json!({"name": name, "ACL": {}})).is_refused_with(&[111]);
        ann.put(&path, &json!({"name": name})).is_refused_with(&[111]);
    }
    for field in ["name", "ACL"] {
        for nothing in [json!(null), json!({"__op": "Delete"})] {
            ann.put(&path, &json!({(field): nothing})).is_refused_with(&[111]);
        }
    }
    ann.post("/roles", &json!({"name": "Admins", "ACL": {}})).is_refused_with(&[137]);
}

/// Where clients choose ids, a new user may get the id of one who is gone; he gets none of the roles of that one.
#[test]
fn roles_end_with_their_users() {
    let server =
        TestServer::with(&json!({"allowCustomObjectId": true, "allowClientClassCreation": true}));
    server.class("Doc", &json!({"for": {"type": "String"}}));
    let grants = json!({"role:Admins": {"read": true}});
    server
        .master()
        .post("/classes/Doc", &json!({"objectId": "d1", "for": "Admins", "ACL": grants}))
        .is(201);
    let sign_up = |name: &str| {
        let fields = json!({"objectId": "u1", "username": name, "password": "Secret-1"});
        let made = server.public().post("/users", &fields).is(201).json();
        server
            .public()
            .with("X-Parse-Session-Token", made["sessionToken"].as_str().expect("a token"))
    };
    let sees = |caller: &Caller| caller.find("Doc", &json!({})).is(200).each("for").len();
    let first = sign_up("first");
    let members = add_relation("_User", &["u1"]);
    let role = json!({"objectId": "r1", "name": "Admins", "ACL": {}, "users": members});
    server.master().post("/roles", &role).is(201);
    assert_eq!(sees(&first), 1);
    server.master().delete("/users/u1").is(200);
    assert_eq!(sees(&sign_up("second")), 0);
}
