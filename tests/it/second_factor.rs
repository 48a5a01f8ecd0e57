//! The second factor over HTTP: set up, asked for, used once, replaced, removed.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{Answer, Caller, TestServer};

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const OTHER_SECRET: &str = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU";

/// The code of a secret so many steps from now. A step lasts longer than these tests, and its neighbours are accepted.
fn code(secret: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret).expect("a secret");
    let totp = Builder::new().with_secret(secret).build().expect("settings of every app");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    totp.generate(now.saturating_add_signed(30 * steps)).to_string()
}

/// A user who has the factor set up.
struct Ann {
    server: TestServer,
    caller: Caller,
    path: String,
    recovery: Vec<String>,
}

impl Ann {
    fn new() -> Self {
        Self::with(json!({}))
    }

    fn with(mut options: Value) -> Self {
        let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
        options["auth"] = json!({"mfa": mfa});
        let server = TestServer::with(&options);
        let user = json!({"username": "ann", "password": "pw"});
        let user = server.public().post("/users", &user).is(201).json();
        let text = |field: &str| user[field].as_str().expect("a text").to_owned();
        let caller = server.public().with("X-Parse-Session-Token", &text("sessionToken"));
        let path = format!("/users/{}", text("objectId"));
        let mut ann = Self { server, caller, path, recovery: Vec::new() };
        let answer = ann.change(&json!({"secret": SECRET, "token": code(SECRET, 0)})).is(200);
        ann.recovery = recovery_of(&answer);
        ann
    }

    fn change(&self, mfa: &Value) -> Answer {
        self.caller.put(&self.path, &json!({"authData": {"mfa": mfa}}))
    }

    fn log_in(&self, mfa: &Value) -> Answer {
        let body = json!({"username": "ann", "password": "pw", "authData": {"mfa": mfa}});
        self.server.public().post("/login", &body)
    }
}

fn recovery_of(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    let codes = answer["authDataResponse"]["mfa"]["recovery"].as_str();
    codes.unwrap_or_else(|| panic!("no codes: {answer}")).split(", ").map(str::to_owned).collect()
}

fn is_wrong_token(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (400, Some(141)), "{answer}");
    assert_eq!(answer.json()["error"], "Invalid MFA token");
}

#[test]
fn who_has_a_second_factor_needs_it() {
    let ann = Ann::new();
    let public = ann.server.public();
    for more in [json!({}), json!({"authData": {}}), json!({"authData": {"mfa": null}})] {
        let mut body = json!({"username": "ann", "password": "pw"});
        body.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
        let answer = public.post("/login", &body);
        assert_eq!((answer.status, answer.code()), (400, Some(-1)), "{answer}");
        assert_eq!(answer.json()["error"], "Missing additional authData mfa");
    }
    for token in [json!("000000"), json!(""), json!(null), json!({"$ne": null}), json!(1)] {
        is_wrong_token(&ann.log_in(&json!({"token": token})));
    }
    is_wrong_token(&ann.log_in(&json!({"token": code(OTHER_SECRET, 0)})));
    let answer = ann.log_in(&json!({"token": code(SECRET, 0)})).is(200).json();
    assert!(answer["sessionToken"].is_string());
}

#[test]
fn a_code_is_good_once() {
    let ann = Ann::new();
    let token = code(SECRET, 0);
    ann.log_in(&json!({"token": token})).is(200);
    is_wrong_token(&ann.log_in(&json!({"token": token})));
    is_wrong_token(&ann.log_in(&json!({"token": code(SECRET, -1)})));
    ann.log_in(&json!({"token": code(SECRET, 1)})).is(200);
}

#[test]
fn a_recovery_code_is_good_once() {
    let ann = Ann::new();
    assert_eq!(ann.recovery.len(), 2);
    for recovery in &ann.recovery {
        ann.log_in(&json!({"token": recovery})).is(200);
        is_wrong_token(&ann.log_in(&json!({"token": recovery})));
    }
}

/// SECURITY: secret fields from account endpoints (MFA secrets).
#[test]
fn secrets_of_second_factors_are_shown_to_nobody() {
    let ann = Ann::new();
    let logged_in = ann.log_in(&json!({"token": code(SECRET, 0)})).is(200);
    let me = ann.caller.get("/users/me").is(200);
    let by_master = ann.server.master().get(&ann.path).is(200);
    let found = ann.server.master().get("/users").is(200);
    for answer in [&logged_in, &me, &by_master, &found] {
        let text = answer.text();
        assert!(!text.contains(SECRET) && !text.contains("usedStep"), "{text}");
        assert!(ann.recovery.iter().all(|code| !text.contains(code)), "{text}");
    }
    assert_eq!(me.json()["authData"], json!({"mfa": {"status": "enabled"}}));
    assert_eq!(logged_in.json()["authData"], json!({"mfa": {"status": "enabled"}}));
}

#[test]
fn a_second_factor_is_replaced_with_a_code_of_the_old_one() {
    let ann = Ann::new();
    let new =
        |old: Value| json!({"old": old, "secret": OTHER_SECRET, "token": code(OTHER_SECRET, 0)});
    is_wrong_token(&ann.change(&json!({"secret": OTHER_SECRET, "token": code(OTHER_SECRET, 0)})));
    is_wrong_token(&ann.change(&new(json!("000000"))));
    let answer = ann.change(&new(json!(code(SECRET, 0)))).is(200);
    assert!(recovery_of(&answer).iter().all(|code| !ann.recovery.contains(code)));
    is_wrong_token(&ann.log_in(&json!({"token": code(SECRET, 1)})));
    is_wrong_token(&ann.log_in(&json!({"token": ann.recovery[0]})));
    ann.log_in(&json!({"token": code(OTHER_SECRET, 0)})).is(200);
}

#[test]
fn a_second_factor_that_is_removed_is_not_asked_for() {
    let ann = Ann::new();
    ann.change(&json!(null)).is(200);
    let body = json!({"username": "ann", "password": "pw"});
    let answer = ann.server.public().post("/login", &body).is(200).json();
    assert!(answer["authData"]["mfa"].is_null(), "{answer}");
}

#[test]
fn a_second_factor_is_no_account() {
    let ann = Ann::new();
    let body =
        json!({"authData": {"mfa": {"secret": SECRET, "token": code(SECRET, 0), "id": "x"}}});
    let answer = ann.server.public().post("/users", &body);
    assert_eq!(answer.status, 400, "{answer}");
}

/// SECURITY: single use, lockout. Whoever has the password can not guess codes without end: to show the password alone
/// neither locks the account nor forgives what was guessed.
#[test]
fn codes_are_not_guessed_without_end() {
    let ann = Ann::with(json!({"accountLockout": {"threshold": 3, "duration": 5}}));
    let public = ann.server.public();
    let password = json!({"username": "ann", "password": "pw"});
    let show_password = || {
        assert_eq!(public.post("/login", &password).code(), Some(-1));
        public.post("/verifyPassword", &password).is(200);
        let challenge = json!({"username": "ann", "password": "pw", "challengeData": {"mfa": {}}});
        public.post("/challenge", &challenge).is(200);
    };
    for _ in 0..3 {
        show_password();
    }
    for _ in 0..2 {
        is_wrong_token(&ann.log_in(&json!({"token": "000000"})));
        show_password();
    }
    is_wrong_token(&ann.log_in(&json!({"token": "000000"})));
    let locked = ann.log_in(&json!({"token": code(SECRET, 0)}));
    assert_eq!((locked.status, locked.code()), (404, Some(101)), "{locked}");
    public.post("/verifyPassword", &password).is(404);
}

#[test]
fn a_log_in_forgives_wrong_codes() {
    let ann = Ann::with(json!({"accountLockout": {"threshold": 2, "duration": 5}}));
    for step in [-1, 0, 1] {
        is_wrong_token(&ann.log_in(&json!({"token": "000000"})));
        ann.log_in(&json!({"token": code(SECRET, step)})).is(200);
    }
}
