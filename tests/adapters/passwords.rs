//! Functions of a configuration in JavaScript that decide about users.

use serde_json::{Value, json};

use crate::app::{App, RECORD, directory, options};

const CONFIGURATION: &str = r#"
module.exports = {
  ...OPTIONS,
  appName: 'App',
  publicServerURL: 'http://127.0.0.1:1/parse',
  emailAdapter: { sendMail: async mail => record('sendMail', mail) },
  passwordPolicy: {
    validatorPattern: /^[a-z0-9]{4,}$/i,
    validatorCallback: async password => { record('validatorCallback', password); return password !== 'guessed'; },
    validationError: 'choose a better one',
  },
  verifyUserEmails: async request => {
    record('verifyUserEmails', request);
    return !request.object.get('username').startsWith('robot');
  },
  preventLoginWithUnverifiedEmail: request => {
    record('preventLogin', request);
    return !request.object.get('isTrusted');
  },
  sendUserEmailVerification: request => { record('send', request); return request.user.get('username') !== 'quiet'; },
};"#;

fn app() -> Option<App> {
    let configuration = CONFIGURATION.replace("OPTIONS", &options(&json!({})).to_string());
    let directory = directory(&[("config.js", &format!("{RECORD}{configuration}"))])?;
    Some(App::started(directory, &["config.js"]))
}

fn user(name: &str) -> Value {
    json!({"username": name, "password": "good1", "email": format!("{name}@example.com")})
}

#[test]
fn a_function_judges_passwords_beside_the_pattern() {
    let Some(app) = app() else { return };
    let set = |password: &str| {
        let mut user = user("robot1");
        user["password"] = json!(password);
        app.post("/users", &user)
    };
    set("no").refuses(142, "choose a better one");
    assert!(app.calls_of("validatorCallback").is_empty(), "the pattern comes first");
    set("guessed").refuses(142, "choose a better one");
    let session = set("GOOD1").is(201);
    let passwords: Vec<Value> =
        app.calls_of("validatorCallback").iter().map(|call| call[1].clone()).collect();
    assert_eq!(passwords, ["guessed", "GOOD1"]);
    let path = format!("/users/{}", session["objectId"].as_str().unwrap());
    let session = session["sessionToken"].as_str().unwrap();
    app.put_as(session, &path, &json!({"password": "guessed"})).refuses(142, "choose a better one");
    app.stop();
}

#[test]
fn functions_say_whose_address_is_verified_and_who_waits_for_it() {
    let Some(app) = app() else { return };
    // Who need not verify is in.
    let robot = app.post("/users", &user("robot")).is(201);
    assert!(robot["sessionToken"].is_string());
    let told = &app.calls_of("verifyUserEmails")[0][1];
    assert_eq!(told["object"]["class"], "_User");
    assert_eq!(told["object"]["json"]["username"], "robot");
    assert!(told["object"]["json"].get("password").is_none());
    assert_eq!(told["createdWith"], json!({"action": "signup", "authProvider": "password"}));
    assert_eq!((&told["master"], &told["ip"]), (&json!(false), &json!("127.0.0.1")));

    // Who must, waits unless he is trusted.
    let person = app.post("/users", &user("ann")).is(201);
    assert_eq!(person.get("sessionToken"), None);
    app.wait_for("sendMail", 1);
    let log_in = json!({"username": "ann", "password": "good1"});
    app.post("/login", &log_in).refuses(205, "User email is not verified.");
    let told = app.calls_of("preventLogin").pop().unwrap();
    assert_eq!(told[1]["createdWith"], json!({"action": "login", "authProvider": "password"}));
    assert_eq!(told[1]["object"]["id"], person["objectId"]);
    let path = format!("/users/{}", person["objectId"].as_str().unwrap());
    let trusted = json!({"isTrusted": true});
    app.send("PUT", &path, Some(&trusted), &[("X-Parse-Master-Key", "master")]).is(200);
    app.post("/login", &log_in).is(200);

    // A function says who gets no mail.
    let before = app.calls_of("sendMail").len();
    app.post("/users", &user("quiet")).is(201);
    let told = app.wait_for("send", 2).pop().unwrap();
    assert_eq!(told[1]["user"]["json"]["username"], "quiet");
    app.post("/verificationEmailRequest", &json!({"email": "ann@example.com"})).is(200);
    app.wait_for("sendMail", before + 1);
    let last = app.calls_of("sendMail");
    assert!(last.iter().all(|mail| mail[1]["to"] == "ann@example.com"), "{last:?}");
    let resent = app.calls_of("verifyUserEmails").pop().unwrap();
    assert_eq!(resent[1]["resendRequest"], json!(true));
    app.stop();
}
