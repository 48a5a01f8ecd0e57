//! Users with a session, and what they need to prove themselves.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use super::{Answer, Caller, TestServer};

/// The password of all users of tests.
pub(crate) const PASSWORD: &str = "it-password-1";
/// A secret that an authenticator app and the server share.
pub(crate) const MFA_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// A user who signed up.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Person {
    /// Signs up by name, with an address at example.com.
    pub(crate) fn new(server: &TestServer, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let user = json!({"username": name, "password": PASSWORD, "email": email});
        let answer = server.public().post("/users", &user).is(201).json();
        let text =
            |field: &str| answer[field].as_str().unwrap_or_else(|| panic!("{field}: {answer}"));
        Self {
            name: name.to_owned(),
            id: text("objectId").to_owned(),
            token: text("sessionToken").to_owned(),
        }
    }

    /// The user as a caller.
    pub(crate) fn caller(&self, server: &TestServer) -> Caller {
        server.public().with("X-Parse-Session-Token", &self.token)
    }

    /// The path of the user's object.
    pub(crate) fn path(&self) -> String {
        format!("/users/{}", self.id)
    }

    /// Sets up the second factor and returns the recovery codes.
    pub(crate) fn set_up_mfa(&self, server: &TestServer) -> Vec<String> {
        let mfa = json!({"secret": MFA_SECRET, "token": mfa_code()});
        let answer = self
            .caller(server)
            .put(&self.path(), &json!({"authData": {"mfa": mfa}}))
            .is(200)
            .json();
        let codes = answer["authDataResponse"]["mfa"]["recovery"].as_str();
        let codes = codes.unwrap_or_else(|| panic!("no recovery codes: {answer}"));
        codes.split(", ").map(str::to_owned).collect()
    }
}

/// Logs in by name and password, with more in the body.
pub(crate) fn log_in(caller: &Caller, name: &str, password: &str, more: &Value) -> Answer {
    let mut body = json!({"username": name, "password": password});
    for (key, value) in more.as_object().expect("members") {
        body[key] = value.clone();
    }
    caller.post("/login", &body)
}

/// The code that an authenticator app shows now.
pub(crate) fn mfa_code() -> String {
    let secret = Secret::try_from_base32(MFA_SECRET).expect("a secret");
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(secret).build();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    totp.expect("settings of every app").generate(now.as_secs()).to_string()
}
