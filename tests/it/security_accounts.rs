//! Secret fields from account endpoints, and ways around them: what an account keeps to itself is in no answer,
//! and no question, no operator and no dotted key gets at it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::{MFA_SECRET, PASSWORD, Person, log_in, mfa_code};
use crate::support::{Answer, Caller, MASTER_KEY, READ_ONLY_KEY, TestServer, pointer};

/// Columns that only the server reads.
const SERVER_FIELDS: [&str; 12] = [
    "password",
    "_hashed_password",
    "_perishable_token",
    "_perishable_token_expires_at",
    "_email_verify_token",
    "_email_verify_token_expires_at",
    "_failed_login_count",
    "_account_lockout_expires_at",
    "_password_changed_at",
    "_password_history",
    "_auth_data_anonymous",
    "_auth_data",
];

struct Accounts {
    server: TestServer,
    ann: Person,
    bob: Person,
    recovery: Vec<String>,
}

impl Accounts {
    /// Ann has an identity and a second factor; everybody may read her. Bob is somebody else.
    fn new() -> Self {
        let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
        let server = TestServer::with(&json!({
            "auth": {"mfa": mfa, "anonymous": {"enabled": true}}, "readOnlyMasterKey": READ_ONLY_KEY,
            "accountLockout": {"threshold": 100, "duration": 5},
            "passwordPolicy": {"maxPasswordHistory": 3, "maxPasswordAge": 30},
            "protectedFields": {"_User": {"*": ["shy"]}},
        }));
        let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
        let own = ann.caller(&server);
        let link = json!({"authData": {"anonymous": {"id": "secret-identity"}}});
        own.put(&ann.path(), &link).is(200);
        let recovery = ann.set_up_mfa(&server);
        let acl = json!({"*": {"read": true}, &ann.id: {"read": true, "write": true}});
        server.master().put(&ann.path(), &json!({"ACL": acl, "shy": "shy-value"})).is(200);
        Self { server, ann, bob, recovery }
    }

    fn others(&self) -> [Caller; 2] {
        [self.server.public(), self.bob.caller(&self.server)]
    }

    /// Demands that an answer holds nothing that only the server knows.
    fn keeps_secrets(&self, answer: &Answer) {
        let text = answer.text();
        for field in SERVER_FIELDS {
            assert!(!text.contains(&format!("\"{field}\":")), "{field} shows: {answer}");
        }
        assert!(!text.contains("$2b$") && !text.contains("$2a$"), "a hash shows: {answer}");
        assert!(!text.contains(MFA_SECRET), "the second factor shows: {answer}");
        for code in &self.recovery {
            assert!(!text.contains(code), "a recovery code shows: {answer}");
        }
        assert!(!text.contains(PASSWORD), "the password shows: {answer}");
    }

    fn mfa(&self) -> Value {
        json!({"authData": {"mfa": {"token": mfa_code()}}})
    }
}

#[test]
fn secret_fields_are_in_no_answer_of_account_endpoints() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    let (own, master) = (ann.caller(server), server.master());
    let log_in = log_in(&server.public(), "ann", PASSWORD, &accounts.mfa()).is(200);
    let credentials = json!({"username": "ann", "password": PASSWORD});
    let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
    for answer in [
        log_in,
        own.get("/users/me").is(200),
        own.get(&ann.path()).is(200),
        own.get("/users").is(200),
        own.get("/sessions/me").is(200),
        own.ask("/sessions/me", &json!({"include": "user"})).is(200),
        own.ask("/sessions", &json!({"include": "user"})).is(200),
        own.ask("/users/me", &json!({"keys": "password,authData,_hashed_password"})),
        server.public().post("/verifyPassword", &credentials),
        server.public().ask("/verifyPassword", &credentials),
        master.post("/loginAs", &json!({"userId": ann.id})).is(200),
        master.get(&ann.path()).is(200),
        master.get("/users").is(200),
        master.ask("/aggregate/_User", &json!({"pipeline": [{"$sort": {"username": 1}}]})),
        reader.get("/users").is(200),
        own.put(&ann.path(), &json!({"nick": "x"})).is(200),
        own.graphql("{ viewer { user { objectId username authData nick: username } } }"),
        own.graphql("{ users { edges { node { username authData } } } }"),
        master.graphql("{ users { edges { node { username authData } } } }"),
    ] {
        accounts.keeps_secrets(&answer);
    }
}

#[test]
fn secret_fields_of_others_are_in_no_answer() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    server.class("Doc", &json!({"by": {"type": "Pointer", "targetClass": "_User"}}));
    let doc = server.master().create("Doc", &json!({"by": pointer("_User", &ann.id)}));
    let id = BASE64_STANDARD.encode(format!("_User:{}", ann.id));
    for caller in accounts.others() {
        for answer in [
            caller.get(&ann.path()).is(200),
            caller.get(&format!("/classes/_User/{}", ann.id)).is(200),
            caller.get("/users").is(200),
            caller.ask("/users", &json!({"keys": "authData,shy,email,password"})).is(200),
            caller.ask(&format!("/classes/Doc/{doc}"), &json!({"include": "by"})).is(200),
            caller.find("Doc", &json!({"includeAll": true})).is(200),
            caller
                .find("Doc", &json!({"include": "by", "keys": "by.authData,by.email,by.shy"}))
                .is(200),
            caller.graphql("{ docs { edges { node { by { username email authData } } } } }"),
            caller.graphql(&format!(
                "{{ node(id: \"{id}\") {{ ... on User {{ username email authData }} }} }}"
            )),
            caller.graphql("{ users { edges { node { username email authData } } } }"),
        ] {
            accounts.keeps_secrets(&answer);
            answer
                .hides("secret-identity")
                .hides("shy-value")
                .hides("ann@example.com")
                .hides("enabled");
        }
    }
}

#[test]
fn guessing_hidden_values_of_accounts_by_search() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    server.class(
        "Doc",
        &json!({"word": {"type": "String"}, "by": {"type": "Pointer", "targetClass": "_User"}}),
    );
    server
        .public()
        .create("Doc", &json!({"word": "ann@example.com", "by": pointer("_User", &ann.id)}));
    let mut fields: Vec<String> = SERVER_FIELDS.map(str::to_owned).to_vec();
    fields.extend(
        [
            "email",
            "shy",
            "authData",
            "authData.anonymous.id",
            "authData.mfa.secret",
            "sessionToken",
        ]
        .map(str::to_owned),
    );
    for caller in accounts.others() {
        for field in &fields {
            for condition in [
                json!({"$exists": true}),
                json!({"$ne": null}),
                json!({"$regex": "^."}),
                json!("secret-identity"),
                json!("ann@example.com"),
            ] {
                // Both questions must be answered alike, or refused: with and without what would be true of Ann.
                let is = json!({"$and": [{"username": "ann"}, {field: condition}]});
                let nor = json!({"$and": [{"username": "ann"}, {"$nor": [{field: condition}]}]});
                let (is, nor) = (
                    caller.find("_User", &json!({"where": is})),
                    caller.find("_User", &json!({"where": nor})),
                );
                let told = |answer: &Answer| {
                    if answer.is_refusal() { None } else { Some(answer.results().len()) }
                };
                assert!(told(&is).is_none_or(|rows| rows == 0), "{is}");
                if told(&nor).is_some() {
                    let never = json!({"$and": [{"username": "ann"}, {"$nor": [{field: "never such a value"}]}]});
                    let never = caller.find("_User", &json!({"where": never}));
                    assert_eq!(told(&nor), told(&never), "{nor}\n{never}");
                }
                let inside = json!({"by": {"$inQuery": {"className": "_User", "where": {field: condition}}}});
                let inside = caller.find("Doc", &json!({"where": inside}));
                assert!(told(&inside).is_none_or(|rows| rows == 0), "{inside}");
            }
            let ordered =
                |order: String| caller.find("_User", &json!({"order": order, "keys": "username"}));
            let (up, down) = (ordered(field.clone()), ordered(format!("-{field}")));
            assert!(
                up.is_refusal() || up.results().len() < 2 || up.text() == down.text(),
                "{up}\n{down}"
            );
            let select = json!({"query": {"className": "_User", "where": {}}, "key": field});
            let found = caller.find("Doc", &json!({"where": {"word": {"$select": select}}}));
            assert!(found.is_refusal() || found.results().is_empty(), "{found}");
            caller.ask("/aggregate/_User", &json!({"distinct": field})).is(403);
        }
    }
}

#[test]
fn no_aggregation_answers_what_only_the_server_reads() {
    let accounts = Accounts::new();
    let server = &accounts.server;
    for caller in [server.master(), server.public().with("X-Parse-Master-Key", READ_ONLY_KEY)] {
        for field in SERVER_FIELDS {
            accounts.keeps_secrets(&caller.ask("/aggregate/_User", &json!({"distinct": field})));
            let group = json!({"pipeline": [{"$group": {"_id": format!("${field}")}}]});
            accounts.keeps_secrets(&caller.ask("/aggregate/_User", &group));
            let project = json!({"pipeline": [{"$project": {"x": format!("${field}"), field: 1}}]});
            accounts.keeps_secrets(&caller.ask("/aggregate/_User", &project));
        }
    }
}

/// Values that mean something else than a text to a database.
fn smuggled() -> Vec<Value> {
    vec![
        json!({"$ne": null}),
        json!({"$regex": "."}),
        json!({"$gt": ""}),
        json!({"$in": ["ann"]}),
        json!({"__op": "Delete"}),
        json!({"__type": "Pointer", "className": "_User", "objectId": "x"}),
        json!(["ann"]),
        json!(true),
        json!(0),
        Value::Null,
    ]
}

#[test]
fn operators_where_credentials_belong() {
    let accounts = Accounts::new();
    let public = accounts.server.public();
    for value in smuggled() {
        for path in ["/login", "/verifyPassword"] {
            public.post(path, &json!({"username": value, "password": PASSWORD})).is_refused();
            public.post(path, &json!({"email": value, "password": PASSWORD})).is_refused();
            public.post(path, &json!({"username": "ann", "password": value})).is_refused();
            public.ask(path, &json!({"username": value, "password": PASSWORD})).is_refused();
        }
        let second = json!({"authData": {"mfa": {"token": value}}});
        log_in(&public, "ann", PASSWORD, &second).is_refused();
        log_in(&public, "ann", PASSWORD, &json!({"authData": {"mfa": value}})).is_refused();
        log_in(&public, "ann", PASSWORD, &json!({"authData": value})).is_refused();
        public.post("/users", &json!({"username": value, "password": PASSWORD})).is_refused();
        public.post("/users", &json!({"username": "carl", "password": value})).is_refused();
        public.post("/users", &json!({"authData": {"anonymous": {"id": value}}})).is_refused();
        public.post("/users", &json!({"authData": {"anonymous": value}})).is_refused();
        accounts.server.master().post("/loginAs", &json!({"userId": value})).is_refused();
        let challenge =
            json!({"username": value, "password": PASSWORD, "challengeData": {"mfa": {}}});
        public.post("/challenge", &challenge);
    }
    let names = accounts.server.master().get("/users").is(200).each("username");
    assert_eq!(names.len(), 2, "accounts came of operators: {names:?}");
}

#[test]
fn operators_where_session_tokens_belong() {
    let accounts = Accounts::new();
    let server = &accounts.server;
    for value in smuggled() {
        let body = json!({"_method": "GET", "_ApplicationId": "it-app", "_SessionToken": value});
        let answer = server.nobody().post("/users/me", &body);
        answer.hides("ann@example.com").hides("bob@example.com").is_refused();
        let header = server.public().with("X-Parse-Session-Token", &value.to_string());
        header.get("/users/me").is_refused_with(&[209]);
    }
    for token in ["r:", "r:%", "' OR 1=1 --", "*", "null", "undefined", "r:\u{e9}"] {
        server
            .public()
            .with("X-Parse-Session-Token", token)
            .get("/users/me")
            .is_refused_with(&[209]);
    }
}

#[test]
fn partial_and_empty_authentication_data_prove_nothing() {
    let accounts = Accounts::new();
    let public = accounts.server.public();
    for data in [
        json!({}),
        json!({"anonymous": {}}),
        json!({"anonymous": {"id": ""}}),
        json!({"anonymous": {"id": null}}),
        json!({"anonymous": null}),
        json!({"mfa": {}}),
        json!({"mfa": {"token": "000000"}}),
        json!({"mfa": {"id": "x"}}),
        json!({"nosuchprovider": {"id": "x"}}),
        json!({"__proto__": {"id": "x"}}),
        json!({"constructor": {"id": "x"}}),
        json!({"anonymous.id": "secret-identity"}),
        json!([]),
        json!("anonymous"),
    ] {
        public.post("/users", &json!({"authData": data})).is_refused();
        log_in(&public, "ann", PASSWORD, &json!({"authData": data})).is_refused();
    }
    assert_eq!(accounts.server.master().get("/users").is(200).results().len(), 2);
}

#[test]
fn the_second_factor_is_demanded_at_every_log_in() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    let public = server.public();
    let right = json!({"username": "ann", "password": PASSWORD});
    public.post("/login", &right).is_refused();
    public.ask("/login", &right).is_refused();
    public
        .graphql(&format!("mutation {{ logIn(input: {{username: \"ann\", password: \"{PASSWORD}\"}}) {{ viewer {{ sessionToken }} }} }}"))
        .is_refused();
    // An identity that needs no second factor of its own does not replace it.
    public
        .post("/users", &json!({"authData": {"anonymous": {"id": "secret-identity"}}}))
        .is_refused();
    let before = server.master().get("/sessions").is(200).results().len();
    log_in(&public, "ann", PASSWORD, &accounts.mfa()).is(200);
    assert_eq!(server.master().get("/sessions").is(200).results().len(), before + 1);
    // Nobody else takes it away.
    for caller in accounts.others() {
        caller.put(&ann.path(), &json!({"authData": {"mfa": null}})).is_refused_with(&[206]);
    }
}

#[test]
fn server_owned_fields_of_accounts_are_not_writable() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    let own = ann.caller(server);
    let before = server.master().get(&ann.path()).is(200).json();
    for field in SERVER_FIELDS.iter().filter(|field| **field != "password") {
        for value in [json!("x"), json!(null), json!({"__op": "Delete"}), json!({"$ne": 1})] {
            own.put(&ann.path(), &json!({*field: value})).is_refused();
            server
                .public()
                .post("/users", &json!({"username": "carl", "password": "p", *field: value}))
                .is_refused();
        }
    }
    for field in [
        "authData.mfa.secret",
        "authData.mfa",
        "authData.anonymous.id",
        "password.x",
        "username.x",
        "_hashed_password.x",
        "ACL.*.write",
        "ACL.*",
    ] {
        for value in
            [json!("x"), json!({"__op": "Delete"}), json!({"__op": "Increment", "amount": 1})]
        {
            let answer = own.put(&ann.path(), &json!({field: value}));
            assert!(answer.is_refusal(), "{answer}");
        }
    }
    own.put(&ann.path(), &json!({"emailVerified": true})).is_refused_with(&[119]);
    own.put(&ann.path(), &json!({"authData": {"mfa": {"secret": "x", "recovery": ["y"]}}}))
        .is_refused();
    own.put(&ann.path(), &json!({"authData": {"mfa": {"status": "disabled"}}})).is_refused();
    let after = server.master().get(&ann.path()).is(200).json();
    assert_eq!(before["authData"], after["authData"]);
    assert_eq!(before["username"], after["username"]);
    assert_eq!(before["ACL"], after["ACL"]);
    log_in(&server.public(), "ann", PASSWORD, &accounts.mfa()).is(200);
}

#[test]
fn accounts_are_written_by_their_owner_alone() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    // A list that lets everybody write does not make an account everybody's.
    let acl = json!({"*": {"read": true, "write": true}});
    server.master().put(&ann.path(), &json!({"ACL": acl})).is(200);
    let id = BASE64_STANDARD.encode(format!("_User:{}", ann.id));
    for caller in accounts.others() {
        for path in [ann.path(), format!("/classes/_User/{}", ann.id)] {
            caller.put(&path, &json!({"password": "stolen"})).is_refused_with(&[206]);
            caller
                .post(&path, &json!({"_method": "PUT", "email": "stolen@example.com"}))
                .is_refused_with(&[206]);
            caller.delete(&path).is_refused_with(&[206]);
            let entry = json!({"method": "PUT", "path": format!("/parse{path}"), "body": {"password": "stolen"}});
            for is_transaction in [false, true] {
                let answer = caller
                    .post("/batch", &json!({"requests": [entry], "transaction": is_transaction}));
                assert!(
                    answer.is_refusal() || answer.json()[0]["error"]["code"] == 206,
                    "{answer}"
                );
            }
        }
        caller
            .graphql(&format!("mutation {{ updateUser(input: {{id: \"{id}\", fields: {{password: \"stolen\"}}}}) {{ user {{ id }} }} }}"))
            .is_refused();
        caller
            .graphql(&format!(
                "mutation {{ deleteUser(input: {{id: \"{id}\"}}) {{ user {{ id }} }} }}"
            ))
            .is_refused();
    }
    log_in(&server.public(), "ann", PASSWORD, &accounts.mfa()).is(200);
    assert_eq!(server.master().get(&ann.path()).is(200).json()["email"], "ann@example.com");
}

#[test]
fn ids_that_clients_choose_are_no_principals() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    server.class_with(
        "Doc",
        &json!({"s": {"type": "String"}}),
        &json!({"find": {"role:Admin": true}, "get": {"role:Admin": true}, "create": {"*": true}}),
    );
    let master = server.master();
    master.post("/roles", &json!({"objectId": "admin00000", "name": "Admin", "ACL": {}})).is(201);
    let acl = json!({"role:Admin": {"read": true, "write": true}});
    master.post("/classes/Doc", &json!({"objectId": "doc", "s": "sealed", "ACL": acl})).is(201);
    for id in [
        "role:Admin",
        "*",
        "role:",
        "currentUser",
        "authenticated",
        "requiresAuthentication",
        "pointerFields",
        "userField:owner",
    ] {
        let user = json!({"objectId": id, "username": format!("u{id}"), "password": PASSWORD});
        for answer in
            [server.public().post("/users", &user), server.public().post("/classes/_User", &user)]
        {
            let Some(token) = answer.json()["sessionToken"].as_str().map(str::to_owned) else {
                continue;
            };
            let caller = server.public().with("X-Parse-Session-Token", &token);
            caller.get("/classes/Doc").hides("sealed");
            caller.get("/classes/Doc/doc").hides("sealed").is_refused();
            let id = answer.json()["objectId"].clone();
            assert!(
                id != "*" && !id.as_str().is_some_and(|id| id.starts_with("role:")),
                "{answer}"
            );
        }
    }
}

#[test]
fn sessions_are_no_way_to_other_accounts() {
    let accounts = Accounts::new();
    let (server, ann, bob) = (&accounts.server, &accounts.ann, &accounts.bob);
    let own = bob.caller(server);
    for caller in accounts.others() {
        caller
            .find("_Session", &json!({"where": {"user": pointer("_User", &ann.id)}}))
            .hides(&ann.token);
        caller.find("_Session", &json!({"where": {"sessionToken": ann.token}})).hides(&ann.id);
        caller
            .find("_Session", &json!({"where": {"sessionToken": {"$regex": "^r:"}}}))
            .hides(&ann.token);
        let query = json!({"className": "_Session", "where": {"sessionToken": ann.token}});
        let select = json!({"objectId": {"$select": {"query": query, "key": "user"}}});
        caller.find("_User", &json!({"where": select})).hides(&ann.token);
        caller.ask("/aggregate/_Session", &json!({"distinct": "sessionToken"})).is(403);
    }
    // A session that Bob makes is his own, whatever he says.
    let forged = json!({
        "user": pointer("_User", &ann.id), "sessionToken": "r:forged", "createdWith": {"action": "login"},
        "expiresAt": {"__type": "Date", "iso": "2999-01-01T00:00:00.000Z"}, "installationId": "forged",
    });
    for path in ["/sessions", "/classes/_Session"] {
        let answer = own.post(path, &forged);
        let json = answer.json();
        let Some(token) = json["sessionToken"].as_str() else { continue };
        assert_ne!(token, "r:forged");
        let me =
            server.public().with("X-Parse-Session-Token", token).get("/users/me").is(200).json();
        assert_eq!(me["objectId"], bob.id.as_str());
        assert!(!answer.text().contains("2999"), "{answer}");
    }
    server
        .public()
        .with("X-Parse-Session-Token", "r:forged")
        .get("/users/me")
        .is_refused_with(&[209]);
    own.post("/loginAs", &json!({"userId": ann.id})).is_refused_with(&[119]);
    server.public().post("/loginAs", &json!({"userId": ann.id})).is_refused_with(&[119]);
}

#[test]
fn the_read_only_key_writes_no_account() {
    let accounts = Accounts::new();
    let (server, ann) = (&accounts.server, &accounts.ann);
    let before = state(server);
    let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
    let session = server.master().get("/sessions").is(200).results()[0]["objectId"].clone();
    let session = format!("/sessions/{}", session.as_str().expect("an id"));
    for (method, path, body) in [
        ("POST", "/users".to_owned(), json!({"username": "carl", "password": "p"})),
        ("POST", "/classes/_User".to_owned(), json!({"username": "carl", "password": "p"})),
        ("POST", "/users".to_owned(), json!({"authData": {"anonymous": {"id": "another"}}})),
        ("PUT", ann.path(), json!({"nick": "x"})),
        ("PUT", ann.path(), json!({"password": "stolen"})),
        ("DELETE", ann.path(), json!({})),
        ("POST", "/loginAs".to_owned(), json!({"userId": ann.id})),
        ("POST", "/sessions".to_owned(), json!({"user": pointer("_User", &ann.id)})),
        ("POST", "/classes/_Session".to_owned(), json!({"user": pointer("_User", &ann.id)})),
        ("PUT", session.clone(), json!({"note": "x"})),
        ("DELETE", session, json!({})),
        ("POST", "/roles".to_owned(), json!({"name": "R", "ACL": {}})),
        (
            "POST",
            "/classes/_Installation".to_owned(),
            json!({"installationId": "i", "deviceType": "ios"}),
        ),
        ("PUT", "/config".to_owned(), json!({"params": {"a": 1}})),
    ] {
        let answer =
            reader.send(method, &format!("/parse{path}"), Some(body.to_string().as_bytes()));
        assert!(answer.is_refusal(), "{answer}");
        let entry = json!({"method": method, "path": format!("/parse{path}"), "body": body});
        let answer = reader.post("/batch", &json!({"requests": [entry]}));
        assert!(answer.is_refusal() || answer.json()[0].get("error").is_some(), "{answer}");
    }
    for mutation in [
        "signUp(input: {fields: {username: \"carl\", password: \"p\"}}) { viewer { sessionToken } }",
        "createUser(input: {fields: {username: \"carl\", password: \"p\"}}) { user { id } }",
        "createRole(input: {fields: {name: \"R\"}}) { role { id } }",
    ] {
        reader.graphql(&format!("mutation {{ {mutation} }}")).is_refused();
    }
    assert_eq!(state(server), before);
}

fn state(server: &TestServer) -> Value {
    let master = server.master();
    let all = |class: &str| master.find(class, &json!({"order": "objectId"})).is(200).results();
    json!([all("_User"), all("_Session"), all("_Role"), all("_Installation")])
}

#[test]
fn a_session_does_not_lend_rights_to_a_wrong_key() {
    let accounts = Accounts::new();
    let bob = accounts.bob.caller(&accounts.server);
    for (name, value) in [
        ("X-Parse-Master-Key", "wrong"),
        ("X-Parse-Maintenance-Key", "wrong"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Parse-Is-Master", "true"),
    ] {
        let caller = bob.with(name, value);
        caller.get("/schemas").is(403);
        caller.get(&format!("/sessions?where={{}}&x={MASTER_KEY}")).hides(&accounts.ann.token);
        caller.put(&accounts.ann.path(), &json!({"nick": "x"})).is_refused();
    }
}

#[test]
fn a_role_keeps_its_name_and_its_list() {
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    let open = json!({"*": {"read": true, "write": true}});
    let id = master.create("_Role", &json!({"name": "Editors", "ACL": open}));
    master.create("_Role", &json!({"name": "Owners", "ACL": {}}));
    let path = format!("/roles/{id}");
    let before = master.get(&path).is(200).json();
    // A role without a list would be everybody's to join.
    for field in ["ACL", "name"] {
        for value in [Value::Null, json!({"__op": "Delete"})] {
            for caller in [&public, &master] {
                caller.put(&path, &json!({field: value})).is_refused_with(&[111]);
                let mut role = json!({"name": "Fresh", "ACL": {}});
                role[field] = value.clone();
                caller.post("/roles", &role).is_refused_with(&[111]);
            }
        }
    }
    for name in [json!(""), json!(5), json!(["Owners"]), json!({"$ne": null})] {
        public.put(&path, &json!({"name": name})).is_refused();
        public.post("/roles", &json!({"name": name, "ACL": {}})).is_refused();
    }
    // Nobody takes the name of another role.
    public.put(&path, &json!({"name": "Owners"})).is_refused_with(&[137]);
    public.post("/roles", &json!({"name": "Owners", "ACL": open})).is_refused_with(&[137]);
    public
        .graphql("mutation { createRole(input: {fields: {name: \"Owners\", ACL: {public: {read: true, write: true}}}}) { role { id } } }")
        .is_refused_with(&[137]);
    assert_eq!(master.get(&path).is(200).json(), before);
    assert_eq!(master.get("/roles").is(200).results().len(), 2);
}

#[test]
fn lists_that_are_none_open_nothing() {
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    for list in [
        json!(5),
        json!("x"),
        json!([]),
        json!(true),
        json!({"*": true}),
        json!({"*": {"read": "0", "write": 0}}),
    ] {
        let id = master.create("Doc", &json!({"s": "x", "ACL": list}));
        let path = format!("/classes/Doc/{id}");
        public.put(&path, &json!({"s": "stolen"})).is_refused_with(&[101]);
        let is_read = list["*"]["read"] == "0";
        assert_eq!(public.get(&path).is_refusal(), !is_read, "{list}");
    }
    let user = json!({"username": "ann", "password": PASSWORD, "ACL": null});
    let ann = public.post("/users", &user).is(201).json();
    public.get(&format!("/users/{}", ann["objectId"].as_str().unwrap())).is_refused_with(&[101]);
}

#[test]
fn the_list_of_a_class_is_for_objects_without_one() {
    let server = TestServer::start();
    let everybody = json!({"*": true});
    let permissions = json!({
        "find": everybody, "get": everybody, "count": everybody, "create": everybody, "update": everybody,
        "delete": everybody, "addField": everybody, "ACL": {"currentUser": {"read": true, "write": true}},
    });
    server.class_with("Note", &json!({"s": {"type": "String"}}), &permissions);
    let ann = Person::new(&server, "ann");
    for list in [json!({}), json!({"ACL": null}), json!({"ACL": {"__op": "Delete"}})] {
        let id = ann.caller(&server).create("Note", &list);
        let path = format!("/classes/Note/{id}");
        server.public().get(&path).is_refused_with(&[101]);
        ann.caller(&server).get(&path).is(200);
    }
}

#[test]
fn protected_fields_are_hidden_by_all_account_endpoints_alike() {
    for (is_exempt, shows) in [(false, false), (true, true)] {
        let server = TestServer::with(&json!({
            "protectedFields": {"_User": {"*": ["shy"]}}, "protectedFieldsOwnerExempt": is_exempt,
        }));
        let user = json!({"username": "ann", "password": PASSWORD, "shy": "shy-value"});
        let made = server.public().post("/users", &user).is(201).json();
        let (id, token) =
            (made["objectId"].as_str().unwrap(), made["sessionToken"].as_str().unwrap());
        let own = server.public().with("X-Parse-Session-Token", token);
        let credentials = json!({"username": "ann", "password": PASSWORD});
        for answer in [
            server.public().post("/login", &credentials).is(200),
            server.public().ask("/login", &credentials).is(200),
            server.public().post("/verifyPassword", &credentials).is(200),
            own.get("/users/me").is(200),
            own.get(&format!("/users/{id}")).is(200),
            own.get("/users").is(200),
            own.ask("/sessions/me", &json!({"include": "user"})).is(200),
            own.ask("/sessions", &json!({"include": "user"})).is(200),
            own.graphql("{ viewer { user { username shy } } }"),
            own.graphql("{ users { edges { node { username shy } } } }"),
            own.graphql(&format!("{{ user(id: \"{id}\") {{ username shy }} }}")),
        ] {
            assert_eq!(answer.text().contains("shy-value"), shows, "exempt {is_exempt}: {answer}");
        }
        // What a master key asks for on behalf of somebody stands under the same rules.
        server.public().get(&format!("/users/{id}")).is_refused_with(&[101]);
    }
}

#[test]
fn a_session_opens_no_internal_class() {
    let accounts = Accounts::new();
    let own = accounts.ann.caller(&accounts.server);
    for class in [
        "_Hooks",
        "_GlobalConfig",
        "_GraphQLConfig",
        "_JobStatus",
        "_PushStatus",
        "_JobSchedule",
        "_Audience",
        "_Idempotency",
        "_Join:users:_Role",
        "_Join:roles:_Role",
    ] {
        let path = format!("/classes/{class}");
        own.get(&path).is_refused();
        own.post(&path, &json!({"relatedId": accounts.ann.id, "owningId": "x"})).is_refused();
        own.get(&format!("{path}/x")).is_refused();
        own.put(&format!("{path}/x"), &json!({"a": 1})).is_refused();
        own.delete(&format!("{path}/x")).is_refused();
    }
    for path in ["/schemas", "/schemas/_User", "/serverInfo", "/aggregate/_User?distinct=username"]
    {
        own.get(path).is(403);
    }
}

/// A server that mails into a directory and lets nobody in whose address is not verified.
fn verifying(directory: &TempDir) -> TestServer {
    let mail = json!({"directory": directory.path(), "fromAddress": "server@example.com"});
    let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
    TestServer::with(&json!({
        "appName": "It", "publicServerURL": "http://localhost:1/parse", "verifyUserEmails": true,
        "preventLoginWithUnverifiedEmail": true, "auth": {"mfa": mfa, "anonymous": {"enabled": true}},
        "emailAdapter": {"module": "file", "options": mail},
    }))
}

#[test]
fn what_names_nobody_spares_no_verification_of_an_address() {
    let directory = TempDir::new().expect("a temporary directory");
    let server = verifying(&directory);
    let factor = json!({"secret": MFA_SECRET, "token": mfa_code()});
    for (at, data) in [
        json!(null),
        json!({}),
        json!({"nobody": null}),
        json!({"anonymous": null}),
        json!({"nobody": null, "anonymous": null}),
        json!({"mfa": factor}),
        json!({"mfa": factor, "anonymous": null}),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("user{at}");
        let user = json!({
            "username": name, "password": PASSWORD, "email": format!("{name}@example.com"), "authData": data,
        });
        let answer = server.public().post("/users", &user);
        if answer.is_refusal() {
            continue;
        }
        assert_eq!(answer.json().get("sessionToken"), None, "{answer}");
        let id = answer.json()["objectId"].as_str().expect("an id").to_owned();
        let made = server.master().get(&format!("/users/{id}")).is(200).json();
        assert_eq!(made["emailVerified"], false, "{data}: {made}");
    }
    assert_eq!(server.master().get("/classes/_Session").is(200).results().len(), 0);
}

#[test]
fn a_new_address_is_not_verified_because_the_old_one_was() {
    let directory = TempDir::new().expect("a temporary directory");
    let server = verifying(&directory);
    let user = json!({"username": "ann", "password": PASSWORD, "email": "ann@example.com"});
    let id = server.public().post("/users", &user).is(201).json()["objectId"].clone();
    let path = format!("/users/{}", id.as_str().expect("an id"));
    let master = server.master();
    let is_verified = || master.get(&path).is(200).json()["emailVerified"].clone();
    let mut own = None;
    for (at, data) in [
        json!({}),
        json!({"anonymous": {"id": "an-id"}}),
        json!({"mfa": {"secret": MFA_SECRET, "token": mfa_code()}}),
    ]
    .iter()
    .enumerate()
    {
        master.put(&path, &json!({"emailVerified": true})).is(200);
        let own = own.get_or_insert_with(|| {
            let token = log_in(&server.public(), "ann", PASSWORD, &json!({})).is(200).json()["sessionToken"].clone();
            server.public().with("X-Parse-Session-Token", token.as_str().expect("a token"))
        });
        own.put(&path, &json!({"authData": data})).is(200);
        assert_eq!(is_verified(), true);
        own.put(&path, &json!({"email": format!("other{at}@example.com")})).is(200);
        assert_eq!(is_verified(), false, "{data}");
        master.put(&path, &json!({"emailVerified": true})).is(200);
        let both = json!({"email": format!("both{at}@example.com"), "authData": {"anonymous": {"id": "an-id"}}});
        own.put(&path, &both).is(200);
        assert_eq!(is_verified(), false, "{data}");
    }
    own.expect("a caller").put(&path, &json!({"emailVerified": true})).is_refused_with(&[119]);
}
