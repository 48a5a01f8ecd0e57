//! Mails and the pages behind their links: verifying an address, choosing a new password.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Mailing, TestServer, address};

#[test]
fn an_address_is_verified_by_the_link_in_the_mail() {
    let mailing = Mailing::with(&json!({"preventLoginWithUnverifiedEmail": true}));
    let (user, token) = mailing.sign_up("ann", 0);
    assert!(user.json().get("sessionToken").is_none(), "{user}");
    mailing.log_in("ann", "old-Secret1").is_refused_with(&[205]);

    let mail = mailing.mails.mail(0);
    assert_eq!(mail.from, "noreply@it.example");
    assert_eq!(mail.header("subject"), Some("Please verify your e-mail for It App"));
    assert_eq!(mail.header("from"), Some("\"It App\" <noreply@it.example>"));
    assert!(mail.credentials.is_some(), "the client said who it is");
    assert_eq!(
        mail.link(),
        format!("http://it.example/parse/apps/it-app/verify_email?token={token}")
    );
    assert!(token.len() == 25 && token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");

    assert!(mailing.visit("verify_email", "wrong").is(200).text().contains("does not work"));
    mailing.page("HEAD", &format!("it-app/verify_email?token={token}"), None);
    mailing.log_in("ann", "old-Secret1").is_refused_with(&[205]);
    assert!(mailing.visit("verify_email", &token).is(200).text().contains("is confirmed"));
    let ann = mailing.log_in("ann", "old-Secret1").is(200);
    assert_eq!(ann.json()["emailVerified"], true);
    assert!(mailing.visit("verify_email", &token).is(200).text().contains("does not work"));
}

/// An app that opens the link itself verifies with the token alone, over GraphQL, once.
#[test]
fn an_address_is_verified_over_graphql() {
    let mailing = Mailing::with(&json!({"preventLoginWithUnverifiedEmail": true}));
    let (_, token) = mailing.sign_up("ann", 0);
    let public = mailing.server.public();
    let verify = |token: &str| {
        let query = "mutation V($t: String!) { verifyEmail(input: {token: $t, clientMutationId: \"x\"}) { ok clientMutationId } }";
        public.graphql_with(query, &json!({"t": token})).is(200).json()
    };
    for wrong in ["", "wrong"] {
        assert_eq!(verify(wrong)["errors"][0]["extensions"]["code"], -1);
    }
    mailing.log_in("ann", "old-Secret1").is_refused_with(&[205]);
    let answer = verify(&token);
    assert_eq!(answer["data"]["verifyEmail"], json!({"ok": true, "clientMutationId": "x"}));
    mailing.log_in("ann", "old-Secret1").is(200);
    assert_eq!(verify(&token)["data"]["verifyEmail"], json!(null));
}

#[test]
fn another_verification_mail() {
    let mailing = Mailing::with(&json!({}));
    let (_, first) = mailing.sign_up("ann", 0);
    let public = mailing.server.public();
    public.post("/verificationEmailRequest", &json!({"email": address("ann")})).is(200);
    let second = mailing.mails.mail(1).token();
    assert_ne!(first, second);
    for (name, text) in [("username", "ann"), ("username", "ann@example.com"), ("token", "")] {
        let before = mailing.mails.count();
        let last = mailing.mails.mail(before - 1).token();
        let fields = [(name, if text.is_empty() { &*last } else { text })];
        let sent = mailing.submit("resend_verification_email", &fields).is(303);
        let place = sent.header("location").unwrap();
        assert!(
            place.starts_with("http://it.example/parse/apps/email_verification_send_success.html?"),
            "{place}"
        );
        mailing.mails.mail(before);
    }
    let page = mailing.page("GET", "email_verification_send_success.html", None).is(200);
    assert!(page.text().contains("on its way"), "{page}");
    let last = mailing.mails.mail(4).token();
    for earlier in [&first, &second] {
        assert!(mailing.visit("verify_email", earlier).text().contains("does not work"));
    }
    assert!(mailing.visit("verify_email", &last).text().contains("is confirmed"));
    public.post("/verificationEmailRequest", &json!({"email": address("ann")})).is(200);
    mailing.request_reset("ann", 5);
}

#[test]
fn a_token_is_sent_again_while_it_is_valid() {
    let mailing = Mailing::with(&json!({
        "emailVerifyTokenValidityDuration": 3600, "emailVerifyTokenReuseIfValid": true,
        "passwordPolicy": {"resetTokenValidityDuration": 3600, "resetTokenReuseIfValid": true},
    }));
    let (_, first) = mailing.sign_up("ann", 0);
    let body = json!({"email": address("ann")});
    mailing.server.public().post("/verificationEmailRequest", &body).is(200);
    assert_eq!(mailing.mails.mail(1).token(), first);
    assert!(mailing.visit("verify_email", &first).text().contains("is confirmed"));
    let token = mailing.request_reset("ann", 2);
    assert_eq!(mailing.request_reset("ann", 3), token);
}

#[test]
fn no_mail_is_sent_where_none_is_wanted() {
    let mailing = Mailing::with(&json!({"sendUserEmailVerification": false}));
    let user = json!({"username": "ann", "password": "old-Secret1", "email": address("ann")});
    let answer = mailing.server.public().post("/users", &user).is(201);
    let id = answer.json()["objectId"].as_str().unwrap().to_owned();
    let ann = mailing.server.master().get(&format!("/users/{id}")).is(200);
    assert_eq!(ann.json()["emailVerified"], false);
    mailing.request_reset("ann", 0);
    assert_eq!(mailing.mails.mail(0).header("subject"), Some("Password Reset for It App"));
}

#[test]
fn a_changed_address_is_verified_anew() {
    let mailing = Mailing::with(&json!({}));
    let (user, token) = mailing.sign_up("ann", 0);
    assert!(mailing.visit("verify_email", &token).text().contains("is confirmed"));
    let user = user.json();
    let session = user["sessionToken"].as_str().unwrap();
    let ann = mailing.server.public().with("X-Parse-Session-Token", session);
    let path = format!("/users/{}", user["objectId"].as_str().unwrap());
    ann.put(&path, &json!({"email": "new@example.com"})).is(200);
    assert_eq!(mailing.mails.mail(1).to, ["new@example.com"]);
    assert_eq!(ann.get("/users/me").is(200).json()["emailVerified"], false);
    ann.put(&path, &json!({"nickname": "Annie"})).is(200);
    let new = mailing.mails.mail(1).token();
    assert!(mailing.visit("verify_email", &new).text().contains("is confirmed"));
    assert_eq!(ann.get("/users/me").is(200).json()["emailVerified"], true);
    assert_eq!(mailing.mails.count(), 2);
}

#[test]
fn a_new_password_is_chosen_by_the_link_in_the_mail() {
    let mailing = Mailing::with(&json!({"passwordPolicy": {
        "validatorPattern": "^(?=.*[A-Z]).{8,}$", "validationError": "Password too weak",
        "maxPasswordHistory": 2,
    }}));
    let (user, _) = mailing.sign_up("ann", 0);
    let session = user.json()["sessionToken"].as_str().unwrap().to_owned();
    let ann = mailing.server.public().with("X-Parse-Session-Token", &session);
    ann.get("/users/me").is(200);
    let token = mailing.request_reset("ann", 1);
    assert_eq!(
        mailing.mails.mail(1).link(),
        format!("http://it.example/parse/apps/it-app/request_password_reset?token={token}")
    );

    let page = mailing.visit("request_password_reset", &token).is(200).text();
    assert!(page.contains("Choose a new password") && page.contains(&token), "{page}");
    let page =
        mailing.page("GET", &format!("choose_password?appId=it-app&token={token}"), None).is(200);
    assert!(page.text().contains("./it-app/request_password_reset"), "{page}");
    for (password, again, expected) in [
        ("weak", "weak", "Password too weak"),
        ("old-Secret1", "old-Secret1", "should not be the same"),
        ("new-Secret1", "new-Secret2", "are not the same"),
    ] {
        let fields = [("token", &*token), ("new_password", password), ("confirm_password", again)];
        let page = mailing.submit("request_password_reset", &fields).is(200).text();
        assert!(page.contains(expected) && page.contains(&token), "{page}");
    }
    ann.get("/users/me").is(200);

    let fields = [("token", &*token), ("new_password", "new-Secret1")];
    let page = mailing.submit("request_password_reset", &fields).is(200).text();
    assert!(page.contains("Your password is changed"), "{page}");
    ann.get("/users/me").is_refused_with(&[209]);
    mailing.log_in("ann", "old-Secret1").is_refused_with(&[101]);
    mailing.log_in("ann", "new-Secret1").is(200);
    for page in [
        mailing.submit("request_password_reset", &fields),
        mailing.visit("request_password_reset", &token),
    ] {
        assert!(page.clone().is(200).text().contains("does not work"), "{page}");
    }
}

#[test]
fn a_script_gets_json_in_place_of_pages() {
    let mailing = Mailing::with(&json!({"passwordPolicy": {"validatorPattern": "^.{8,}$"}}));
    mailing.sign_up("ann", 0);
    let token = mailing.request_reset("ann", 1);
    let submit =
        |fields: &[(&str, &str)]| mailing.submit_by_script("request_password_reset", fields);
    let check = |fields: &[(&str, &str)], code: i64, text: &str| {
        let answer = submit(fields).is(400);
        assert_eq!(answer.json(), json!({"code": code, "error": text}));
    };
    check(&[], -1, "Missing token");
    check(&[("token", &token)], 201, "Missing password");
    let invalid = "Failed to reset password: username / email / token is invalid";
    check(&[("token", "wrong"), ("new_password", "new-Secret1")], -1, invalid);
    let weak = "Password does not meet the Password Policy requirements.";
    check(&[("token", &token), ("new_password", "weak")], -1, weak);
    let answer = submit(&[("token", &token), ("new_password", "new-Secret1")]).is(200);
    assert_eq!(answer.json(), json!("Password successfully reset"));
    mailing.log_in("ann", "new-Secret1").is(200);
}

#[test]
fn a_reset_unlocks_an_account_if_the_options_say_so() {
    for unlocks in [true, false] {
        let mailing = Mailing::with(&json!({"accountLockout": {
            "threshold": 2, "duration": 5, "unlockOnPasswordReset": unlocks,
        }}));
        mailing.sign_up("ann", 0);
        for _ in 0..3 {
            mailing.log_in("ann", "wrong").is_refused_with(&[101]);
        }
        let token = mailing.request_reset("ann", 1);
        let fields = [("token", &*token), ("new_password", "new-Secret1")];
        mailing.submit("request_password_reset", &fields).is(200);
        let answer = mailing.log_in("ann", "new-Secret1");
        assert_eq!(answer.status, if unlocks { 200 } else { 404 }, "{answer}");
    }
}

#[test]
fn sessions_survive_a_reset_if_the_options_say_so() {
    let mailing = Mailing::with(&json!({"revokeSessionOnPasswordReset": false}));
    let (user, _) = mailing.sign_up("ann", 0);
    let session = user.json()["sessionToken"].as_str().unwrap().to_owned();
    let token = mailing.request_reset("ann", 1);
    let fields = [("token", &*token), ("new_password", "new-Secret1")];
    mailing.submit("request_password_reset", &fields).is(200);
    mailing.server.public().with("X-Parse-Session-Token", &session).get("/users/me").is(200);
}

#[test]
fn an_address_is_known_in_any_case_where_it_is_stored_in_one() {
    let mailing = Mailing::with(&json!({"convertEmailToLowercase": true}));
    mailing.sign_up("ann", 0);
    let public = mailing.server.public();
    for (number, path) in ["/requestPasswordReset", "/verificationEmailRequest"].iter().enumerate()
    {
        public.post(path, &json!({"email": "Ann@Example.COM"})).is(200);
        assert_eq!(mailing.mails.mail(number + 1).to, [address("ann")]);
    }
}

/// Tokens get old while the server is down.
#[test]
fn an_old_token_is_worth_another_mail_and_nothing_else() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("database.db");
    let options = json!({
        "databaseURI": format!("sqlite:{}", file.display()),
        "emailVerifyTokenValidityDuration": 3600,
        "passwordPolicy": {"resetTokenValidityDuration": 3600},
    });
    let mailing = Mailing::with(&options);
    let (_, verification) = mailing.sign_up("ann", 0);
    let reset = mailing.request_reset("ann", 1);
    mailing.server.stop();
    let database = rusqlite::Connection::open(&file).unwrap();
    for column in ["_email_verify_token_expires_at", "_perishable_token_expires_at"] {
        let change = format!(r#"UPDATE "_User" SET "{column}" = "{column}" - 3600001"#);
        assert_eq!(database.execute(&change, []).unwrap(), 1);
    }
    drop(database);

    let mailing = Mailing::with(&options);
    assert!(mailing.visit("verify_email", &verification).text().contains("does not work"));
    assert!(mailing.visit("request_password_reset", &reset).text().contains("does not work"));
    let fields = [("token", &*reset), ("new_password", "new-Secret1")];
    let answer = mailing.submit_by_script("request_password_reset", &fields).is(400);
    assert_eq!(answer.json()["error"], "The password reset link has expired");
    mailing.log_in("ann", "old-Secret1").is(200);

    let public = mailing.server.public();
    public.post("/requestPasswordReset", &json!({"token": reset})).is(200);
    let renewed = mailing.mails.mail(0);
    assert_eq!(renewed.to, [address("ann")]);
    // A token that still is good, and one that never was, are worth nothing here.
    for token in [&renewed.token(), "never"] {
        let answer = public.post("/requestPasswordReset", &json!({"token": token}));
        answer.is_refused_with(&[125]);
    }
    mailing.submit("resend_verification_email", &[("token", &verification)]).is(303);
    let page = mailing.visit("verify_email", &mailing.mails.mail(1).token());
    assert!(page.text().contains("is confirmed"), "{page}");
    let fields = [("token", &*renewed.token()), ("new_password", "new-Secret1")];
    mailing.submit("request_password_reset", &fields).is(200);
    mailing.log_in("ann", "new-Secret1").is(200);
}

/// A service that takes one request and tells what it was.
fn service() -> (String, JoinHandle<io::Result<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound address"));
    (url, thread::spawn(move || take_one(&listener)))
}

fn take_one(listener: &TcpListener) -> io::Result<String> {
    let mut stream = BufReader::new(listener.accept()?.0);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        stream.read_line(&mut head)?;
        let line = head[start..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
    Ok(head + &String::from_utf8_lossy(&body))
}

#[test]
fn mails_go_through_mailgun() {
    let (url, request) = service();
    let server = TestServer::with(&json!({
        "appName": "It App", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
        "emailAdapter": {"module": "@parse/simple-mailgun-adapter", "options": {
            "apiKey": "it-key", "domain": "mg.it.example", "fromAddress": "noreply@it.example",
            "apiUrl": url,
        }},
    }));
    let user = json!({"username": "ann", "password": "old-Secret1", "email": address("ann")});
    server.public().post("/users", &user).is(201);
    let request = request.join().unwrap().unwrap();
    // `api:it-key` in base64.
    for part in [
        "POST /v3/mg.it.example/messages HTTP/1.1\r\n",
        "Basic YXBpOml0LWtleQ==\r\n",
        "to=ann%40example.com&",
        "from=noreply%40it.example&",
        "subject=Please+verify",
        "verify_email%3Ftoken%3D",
    ] {
        assert!(request.contains(part), "{part}: {request}");
    }
}

#[test]
fn unknown_pages_and_applications() {
    let mailing = Mailing::with(&json!({"pages": {"pagesEndpoint": "pages"}}));
    let nobody = mailing.server.nobody();
    let get = |path: &str| nobody.send("GET", &format!("/parse/{path}"), None);
    for path in ["nothing.html", "layout.html", "it-app/custom_page", ""] {
        assert_eq!(get(&format!("pages/{path}")).is(404).text(), "Not found.", "{path}");
    }
    for path in [
        "other/verify_email",
        "other/request_password_reset",
        "choose_password?appId=x",
        "choose_password",
    ] {
        let answer = get(&format!("pages/{path}")).is(403);
        assert_eq!(answer.json(), json!({"error": "unauthorized"}), "{path}");
    }
    assert!(get("pages/it-app/verify_email").is(200).text().contains("does not work"));
    get("apps/it-app/verify_email").is(403);
}

#[test]
fn without_a_name_or_an_address_there_are_no_pages() {
    let server = TestServer::start();
    let answer = server.nobody().send("GET", "/parse/apps/it-app/verify_email", None);
    assert_eq!(answer.is(404).text(), "Not found.");
}

#[test]
fn mails_become_files_and_none_is_lost_at_the_end() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("mails");
    let server = TestServer::with(&json!({
        "appName": "It App", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
        "emailAdapter": {"module": "file", "options": {"directory": place}},
    }));
    for name in ["ann", "bob", "eve"] {
        let user = json!({"username": name, "password": "old-Secret1", "email": address(name)});
        server.public().post("/users", &user).is(201);
    }
    server.stop();
    let mut names: Vec<String> = fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    for (name, user) in names.iter().zip(["ann", "bob", "eve"]) {
        let mail = fs::read_to_string(place.join(name)).unwrap();
        assert!(mail.contains(&format!("To: {user}@example.com\r\n")), "{mail}");
        assert!(name.ends_with(".eml") && mail.contains("verify_email?token="), "{name}: {mail}");
    }
}
