//! Identity providers over HTTP: an OAuth 2 server that says whose a token is, and a directory. What they are asked and
//! answer in detail is in `tests/providers.rs`; here it is about the accounts that come of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::slapd::Slapd;
use crate::support::{Caller, TestServer};

/// What no answer and no file may hold.
const TOKEN: &str = "credential-of-";

/// Starts an OAuth 2 server whose tokens are `credential-of-` and the account.
fn introspection() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || introspect(stream));
        }
    });
    format!("http://{address}/introspect")
}

fn introspect(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        length = line
            .strip_prefix("content-length: ")
            .map_or(length, |text| text.parse().expect("a number"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).expect("a form");
    let account = body.strip_prefix(&format!("token={TOKEN}"));
    let answer = json!({"active": account.is_some(), "sub": account}).to_string();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
    stream.get_mut().write_all(format!("{head}{answer}").as_bytes()).ok()
}

fn with_town() -> TestServer {
    let url = introspection();
    TestServer::with(
        &json!({"auth": {"town": {"oauth2": true, "tokenIntrospectionEndpointUrl": url}}}),
    )
}

/// What the client of an account sends.
fn proof(account: &str) -> Value {
    json!({"authData": {"town": {"id": account, "access_token": format!("{TOKEN}{account}")}}})
}

fn with_session(server: &TestServer, user: &Value) -> Caller {
    server.public().with("X-Parse-Session-Token", user["sessionToken"].as_str().expect("a token"))
}

#[test]
fn an_account_of_a_provider_signs_up_once_and_then_logs_in() {
    let server = with_town();
    let public = server.public();
    let first = public.post("/users", &proof("ada")).is(201).json();
    let again = public.post("/users", &proof("ada")).is(200).json();
    assert_eq!(first["objectId"], again["objectId"]);
    assert_eq!(again["authData"], json!({"town": {"id": "ada"}}));
    assert_ne!(first["sessionToken"], again["sessionToken"]);
    let other = public.post("/users", &proof("eve")).is(201).json();
    assert_ne!(first["objectId"], other["objectId"]);
}

/// SECURITY: auth adapters (no account from unverified authData; empty or partial authData).
#[test]
fn auth_adapters_make_no_account_without_proof() {
    let server = with_town();
    let public = server.public();
    public.post("/users", &proof("ada")).is(201);
    let spoofed = json!({"id": "ada", "access_token": format!("{TOKEN}eve")});
    for data in [
        json!({"id": "ada"}),
        json!({"id": "ada", "access_token": "wrong"}),
        json!({"id": "ada", "access_token": {"$ne": null}}),
        json!({"id": {"$ne": null}, "access_token": format!("{TOKEN}eve")}),
        spoofed.clone(),
    ] {
        let answer = public.post("/users", &json!({"authData": {"town": data}}));
        assert!([101, 121, 162].contains(&answer.code().expect("a code")), "{answer}");
    }
    // Nor does a password make up for it.
    public.post("/users", &json!({"username": "named", "password": "pw"})).is(201);
    let log_in = json!({"username": "named", "password": "pw", "authData": {"town": spoofed}});
    assert_eq!(public.post("/login", &log_in).code(), Some(101));
    let users = server.master().get("/users").is(200);
    assert_eq!(users.results().len(), 2);
}

#[test]
fn an_account_is_linked_to_one_user_and_unlinked_again() {
    let server = with_town();
    let public = server.public();
    public.post("/users", &proof("ada")).is(201);
    let named =
        public.post("/users", &json!({"username": "named", "password": "pw"})).is(201).json();
    let (named, path) = (
        with_session(&server, &named),
        format!("/users/{}", named["objectId"].as_str().expect("an id")),
    );
    assert_eq!(named.put(&path, &proof("ada")).code(), Some(208));
    named.put(&path, &proof("eve")).is(200);
    assert_eq!(named.get("/users/me").json()["authData"], json!({"town": {"id": "eve"}}));
    assert_eq!(public.post("/users", &proof("eve")).is(200).json()["username"], "named");
    // A client sends back what it was shown; that needs no new proof, somebody else's id does.
    named.put(&path, &json!({"authData": {"town": {"id": "eve"}}})).is(200);
    assert!(named.put(&path, &json!({"authData": {"town": {"id": "ada"}}})).is_refusal());
    named.put(&path, &json!({"authData": {"town": null}})).is(200);
    assert!(named.get("/users/me").json()["authData"].get("town").is_none());
    public.post("/users", &proof("eve")).is(201);
}

/// SECURITY: LDAP (password stored in plain text); credentials of third parties are never kept.
#[test]
fn auth_adapters_keep_no_credentials() {
    let directory = TempDir::new().expect("a directory");
    let mut auth =
        json!({"town": {"oauth2": true, "tokenIntrospectionEndpointUrl": introspection()}});
    let mut secrets = vec![TOKEN.to_owned()];
    let slapd = Slapd::start();
    if let Some(slapd) = &slapd {
        auth["ldap"] = json!({"url": slapd.url(), "suffix": "ou=users,dc=example,dc=com"});
        secrets.push("s3cret-of-bob".to_owned());
    }
    let uri = format!("sqlite://{}", directory.path().join("app.db").display());
    let server = TestServer::with(&json!({"auth": auth, "databaseURI": uri}));
    let public = server.public();
    let mut answers = vec![public.post("/users", &proof("ada")).is(201)];
    let user = answers[0].json();
    answers.push(with_session(&server, &user).get("/users/me").is(200));
    if let Some(slapd) = slapd {
        let bob = json!({"authData": {"ldap": {"id": "bob", "password": "s3cret-of-bob"}}});
        answers.push(public.post("/users", &bob).is(201));
        answers.push(public.post("/users", &bob).is(200));
        let guess = json!({"authData": {"ldap": {"id": "bob", "password": "guess"}}});
        assert_eq!(public.post("/users", &guess).code(), Some(101));
        slapd.stop();
        assert_eq!(public.post("/users", &bob).code(), Some(101));
    }
    answers.push(server.master().get("/users").is(200));
    let logged = server.logged();
    server.stop();
    for secret in secrets {
        for answer in &answers {
            assert!(!answer.text().contains(&secret), "{answer}");
        }
        assert!(!logged.contains(&secret), "{logged}");
        for entry in fs::read_dir(directory.path()).expect("a directory") {
            let file = fs::read(entry.expect("an entry").path()).expect("a file");
            assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()));
        }
    }
}
