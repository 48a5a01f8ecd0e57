//! Limits on how often something may be called: whatever the door, the spelling or the method that a request names.

use serde_json::{Value, json};

use crate::support::people::{PASSWORD, Person};
use crate::support::{Answer, Caller, TestServer};

const CODE: &str = r#"
const limit = { requestTimeWindow: 600000, requestCount: 2, includeInternalRequests: true };
Parse.Cloud.define('limited', () => 'ok', { rateLimit: limit });
Parse.Cloud.define('byUser', () => 'ok', { rateLimit: { ...limit, requestCount: 1, zone: 'user', errorResponseMessage: 'slow down' } });
Parse.Cloud.define('free', () => 'ok');
Parse.Cloud.beforeSave('Limited', () => {}, { rateLimit: limit });
Parse.Cloud.beforeFind('Sought', () => {}, { rateLimit: limit });
Parse.Cloud.define('inside', async () => {
  const seen = [];
  for (let round = 0; round < 3; round++) {
    try { seen.push(await Parse.Cloud.run('limited')); } catch (error) { seen.push(error.message); }
  }
  return seen;
});
"#;

/// A server with these limits, each on the path and for so many calls, for requests of this machine too.
fn limited(limits: &[(&str, u64, Value)]) -> TestServer {
    let limit = |(path, count, more): &(&str, u64, Value)| {
        let mut limit = json!({
            "requestPath": path, "requestTimeWindow": 600_000, "requestCount": count, "includeInternalRequests": true,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            limit[name] = value.clone();
        }
        limit
    };
    let limits: Vec<Value> = limits.iter().map(limit).collect();
    TestServer::with(&json!({"rateLimit": limits, "trustProxy": true}))
}

fn is_over(answer: Answer) {
    let answer = answer.is(429);
    assert_eq!(answer.json(), json!({"code": 100, "error": "Too many requests."}));
    let after: u64 =
        answer.header("retry-after").expect("when to come back").parse().expect("seconds");
    assert!((1..=600).contains(&after), "{after}");
}

#[test]
fn a_path_has_a_limit_however_it_is_spelled() {
    let server = limited(&[("/classes/*path", 2, json!({}))]);
    let public = server.public();
    assert_eq!(public.get("/classes/A").is(200).header("x-ratelimit-remaining"), Some("1"));
    public.get("/classes/B").is(200);
    for path in [
        "/classes/A",
        "/classes/A/",
        "/%63lasses/A",
        "/classes/%41",
        "/classes/A?limit=1",
        "/classes/A/abc",
    ] {
        is_over(public.get(path));
    }
    is_over(public.post("/classes/A", &json!({"_method": "GET"})));
    is_over(public.put("/classes/A/x", &json!({})));
    is_over(public.delete("/classes/A/x"));
    public.get("/config").is(200);
    server.master().get("/classes/A").is(200);
}

/// SECURITY: a batch, a method in the body and another name of a class are no way past a limit.
#[test]
fn there_is_no_way_around_a_limit() {
    let server = limited(&[
        ("/login", 1, json!({"requestMethods": ["POST"]})),
        ("/classes/:class", 2, json!({"requestMethods": ["POST"]})),
        ("/users", 1, json!({"requestMethods": ["POST"]})),
    ]);
    let public = server.public();
    let credentials = json!({"username": "a", "password": "b"});
    let entry = |path: &str, body: &Value| json!({"method": "POST", "path": format!("/parse{path}"), "body": body});
    let log_in = entry("/login", &credentials);
    is_over(public.post("/batch", &json!({"requests": [log_in, log_in]})));
    is_over(public.post("/login", &credentials));
    is_over(public.post("/batch", &json!({"requests": [log_in]})));
    let mut overridden = credentials.clone();
    overridden["_method"] = json!("POST");
    is_over(public.post("/login", &overridden));
    public.post("/classes/A", &json!({})).is(201);
    is_over(public.post(
        "/batch",
        &json!({"requests": [entry("/classes/A", &json!({})), entry("/classes/A", &json!({}))]}),
    ));
    is_over(public.post("/classes/A", &json!({})));
    public.get("/classes/A").is(200);
    assert_eq!(public.find("A", &json!({"count": 1})).json()["count"], 1, "the batch did nothing");
    public
        .post("/users", &json!({"username": "ada", "password": PASSWORD}))
        .is_refused_with(&[100]);
}

/// SECURITY: GraphQL pays for the same operations, field by field.
#[test]
fn graphql_pays_for_every_root_field() {
    let server = limited(&[("/classes/:class", 3, json!({})), ("/login", 1, json!({}))]);
    server.class("Thing", &json!({"name": {"type": "String"}}));
    let public = server.public();
    let aliases =
        "{ a: things { count } b: things { count } c: things { count } d: things { count } }";
    let answer = public.graphql(aliases).json();
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["errors"][0]["message"], "Too many requests.");
    assert_eq!(answer["errors"][0]["extensions"]["code"], 100);
    is_over(public.get("/classes/Thing"));
    let create = r#"mutation { createThing(input: {fields: {name: "x"}}) { thing { id } } }"#;
    public.graphql(create).is_refused_with(&[100]);
    assert_eq!(server.master().graphql("{ things { count } }").data("/things/count"), 0);
    let log_in =
        r#"mutation { logIn(input: {username: "a", password: "b"}) { viewer { sessionToken } } }"#;
    public.graphql(log_in).is_refused_with(&[101]);
    public.graphql(log_in).is_refused_with(&[100]);
    is_over(public.post("/login", &json!({"username": "a", "password": "b"})));
    assert_eq!(public.graphql("{ health }").data("/health"), true);
}

#[test]
fn the_graphql_api_may_have_a_limit_of_its_own() {
    let server = limited(&[("/graphql", 3, json!({}))]);
    let public = server.public();
    assert_eq!(public.graphql("{ a: health b: health }").data("/b"), true);
    public.graphql("{ users { count } }").data("/users/count");
    public.graphql("{ health }").is_refused_with(&[100]);
    public.graphql("{ users { count } }").is_refused_with(&[100]);
    public.get("/users").is(200);
    let server = limited(&[("*", 2, json!({}))]);
    let public = server.public();
    public.graphql("{ users { count } }").data("/users/count");
    public.get("/config").is(200);
    is_over(public.get("/config"));
}

/// SECURITY: the pages behind mails are routes, too.
#[test]
fn pages_have_limits() {
    let server = limited(&[("/apps/:app/resend_verification_email", 1, json!({}))]);
    let ask = || server.nobody().post("/apps/it-app/resend_verification_email", &json!({}));
    assert_ne!(ask().status, 429);
    is_over(ask());
}

#[test]
fn zones_say_who_is_counted_together() {
    let server = limited(&[
        ("/config", 1, json!({"zone": "session"})),
        ("/classes/A", 1, json!({"zone": "user"})),
        ("/classes/B", 1, json!({"zone": "global"})),
        ("/classes/C", 1, json!({})),
    ]);
    let from = |caller: &Caller, address: &str| caller.with("X-Forwarded-For", address);
    let ada = Person::new(&server, "ada");
    let again = server.public().post("/login", &json!({"username": "ada", "password": PASSWORD}));
    let token = again.is(200).json()["sessionToken"].as_str().unwrap().to_owned();
    let (first, second) =
        (ada.caller(&server), server.public().with("X-Parse-Session-Token", &token));
    first.get("/config").is(200);
    is_over(first.get("/config"));
    second.get("/config").is(200);
    first.get("/classes/A").is(200);
    is_over(second.get("/classes/A"));
    let bob = Person::new(&server, "bob").caller(&server);
    bob.get("/classes/A").is(200);
    bob.get("/classes/B").is(200);
    is_over(from(&first, "5.5.5.5").get("/classes/B"));
    let public = server.public();
    from(&public, "5.5.5.5").get("/classes/C").is(200);
    is_over(from(&public, "5.5.5.5").get("/classes/C"));
    from(&public, "6.6.6.6").get("/classes/C").is(200);
    from(&public, "2001:db8::1").get("/classes/C").is(200);
    is_over(from(&public, "2001:db8::2").get("/classes/C"));
    // Without a session, a zone of sessions or users is one of addresses.
    from(&public, "5.5.5.5").get("/classes/A").is(200);
    is_over(from(&public, "5.5.5.5").get("/classes/A"));
    from(&public, "6.6.6.6").get("/classes/A").is(200);
}

#[test]
fn this_machine_and_the_master_are_spared_unless_the_limit_says_otherwise() {
    let limit = json!({"requestPath": "/config", "requestTimeWindow": 600_000, "requestCount": 1});
    let server = TestServer::with(&json!({"rateLimit": [limit], "trustProxy": true}));
    for _ in 0..3 {
        server.public().get("/config").is(200);
        server.public().with("X-Forwarded-For", "::1").get("/config").is(200);
    }
    let far = server.public().with("X-Forwarded-For", "5.5.5.5");
    far.get("/config").is(200);
    is_over(far.get("/config"));
    server.master().get("/config").is(200);
    let server = limited(&[("/config", 1, json!({"includeMasterKey": true}))]);
    server.master().get("/config").is(200);
    is_over(server.master().get("/config"));
}

#[test]
fn validators_limit_functions_and_triggers() {
    let Some(server) = TestServer::with_cloud(CODE, &json!({"mountGraphQL": true})) else { return };
    let public = server.public();
    let call = |name: &str| public.post(&format!("/functions/{name}"), &json!({}));
    call("limited").is(200);
    let query = "mutation { callCloudCode(input: {functionName: limited}) { result } }";
    assert_eq!(public.graphql(query).data("/callCloudCode/result"), "ok");
    is_over(call("limited"));
    let entry = json!({"method": "POST", "path": "/parse/functions/limited", "body": {}});
    let batch = public.post("/batch", &json!({"requests": [entry]})).is(200).json();
    assert_eq!(batch[0]["error"]["code"], 100);
    public.graphql(query).is_refused_with(&[100]);
    call("free").is(200);
    server.master().post("/functions/limited", &json!({})).is(200);
    let (ada, bob) = (Person::new(&server, "ada"), Person::new(&server, "bob"));
    ada.caller(&server).post("/functions/byUser", &json!({})).is(200);
    let over = ada.caller(&server).post("/functions/byUser", &json!({})).is(429);
    assert_eq!(over.json()["error"], "slow down");
    bob.caller(&server).post("/functions/byUser", &json!({})).is(200);
    public.post("/classes/Limited", &json!({})).is(201);
    public.post("/classes/Limited", &json!({})).is(201);
    is_over(public.post("/classes/Limited", &json!({})));
    public.find("Limited", &json!({})).is(200);
    public.find("Sought", &json!({})).is(200);
    public.find("Sought", &json!({})).is(200);
    is_over(public.find("Sought", &json!({})));
}

#[test]
fn functions_that_call_functions_are_counted_if_the_limit_says_so() {
    let Some(server) = TestServer::with_cloud(CODE, &json!({})) else { return };
    let answer = server.public().post("/functions/inside", &json!({})).is(200).json();
    assert_eq!(answer["result"], json!(["ok", "ok", "Too many requests."]));
}

#[test]
fn bad_limits_stop_the_start() {
    for (limit, problem) in [
        (json!({"requestTimeWindow": 1, "requestCount": 1}), "requestPath"),
        (json!({"requestPath": "/a", "requestCount": 1}), "requestTimeWindow"),
        (json!({"requestPath": "/a", "requestTimeWindow": 1}), "requestCount"),
        (json!({"requestPath": "/a(", "requestTimeWindow": 1, "requestCount": 1}), "requestPath"),
        (
            json!({"requestPath": "/a", "requestTimeWindow": 1, "requestCount": 1, "zone": "x"}),
            "zone",
        ),
    ] {
        let limits = json!([limit]).to_string();
        let arguments = ["--appId", "a", "--masterKey", "m", "--rateLimit", limits.as_str()];
        let (code, _, told) = crate::support::run(&arguments, &[]);
        assert_eq!(code, Some(2), "{limit}: {told}");
        assert!(told.contains("rateLimit[0]") && told.contains(problem), "{told}");
    }
}
