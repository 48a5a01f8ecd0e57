//! Functions of cloud code, over REST and in batches: parameters, results, what they throw.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{READ_ONLY_KEY, TestServer};

const CODE: &str = r#"
Parse.Cloud.define('echo', request => request.params);
Parse.Cloud.define('nothing', () => {});
Parse.Cloud.define('dotted.name', () => 'dotted');
Parse.Cloud.define('toString', () => 'own');
Parse.Cloud.define('who', request => ({
  user: request.user ? request.user.id : null, master: request.master, context: request.context, ip: request.ip,
  keys: Object.getPrototypeOf(request.params) === null || Object.getPrototypeOf(request.params) === Object.prototype,
  polluted: {}.polluted === undefined,
}));
Parse.Cloud.define('hang', () => new Promise(() => {}));
Parse.Cloud.define('notFound', () => { throw new Parse.Error(101, 'not there'); });
Parse.Cloud.define('secret', request => { throw new Error('refused'); });
"#;

fn start(options: &Value) -> Option<TestServer> {
    TestServer::with_cloud(CODE, options)
}

#[test]
fn parameters_come_from_body_and_query() {
    let Some(server) = start(&json!({})) else { return };
    let call = |target: &str, body: Value| server.public().post(target, &body).is(200).json();
    assert_eq!(
        call("/functions/echo?a=5&b=%7B%22x%22%3A1%7D", json!({"a": 1, "c": [null, 1.5]})),
        json!({"result": {"a": "5", "b": "{\"x\":1}", "c": [null, 1.5]}}),
        "what stands in the query is text, and goes before the body"
    );
    assert_eq!(call("/functions/echo", json!([1, 2])), json!({"result": {"0": 1, "1": 2}}));
    let form = server.public().with("Content-Type", "application/x-www-form-urlencoded");
    let answer = form.send("POST", "/parse/functions/echo", Some(b"s=hello+there&n=1")).is(200);
    assert_eq!(answer.json(), json!({"result": {"s": "hello there", "n": "1"}}));
    let answer = server.public().send("POST", "/parse/functions/echo", None).is(200);
    assert_eq!(answer.json(), json!({"result": {}}));
}

#[test]
fn names_may_have_dots_and_belong_to_nobody_else() {
    let Some(server) = start(&json!({})) else { return };
    let call = |name: &str| server.public().post(&format!("/functions/{name}"), &json!({}));
    assert_eq!(call("dotted.name").is(200).json(), json!({"result": "dotted"}));
    assert_eq!(call("toString").is(200).json(), json!({"result": "own"}));
    assert_eq!(call("nothing").is(200).json(), json!({}));
    for unknown in ["valueOf", "constructor", "__proto__", "constructor.name", "Echo", "dotted"] {
        let answer = call(unknown).is(400).json();
        let text = format!("Invalid function: \"{unknown}\"");
        assert_eq!(answer, json!({"code": 141, "error": text}));
    }
    let answer = call("a%22b%5C").is(400).json();
    assert_eq!(answer["error"], "Invalid function: \"a\"b\\\"");
    server.public().send("GET", "/parse/functions/echo", None).is(404);
    server.public().send("POST", "/parse/functions/echo/more", Some(b"{}")).is(404);
}

#[test]
fn functions_know_who_calls() {
    let Some(server) = start(&json!({"readOnlyMasterKey": READ_ONLY_KEY})) else { return };
    let ada = Person::new(&server, "ada");
    let who = |caller: crate::support::Caller| {
        caller.post("/functions/who", &json!({})).is(200).json()["result"].clone()
    };
    let public = who(server.public());
    assert_eq!((&public["user"], &public["master"]), (&Value::Null, &json!(false)));
    assert_eq!(public["ip"], "127.0.0.1");
    assert_eq!(who(ada.caller(&server))["user"], json!(ada.id));
    assert_eq!(who(server.master())["master"], json!(true));
    assert_eq!(who(server.public().with("X-Parse-Master-Key", READ_ONLY_KEY))["master"], true);
    let context = who(server.public().with("X-Parse-Cloud-Context", r#"{"k":{"$host":"x"}}"#));
    assert_eq!(context["context"], json!({"k": {"$host": "x"}}), "a client makes no references");
    server
        .public()
        .with("X-Parse-Cloud-Context", "[1]")
        .post("/functions/who", &json!({}))
        .is_refused_with(&[107]);
}

/// SECURITY: prototype pollution.
#[test]
fn parameters_pollute_nothing() {
    let Some(server) = start(&json!({})) else { return };
    for body in [
        r#"{"__proto__":{"polluted":true}}"#,
        r#"{"a":{"__proto__":{"polluted":true}}}"#,
        r#"{"constructor":{"prototype":{"polluted":true}}}"#,
    ] {
        let answer = server.public().send("POST", "/parse/functions/who", Some(body.as_bytes()));
        assert_eq!(answer.is(200).json()["result"]["polluted"], json!(true), "{body}");
        server.public().send("POST", "/parse/functions/echo", Some(body.as_bytes())).is(200);
    }
}

#[test]
fn a_function_that_hangs_is_given_up() {
    let Some(server) = start(&json!({"cloudFunctionTimeout": 200})) else { return };
    server.public().post("/functions/hang", &json!({})).is_refused_with(&[124]);
    let answer = server.public().post("/functions/echo", &json!({"a": 1})).is(200).json();
    assert_eq!(answer, json!({"result": {"a": 1}}));
}

#[test]
fn a_batch_calls_functions() {
    let Some(server) = start(&json!({})) else { return };
    let entry = |name: &str| json!({"method": "POST", "path": format!("/parse/functions/{name}"), "body": {"n": name}});
    let batch =
        json!({"requests": [entry("echo"), entry("notFound"), entry("nothing"), entry("none")]});
    let answer = server.public().post("/batch", &batch).is(200).json();
    assert_eq!(
        answer,
        json!([
            {"success": {"result": {"n": "echo"}}},
            {"error": {"code": 101, "error": "not there"}},
            {"success": {}},
            {"error": {"code": 141, "error": "Invalid function: \"none\""}},
        ])
    );
    server.public().post("/functions/notFound", &json!({})).is(404);
}

#[test]
fn the_log_tells_of_functions_without_secrets() {
    let Some(server) = start(&json!({})) else { return };
    let params =
        json!({"password": "hunter2", "shown": "apple", "nested": {"sessionToken": "r:hunter3"}});
    server.public().post("/functions/echo", &params).is(200);
    server.public().post("/functions/secret", &params).is(400);
    let log = server.logged();
    assert!(log.contains("ran cloud function echo") && log.contains("apple"), "{log}");
    assert!(
        log.contains("failed running cloud function secret") && log.contains("refused"),
        "{log}"
    );
    assert!(!log.contains("hunter"), "{log}");
}

#[test]
fn the_log_is_as_quiet_as_the_options_say() {
    let levels = json!({"cloudFunctionSuccess": "debug", "cloudFunctionError": "debug"});
    let Some(server) = start(&json!({"logLevels": levels})) else { return };
    server.public().post("/functions/echo", &json!({})).is(200);
    server.public().post("/functions/secret", &json!({})).is(400);
    assert!(!server.logged().contains("cloud function"), "{}", server.logged());
}
