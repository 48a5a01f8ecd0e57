//! Mail adapters.

use serde_json::{Value, json};

use crate::app::{App, RECORD, text};

const WHOLE: &str = r#"
module.exports = options => ({
  sendVerificationEmail: async mail => record('sendVerificationEmail', mail, options),
  sendPasswordResetEmail: async mail => record('sendPasswordResetEmail', mail, options),
  sendMail: async mail => { record('sendMail', mail); return { accepted: [mail.to] }; },
});"#;

const PLAIN: &str = r#"
exports.default = class Mailer {
  constructor({ sender }) { this.sender = sender; }
  async sendMail(mail) { record('sendMail', { ...mail, sender: this.sender }); }
};"#;

const FAILING: &str = r#"
module.exports = { sendMail: async mail => { record('sendMail', mail); throw new Error('the post office is closed'); } };"#;

const CLOUD: &str = r#"
Parse.Cloud.define('mail', request => Parse.Cloud.sendEmail(request.params.mail));"#;

fn app(adapter: &str) -> Option<App> {
    let adapter = format!("{RECORD}{adapter}");
    let options = json!({
        "appName": "My App",
        "publicServerURL": "http://public.example/parse",
        "verifyUserEmails": true,
        "emailAdapter": {"module": "./mail.js", "options": {"sender": "me@a.example"}},
        "cloud": "./main.js",
    });
    App::with(&[("mail.js", &adapter), ("main.js", CLOUD)], &options)
}

fn ann() -> Value {
    json!({"username": "ann", "password": "pw", "email": "ann@example.com", "locale": "de-AT"})
}

#[test]
fn an_adapter_writes_the_mails_of_links_itself() {
    let Some(app) = app(WHOLE) else { return };
    let user = app.post("/users", &ann()).is(201);
    let call = app.wait_for("sendVerificationEmail", 1).remove(0);
    assert_eq!(call[1]["appName"], "My App");
    let link = text(&call[1]["link"]);
    let expected = "http://public.example/parse/apps/app/verify_email?token=";
    assert!(link.starts_with(expected) && link.len() == expected.len() + 25, "{link}");
    assert_eq!(call[2], json!({"sender": "me@a.example"}));
    let told = &call[1]["user"];
    assert_eq!((&told["class"], &told["id"]), (&json!("_User"), &user["objectId"]));
    assert_eq!(told["json"]["locale"], "de-AT");
    assert_eq!(told["json"]["email"], "ann@example.com");
    let fields: Vec<&String> = told["json"].as_object().unwrap().keys().collect();
    assert!(
        fields.iter().all(|field| !field.starts_with('_') && *field != "password"),
        "{fields:?}"
    );

    app.post("/requestPasswordReset", &json!({"email": "ann@example.com"})).is(200);
    let call = app.wait_for("sendPasswordResetEmail", 1).remove(0);
    let link = text(&call[1]["link"]);
    assert!(link.starts_with("http://public.example/parse/apps/app/request_password_reset?token="));
    assert_eq!(call[1]["user"]["id"], user["objectId"]);

    app.post("/verificationEmailRequest", &json!({"email": "ann@example.com"})).is(200);
    app.wait_for("sendVerificationEmail", 2);
    app.post("/requestPasswordReset", &json!({"email": "who@example.com"})).is(200);
    assert!(app.calls_of("sendMail").is_empty());
    app.stop();
}

#[test]
fn an_adapter_that_only_sends_gets_the_text_of_the_server() {
    let Some(app) = app(PLAIN) else { return };
    app.post("/users", &ann()).is(201);
    let mail = app.wait_for("sendMail", 1).remove(0).take();
    assert_eq!(mail[1]["to"], "ann@example.com");
    assert_eq!(mail[1]["subject"], "Please verify your e-mail for My App");
    assert_eq!(mail[1]["sender"], "me@a.example");
    assert!(text(&mail[1]["text"]).contains("/verify_email?token="));
    app.stop();
}

#[test]
fn cloud_code_sends_mail_and_hears_of_it() {
    let Some(app) = app(WHOLE) else { return };
    let mail = json!({"to": "bob@example.com", "subject": "Hi", "text": "there", "extra": [1]});
    let answer = app.post("/functions/mail", &json!({"mail": mail})).is(200);
    assert_eq!(answer, json!({"result": {"accepted": ["bob@example.com"]}}));
    assert_eq!(app.calls_of("sendMail")[0][1], mail);
    app.stop();
}

#[test]
fn cloud_code_sends_mail_through_what_is_built_in_too() {
    let options = json!({
        "emailAdapter": {"module": "file", "options": {"directory": "mails"}},
        "cloud": "./main.js",
    });
    let Some(app) = App::with(&[("main.js", CLOUD)], &options) else { return };
    let mail = json!({"to": "bob@example.com", "subject": "Hi", "text": "there"});
    app.post("/functions/mail", &json!({"mail": mail})).is(200);
    let mails: Vec<_> = std::fs::read_dir(app.directory().join("mails")).unwrap().collect();
    assert_eq!(mails.len(), 1);
    let text = std::fs::read_to_string(mails[0].as_ref().unwrap().path()).unwrap();
    assert!(text.contains("To: bob@example.com") && text.contains("there"), "{text}");
    app.post("/functions/mail", &json!({"mail": {"subject": "Hi"}}))
        .refuses(125, "a mail needs the address `to` as a text");
    let smuggled = json!({"to": "bob@example.com\r\nBcc: eve@example.com", "text": "x"});
    assert_eq!(app.post("/functions/mail", &json!({"mail": smuggled})).status, 400);
    app.stop();
}

#[test]
fn a_mail_that_can_not_be_sent_changes_no_answer_but_that_of_cloud_code() {
    let Some(app) = app(FAILING) else { return };
    app.post("/users", &ann()).is(201);
    app.wait_for("sendMail", 1);
    app.post("/requestPasswordReset", &json!({"email": "ann@example.com"})).is(200);
    app.wait_for("sendMail", 2);
    app.post("/functions/mail", &json!({"mail": {"to": "a@b.c"}}))
        .refuses(141, "the post office is closed");
    app.stop();
}
