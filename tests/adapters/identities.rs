//! Adapters of identity providers.

use serde_json::{Value, json};

use crate::app::{App, RECORD, text};

/// One of the older kind, one of the newer kind, a second factor, one that stands for itself, and odd ones.
fn files() -> Vec<(&'static str, String)> {
    let older = r#"
module.exports = {
  validateAppId: async (ids, data, options) => record('validateAppId', ids, data, options),
  validateAuthData: async (data, options, request) => {
    record('validateAuthData', data, options, request);
    if (data.token === 'bad') throw new Error('older says no');
    if (data.token === 'code') throw new Parse.Error(1234, 'a code of its own');
    if (data.token === 'text') throw 'just a text';
    if (data.token === 'nothing') throw undefined;
    if (data.token === 'save') return { save: { id: data.id, name: 'kept' }, response: { hello: data.id } };
    if (data.token === 'odd') return { save: 'no object' };
  },
  afterFind: async (data, options, request) => {
    record('afterFind', data, request);
    return { id: data.id, seen: true };
  },
};"#;
    let newer = r#"
module.exports = class Newer {
  constructor(options) { this.given = options; }
  async validateSetUp(data, options, request) {
    record('validateSetUp', data, { options, given: this.given }, request);
    return { save: { id: data.id, secret: 's1' }, response: { setUp: true } };
  }
  async validateLogin(data, options, request) {
    record('validateLogin', data, {}, request);
    if (data.token === 'bad') throw new Error('wrong token');
    return { doNotSave: true, response: { loggedIn: true } };
  }
  async validateUpdate(data, options, request) {
    record('validateUpdate', data, {}, request);
    return { save: { id: data.id, secret: 's2' } };
  }
  async challenge(challenge, data, options, request) {
    record('challenge', challenge, data, request);
    return { solve: challenge.number + 1, polluted: ({}).polluted };
  }
};"#;
    let factor = r#"
module.exports = {
  policy: 'additional',
  validateSetUp: async data => ({ save: { secret: data.secret }, response: { codes: ['a', 'b'] } }),
  validateLogin: async (data, options, request) => {
    const { secret } = request.original.get('authData').factor;
    if (data.code !== secret) throw new Error('wrong code');
    return { doNotSave: true };
  },
  validateUpdate: async data => ({ save: { secret: data.secret } }),
  challenge: async () => ({ sent: true }),
};"#;
    let alone = "module.exports = { policy: 'solo', validateAuthData: async () => {} };";
    let strange = "module.exports = { policy: 'strange', validateAuthData: async () => {} };";
    let empty = "module.exports = { name: 'nothing to ask' };";
    [
        ("older.js", format!("{RECORD}{older}")),
        ("newer.js", format!("{RECORD}{newer}")),
        ("factor.js", factor.to_owned()),
        ("alone.js", alone.to_owned()),
        ("strange.js", strange.to_owned()),
        ("empty.js", empty.to_owned()),
    ]
    .to_vec()
}

fn app() -> Option<App> {
    let files = files();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let auth = json!({
        "older": {"module": "./older.js", "appIds": ["x", "y"], "option1": "o"},
        "newer": {"module": "./newer.js", "options": {"made": "with"}, "option2": 2},
        "factor": {"module": "./factor.js"},
        "alone": {"module": "./alone.js"},
        "strange": {"module": "./strange.js"},
        "empty": {"module": "./empty.js"},
        "off": {"module": "./missing.js", "enabled": false},
    });
    App::with(&files, &json!({"auth": auth}))
}

fn with(provider: &str, data: &Value) -> Value {
    json!({"authData": {provider: data}})
}

#[test]
fn an_adapter_of_the_older_kind_is_told_what_the_client_sent() {
    let Some(app) = app() else { return };
    let user = app.post("/users", &with("older", &json!({"id": "1", "token": "t"}))).is(201);
    let ids = app.calls_of("validateAppId");
    let options = json!({"module": "./older.js", "appIds": ["x", "y"], "option1": "o"});
    assert_eq!(ids[0], json!(["validateAppId", ["x", "y"], {"id": "1", "token": "t"}, options]));
    let call = &app.calls_of("validateAuthData")[0];
    assert_eq!((&call[1], &call[2]), (&json!({"id": "1", "token": "t"}), &options));
    assert_eq!(call[3]["master"], json!(false));
    assert_eq!(call[3]["ip"], json!("127.0.0.1"));
    assert_eq!(call[3]["object"]["json"]["authData"]["older"]["id"], json!("1"));
    assert_eq!(call[3].get("original"), None);

    // Who comes back is logged in, and sees what he sent; who asks later sees what the adapter shows.
    let again = app.post("/users", &with("older", &json!({"id": "1", "token": "t"}))).is(200);
    assert_eq!(again["objectId"], user["objectId"]);
    assert_eq!(again["authData"], json!({"older": {"id": "1", "token": "t"}}));
    assert_eq!(app.calls_of("validateAuthData").len(), 2, "asked once for each log-in");
    let original = &app.calls_of("validateAuthData")[1][3]["original"];
    assert_eq!((&original["class"], &original["id"]), (&json!("_User"), &user["objectId"]));
    let session = text(&again["sessionToken"]);
    let me = app.get_as(&session, "/users/me").is(200);
    assert_eq!(me["authData"], json!({"older": {"id": "1", "seen": true}}));
    let found = app.get_as(&session, "/users").is(200);
    assert_eq!(found["results"][0]["authData"], json!({"older": {"id": "1", "seen": true}}));
    app.stop();
}

#[test]
fn what_an_adapter_throws_is_the_refusal() {
    let Some(app) = app() else { return };
    let send =
        |token: &str| app.post("/users", &with("older", &json!({"id": "1", "token": token})));
    send("bad").refuses(141, "older says no");
    send("code").refuses(1234, "a code of its own");
    send("text").refuses(141, "just a text");
    assert_eq!(send("nothing").json["code"], 141);
    assert_eq!(send("odd").status, 500);
    app.post("/users", &with("strange", &json!({"id": "1"}))).refuses(
        -1,
        "AuthAdapter policy is not configured correctly. The value must be either \"solo\", \"additional\", \"default\" or undefined (will be handled as \"default\")",
    );
    app.post("/users", &with("empty", &json!({"id": "1"}))).refuses(
        -1,
        "Adapter is not configured. Implement either validateAuthData or all of the following: validateSetUp, validateLogin and validateUpdate",
    );
    for off in ["off", "unknown"] {
        app.post("/users", &with(off, &json!({"id": "1"})))
            .refuses(252, "This authentication method is unsupported.");
    }
    let none = app.send("GET", "/users", None, &[("X-Parse-Master-Key", "master")]).is(200);
    assert_eq!(none["results"], json!([]), "nobody was made");
    app.stop();
}

/// SECURITY: what a client sends is data for an adapter, never something of the host's, and never a condition.
#[test]
fn what_a_client_sends_stays_data() {
    let Some(app) = app() else { return };
    for reference in [
        json!({"$host": "auth.newer"}),
        json!({"$host": "auth.newer", "kind": "object", "methods": []}),
        json!({"$error": {"kind": "parse", "code": 1}}),
        json!([{"$undefined": true}]),
    ] {
        let data = json!({"newer": {"number": 1, "x": reference}});
        app.post("/challenge", &json!({"challengeData": data})).is(200);
        let told = app.calls_of("challenge").pop().unwrap();
        assert_eq!(told[1]["x"], reference);
        let data = with("older", &json!({"id": "1", "x": reference}));
        assert_eq!(app.post("/users", &data).status, 400, "no such key is stored");
    }
    for polluting in
        [r#"{"__proto__": {"polluted": 1}}"#, r#"{"constructor": {"prototype": {"polluted": 1}}}"#]
    {
        let data =
            format!(r#"{{"challengeData": {{"newer": {{"number": 1, "x": {polluting}}}}}}}"#);
        let answer = app.post("/challenge", &serde_json::from_str(&data).unwrap()).is(200);
        assert_eq!(
            answer,
            json!({"challengeData": {"newer": {"solve": 2}}}),
            "nothing is inherited"
        );
    }
    for id in [json!({"$ne": null}), json!(5), json!(["1"]), json!(true)] {
        let answer = app.post("/users", &with("older", &json!({"id": id, "token": "t"})));
        assert_eq!(answer.status, 400, "{id}: {}", answer.json);
    }
    for id in [json!(null), json!("")] {
        app.post("/users", &with("older", &json!({"id": id, "token": "t"})))
            .refuses(252, "This authentication method is unsupported.");
    }
    app.stop();
}

#[test]
fn an_adapter_decides_what_is_kept_and_told() {
    let Some(app) = app() else { return };
    let user = app.post("/users", &with("older", &json!({"id": "7", "token": "save"}))).is(201);
    assert_eq!(user["authDataResponse"], json!({"older": {"hello": "7"}}));
    let path = format!("/users/{}", text(&user["objectId"]));
    app.send("GET", &path, None, &[("X-Parse-Master-Key", "master")]).is(200);
    assert_eq!(app.calls_of("afterFind").last().unwrap()[1], json!({"id": "7", "name": "kept"}));
    app.stop();
}

#[test]
fn an_adapter_of_the_newer_kind_learns_in_which_situation_it_is() {
    let Some(app) = app() else { return };
    let user = app.post("/users", &with("newer", &json!({"id": "1"}))).is(201);
    assert_eq!(user["authDataResponse"], json!({"newer": {"setUp": true}}));
    let set_up = &app.calls_of("validateSetUp")[0];
    assert_eq!(
        set_up[2]["given"],
        json!({"made": "with"}),
        "its constructor was given its options"
    );
    assert_eq!(set_up[2]["options"]["option2"], json!(2));
    assert_eq!(set_up[3]["triggerName"], json!("validateSetUp"));

    app.post("/users", &with("newer", &json!({"id": "1", "token": "bad"})))
        .refuses(141, "wrong token");
    let again = app.post("/users", &with("newer", &json!({"id": "1", "token": "t"}))).is(200);
    assert_eq!(again["authDataResponse"], json!({"newer": {"loggedIn": true}}));
    assert_eq!(
        again["authData"],
        json!({"newer": {"id": "1", "secret": "s1"}}),
        "nothing was kept"
    );
    assert_eq!(app.calls_of("validateLogin").len(), 2);

    let (path, session) =
        (format!("/users/{}", text(&user["objectId"])), text(&again["sessionToken"]));
    app.put_as(&session, &path, &with("newer", &json!({"id": "1", "secret": "s1"}))).is(200);
    assert_eq!(
        app.calls_of("validateUpdate").len(),
        0,
        "what the user has already is not asked about"
    );
    app.put_as(&session, &path, &with("newer", &json!({"id": "1", "fresh": 1}))).is(200);
    let update = &app.calls_of("validateUpdate")[0];
    assert_eq!(update[3]["user"]["id"], user["objectId"]);
    let me = app.get_as(&session, "/users/me").is(200);
    assert_eq!(me["authData"], json!({"newer": {"id": "1", "secret": "s2"}}));

    // Another user can not have the same account, whatever the adapter says.
    let (other, other_session) = app.sign_up("other");
    app.put_as(&other_session, &format!("/users/{other}"), &with("newer", &json!({"id": "1"})))
        .refuses(208, "this auth is already used");
    app.stop();
}

#[test]
fn a_second_factor_is_demanded_and_one_that_stands_for_itself_is_enough() {
    let Some(app) = app() else { return };
    let (id, session) = app.sign_up("ann");
    let path = format!("/users/{id}");
    app.post("/users", &with("factor", &json!({"secret": "1"})))
        .refuses(200, "bad or missing username");
    let set_up = app.put_as(&session, &path, &with("factor", &json!({"secret": "42"}))).is(200);
    assert_eq!(set_up["authDataResponse"], json!({"factor": {"codes": ["a", "b"]}}));

    let log_in = |data: Value| {
        let mut body = json!({"username": "ann", "password": "pw"});
        body["authData"] = data;
        app.post("/login", &body)
    };
    app.post("/login", &json!({"username": "ann", "password": "pw"}))
        .refuses(-1, "Missing additional authData factor");
    log_in(json!({"factor": {"code": "41"}})).refuses(141, "wrong code");
    log_in(json!({"factor": {"code": "42"}})).is(200);

    app.put_as(&session, &path, &with("newer", &json!({"id": "n"}))).is(200);
    app.post("/users", &with("newer", &json!({"id": "n"})))
        .refuses(-1, "Missing additional authData factor");
    app.put_as(&session, &path, &with("alone", &json!({"id": "s"}))).is(200);
    app.post("/users", &with("alone", &json!({"id": "s"}))).is(200);
    app.stop();
}

#[test]
fn challenges_are_asked_for_before_a_log_in() {
    let Some(app) = app() else { return };
    let ask = |body: Value| app.post("/challenge", &body);
    let answer =
        ask(json!({"challengeData": {"newer": {"number": 1}, "older": 1, "who": 1}})).is(200);
    assert_eq!(answer, json!({"challengeData": {"newer": {"solve": 2}}}));
    assert_eq!(app.calls_of("challenge")[0][3]["isChallenge"], json!(true));

    let user = app.post("/users", &with("newer", &json!({"id": "1"}))).is(201);
    let of = |token: &str| json!({"newer": {"id": "1", "token": token}});
    ask(json!({"authData": of("bad"), "challengeData": {"newer": {"number": 2}}}))
        .refuses(141, "wrong token");
    ask(json!({"authData": of("t"), "challengeData": {"newer": {"number": 2}}})).is(200);
    let told = app.calls_of("challenge").pop().unwrap();
    assert_eq!(told[2], json!({"id": "1", "token": "t"}));
    assert_eq!(told[3]["original"]["id"], user["objectId"]);
    assert_eq!(app.calls_of("challenge").len(), 2, "none for who can not log in");
    app.stop();
}
