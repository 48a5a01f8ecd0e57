//! Random GraphQL documents, the same in every run: none makes the server fail or drop the connection.

use serde_json::{Value, json};

use crate::support::arbitrary::value;
use crate::support::{Random, TestServer, things};

/// A literal of GraphQL.
fn literal(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => format!("{}", random.pick(&[0, 1, -1, 100, 2_147_483_647, -2_147_483_648])),
        3 => "1.5e3".to_owned(),
        4 => random.pick(&["s_ASC", "nope", "PRIMARY"]).to_owned(),
        5 => "$v".to_owned(),
        6 => format!(
            "\"{}\"",
            random.pick(&["", "x", "text", "\\u0000", "VGhpbmc6eA==", "2020-01-01T00:00:00.000Z"])
        ),
        7 => format!(
            "[{}]",
            (0..random.below(3)).map(|_| literal(random, depth - 1)).collect::<Vec<_>>().join(", ")
        ),
        _ => {
            let names = [
                "s",
                "n",
                "o",
                "p",
                "r",
                "a",
                "g",
                "equalTo",
                "in",
                "have",
                "exists",
                "OR",
                "AND",
                "link",
                "add",
                "createAndLink",
                "key",
                "value",
                "latitude",
                "fields",
                "id",
            ];
            let members = (0..=random.below(2))
                .map(|_| format!("{}: {}", random.pick(&names), literal(random, depth - 1)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

fn selection(random: &mut Random, depth: usize) -> String {
    let mut fields = Vec::new();
    for _ in 0..=random.below(3) {
        let inner = |random: &mut Random| {
            if depth == 0 { "{ id }".to_owned() } else { selection(random, depth - 1) }
        };
        fields.push(match random.below(10) {
            0 => format!("p {}", inner(random)),
            1 => format!(
                "r(first: {}) {{ count edges {{ node {} }} }}",
                literal(random, 0),
                inner(random)
            ),
            2 => format!("x{}: s", random.below(3)),
            3 => format!("... on Thing {}", inner(random)),
            4 => "...F".to_owned(),
            5 => "a { ... on Element { value } }".to_owned(),
            6 => "g { latitude } ACL { public { read } }".to_owned(),
            _ => random
                .pick(&[
                    "id",
                    "objectId",
                    "s",
                    "n",
                    "b",
                    "d",
                    "o",
                    "z",
                    "f { url }",
                    "y { latitude }",
                    "__typename",
                    "nope",
                ])
                .to_owned(),
        });
    }
    format!("{{ {} }}", fields.join(" "))
}

fn document(random: &mut Random, id: &str) -> String {
    let chosen = selection(random, 3);
    let operation = match random.below(8) {
        0 => format!("things(where: {}) {{ count edges {{ node {chosen} }} }}", literal(random, 4)),
        1 => format!(
            "things(first: {}, skip: {}, order: [s_ASC, n_DESC]) {{ edges {{ cursor node {chosen} }} }}",
            literal(random, 0),
            literal(random, 0)
        ),
        2 => format!(
            "things(last: 2, before: {}) {{ pageInfo {{ hasNextPage }} }}",
            literal(random, 0)
        ),
        3 => format!("thing(id: \"{id}\") {chosen}"),
        4 => format!("node(id: {}) {{ id ... on Thing {chosen} }}", literal(random, 0)),
        5 => format!("createThing(input: {{fields: {}}}) {{ thing {chosen} }}", literal(random, 4)),
        6 => format!(
            "updateThing(input: {{id: \"{id}\", fields: {}}}) {{ thing {chosen} }}",
            literal(random, 4)
        ),
        _ => format!(
            "{}(id: {}) {chosen}",
            random.pick(&["things", "thing", "class", "nope"]),
            literal(random, 2)
        ),
    };
    let kind = if operation.contains("Thing(") { "mutation" } else { "query" };
    let kinds =
        ["Int", "String", "ID!", "ThingWhereInput", "CreateThingFieldsInput", "[Any]", "Nope"];
    let mut text = format!(
        "{kind} Q($v: {} = {}) {{ {operation} }} fragment F on Thing {{ s p {{ id }} }}",
        random.pick(&kinds),
        literal(random, 1)
    );
    if random.once_in(6) {
        let at = random.below(text.len());
        text.replace_range(
            at..=at,
            random.pick(&["{", "}", "(", "$", "\"", "@", "...", "", " ", "0"]),
        );
    }
    text
}

#[test]
fn random_documents() {
    let (server, id) = things();
    let mut random = Random::new(5);
    let callers = [server.public(), server.master()];
    for round in 0..2_000 {
        let text = document(&mut random, &id);
        let variables = if random.once_in(2) {
            json!({"v": value(&mut random, 3)})
        } else {
            value(&mut random, 1)
        };
        let body = json!({"query": text, "variables": variables});
        callers[usize::from(round % 4 == 0)].send(
            "POST",
            "/graphql",
            Some(body.to_string().as_bytes()),
        );
    }
    callers[1].get("/schemas").is(200);
}

/// Authentication data that may be of a provider that is there, and may be right.
fn auth_data(random: &mut Random) -> Value {
    let provider = random.pick(&["anonymous", "mfa", "facebook", "a.b", "$ne", "__proto__", ""]);
    let data = match random.below(4) {
        0 => json!({"id": random.pick(&["a", "b", ""])}),
        1 => json!({"id": value(random, 2)}),
        2 => json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "token": value(random, 1)}),
        _ => value(random, 2),
    };
    if random.once_in(5) { value(random, 2) } else { json!({provider: data}) }
}

fn user_fields(random: &mut Random) -> Value {
    let mut fields = json!({});
    for _ in 0..random.below(4) {
        let name =
            random.pick(&["username", "password", "email", "authData", "ACL", "emailVerified"]);
        fields[name] = match name {
            "authData" => auth_data(random),
            "ACL" => json!({
                "users": [{"userId": random.pick(&["x", "role:x", "*", ""]), "read": true, "write": random.once_in(2)}],
                "public": {"read": random.once_in(2), "write": false},
            }),
            "emailVerified" => json!(random.once_in(2)),
            _ if random.once_in(6) => value(random, 2),
            _ => json!(random.pick(&[
                "u",
                "v",
                "U@example.com",
                "v@example.com",
                "\u{0}",
                "",
                "%",
                "Żółć"
            ])),
        };
    }
    fields
}

/// A document that is about users, and the variables for it.
fn user_document(random: &mut Random, ids: &[String]) -> (String, Value) {
    const VIEWER: &str =
        "{ viewer { sessionToken user { id username email authData ACL { users { userId } } } } }";
    let mutation = |types: &str, call: String| format!("mutation({types}) {{ {call} }}");
    let id = ids[random.below(ids.len())].clone();
    match random.below(10) {
        0 => (
            mutation("$f: CreateUserFieldsInput", format!("signUp(input: {{fields: $f}}) {VIEWER}")),
            json!({"f": user_fields(random)}),
        ),
        1 => (
            mutation("$i: LogInInput!", format!("logIn(input: $i) {VIEWER}")),
            json!({"i": {"username": "u", "password": "u", "authData": auth_data(random)}}),
        ),
        2 => (
            mutation("$i: LogInWithInput!", format!("logInWith(input: $i) {VIEWER}")),
            json!({"i": {"authData": auth_data(random), "fields": {"email": "w@example.com"}}}),
        ),
        3 => (
            mutation("$i: ChallengeInput!", "challenge(input: $i) { challengeData }".to_owned()),
            json!({"i": {"username": "u", "password": "u", "challengeData": auth_data(random), "authData": auth_data(random)}}),
        ),
        4 => (
            mutation("$id: ID!, $f: UpdateUserFieldsInput", "updateUser(input: {id: $id, fields: $f}) { user { id authData authDataResponse } }".to_owned()),
            json!({"id": id, "f": user_fields(random)}),
        ),
        5 => (
            mutation("$f: CreateUserFieldsInput", "createUser(input: {fields: $f}) { user { id username } }".to_owned()),
            json!({"f": user_fields(random)}),
        ),
        6 => (
            mutation("$t: String!", "confirmResetPassword(input: {username: $t, password: $t, token: $t}) { ok }".to_owned()),
            json!({"t": random.pick(&["", "x", "\u{0}", "%"])}),
        ),
        7 => (
            mutation("$e: String!", format!("{}(input: {{email: $e}}) {{ ok }}", random.pick(&["resetPassword", "sendVerificationEmail"]))),
            json!({"e": random.pick(&["", "x", "u@example.com", "\u{0}"])}),
        ),
        8 => (
            "query($id: ID!, $w: UserWhereInput) { viewer { user { id } } user(id: $id) { username } users(where: $w) { count edges { node { username } } } }".to_owned(),
            json!({"id": id, "w": {(random.pick(&["username", "email", "authData", "password", "ACL"])): value(random, 2)}}),
        ),
        _ => (
            mutation("$n: String!, $a: ACLInput, $u: UserRelationInput", "createRole(input: {fields: {name: $n, ACL: $a, users: $u}}) { role { id users { count } } }".to_owned()),
            json!({"n": random.pick(&["R", "", "a b", "\u{0}"]), "a": {"roles": [{"roleName": "R", "read": true, "write": true}]}, "u": {"add": [id]}}),
        ),
    }
}

#[test]
fn random_documents_about_users() {
    let server = TestServer::with(&json!({
        "auth": {"mfa": {"options": ["TOTP"]}}, "appName": "Fuzz", "publicServerURL": "http://localhost/parse",
        "emailAdapter": "memory", "verifyUserEmails": true,
    }));
    let mut random = Random::new(11);
    let known = json!({"username": "u", "password": "u", "email": "u@example.com"});
    let known = server.public().post("/users", &known).is(201).json();
    let text = |field: &str| known[field].as_str().expect("a text").to_owned();
    let user = server.public().with("X-Parse-Session-Token", &text("sessionToken"));
    let mut callers = vec![server.public(), server.master(), user];
    let mut ids = vec!["x".to_owned(), "X1VzZXI6eA==".to_owned(), text("objectId")];
    for _ in 0..300 {
        let (text, variables) = user_document(&mut random, &ids);
        let caller = &callers[random.below(callers.len())];
        let answer = caller.graphql_with(&text, &variables);
        let data = answer.json()["data"].clone();
        let viewer = ["signUp", "logIn", "logInWith"]
            .iter()
            .find_map(|field| data[field].get("viewer").cloned());
        if let Some(viewer) = viewer.filter(|_| callers.len() < 8) {
            let token = viewer["sessionToken"].as_str().expect("a session token");
            callers.push(server.public().with("X-Parse-Session-Token", token));
            ids.push(viewer["user"]["id"].as_str().expect("an id").to_owned());
        }
    }
    server.master().get("/schemas").is(200);
}
