//! What may be used once, or counted, with two servers that are asked at the same time.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::people::{PASSWORD, Person, log_in, mfa_code};
use crate::support::{Answer, Caller, Pair, Shared, SmtpServer, percent_encode, soon, together};

on_every_database! {
    a_name_is_signed_up_once
    an_identity_makes_one_account
    a_role_name_is_one_role
    a_lockout_counts_the_tries_at_both_servers
    a_recovery_code_is_good_once
    a_code_of_an_authenticator_is_good_once
    a_token_to_reset_a_password_is_good_once
    a_token_to_verify_an_address_is_good_once
    nothing_is_lost_of_what_both_count
}

const REQUESTS: usize = 24;

/// Sends as many requests at once, half of them to each server.
fn at_once(pair: &Pair, send: impl Fn(&Caller, usize) -> Answer + Sync) -> Vec<Answer> {
    together(REQUESTS, |number| send(&pair.public(number), number))
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

fn count(pair: &Pair, class: &str, filter: &Value) -> usize {
    pair.master(0).find(class, &json!({"where": filter, "limit": 1000})).is(200).results().len()
}

fn a_name_is_signed_up_once(database: Shared) {
    let pair = Pair::new(database);
    let answers = at_once(&pair, |caller, number| {
        let name = if number % 4 < 2 { "ann" } else { "ANN" };
        caller.post("/users", &json!({"username": name, "password": PASSWORD}))
    });
    assert_eq!(winners(&answers, 202), 1);
    assert_eq!((count(&pair, "_User", &json!({})), count(&pair, "_Session", &json!({}))), (1, 1));
}

fn an_identity_makes_one_account(database: Shared) {
    let pair = Pair::new(database);
    let answers = at_once(&pair, |caller, _| {
        caller.post("/users", &json!({"authData": {"anonymous": {"id": "the-same-id"}}}))
    });
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| {
            assert!(answer.status == 201 || answer.status == 200, "{answer}");
            answer.json()["objectId"].to_string()
        })
        .collect();
    assert_eq!((ids.len(), count(&pair, "_User", &json!({}))), (1, 1));
}

fn a_role_name_is_one_role(database: Shared) {
    let pair = Pair::new(database);
    let answers = at_once(&pair, |caller, _| {
        caller.post("/roles", &json!({"name": "Editors", "ACL": {"*": {"read": true}}}))
    });
    assert_eq!(winners(&answers, 137), 1);
    assert_eq!(count(&pair, "_Role", &json!({})), 1);
}

fn a_lockout_counts_the_tries_at_both_servers(database: Shared) {
    let lockout = json!({"accountLockout": {"threshold": 5, "duration": 5}});
    let pair = Pair::with(database, &lockout);
    Person::new(&pair.one, "ann");
    let answers = at_once(&pair, |caller, _| log_in(caller, "ann", "wrong", &json!({})));
    assert_eq!(winners(&answers, 101), 0);
    let tried =
        answers.iter().filter(|answer| answer.text().contains("Invalid username/password."));
    assert_eq!(tried.count(), 5);
    for number in 0..2 {
        log_in(&pair.public(number), "ann", PASSWORD, &json!({})).is_refused_with(&[101]);
    }
}

fn with_mfa(database: Shared) -> (Pair, Vec<String>) {
    let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
    let pair = Pair::with(database, &json!({"auth": {"mfa": mfa}}));
    let ann = Person::new(&pair.one, "ann");
    let codes = ann.set_up_mfa(&pair.one);
    (pair, codes)
}

fn a_recovery_code_is_good_once(database: Shared) {
    let (pair, codes) = with_mfa(database);
    for code in codes {
        let answers = at_once(&pair, |caller, _| {
            log_in(caller, "ann", PASSWORD, &json!({"authData": {"mfa": {"token": code}}}))
        });
        assert_eq!(winners(&answers, 141), 1);
    }
}

fn a_code_of_an_authenticator_is_good_once(database: Shared) {
    let (pair, _) = with_mfa(database);
    let code = mfa_code();
    let answers = at_once(&pair, |caller, _| {
        log_in(caller, "ann", PASSWORD, &json!({"authData": {"mfa": {"token": code}}}))
    });
    assert_eq!(winners(&answers, 141), 1);
}

/// Two servers whose users get mail.
fn with_mail(database: Shared) -> (Pair, SmtpServer) {
    let mails = SmtpServer::start();
    let options = json!({
        "appName": "It", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
        "emailAdapter": mails.adapter(),
    });
    (Pair::with(database, &options), mails)
}

fn a_token_to_reset_a_password_is_good_once(database: Shared) {
    let (pair, mails) = with_mail(database);
    Person::new(&pair.one, "ann");
    mails.mail(0);
    let address = json!({"email": "ann@example.com"});
    pair.public(1).post("/requestPasswordReset", &address).is(200);
    let token = mails.mail(1).token();
    let answers = at_once(&pair, |caller, number| {
        let form = format!("token={token}&username=ann&new_password=new-{number}");
        caller
            .with("X-Requested-With", "XMLHttpRequest")
            .with("Content-Type", "application/x-www-form-urlencoded")
            .send("POST", "/parse/apps/it-app/request_password_reset", Some(form.as_bytes()))
    });
    let won: Vec<usize> = (0..REQUESTS).filter(|number| !answers[*number].is_refusal()).collect();
    assert_eq!(won.len(), 1, "{}", answers[0]);
    for number in 0..2 {
        log_in(&pair.public(number), "ann", &format!("new-{}", won[0]), &json!({})).is(200);
    }
}

fn a_token_to_verify_an_address_is_good_once(database: Shared) {
    let (pair, mails) = with_mail(database);
    Person::new(&pair.one, "ann");
    let token = mails.mail(0).token();
    let path = format!("/apps/it-app/verify_email?token={}&username=ann", percent_encode(&token));
    let page = |answer: &Answer| {
        let place = answer.header("location").unwrap_or_default();
        format!("{} {place} {}", answer.status, answer.text())
    };
    let pages: Vec<String> =
        at_once(&pair, |caller, _| caller.get(&path)).iter().map(page).collect();
    let most = pages.iter().map(|one| pages.iter().filter(|other| *other == one).count()).max();
    let kinds: BTreeSet<&String> = pages.iter().collect();
    assert_eq!((kinds.len(), most), (2, Some(REQUESTS - 1)), "{kinds:#?}");
    assert_eq!(count(&pair, "_User", &json!({"emailVerified": true})), 1);
}

fn nothing_is_lost_of_what_both_count(database: Shared) {
    const TIMES: usize = 10;
    let pair = Pair::new(database);
    let id = pair.public(0).create("Counter", &json!({"n": 0, "seen": []}));
    let path = format!("/classes/Counter/{id}");
    soon("a counter", || pair.public(1).get(&path).status == 200);
    at_once(&pair, |caller, number| {
        for time in 0..TIMES {
            let seen = json!({"__op": "AddUnique", "objects": [format!("{number}x{time}")]});
            let change = json!({"n": {"__op": "Increment", "amount": 1}, "seen": seen});
            caller.put(&path, &change).is(200);
        }
        caller.get(&path)
    });
    for number in 0..2 {
        let counter = pair.public(number).get(&path).is(200).json();
        assert_eq!(counter["n"], json!(REQUESTS * TIMES));
        assert_eq!(counter["seen"].as_array().map(Vec::len), Some(REQUESTS * TIMES));
    }
}
