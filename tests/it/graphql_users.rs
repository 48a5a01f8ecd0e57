//! Users through GraphQL: signing up, logging in and out, the viewer, second factors, access control lists, roles.

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{Answer, Caller, TestServer};

const PASSWORD: &str = "Secret-1";

/// A server whose users have a name to be called by, friends and a club.
fn server() -> TestServer {
    server_with(&json!({}))
}

fn server_with(options: &Value) -> TestServer {
    let server = TestServer::with(options);
    server.class("Club", &json!({"name": {"type": "String"}}));
    let fields = json!({
        "nickname": {"type": "String"},
        "club": {"type": "Pointer", "targetClass": "Club"},
        "friends": {"type": "Relation", "targetClass": "_User"},
    });
    server.master().put("/schemas/_User", &json!({"fields": fields})).is(200);
    server
}

/// Somebody who signed up.
struct User {
    /// His global id.
    id: String,
    /// His id.
    object_id: String,
    /// Himself as a caller.
    caller: Caller,
}

const SIGN_UP: &str = "mutation($fields: CreateUserFieldsInput) { signUp(input: {fields: $fields}) \
    { viewer { sessionToken user { id objectId username } } } }";
const LOG_IN: &str = "mutation($input: LogInInput!) { logIn(input: $input) \
    { viewer { sessionToken user { id objectId username authData authDataResponse } } } }";
const UPDATE: &str = "mutation($id: ID!, $fields: UpdateUserFieldsInput) { updateUser(input: {id: $id, fields: $fields}) \
    { user { id username authData authDataResponse } } }";

fn with_token(server: &TestServer, token: &Value) -> Caller {
    server.public().with("X-Parse-Session-Token", token.as_str().expect("a session token"))
}

fn sign_up(server: &TestServer, fields: &Value) -> User {
    let answer = server.public().graphql_with(SIGN_UP, &json!({"fields": fields}));
    let viewer = answer.data("/signUp/viewer");
    let text =
        |pointer| viewer.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
    User {
        id: text("/user/id"),
        object_id: text("/user/objectId"),
        caller: with_token(server, &viewer["sessionToken"]),
    }
}

fn named(server: &TestServer, username: &str) -> User {
    sign_up(server, &json!({"username": username, "password": PASSWORD}))
}

fn log_in(server: &TestServer, input: &Value) -> Answer {
    server.public().graphql_with(LOG_IN, &json!({"input": input}))
}

fn credentials(username: &str) -> Value {
    json!({"username": username, "password": PASSWORD})
}

/// An access control list as the schema takes it: everybody reads.
fn public_read() -> Value {
    json!({"public": {"read": true, "write": false}})
}

#[test]
fn whoever_signs_up_is_the_viewer() {
    let server = server();
    let fields =
        json!({"username": "friend", "password": PASSWORD, "nickname": "F", "ACL": public_read()});
    let friend = sign_up(&server, &fields);
    let hidden = named(&server, "hidden");
    let query = "mutation($fields: CreateUserFieldsInput) { signUp(input: {fields: $fields, clientMutationId: \"m\"}) {
        clientMutationId
        viewer { __typename sessionToken user { __typename id objectId username nickname club { name } friends { count edges { node { nickname } } } } }
        again: viewer { user { ACL { users { userId read write } public { read } } } }
    } }";
    let fields = json!({
        "username": "new", "password": PASSWORD, "nickname": "N",
        "club": {"createAndLink": {"name": "Chess"}},
        "friends": {"add": [friend.id, hidden.id]},
    });
    let made = server.public().graphql_with(query, &json!({"fields": fields})).data("/signUp");
    let user = &made["viewer"]["user"];
    assert_eq!(made["clientMutationId"], "m");
    assert_eq!(made["viewer"]["__typename"], "Viewer");
    assert_eq!(user["__typename"], "User");
    assert_eq!(user["nickname"], "N");
    assert_eq!(user["club"], json!({"name": "Chess"}));
    let friends = json!({"count": 1, "edges": [{"node": {"nickname": "F"}}]});
    assert_eq!(user["friends"], friends, "friends whom he may not see are left out");
    let own =
        json!({"users": [{"userId": user["id"], "read": true, "write": true}], "public": null});
    assert_eq!(made["again"]["user"]["ACL"], own);

    let himself = with_token(&server, &made["viewer"]["sessionToken"]);
    let viewer = himself.graphql(
        "{ viewer { sessionToken user { objectId club { name } friends { count edges { node { nickname } } } } } }",
    );
    assert_eq!(viewer.data("/viewer/sessionToken"), made["viewer"]["sessionToken"]);
    assert_eq!(
        viewer.data("/viewer/user"),
        json!({"objectId": user["objectId"], "club": {"name": "Chess"}, "friends": friends})
    );
    assert_eq!(himself.graphql("{ viewer { user { id } } }").data("/viewer/user/id"), user["id"]);
}

#[test]
fn whom_the_master_key_signs_up_is_the_viewer_too() {
    let server = server();
    let answer = server.master().graphql_with(SIGN_UP, &json!({"fields": credentials("made")}));
    let viewer = answer.data("/signUp/viewer");
    assert_eq!(viewer["user"]["username"], "made");
    let himself = with_token(&server, &viewer["sessionToken"]);
    let seen = himself.graphql("{ viewer { user { id } } }").data("/viewer/user/id");
    assert_eq!(seen, viewer["user"]["id"]);
}

#[test]
fn without_a_session_there_is_no_viewer() {
    let server = server();
    for query in
        ["{ viewer { sessionToken } }", "{ viewer { user { id } } }", "{ viewer { __typename } }"]
    {
        for caller in [server.public(), server.master()] {
            let answer = caller.graphql(query).is(200);
            assert_eq!(answer.json()["data"], Value::Null);
            answer.is_refused_with(&[209]);
        }
    }
    let nobody =
        server.public().with("X-Parse-Session-Token", "r:00000000000000000000000000000000");
    nobody.graphql("{ viewer { sessionToken } }").is(400).is_refused_with(&[209]);
    nobody.graphql("{ health }").is(400).is_refused_with(&[209]);
}

#[test]
fn what_is_wrong_with_a_sign_up_is_told() {
    let server = server();
    named(&server, "taken");
    let tried = |fields: Value| server.public().graphql_with(SIGN_UP, &json!({"fields": fields}));
    for (fields, code) in [
        (json!({"username": "taken", "password": PASSWORD}), 202),
        (json!({"username": "TAKEN", "password": PASSWORD}), 202),
        (json!({"username": "x"}), 201),
        (json!({"password": PASSWORD}), 200),
        (json!({"username": "x", "password": PASSWORD, "email": "nonsense"}), 125),
        (json!({"username": "x", "password": PASSWORD, "authData": {"nosuch": {"id": "1"}}}), 252),
        (Value::Null, 200),
    ] {
        let answer = tried(fields).is(200);
        assert_eq!(answer.json()["data"], json!({"signUp": null}));
        answer.is_refused_with(&[code]);
    }
    let operator = json!({"username": {"$ne": "x"}, "password": PASSWORD});
    tried(operator).is(400).is_refused();
}

#[test]
fn who_logs_in_sees_what_is_his() {
    let server = server();
    let owner = named(&server, "owner");
    server.class("Diary", &json!({"text": {"type": "String"}}));
    let fields = json!({"fields": {"diary": {"type": "Pointer", "targetClass": "Diary"}}});
    server.master().put("/schemas/_User", &fields).is(200);
    let acl = json!({"users": [{"userId": owner.id, "read": true, "write": true}]});
    let write = "mutation($id: ID!, $fields: UpdateUserFieldsInput) { updateUser(input: {id: $id, fields: $fields}) { user { diary { text } } } }";
    let fields = json!({"diary": {"createAndLink": {"text": "dear diary", "ACL": acl}}});
    let written = owner.caller.graphql_with(write, &json!({"id": owner.id, "fields": fields}));
    assert_eq!(written.data("/updateUser/user/diary/text"), "dear diary");

    let query = "mutation { logIn(input: {username: \"owner\", password: \"Secret-1\", clientMutationId: \"c\"})
        { clientMutationId viewer { sessionToken user { username diary { text } } } } }";
    let known = server.public().graphql(query).data("/logIn");
    assert_eq!(known["clientMutationId"], "c");
    assert_eq!(
        known["viewer"]["user"],
        json!({"username": "owner", "diary": {"text": "dear diary"}})
    );
    assert_eq!(server.public().graphql("{ diaries { count } }").data("/diaries/count"), 0);
}

#[test]
fn nobody_learns_whether_a_user_exists() {
    let server = server();
    named(&server, "known");
    let told = |username: &str| {
        let answer = log_in(&server, &json!({"username": username, "password": "wrong"})).is(200);
        (answer.code(), answer.json())
    };
    assert_eq!(told("known"), told("unknown"));
    assert_eq!(told("known").0, Some(101));
}

#[test]
fn an_anonymous_id_logs_in_and_becomes_a_named_user() {
    let server = server();
    let query = "mutation($authData: Object!, $fields: UserLoginWithInput) { logInWith(input: {authData: $authData, fields: $fields})
        { viewer { sessionToken user { id username nickname authData authDataResponse } } } }";
    let auth_data = json!({"anonymous": {"id": "01234567-89ab-cdef-0123-456789abcdef"}});
    let logged_in = |fields: Value| {
        let variables = json!({"authData": auth_data, "fields": fields});
        server.public().graphql_with(query, &variables).data("/logInWith/viewer")
    };
    let first = logged_in(json!({"nickname": "Anon"}));
    assert_eq!(first["user"]["nickname"], "Anon");
    assert_eq!(first["user"]["authData"], auth_data);
    assert_eq!(first["user"]["authDataResponse"], json!({}));
    let again = logged_in(Value::Null);
    assert_eq!(again["user"]["id"], first["user"]["id"]);
    assert_ne!(again["sessionToken"], first["sessionToken"]);

    let himself = with_token(&server, &again["sessionToken"]);
    let fields = json!({"username": "named", "password": PASSWORD});
    himself
        .graphql_with(UPDATE, &json!({"id": again["user"]["id"], "fields": fields}))
        .data("/updateUser");
    let known = log_in(&server, &credentials("named")).data("/logIn/viewer/user");
    assert_eq!(known["id"], first["user"]["id"]);

    let refused =
        |auth_data: Value| server.public().graphql_with(query, &json!({"authData": auth_data}));
    refused(json!({})).is_refused_with(&[200]);
    refused(json!({"nosuch": {"id": "1"}})).is_refused_with(&[252]);
    refused(json!({"anonymous": {"id": {"$ne": "x"}}})).is_refused();
}

/// The code of an authenticator app, so many periods from now.
fn code(secret: &str, steps: u64) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let app = Builder::new().with_secret(secret).build().expect("settings of an authenticator app");
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    app.generate(now.as_secs() + 30 * steps).to_string()
}

#[test]
fn a_second_factor_is_set_up_and_demanded() {
    let mfa = json!({"options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
    let server = server_with(&json!({"auth": {"mfa": mfa}}));
    let user = named(&server, "careful");
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let set_up = |token: &str| {
        let fields = json!({"authData": {"mfa": {"secret": secret, "token": token}}});
        user.caller.graphql_with(UPDATE, &json!({"id": user.id, "fields": fields}))
    };
    set_up("abcdef").is_refused_with(&[141]);
    let answer = set_up(&code(secret, 0));
    assert_eq!(answer.data("/updateUser/user/authData"), json!({"mfa": {"status": "enabled"}}));
    let recovery = answer.data("/updateUser/user/authDataResponse/mfa/recovery");
    let recovery: Vec<&str> = recovery.as_str().expect("recovery codes").split(", ").collect();

    let with_factor = |token: &str| {
        let mut input = credentials("careful");
        input["authData"] = json!({"mfa": {"token": token}});
        log_in(&server, &input)
    };
    log_in(&server, &credentials("careful")).is_refused_with(&[-1]);
    with_factor("abcdef").is_refused();
    // As an app has it whose clock is fast: the code of the present was used above.
    let known = with_factor(&code(secret, 1)).data("/logIn/viewer/user");
    assert_eq!(known["authData"], json!({"mfa": {"status": "enabled"}}));
    with_factor(recovery[0]).data("/logIn/viewer/sessionToken");
    with_factor(recovery[0]).is_refused();
    for caller in [&user.caller, &server.master()] {
        let seen = caller.graphql_with(
            "query($id: ID!) { user(id: $id) { authData } node(id: $id) { ... on User { authData } } }",
            &json!({"id": user.id}),
        );
        seen.hides(secret).hides(recovery[1]);
    }
}

#[test]
fn challenges() {
    let server = server();
    named(&server, "known");
    let query = "mutation($input: ChallengeInput!) { challenge(input: $input) { clientMutationId challengeData } }";
    let asked = |input: Value| server.public().graphql_with(query, &json!({"input": input}));
    asked(json!({})).is_refused_with(&[-1]);
    let nothing = asked(json!({"challengeData": {"nosuch": {}}, "clientMutationId": "c"}));
    assert_eq!(nothing.data("/challenge"), json!({"clientMutationId": "c", "challengeData": {}}));
    let data = json!({"nosuch": {}});
    let wrong = json!({"username": "known", "password": "wrong", "challengeData": data});
    asked(wrong).is_refused_with(&[101]);
    let right = json!({"username": "known", "password": PASSWORD, "challengeData": data});
    assert_eq!(asked(right).data("/challenge/challengeData"), json!({}));
}

#[test]
fn a_log_out_ends_one_session() {
    let server = server();
    let user = named(&server, "leaving");
    let elsewhere = log_in(&server, &credentials("leaving")).data("/logIn/viewer/sessionToken");
    let out = "mutation { logOut(input: {clientMutationId: \"bye\"}) { clientMutationId ok } }";
    let done = json!({"clientMutationId": "bye", "ok": true});
    assert_eq!(user.caller.graphql(out).data("/logOut"), done);
    user.caller.graphql("{ viewer { user { id } } }").is(400).is_refused_with(&[209]);
    user.caller.graphql(out).is(400).is_refused_with(&[209]);
    let elsewhere = with_token(&server, &elsewhere);
    assert_eq!(elsewhere.graphql("{ viewer { user { id } } }").data("/viewer/user/id"), user.id);
    assert_eq!(server.public().graphql(out).data("/logOut"), done, "without a session too");
}

#[test]
fn access_control_lists_name_users_by_their_ids_and_roles_by_their_names() {
    let server = server();
    let (owner, reader, stranger) =
        (named(&server, "owner"), named(&server, "reader"), named(&server, "stranger"));
    let query = "mutation($fields: CreateClubFieldsInput) { createClub(input: {fields: $fields})
        { club { id ACL { users { userId read write } roles { roleName read write } public { read write } } } } }";
    let acl = json!({
        "users": [
            {"userId": owner.id, "read": true, "write": true},
            {"userId": reader.object_id, "read": true, "write": false},
        ],
        "roles": [{"roleName": "Members", "read": true, "write": false}],
        "public": {"read": false, "write": false},
    });
    let fields = json!({"name": "Secret club", "ACL": acl});
    let club =
        owner.caller.graphql_with(query, &json!({"fields": fields})).data("/createClub/club");
    let expected = json!({
        "users": [
            {"userId": owner.id, "read": true, "write": true},
            {"userId": reader.id, "read": true, "write": false},
        ],
        "roles": [{"roleName": "Members", "read": true, "write": false}],
        "public": null,
    });
    assert_eq!(club["ACL"], expected);
    let seen = |caller: &Caller| {
        caller
            .graphql_with("query($id: ID!) { club(id: $id) { name } }", &json!({"id": club["id"]}))
    };
    assert_eq!(seen(&reader.caller).data("/club/name"), "Secret club");
    seen(&stranger.caller).is_refused_with(&[101]);
    seen(&server.public()).is_refused_with(&[101]);
    let change = "mutation($id: ID!) { updateClub(input: {id: $id, fields: {name: \"Open\"}}) { club { name } } }";
    let changed = |caller: &Caller| caller.graphql_with(change, &json!({"id": club["id"]}));
    changed(&reader.caller).is_refused_with(&[101]);
    assert_eq!(changed(&owner.caller).data("/updateClub/club/name"), "Open");

    let opened =
        "mutation($id: ID!, $acl: ACLInput) { updateClub(input: {id: $id, fields: {ACL: $acl}})
        { club { ACL { users { userId } public { read write } } } } }";
    let variables = json!({"id": club["id"], "acl": public_read()});
    let opened = owner.caller.graphql_with(opened, &variables).data("/updateClub/club/ACL");
    assert_eq!(opened, json!({"users": null, "public": {"read": true, "write": false}}));
    assert_eq!(seen(&server.public()).data("/club/name"), "Open");
}

#[test]
fn roles_take_users_and_roles() {
    let server = server();
    let (member, child, stranger) =
        (named(&server, "member"), named(&server, "child"), named(&server, "stranger"));
    let master = server.master();
    let query = "mutation($fields: CreateRoleFieldsInput) { createRole(input: {fields: $fields})
        { role { id name users { count edges { node { id username } } } roles { count edges { node { name } } } } } }";
    let fields = |name: &str, users: &[&str], roles: &[&Value]| json!({"name": name, "ACL": public_read(), "users": {"add": users}, "roles": {"add": roles}});
    let made = |fields: Value| {
        master.graphql_with(query, &json!({"fields": fields})).data("/createRole/role")
    };
    let children = made(fields("Children", &[&child.id], &[]));
    let members = made(fields("Members", &[&member.object_id], &[&children["id"]]));
    assert_eq!(
        members["users"]["edges"],
        json!([{"node": {"id": member.id, "username": "member"}}])
    );
    assert_eq!(members["roles"]["edges"], json!([{"node": {"name": "Children"}}]));

    let acl = json!({"roles": [{"roleName": "Members", "read": true, "write": true}]});
    master.graphql_with(
        "mutation($fields: CreateClubFieldsInput) { createClub(input: {fields: $fields}) { club { id } } }",
        &json!({"fields": {"name": "Members only", "ACL": acl}}),
    ).data("/createClub/club/id");
    let clubs = |user: &User| user.caller.graphql("{ clubs { count } }").data("/clubs/count");
    assert_eq!((clubs(&member), clubs(&child), clubs(&stranger)), (json!(1), json!(1), json!(0)));

    let change = "mutation($id: ID!, $fields: UpdateRoleFieldsInput) { updateRole(input: {id: $id, fields: $fields})
        { role { users { count } roles { count } } } }";
    let fields = json!({"users": {"add": [stranger.id], "remove": [member.id]}, "roles": {"remove": [children["id"]]}});
    let changed = master.graphql_with(change, &json!({"id": members["id"], "fields": fields}));
    assert_eq!(
        changed.data("/updateRole/role"),
        json!({"users": {"count": 1}, "roles": {"count": 0}})
    );
    assert_eq!((clubs(&member), clubs(&child), clubs(&stranger)), (json!(0), json!(0), json!(1)));
}

#[test]
fn a_user_is_a_node_for_whoever_may_see_him() {
    let server = server();
    let (user, other) = (named(&server, "hermit"), named(&server, "other"));
    let query = "query($id: ID!) { node(id: $id) { id ... on User { username } } user(id: $id) { objectId } }";
    let asked = |caller: &Caller| caller.graphql_with(query, &json!({"id": user.id}));
    let seen = json!({"node": {"id": user.id, "username": "hermit"}, "user": {"objectId": user.object_id}});
    assert_eq!(asked(&user.caller).data(""), seen);
    assert_eq!(asked(&server.master()).data(""), seen);
    for caller in [&server.public(), &other.caller] {
        asked(caller).hides("hermit").is_refused_with(&[101]);
    }
    let count = |caller: &Caller| {
        caller.graphql("{ users { count edges { node { username } } } }").data("/users/count")
    };
    assert_eq!(
        (count(&server.public()), count(&user.caller), count(&server.master())),
        (json!(0), json!(1), json!(2))
    );
}

#[test]
fn protected_fields_stay_protected() {
    for is_exempt in [true, false] {
        let server = server_with(&json!({"protectedFieldsOwnerExempt": is_exempt}));
        let fields = json!({"username": "open", "password": PASSWORD, "email": "open@example.com", "ACL": public_read()});
        let user = sign_up(&server, &fields);
        let own = if is_exempt { json!("open@example.com") } else { Value::Null };
        let query = "query($id: ID!) { user(id: $id) { username email } users { edges { node { email } } } }";
        let seen = |caller: &Caller| caller.graphql_with(query, &json!({"id": user.id}));
        let of_others = seen(&server.public());
        assert_eq!(of_others.data("/user"), json!({"username": "open", "email": null}));
        assert_eq!(of_others.data("/users/edges/0/node/email"), Value::Null);
        assert_eq!(seen(&user.caller).data("/user/email"), own);
        assert_eq!(seen(&user.caller).data("/users/edges/0/node/email"), own);
        assert_eq!(seen(&server.master()).data("/user/email"), "open@example.com");
        assert_eq!(
            user.caller.graphql("{ viewer { user { email } } }").data("/viewer/user/email"),
            own
        );
        let logged_in = "mutation { logIn(input: {username: \"open\", password: \"Secret-1\"}) { viewer { user { email } } } }";
        assert_eq!(server.public().graphql(logged_in).data("/logIn/viewer/user/email"), own);
        let guess = "{ users(where: {email: {equalTo: \"open@example.com\"}}) { count } }";
        server.public().graphql(guess).is_refused_with(&[119]);
        server
            .public()
            .graphql("{ users(order: [email_ASC]) { count edges { cursor } } }")
            .is_refused_with(&[119]);
    }
}

#[test]
fn a_user_is_changed_by_himself_and_by_the_master_key() {
    let server = server();
    let (user, other) = (named(&server, "self"), named(&server, "other"));
    let change = |caller: &Caller, fields: Value| {
        caller.graphql_with(UPDATE, &json!({"id": user.id, "fields": fields}))
    };
    change(&server.public(), json!({"nickname": "x"})).is_refused_with(&[206]);
    change(&other.caller, json!({"nickname": "x"})).is_refused_with(&[206]);
    change(&user.caller, json!({"nickname": "x"})).data("/updateUser");
    change(&server.master(), json!({"username": "renamed"})).data("/updateUser");
    let delete = "mutation($id: ID!) { deleteUser(input: {id: $id}) { user { id username } } }";
    let deleted = |caller: &Caller| caller.graphql_with(delete, &json!({"id": user.id}));
    deleted(&other.caller).is_refused_with(&[101]);
    let seen = json!({"ACL": public_read()});
    change(&user.caller, seen).data("/updateUser");
    let refused = deleted(&other.caller);
    assert_eq!(refused.json()["errors"][0]["message"], "Permission denied");
    refused.is_refused_with(&[206]);
    let gone = deleted(&user.caller).data("/deleteUser/user");
    assert_eq!(gone, json!({"id": user.id, "username": "renamed"}));
    user.caller.graphql("{ viewer { user { id } } }").is(400).is_refused_with(&[209]);
}

#[test]
fn a_new_password_ends_the_sessions() {
    let server = server();
    let user = named(&server, "careful");
    let fields = json!({"password": "Another-2"});
    user.caller.graphql_with(UPDATE, &json!({"id": user.id, "fields": fields})).data("/updateUser");
    user.caller.graphql("{ viewer { user { id } } }").is(400).is_refused_with(&[209]);
    log_in(&server, &credentials("careful")).is_refused_with(&[101]);
    let known = log_in(&server, &json!({"username": "careful", "password": "Another-2"}));
    assert_eq!(known.data("/logIn/viewer/user/id"), user.id);
}

/// Whatever makes a user makes one who can log in, and never shows or keeps the password as it is.
#[test]
fn users_that_other_mutations_make_are_users_too() {
    let server = server();
    server.class(
        "Player",
        &json!({"name": {"type": "String"}, "user": {"type": "Pointer", "targetClass": "_User"}}),
    );
    let player = "mutation($fields: CreatePlayerFieldsInput) { createPlayer(input: {fields: $fields}) { player { name } } }";
    let fields = json!({"name": "P", "user": {"createAndLink": credentials("linked")}});
    server.public().graphql_with(player, &json!({"fields": fields})).data("/createPlayer");
    let created = "mutation($fields: CreateUserFieldsInput) { createUser(input: {fields: $fields}) { user { username } } }";
    let create = |caller: &Caller, username: &str| {
        caller.graphql_with(created, &json!({"fields": credentials(username)}))
    };
    create(&server.public(), "unseen").is_refused_with(&[101]);
    assert_eq!(create(&server.master(), "seen").data("/createUser/user/username"), "seen");
    create(&server.master(), "seen").is_refused_with(&[202]);
    for username in ["linked", "unseen", "seen"] {
        log_in(&server, &credentials(username)).data("/logIn/viewer/sessionToken");
    }
    server.master().graphql("{ users { edges { node { password } } } }").is(400).is_refused();
    server
        .master()
        .graphql("{ users { edges { node { username authData ACL { public { read } } } } } }")
        .hides(PASSWORD);
    let guess = "{ users(where: {password: {exists: true}}) { count } }";
    assert!(
        server.public().graphql(guess).is_refusal()
            || server.public().graphql(guess).data("/users/count") == 0
    );
}

/// What a mutation does under one identity stays under it, whoever logs in beside it.
#[test]
fn a_log_in_does_not_change_who_the_rest_of_the_request_is() {
    let server = server();
    let user = named(&server, "user");
    let query = "mutation($id: ID!) {
        logIn(input: {username: \"user\", password: \"Secret-1\"}) { viewer { user { username } } }
        updateUser(input: {id: $id, fields: {nickname: \"x\"}}) { user { nickname } }
    }";
    let answer = server.public().graphql_with(query, &json!({"id": user.id}));
    assert_eq!(answer.json()["data"]["logIn"]["viewer"]["user"]["username"], "user");
    answer.is_refused_with(&[206]);
}
