//! What an application has in its database: written through a server, by requests that either server understands.

use serde_json::{Value, json};

use crate::client::{Client, Question, Who};

/// Names and ids of what was written.
pub(crate) struct World {
    /// In front of the names of classes, users and roles.
    pub(crate) prefix: &'static str,
    /// Classes of its own.
    pub(crate) classes: Vec<String>,
    /// Objects by class and id.
    pub(crate) objects: Vec<(String, String)>,
    pub(crate) anna: User,
    pub(crate) bert: User,
    pub(crate) cora: User,
    /// Has no password.
    pub(crate) anonymous: User,
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) session: Who,
}

impl User {
    pub(crate) fn pointer(&self) -> Value {
        json!({"__type": "Pointer", "className": "_User", "objectId": self.id})
    }
}

impl World {
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The relation of users to its things.
    pub(crate) fn likes(&self) -> String {
        self.name("Thing").to_lowercase()
    }
}

/// Writes all of it.
pub(crate) fn write(client: Client<'_>, prefix: &'static str) -> World {
    let anna = sign_up(
        client,
        prefix,
        "Anna",
        json!({"email": format!("{prefix}.Anna@example.com"), "phone": "123"}),
    );
    let bert = sign_up(client, prefix, "Bert", json!({"nickname": "B\u{e9}rt"}));
    let cora =
        sign_up(client, prefix, "Cora", json!({"email": format!("{prefix}.cora@example.com")}));
    let anonymous = sign_up_anonymously(client, prefix);
    let mut world =
        World { prefix, classes: Vec::new(), objects: Vec::new(), anna, bert, cora, anonymous };
    roles(client, &world);
    every_type(client, &mut world);
    permissions(client, &mut world);
    relations(client, &mut world);
    world
}

fn sign_up(client: Client<'_>, prefix: &str, name: &str, more: Value) -> User {
    let (name, password) =
        (format!("{prefix}{name}"), format!("pass word {prefix} \u{fc}\u{1f511} {name}"));
    let mut fields = more;
    fields["username"] = json!(name);
    fields["password"] = json!(password);
    let made = client.done(&Who::Nobody, "POST", "/users", fields);
    user(&made, name, password)
}

fn sign_up_anonymously(client: Client<'_>, prefix: &str) -> User {
    let fields = json!({"authData": {"anonymous": {"id": format!("{prefix}-0b8bb1f5-c5c9")}}});
    let made = client.done(&Who::Nobody, "POST", "/users", fields);
    user(&made, made["username"].as_str().expect("a name").to_owned(), String::new())
}

fn user(made: &Value, name: String, password: String) -> User {
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    User { id: text("objectId"), name, password, session: Who::Session(text("sessionToken")) }
}

fn roles(client: Client<'_>, world: &World) {
    let role = |name: &str, users: &[&User], roles: &[&str]| {
        let add = |objects: Vec<Value>| json!({"__op": "AddRelation", "objects": objects});
        let mut fields = json!({
            "name": world.name(name),
            "ACL": {"*": {"read": true}, (world.anna.id.as_str()): {"write": true}},
        });
        if !users.is_empty() {
            fields["users"] = add(users.iter().map(|user| user.pointer()).collect());
        }
        if !roles.is_empty() {
            let pointers = roles
                .iter()
                .map(|id| json!({"__type": "Pointer", "className": "_Role", "objectId": id}));
            fields["roles"] = add(pointers.collect());
        }
        client.create(&Who::Master, "_Role", fields)
    };
    let admins = role("Admins", &[&world.anna], &[]);
    // Who is an admin is an editor, too.
    let editors = role("Editors", &[&world.bert], &[&admins]);
    role("Readers", &[], &[&editors]);
}

/// A class with a field of every type, and objects with the values at the edges of each.
fn every_type(client: Client<'_>, world: &mut World) {
    let class = world.name("Thing");
    let fields = json!({
        "text": {"type": "String"}, "number": {"type": "Number"}, "flag": {"type": "Boolean"},
        "date": {"type": "Date"}, "object": {"type": "Object"}, "array": {"type": "Array"},
        "point": {"type": "GeoPoint"}, "polygon": {"type": "Polygon"}, "file": {"type": "File"},
        "bytes": {"type": "Bytes"}, "goes": {"type": "Number"},
        "pointer": {"type": "Pointer", "targetClass": class}, "owner": {"type": "Pointer", "targetClass": "_User"},
        "friends": {"type": "Relation", "targetClass": class},
        "preset": {"type": "String", "defaultValue": "as ever"}, "needed": {"type": "Number", "required": true},
    });
    let indexes = json!({"text_number": {"text": 1, "number": 1}});
    client.master(
        "POST",
        &format!("/schemas/{class}"),
        json!({"className": class, "fields": fields, "indexes": indexes}),
    );
    let mut last = String::new();
    for (at, mut object) in edge_objects(world).into_iter().enumerate() {
        object["needed"] = json!(at);
        if !last.is_empty() {
            object["pointer"] = json!({"__type": "Pointer", "className": class, "objectId": last});
        }
        last = client.create(&Who::Master, &class, object);
        world.objects.push((class.clone(), last.clone()));
    }
    let path = format!("/classes/{class}/{last}");
    client.master("PUT", &path, json!({"number": {"__op": "Increment", "amount": 2}, "array": {"__op": "AddUnique", "objects": [1, "a"]}}));
    client.master("PUT", &path, json!({"text": {"__op": "Delete"}, "flag": null}));
    world.classes.push(class);
}

fn edge_objects(world: &World) -> Vec<Value> {
    let date = |iso: &str| json!({"__type": "Date", "iso": iso});
    let inner = json!({
        "pointer": world.anna.pointer(), "date": date("1969-12-31T23:59:59.999Z"), "empty": {}, "none": null,
        "list": [1, [2, [{"deep": true}]], {"__type": "GeoPoint", "latitude": 1.5, "longitude": -2}],
        "bytes": {"__type": "Bytes", "base64": "AAEC/w=="}, "file": {"__type": "File", "name": "a.txt"},
        "quote\"'\\": "x", "\u{e9}\u{4e2d}\u{1f600}": "\u{1f600}",
    });
    vec![
        json!({
            "text": "plain", "number": 1, "flag": true, "date": date("2026-01-02T03:04:05.678Z"), "object": inner,
            "array": [null, 1, "a", true, {"k": [1]}, world.bert.pointer(), date("1900-01-01T00:00:00.000Z"), [], {}],
            "point": {"__type": "GeoPoint", "latitude": 48.137154, "longitude": 11.576124},
            "polygon": {"__type": "Polygon", "coordinates": [[0, 0], [0, 10.5], [10, 10], [10, 0], [0, 0]]},
            "file": {"__type": "File", "name": "f_1.txt"}, "bytes": {"__type": "Bytes", "base64": "aGVsbG8="},
            "owner": world.anna.pointer(), "ACL": {"*": {"read": true}, (world.anna.id.as_str()): {"read": true, "write": true}},
        }),
        json!({
            "text": "", "number": 0, "flag": false, "date": date("1969-07-20T20:17:40.000Z"), "object": {}, "array": [],
            "point": {"__type": "GeoPoint", "latitude": -90, "longitude": 180}, "preset": "own", "owner": world.bert.pointer(),
            "ACL": {(world.bert.id.as_str()): {"read": true, "write": true}},
        }),
        json!({
            "text": "\u{4e2d}\u{6587} \u{1f600} e\u{301} \u{202e} \"quoted\" 'single' \\ back\nline\ttab %_ $1", "number": -1.5e-7,
            "date": date("0001-01-01T00:00:00.000Z"), "object": {"a": {"b": {"c": [{"d": 1e21}]}}, "n": 9007199254740991i64},
            "array": [[["deep"]], 0.1, -0.0, 1e300], "ACL": {(format!("role:{}", world.name("Editors"))): {"read": true, "write": true}},
        }),
        json!({"goes": 1, "text": "big", "number": 9007199254740991i64, "date": date("9999-12-31T23:59:59.999Z"), "array": [1, 1, 2],
            "owner": world.cora.pointer(), "ACL": {(format!("role:{}", world.name("Readers"))): {"read": true}}}),
        json!({"text": "Plain", "number": 123456789.125, "array": ["a", "b"], "object": {"a": {"b": 1}, "list": [1, 2, 3]}}),
        json!({"text": "bigger", "number": 1e20, "array": [{"a": 1}, {"a": 2}]}),
        json!({"ACL": {}}),
        json!({"text": "last", "number": 40, "flag": true, "array": ["a"], "point": {"__type": "GeoPoint", "latitude": 0, "longitude": 0}}),
    ]
}

/// Classes whose permissions stand in pointers, in roles and in protected fields.
fn permissions(client: Client<'_>, world: &mut World) {
    let owner = json!({"type": "Pointer", "targetClass": "_User"});
    let fields = json!({"title": {"type": "String"}, "secret": {"type": "String"}, "owner": owner, "team": {"type": "Array"}});
    let everybody = json!({"*": true});
    let editors = format!("role:{}", world.name("Editors"));
    let rules = [
        (
            "Grouped",
            json!({"create": everybody, "readUserFields": ["owner"], "writeUserFields": ["owner"]}),
        ),
        (
            "PerOperation",
            json!({
                "create": everybody, "find": {"pointerFields": ["owner", "team"]}, "get": {"pointerFields": ["owner"]},
                "update": {"pointerFields": ["team"]}, "count": {"requiresAuthentication": true}, "delete": {},
            }),
        ),
        (
            "OfRoles",
            json!({
                "find": {(editors.as_str()): true}, "get": {(editors.as_str()): true, (world.cora.id.as_str()): true},
                "create": {"requiresAuthentication": true}, "update": {(editors.as_str()): true}, "delete": {}, "count": {}, "addField": {},
            }),
        ),
        (
            "Shielded",
            json!({
                "find": everybody, "get": everybody, "create": everybody, "update": everybody, "count": everybody,
                "protectedFields": {"*": ["secret"], "userField:owner": [], (editors.as_str()): ["title"], "authenticated": ["secret", "team"]},
            }),
        ),
    ];
    for (name, permissions) in rules {
        let class = world.name(name);
        let schema =
            json!({"className": class, "fields": fields, "classLevelPermissions": permissions});
        client.master("POST", &format!("/schemas/{class}"), schema);
        for (owner, member) in
            [(&world.anna, &world.bert), (&world.bert, &world.cora), (&world.cora, &world.anna)]
        {
            let object = json!({"title": format!("of {}", owner.name), "secret": "s", "owner": owner.pointer(), "team": [member.pointer()]});
            let id = client.create(&Who::Master, &class, object);
            world.objects.push((class.clone(), id));
        }
        world.classes.push(class);
    }
}

fn relations(client: Client<'_>, world: &mut World) {
    let class = world.name("Thing");
    let things: Vec<String> =
        world.objects.iter().filter(|(of, _)| *of == class).map(|(_, id)| id.clone()).collect();
    let pointer = |id: &String| json!({"__type": "Pointer", "className": class, "objectId": id});
    let path = format!("/classes/{class}/{}", things[0]);
    let some: Vec<Value> = things[1..5].iter().map(pointer).collect();
    client.master("PUT", &path, json!({"friends": {"__op": "AddRelation", "objects": some}}));
    client.master(
        "PUT",
        &path,
        json!({"friends": {"__op": "RemoveRelation", "objects": [pointer(&things[2])]}}),
    );
    // A relation of users, which anna fills herself.
    let likes = json!({(world.likes().as_str()): {"__op": "AddRelation", "objects": [pointer(&things[0]), pointer(&things[4])]}, "phone": "456"});
    client.done(&world.anna.session, "PUT", &format!("/users/{}", world.anna.id), likes);
}

/// What only the original has routes for so far: hooks, jobs, GraphQL configuration, installations and audiences.
pub(crate) fn write_what_the_original_has(client: Client<'_>) {
    client.master(
        "POST",
        "/hooks/functions",
        json!({"functionName": "remote", "url": "http://127.0.0.1:9/remote"}),
    );
    client.master(
        "POST",
        "/hooks/triggers",
        json!({"className": "Hooked", "triggerName": "beforeSave", "url": "http://127.0.0.1:9/t"}),
    );
    let job = client.ask(&Question::new(&Who::Master, "POST", "/jobs/quick", json!({"a": 1})));
    assert_eq!(job.status, 200, "{}", job.body);
    client.master("POST", "/cloud_code/jobs", json!({"job_schedule": {"jobName": "quick", "params": "{}", "startAfter": "2030-01-01T00:00:00.000Z"}}));
    client.master(
        "PUT",
        "/graphql-config",
        json!({"params": {"disabledForClasses": ["OldShielded"]}}),
    );
    client.done(&Who::Nobody, "POST", "/installations", json!({
        "deviceType": "ios", "deviceToken": "0123456789abcdef", "installationId": "11111111-2222", "channels": ["a", "b"], "badge": 3,
    }));
    client.master(
        "POST",
        "/push_audiences",
        json!({"name": "Everybody", "query": "{\"deviceType\":\"ios\"}"}),
    );
    client.master("PUT", "/config", json!({
        "params": {"greeting": "hello", "limit": 5, "nested": {"a": [1, null]}, "hidden": "h", "when": {"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"}},
        "masterKeyOnly": {"hidden": true},
    }));
}

/// What happens to the objects of another server: every operation, new fields, other permissions, a new password.
pub(crate) fn change(client: Client<'_>, old: &World, new: &World) {
    let class = old.name("Thing");
    let things: Vec<&String> =
        old.objects.iter().filter(|(of, _)| *of == class).map(|(_, id)| id).collect();
    let thing =
        |at: usize| json!({"__type": "Pointer", "className": class, "objectId": things[at]});
    let put = |at: usize, fields: Value| {
        client.master("PUT", &format!("/classes/{class}/{}", things[at]), fields)
    };
    put(
        0,
        json!({"number": {"__op": "Increment", "amount": 1.5}, "text": "changed", "array": {"__op": "Add", "objects": [{"new": true}]}}),
    );
    put(
        1,
        json!({"array": {"__op": "AddUnique", "objects": ["a", "a", 1]}, "object.deep": {"__op": "Increment", "amount": 1}, "flag": {"__op": "Delete"}}),
    );
    put(
        2,
        json!({"object.a.b": "set", "array": {"__op": "Remove", "objects": [0.1]}, "date": {"__type": "Date", "iso": "1800-01-01T00:00:00.001Z"}}),
    );
    put(
        3,
        json!({"pointer": {"__op": "Delete"}, "ACL": {"*": {"read": true}}, "bytes": {"__type": "Bytes", "base64": "AA=="}}),
    );
    put(
        4,
        json!({"polygon": {"__type": "Polygon", "coordinates": [[1, 1], [1, 2], [2, 2], [2, 1]]}, "point": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}}),
    );
    put(
        0,
        json!({"friends": {"__op": "Batch", "ops": [
            {"__op": "AddRelation", "objects": [thing(6)]}, {"__op": "RemoveRelation", "objects": [thing(1)]},
        ]}}),
    );
    client.master("DELETE", &format!("/classes/{class}/{}", things[7]), Value::Null);
    // A new field of an old class, and a field that goes.
    let fields = json!({"added": {"type": "Array"}, "partner": {"type": "Pointer", "targetClass": new.name("Thing")}, "goes": {"__op": "Delete"}});
    client.master(
        "PUT",
        &format!("/schemas/{class}"),
        json!({"className": class, "fields": fields}),
    );
    put(
        4,
        json!({"added": [1, {"two": 2}], "partner": {"__type": "Pointer", "className": new.name("Thing"), "objectId": new.objects[0].1}}),
    );
    let class = old.name("OfRoles");
    let permissions = json!({"find": {"*": true}, "get": {"*": true}, "create": {}, "update": {}, "delete": {}, "count": {"*": true}, "protectedFields": {"*": ["secret"]}});
    client.master(
        "PUT",
        &format!("/schemas/{class}"),
        json!({"className": class, "classLevelPermissions": permissions}),
    );
    people(client, old, new);
}

fn people(client: Client<'_>, old: &World, new: &World) {
    client.done(
        &old.bert.session,
        "PUT",
        &format!("/users/{}", old.bert.id),
        json!({"nickname": {"__op": "Delete"}, "email": "Old.bert@example.com"}),
    );
    client.master("PUT", "/config", json!({"params": {"greeting": "hello again", "added": [1]}, "masterKeyOnly": {"added": true}}));
    // A new member of an old role: he inherits what it may.
    let roles = client.ask(&Question::get(
        &Who::Master,
        "/roles",
        &json!({"where": {"name": old.name("Admins")}}),
    ));
    let admins = roles.body["results"][0]["objectId"].as_str().expect("a role").to_owned();
    let members = json!({"users": {"__op": "AddRelation", "objects": [new.cora.pointer()]}});
    client.master("PUT", &format!("/roles/{admins}"), members);
}
