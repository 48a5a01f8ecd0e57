//! Enumeration: who asks with a known and with an unknown name gets the same answer for the same work.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::{PASSWORD, Person, log_in};
use crate::support::{Answer, Caller, TestServer};

/// Hashes that the server has made or compared.
const HASHES: &str = "parsimony_password_hashes_total";

/// What a client can tell answers apart by.
fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

/// Every way to try a password.
fn tries(caller: &Caller, name: &str) -> Vec<Answer> {
    let email = format!("{name}@example.com");
    let (by_name, by_email) = (
        json!({"username": name, "password": "wrong"}),
        json!({"email": email, "password": "wrong"}),
    );
    let both = json!({"username": name, "email": email, "password": "wrong"});
    let graphql = format!(
        "mutation {{ logIn(input: {{username: \"{name}\", password: \"wrong\"}}) {{ viewer {{ sessionToken }} }} }}"
    );
    let mut answers = Vec::new();
    for body in [&by_name, &by_email, &both] {
        for path in ["/login", "/verifyPassword"] {
            answers.push(caller.post(path, body));
            answers.push(caller.ask(path, body));
        }
    }
    answers.push(caller.graphql(&graphql));
    let mut challenge = by_name.clone();
    challenge["challengeData"] = json!({"mfa": {"token": "1"}});
    answers.push(caller.post("/challenge", &challenge));
    answers
}

#[test]
fn log_in_answers_alike_for_known_and_unknown_users() {
    let server = TestServer::start();
    Person::new(&server, "ann");
    let (known, unknown) = (tries(&server.public(), "ann"), tries(&server.public(), "bob"));
    for (known, unknown) in known.iter().zip(&unknown) {
        known.is_refused();
        assert_eq!(told(known), told(unknown), "{known}\n{unknown}");
    }
}

#[test]
fn log_in_works_as_much_for_unknown_users() {
    let server = TestServer::start();
    Person::new(&server, "ann");
    let caller = server.public();
    let work = |try_it: &dyn Fn() -> Answer| {
        let before = server.counter(HASHES);
        try_it().is_refused();
        server.counter(HASHES) - before
    };
    for path in ["/login", "/verifyPassword"] {
        let by = |field: &str, value: &str| {
            let body = json!({field: value, "password": "wrong"});
            work(&|| caller.post(path, &body))
        };
        assert_eq!(by("username", "ann"), 1, "{path}");
        assert_eq!(by("username", "bob"), 1, "{path}");
        assert_eq!(by("email", "ann@example.com"), 1, "{path}");
        assert_eq!(by("email", "bob@example.com"), 1, "{path}");
    }
    let graphql = |name: &str| {
        let query = format!(
            "mutation {{ logIn(input: {{username: \"{name}\", password: \"wrong\"}}) {{ viewer {{ sessionToken }} }} }}"
        );
        work(&|| caller.graphql(&query))
    };
    assert_eq!((graphql("ann"), graphql("bob")), (1, 1));
}

#[test]
fn users_without_a_password_are_no_exception() {
    let server = TestServer::start();
    let anonymous = json!({"authData": {"anonymous": {"id": "some-id"}}});
    let made = server.public().post("/users", &anonymous).is(201).json();
    let name = made["username"].as_str().expect("a name");
    let before = server.counter(HASHES);
    let known = log_in(&server.public(), name, "wrong", &json!({}));
    let between = server.counter(HASHES);
    let unknown = log_in(&server.public(), "nobody", "wrong", &json!({}));
    assert_eq!(told(&known), told(&unknown));
    assert_eq!((between - before, server.counter(HASHES) - between), (1, 1));
}

#[test]
fn locked_accounts_look_like_that_only_to_who_tried_them() {
    let server = TestServer::with(&json!({"accountLockout": {"threshold": 1, "duration": 5}}));
    Person::new(&server, "ann");
    let first = log_in(&server.public(), "ann", "wrong", &json!({}));
    let unknown = log_in(&server.public(), "bob", "wrong", &json!({}));
    assert_eq!(told(&first), told(&unknown));
}

fn with_mail(more: &Value) -> (TestServer, TempDir) {
    let directory = TempDir::new().expect("a temporary directory");
    let mail = json!({"directory": directory.path(), "fromAddress": "server@example.com"});
    let mut options = json!({
        "appName": "It", "publicServerURL": "http://localhost:1/parse", "verifyUserEmails": true,
        "emailAdapter": {"module": "file", "options": mail},
    });
    for (name, value) in more.as_object().expect("options") {
        options[name] = value.clone();
    }
    (TestServer::with(&options), directory)
}

#[test]
fn mails_are_asked_for_alike_for_known_and_unknown_addresses() {
    let (server, _directory) = with_mail(&json!({}));
    Person::new(&server, "ann");
    let public = server.public();
    for path in ["/requestPasswordReset", "/verificationEmailRequest"] {
        let known = public.post(path, &json!({"email": "ann@example.com"}));
        let unknown = public.post(path, &json!({"email": "bob@example.com"}));
        assert_eq!(told(&known), told(&unknown), "{path}");
        known.is(200);
    }
    for mutation in ["resetPassword", "sendVerificationEmail"] {
        let ask = |email: &str| {
            public.graphql(&format!(
                "mutation {{ {mutation}(input: {{email: \"{email}\"}}) {{ ok }} }}"
            ))
        };
        let (known, unknown) = (ask("ann@example.com"), ask("bob@example.com"));
        assert_eq!(told(&known), told(&unknown), "{mutation}");
        assert_eq!(known.data(&format!("/{mutation}/ok")), true);
    }
}

#[test]
fn pages_answer_alike_for_known_and_unknown_names() {
    let (server, _directory) = with_mail(&json!({}));
    Person::new(&server, "ann");
    let form = server.public().with("Content-Type", "application/x-www-form-urlencoded");
    let told = |answer: &Answer, name: &str| {
        let place = answer.header("location").unwrap_or_default().replace(name, "NAME");
        (answer.status, place, answer.text().replace(name, "NAME"))
    };
    for page in
        ["verify_email", "resend_verification_email", "choose_password", "request_password_reset"]
    {
        let ask = |name: &str| {
            let path = format!("/apps/it-app/{page}?token=bad&username={name}");
            told(&server.public().get(&path), name)
        };
        assert_eq!(ask("ann"), ask("bob"), "GET {page}");
        let send = |name: &str| {
            let text = format!("token=bad&username={name}&new_password=x");
            let target = format!("/parse/apps/it-app/{page}");
            told(&form.send("POST", &target, Some(text.as_bytes())), name)
        };
        assert_eq!(send("ann"), send("bob"), "POST {page}");
    }
    // Without a token the name is all there is.
    let resend = |name: &str| {
        let text = format!("username={name}");
        let target = "/parse/apps/it-app/resend_verification_email";
        told(&form.send("POST", target, Some(text.as_bytes())), name)
    };
    assert_eq!(resend("ann"), resend("bob"));
}

#[test]
fn verified_addresses_ask_for_verification_like_all_others() {
    let (server, _directory) = with_mail(&json!({}));
    let ann = Person::new(&server, "ann");
    server.master().put(&ann.path(), &json!({"emailVerified": true})).is(200);
    let public = server.public();
    let known = public.post("/verificationEmailRequest", &json!({"email": "ann@example.com"}));
    let unknown = public.post("/verificationEmailRequest", &json!({"email": "bob@example.com"}));
    assert_eq!(told(&known), told(&unknown));
}

#[test]
fn unverified_users_are_told_so_only_with_their_password() {
    let (server, _directory) = with_mail(&json!({"preventLoginWithUnverifiedEmail": true}));
    let user = json!({"username": "ann", "password": PASSWORD, "email": "ann@example.com"});
    server.public().post("/users", &user).is(201);
    let wrong = log_in(&server.public(), "ann", "wrong", &json!({}));
    let unknown = log_in(&server.public(), "bob", "wrong", &json!({}));
    assert_eq!(told(&wrong), told(&unknown));
    log_in(&server.public(), "ann", PASSWORD, &json!({})).is_refused_with(&[205]);
}

#[test]
fn private_users_are_not_told_from_missing_ones() {
    let server = TestServer::start();
    let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
    for caller in [server.public(), bob.caller(&server)] {
        let absent = "absent0000";
        for (known, unknown) in [
            (caller.get(&ann.path()), caller.get(&format!("/users/{absent}"))),
            (
                caller.put(&ann.path(), &json!({"nick": "x"})),
                caller.put(&format!("/users/{absent}"), &json!({"nick": "x"})),
            ),
            (caller.delete(&ann.path()), caller.delete(&format!("/users/{absent}"))),
            (
                caller.find("_User", &json!({"where": {"objectId": ann.id}})),
                caller.find("_User", &json!({"where": {"objectId": absent}})),
            ),
            (
                caller.find("_User", &json!({"where": {"username": "ann"}, "count": 1})),
                caller.find("_User", &json!({"where": {"username": "nobody"}, "count": 1})),
            ),
        ] {
            assert_eq!(told(&known), told(&unknown), "{known}\n{unknown}");
        }
    }
}

#[test]
fn tokens_that_never_were_look_like_ended_ones() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    ann.caller(&server).post("/logout", &json!({})).is(200);
    let never = server.public().with("X-Parse-Session-Token", "r:00000000000000000000000000000000");
    for path in ["/users/me", "/sessions/me", "/classes/_User", "/sessions"] {
        let (ended, never) = (ann.caller(&server).get(path), never.get(path));
        assert_eq!(told(&ended), told(&never), "{path}");
    }
}
