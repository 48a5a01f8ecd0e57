//! Single-use defeated by concurrency: of many equal requests at once exactly one wins, and none fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::{PASSWORD, Person, log_in, mfa_code};
use crate::support::{Answer, Caller, TestServer, add_relation, percent_encode, pointer, together};

const REQUESTS: usize = 50;

/// Sends as many requests at once, each over a connection of its own.
fn at_once(server: &TestServer, send: impl Fn(&Caller, usize) -> Answer + Sync) -> Vec<Answer> {
    together(REQUESTS, |number| send(&server.public(), number))
}

/// How many were accepted; all others must be refused with the code.
fn winners(answers: &[Answer], code: i64) -> usize {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| !answer.is_refusal());
    for answer in lost {
        assert_eq!(answer.code(), Some(code), "{answer}");
    }
    won.len()
}

fn count(server: &TestServer, class: &str, filter: &Value) -> usize {
    server.master().find(class, &json!({"where": filter, "limit": 1000})).is(200).results().len()
}

#[test]
fn one_username_is_signed_up_once() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, _| {
        caller.post("/users", &json!({"username": "ann", "password": PASSWORD}))
    });
    assert_eq!(winners(&answers, 202), 1);
    assert_eq!(count(&server, "_User", &json!({})), 1);
    assert_eq!(count(&server, "_Session", &json!({})), 1, "the others got sessions");
}

#[test]
fn one_username_in_any_case_is_signed_up_once() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, number| {
        let name: String = "annabell"
            .chars()
            .enumerate()
            .map(
                |(at, letter)| {
                    if number >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
                },
            )
            .collect();
        caller.post("/users", &json!({"username": name, "password": PASSWORD}))
    });
    assert_eq!(winners(&answers, 202), 1);
    assert_eq!(count(&server, "_User", &json!({})), 1);
}

#[test]
fn one_address_in_any_case_is_signed_up_once() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, number| {
        let email = if number % 2 == 0 { "ann@example.com" } else { "ANN@Example.com" };
        let user =
            json!({"username": format!("ann{number}"), "password": PASSWORD, "email": email});
        caller.post("/users", &user)
    });
    assert_eq!(winners(&answers, 203), 1);
    assert_eq!(count(&server, "_User", &json!({})), 1);
}

#[test]
fn letters_of_any_script_have_a_case() {
    let server = TestServer::start();
    let sign_up = |name: &str, email: &str| {
        let user = json!({"username": name, "password": PASSWORD, "email": email});
        server.public().post("/users", &user)
    };
    sign_up("änn", "änn@example.com").is(201);
    sign_up("ÄNN", "other@example.com").is_refused_with(&[202]);
    sign_up("other", "ÄNN@example.com").is_refused_with(&[203]);
    sign_up("ΑΝΝΑ", "third@example.com").is(201);
    sign_up("αννα", "fourth@example.com").is_refused_with(&[202]);
    let person = Person::new(&server, "renamed");
    person.caller(&server).put(&person.path(), &json!({"username": "ÄnN"})).is_refused_with(&[202]);
}

#[test]
fn one_username_is_signed_up_once_through_both_doors() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, number| {
        match number % 2 {
        0 => caller.post("/users", &json!({"username": "ann", "password": PASSWORD})),
        _ => caller.graphql(&format!(
            "mutation {{ signUp(input: {{fields: {{username: \"ann\", password: \"{PASSWORD}\"}}}}) {{ viewer {{ sessionToken }} }} }}"
        )),
    }
    });
    assert_eq!(winners(&answers, 202), 1);
    assert_eq!(count(&server, "_User", &json!({})), 1);
}

#[test]
fn one_username_is_taken_once_by_renaming() {
    let server = TestServer::start();
    let people: Vec<Person> =
        (0..8).map(|number| Person::new(&server, &format!("p{number}"))).collect();
    let answers = together(people.len(), |number| {
        let person = &people[number];
        person.caller(&server).put(&person.path(), &json!({"username": "wanted"}))
    });
    assert_eq!(winners(&answers, 202), 1);
    assert_eq!(count(&server, "_User", &json!({"username": "wanted"})), 1);
}

#[test]
fn one_identity_makes_one_account() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, _| {
        caller.post("/users", &json!({"authData": {"anonymous": {"id": "the-same-id"}}}))
    });
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| {
            assert!(answer.status == 201 || answer.status == 200, "{answer}");
            answer.json()["objectId"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(count(&server, "_User", &json!({})), 1);
}

#[test]
fn one_identity_is_linked_to_one_account() {
    let server = TestServer::start();
    let people: Vec<Person> =
        (0..8).map(|number| Person::new(&server, &format!("p{number}"))).collect();
    let answers = together(people.len(), |number| {
        let person = &people[number];
        let link = json!({"authData": {"anonymous": {"id": "the-same-id"}}});
        person.caller(&server).put(&person.path(), &link)
    });
    assert_eq!(winners(&answers, 208), 1);
    assert_eq!(count(&server, "_User", &json!({"authData.anonymous.id": "the-same-id"})), 1);
}

#[test]
fn one_role_name_is_one_role() {
    let server = TestServer::start();
    let answers = at_once(&server, |caller, _| {
        caller.post("/roles", &json!({"name": "Editors", "ACL": {"*": {"read": true}}}))
    });
    assert_eq!(winners(&answers, 137), 1);
    assert_eq!(count(&server, "_Role", &json!({})), 1);
}

#[test]
fn one_installation_has_one_session() {
    let server = TestServer::start();
    Person::new(&server, "ann");
    let answers = at_once(&server, |caller, _| {
        let device = caller.with("X-Parse-Installation-Id", "the-same-installation");
        log_in(&device, "ann", PASSWORD, &json!({}))
    });
    assert_eq!(winners(&answers, 101), REQUESTS);
    let of_device = json!({"installationId": "the-same-installation"});
    assert_eq!(count(&server, "_Session", &of_device), 1);
    let alive = answers.iter().filter(|answer| {
        let token = answer.json()["sessionToken"].as_str().expect("a token").to_owned();
        !server.public().with("X-Parse-Session-Token", &token).get("/users/me").is_refusal()
    });
    assert_eq!(alive.count(), 1, "tokens of sessions that are gone are known");
}

#[test]
fn a_lockout_lets_as_many_tries_through_as_it_says() {
    let lockout = json!({"accountLockout": {"threshold": 5, "duration": 5}});
    let server = TestServer::with(&lockout);
    Person::new(&server, "ann");
    let answers = at_once(&server, |caller, _| log_in(caller, "ann", "wrong", &json!({})));
    assert_eq!(winners(&answers, 101), 0);
    let tried =
        answers.iter().filter(|answer| answer.text().contains("Invalid username/password."));
    assert_eq!(tried.count(), 5);
    let locked = answers.iter().filter(|answer| answer.text().contains("is locked"));
    assert_eq!(locked.count(), REQUESTS - 5);
    for caller in [server.public(), server.master()] {
        log_in(&caller, "ann", PASSWORD, &json!({})).is_refused_with(&[101]);
    }
}

#[test]
fn a_lockout_counts_the_tries_of_all_doors() {
    let lockout = json!({"accountLockout": {"threshold": 4, "duration": 5}});
    let server = TestServer::with(&lockout);
    Person::new(&server, "ann");
    let answers = at_once(&server, |caller, number| {
        match number % 4 {
        0 => log_in(caller, "ann", "wrong", &json!({})),
        1 => caller.ask("/verifyPassword", &json!({"username": "ann", "password": "wrong"})),
        2 => caller.ask("/login", &json!({"username": "ann", "password": "wrong"})),
        _ => caller.graphql("mutation { logIn(input: {username: \"ann\", password: \"wrong\"}) { viewer { sessionToken } } }"),
    }
    });
    assert_eq!(winners(&answers, 101), 0);
    let tried =
        answers.iter().filter(|answer| answer.text().contains("Invalid username/password."));
    assert_eq!(tried.count(), 4);
}

fn with_mfa() -> TestServer {
    let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
    TestServer::with(&json!({"auth": {"mfa": mfa}}))
}

#[test]
fn a_recovery_code_is_good_once() {
    let server = with_mfa();
    let ann = Person::new(&server, "ann");
    let codes = ann.set_up_mfa(&server);
    assert_eq!(codes.len(), 2, "{codes:?}");
    for code in codes {
        let answers = at_once(&server, |caller, _| {
            log_in(caller, "ann", PASSWORD, &json!({"authData": {"mfa": {"token": code}}}))
        });
        assert_eq!(winners(&answers, 141), 1);
    }
}

#[test]
fn a_code_of_an_authenticator_is_good_once() {
    let server = with_mfa();
    let ann = Person::new(&server, "ann");
    ann.set_up_mfa(&server);
    let code = mfa_code();
    let answers = at_once(&server, |caller, _| {
        log_in(caller, "ann", PASSWORD, &json!({"authData": {"mfa": {"token": code}}}))
    });
    assert_eq!(winners(&answers, 141), 1);
}

/// A server that mails into a directory.
struct Post {
    server: TestServer,
    directory: TempDir,
}

impl Post {
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let options = json!({"directory": directory.path(), "fromAddress": "server@example.com"});
        let server = TestServer::with(&json!({
            "appName": "It", "publicServerURL": "http://localhost:1/parse", "verifyUserEmails": true,
            "emailAdapter": {"module": "file", "options": options},
        }));
        Self { server, directory }
    }

    fn mails(&self) -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(self.directory.path()).expect("the directory is there");
        let files = entries.map(|entry| entry.expect("a file").path());
        files.filter(|path| path.extension().is_some_and(|name| name == "eml")).collect()
    }

    /// The token of the link in the mail that a request leads to.
    fn token_after(&self, request: impl FnOnce()) -> String {
        const MAIL_MAX: Duration = Duration::from_secs(30);
        let before = self.mails();
        request();
        let deadline = Instant::now() + MAIL_MAX;
        while Instant::now() < deadline {
            if let Some(mail) = self.mails().difference(&before).next() {
                return token_in(mail);
            }
            std::thread::yield_now();
        }
        panic!("no mail came: {}", self.server.logged());
    }
}

/// The token in a mail, which may be encoded as quoted-printable.
fn token_in(mail: &Path) -> String {
    let text = fs::read_to_string(mail).expect("the mail is readable");
    let text = text.replace("=\r\n", "").replace("=3D", "=");
    let (_, after) = text.split_once("token=").unwrap_or_else(|| panic!("no token: {text}"));
    after.chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn a_token_to_reset_a_password_is_good_once() {
    let post = Post::new();
    post.token_after(|| drop(Person::new(&post.server, "ann")));
    let token = post.token_after(|| {
        post.server
            .public()
            .post("/requestPasswordReset", &json!({"email": "ann@example.com"}))
            .is(200);
    });
    let answers = at_once(&post.server, |caller, number| {
        let form = format!("token={token}&username=ann&new_password=new-{number}");
        let page = "/parse/apps/it-app/request_password_reset";
        caller
            .with("X-Requested-With", "XMLHttpRequest")
            .with("Content-Type", "application/x-www-form-urlencoded")
            .send("POST", page, Some(form.as_bytes()))
    });
    let won: Vec<usize> = (0..REQUESTS).filter(|number| !answers[*number].is_refusal()).collect();
    assert_eq!(won.len(), 1, "{}", answers[0]);
    log_in(&post.server.public(), "ann", &format!("new-{}", won[0]), &json!({})).is(200);
}

#[test]
fn a_token_to_verify_an_address_is_good_once() {
    let post = Post::new();
    let token = post.token_after(|| drop(Person::new(&post.server, "ann")));
    let path = format!("/apps/it-app/verify_email?token={}&username=ann", percent_encode(&token));
    let answers = at_once(&post.server, |caller, _| caller.get(&path));
    let pages: BTreeSet<String> = answers.iter().map(page).collect();
    let most =
        pages.iter().map(|one| answers.iter().filter(|answer| page(answer) == *one).count()).max();
    assert_eq!((pages.len(), most), (2, Some(REQUESTS - 1)), "{pages:#?}");
    assert_eq!(count(&post.server, "_User", &json!({"emailVerified": true})), 1);
}

/// What tells pages apart: where they lead, or what they say.
fn page(answer: &Answer) -> String {
    format!("{} {} {}", answer.status, answer.header("location").unwrap_or_default(), answer.text())
}

#[test]
fn a_transaction_that_loses_leaves_nothing() {
    let server = TestServer::start();
    server.class("Doc", &json!({"n": {"type": "Number"}}));
    let answers = together(16, |number| {
        let user = json!({"username": "ann", "password": PASSWORD});
        let entries = json!([
            {"method": "POST", "path": "/parse/classes/Doc", "body": {"n": number}},
            {"method": "POST", "path": "/parse/users", "body": user},
        ]);
        let transaction = json!({"requests": entries, "transaction": true});
        server.public().post("/batch", &transaction)
    });
    assert_eq!(winners(&answers, 202), 1);
    for class in ["_User", "_Session", "Doc"] {
        assert_eq!(count(&server, class, &json!({})), 1, "{class}");
    }
}

#[test]
fn members_who_come_at_once_all_stay() {
    let server = TestServer::start();
    let people: Vec<Person> =
        (0..12).map(|number| Person::new(&server, &format!("p{number}"))).collect();
    let role = server.master().create("_Role", &json!({"name": "Crowd", "ACL": {}}));
    let acl = json!({"role:Crowd": {"read": true}});
    let doc = server.master().create("Doc", &json!({"s": "x", "ACL": acl}));
    let sees =
        |person: &Person| !person.caller(&server).get(&format!("/classes/Doc/{doc}")).is_refusal();
    together(people.len(), |number| {
        let person = &people[number];
        // The answer without the role is in the caches when the role comes.
        assert!(!sees(person));
        let users = add_relation("_User", &[&person.id]);
        server.master().put(&format!("/roles/{role}"), &json!({"users": users})).is(200);
        assert!(sees(person), "{}", person.name);
    });
    assert!(people.iter().all(sees));
}

#[test]
fn nobody_logs_in_as_a_user_who_is_gone() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let answers = together(REQUESTS / 2, |number| match number {
        12 => server.master().delete(&ann.path()),
        _ => log_in(&server.public(), "ann", PASSWORD, &json!({})),
    });
    for answer in answers.iter().filter(|answer| !answer.is_refusal()) {
        let Some(token) = answer.json()["sessionToken"].as_str().map(str::to_owned) else {
            continue;
        };
        let caller = server.public().with("X-Parse-Session-Token", &token);
        caller.get("/users/me").is_refused_with(&[209]);
    }
    ann.caller(&server).get("/users/me").is_refused_with(&[209]);
}

#[test]
fn a_changed_password_leaves_no_older_session() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let answers = together(REQUESTS / 2, |number| match number {
        12 => ann.caller(&server).put(&ann.path(), &json!({"password": "another"})),
        _ => log_in(&server.public(), "ann", PASSWORD, &json!({})),
    });
    let changed = answers[12].json()["sessionToken"].clone();
    assert!(changed.is_string(), "{}", answers[12]);
    let me = pointer("_User", &ann.id);
    let left = server.master().find("_Session", &json!({"where": {"user": me}})).is(200);
    assert_eq!(left.each("sessionToken"), [changed], "sessions of the old password are left");
}

#[test]
fn a_session_ends_once() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let answers = together(REQUESTS, |_| ann.caller(&server).post("/logout", &json!({})));
    for answer in &answers {
        assert!(!answer.is_refusal() || answer.code() == Some(209), "{answer}");
    }
    ann.caller(&server).get("/users/me").is_refused_with(&[209]);
    assert_eq!(count(&server, "_Session", &json!({})), 0);
}
