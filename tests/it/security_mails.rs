//! Rows of the table of attacks that are about mails and the pages behind their links: enumeration, single use, pages,
//! smuggled operators, smuggled headers.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Answer, Mailing, TestServer, address, percent_encode, together};

const AT_ONCE: usize = 50;

/// What somebody sees of an answer who compares it with another.
fn visible(answer: &Answer) -> (u16, String, Option<&str>, Option<&str>) {
    (answer.status, answer.text(), answer.header("location"), answer.header("content-type"))
}

// -------------------------------------------------------------------------------------- enumeration, timing

#[test]
fn enumeration_requests_for_mails_do_not_tell_who_has_an_account() {
    let mailing = Mailing::with(&json!({}));
    let (_, token) = mailing.sign_up("ann", 0);
    mailing.visit("verify_email", &token).is(200);
    mailing.sign_up("bob", 1);
    let public = mailing.server.public();
    for path in ["/requestPasswordReset", "/verificationEmailRequest"] {
        let ask = |email: &str| public.post(path, &json!({"email": email})).is(200);
        let (verified, unverified) = (ask(&address("ann")), ask(&address("bob")));
        let unknown = ask(&address("nobody"));
        assert_eq!(unknown.text(), "{}");
        assert_eq!(visible(&verified), visible(&unknown), "{path}");
        assert_eq!(visible(&unverified), visible(&unknown), "{path}");
    }
    for mutation in ["resetPassword", "sendVerificationEmail"] {
        let ask = |email: &str| {
            let query =
                format!("mutation {{ {mutation}(input: {{email: \"{email}\"}}) {{ ok }} }}");
            public.graphql(&query).is(200)
        };
        let (known, unknown) = (ask(&address("bob")), ask(&address("nobody")));
        assert_eq!(unknown.data(&format!("/{mutation}/ok")), true);
        assert_eq!(visible(&known), visible(&unknown), "{mutation}");
    }
    for field in ["username", "token"] {
        let ask =
            |text: &str| mailing.submit("resend_verification_email", &[(field, text)]).is(303);
        let (known, unknown) = (ask("bob"), ask("nobody"));
        assert_eq!(visible(&known), visible(&unknown), "{field}");
    }
}

/// The other side of the option: who wants the difference to be told gets it, as in 9.10.
#[test]
fn enumeration_can_be_allowed() {
    let mailing = Mailing::with(&json!({
        "emailVerifySuccessOnInvalidEmail": false,
        "passwordPolicy": {"resetPasswordSuccessOnInvalidEmail": false},
    }));
    let (_, token) = mailing.sign_up("ann", 0);
    mailing.visit("verify_email", &token).is(200);
    let ask =
        |path: &str, email: &str| mailing.server.public().post(path, &json!({"email": email}));
    ask("/requestPasswordReset", "x@example.com").is_refused_with(&[101]);
    ask("/verificationEmailRequest", "x@example.com").is_refused_with(&[205]);
    ask("/verificationEmailRequest", "ann@example.com").is_refused_with(&[-1]);
    let answer = mailing.submit("resend_verification_email", &[("username", "x")]).is(303);
    assert!(answer.header("location").unwrap().contains("email_verification_send_fail.html"));
}

// ------------------------------------------------------------------------ single use defeated by concurrency

#[test]
fn single_use_of_a_reset_token() {
    let mailing = Mailing::with(&json!({}));
    mailing.sign_up("ann", 0);
    let token = mailing.request_reset("ann", 1);
    let password = |number: usize| format!("new-Secret{number}");
    let answers = together(AT_ONCE, |number| {
        let fields = [("token", &*token), ("new_password", &*password(number))];
        mailing.submit_by_script("request_password_reset", &fields)
    });
    let winners: Vec<usize> = (0..AT_ONCE).filter(|at| answers[*at].status == 200).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    for (number, answer) in answers.iter().enumerate() {
        let wins = number == winners[0];
        if !wins {
            answer.is_refused_with(&[-1]);
            assert!(answer.text().contains("token is invalid"), "{answer}");
        }
    }
    mailing.log_in("ann", &password(winners[0])).is(200);
    let loser = (winners[0] + 1) % AT_ONCE;
    mailing.log_in("ann", &password(loser)).is_refused_with(&[101]);
    mailing.log_in("ann", "old-Secret1").is_refused_with(&[101]);
}

#[test]
fn single_use_of_a_verification_token() {
    let mailing = Mailing::with(&json!({}));
    let (_, token) = mailing.sign_up("ann", 0);
    let answers = together(AT_ONCE, |_| mailing.visit("verify_email", &token));
    let confirmed = answers.iter().filter(|answer| answer.text().contains("is confirmed")).count();
    assert_eq!(confirmed, 1);
}

#[test]
fn single_use_a_token_of_one_kind_is_none_of_the_other() {
    let mailing = Mailing::with(&json!({}));
    let (_, verification) = mailing.sign_up("ann", 0);
    let reset = mailing.request_reset("ann", 1);
    assert!(mailing.visit("verify_email", &reset).text().contains("does not work"));
    let page = mailing.visit("request_password_reset", &verification);
    assert!(page.text().contains("does not work"), "{page}");
    let fields = [("token", &*verification), ("new_password", "new-Secret1")];
    mailing.submit_by_script("request_password_reset", &fields).is_refused_with(&[-1]);
    // A newer mail makes the older one worthless.
    let newer = mailing.request_reset("ann", 2);
    assert!(mailing.visit("request_password_reset", &reset).text().contains("does not work"));
    assert!(mailing.visit("request_password_reset", &newer).text().contains("Choose a new"));
}

// --------------------------------------------------------------------------------------------------- pages

#[test]
fn pages_show_texts_as_texts() {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`{{token}}";
    let mailing = Mailing::with(&json!({"appName": EVIL, "passwordPolicy": {
        "validatorPattern": "^.{8,}$", "validationError": EVIL,
    }}));
    let user = json!({"username": EVIL, "password": "old-Secret1", "email": address("ann")});
    mailing.server.public().post("/users", &user).is(201);
    mailing.mails.mail(0);
    let token = mailing.request_reset("ann", 1);
    let fields = [("token", &*token), ("new_password", "weak")];
    let named = "email_verification_send_success.html";
    let pages = [
        mailing.visit("verify_email", EVIL),
        mailing.visit("request_password_reset", EVIL),
        mailing.visit("request_password_reset", &token),
        mailing.submit("request_password_reset", &fields),
        mailing.submit("request_password_reset", &[("token", EVIL), ("new_password", EVIL)]),
        mailing.page("GET", &format!("{named}?appName={}", percent_encode(EVIL)), None),
    ];
    for page in pages {
        let html = page.clone().is(200).text();
        for part in ["<script", "<img", "onerror=alert", "\"><", "{{"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
        assert!(html.contains("&#60;script&#62;"), "the application has a name: {html}");
    }
}

#[test]
fn pages_have_no_path_from_the_client() {
    let mailing = Mailing::with(&json!({}));
    for path in [
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "it-app/..%5c..%5cCargo.toml",
        "....//....//etc/passwd",
        "%00.html",
        "email_verification_success.html%00.js",
        "de/email_verification_success.html",
        "..%2femail_verification_success.html",
    ] {
        let target = format!("/parse/apps/{path}");
        let answer = mailing.server.nobody().send("GET", &target, None).is(404);
        answer.hides("root:").hides("[package]");
    }
    let page = "it-app/verify_email?token=x&locale=../../../../etc/passwd%00&username=../x";
    assert!(mailing.page("GET", page, None).is(200).text().contains("does not work"));
}

#[test]
fn pages_take_no_header_from_the_client() {
    for options in [json!({}), json!({"compat": "9.10"})] {
        let mailing = Mailing::with(&options);
        let user = json!({
            "username": "ann\r\nSet-Cookie: a=b", "password": "old-Secret1", "email": address("ann"),
        });
        mailing.server.public().post("/users", &user).is(201);
        mailing.mails.mail(0);
        let token = mailing.request_reset("ann", 1);
        let evil = percent_encode("x\r\nSet-Cookie: a=b\r\n\r\n<script>");
        for page in [
            mailing.visit("request_password_reset", &token),
            mailing.page("GET", &format!("it-app/verify_email?token={evil}"), None),
            mailing.page("GET", &format!("it-app/request_password_reset?token={evil}"), None),
            mailing.submit("resend_verification_email", &[("username", "x\r\nSet-Cookie: a=b")]),
        ] {
            assert_eq!(page.header("set-cookie"), None, "{page}");
        }
    }
}

// ---------------------------------------------------------------- operator smuggling, prototype keys, malformed

#[test]
fn operator_smuggling_in_tokens_and_addresses() {
    let mailing = Mailing::with(&json!({"passwordPolicy": {"resetTokenValidityDuration": 60}}));
    mailing.sign_up("ann", 0);
    let token = mailing.request_reset("ann", 1);
    let public = mailing.server.public();
    for evil in [json!({"$ne": null}), json!({"$gt": ""}), json!(["x"]), json!(true), json!(1)] {
        for path in ["/requestPasswordReset", "/verificationEmailRequest"] {
            public.post(path, &json!({"email": evil})).is_refused_with(&[125]);
        }
        public.post("/requestPasswordReset", &json!({"token": evil})).is_refused_with(&[162]);
        let both = json!({"token": evil, "email": address("ann")});
        public.post("/requestPasswordReset", &both).is_refused_with(&[162]);
    }
    for empty in [json!(null), json!(""), json!(false), json!(0)] {
        for path in ["/requestPasswordReset", "/verificationEmailRequest"] {
            public.post(path, &json!({"email": empty})).is_refused_with(&[204]);
        }
    }
    for name in ["token[$ne]", "token[]", "token.$ne", "__proto__", "constructor"] {
        let fields = [(name, "x"), ("new_password", "new-Secret1")];
        mailing.submit_by_script("request_password_reset", &fields).is_refused_with(&[-1]);
        let query = format!("it-app/verify_email?{}=x", percent_encode(name));
        assert!(mailing.page("GET", &query, None).is(200).text().contains("does not work"));
    }
    assert!(mailing.visit("request_password_reset", &token).text().contains("Choose a new"));
    assert_eq!(mailing.mails.count(), 2);
}

#[test]
fn guessing_hidden_values_tokens_are_not_to_be_seen_or_asked_for() {
    let mailing = Mailing::with(&json!({}));
    let (user, verification) = mailing.sign_up("ann", 0);
    let reset = mailing.request_reset("ann", 1);
    let user = user.json();
    let id = user["objectId"].as_str().unwrap();
    let ann = mailing
        .server
        .public()
        .with("X-Parse-Session-Token", user["sessionToken"].as_str().unwrap());
    for caller in [&ann, &mailing.server.master()] {
        for path in [format!("/users/{id}"), "/users".to_owned(), format!("/classes/_User/{id}")] {
            caller.get(&path).is(200).hides(&verification).hides(&reset);
        }
        for (column, token) in
            [("_email_verify_token", &verification), ("_perishable_token", &reset)]
        {
            for filter in [json!({column: token}), json!({column: {"$regex": "^"}})] {
                let answer = caller.find("_User", &json!({"where": filter}));
                assert!(answer.is_refusal() || answer.results().is_empty(), "{answer}");
            }
            caller.find("_User", &json!({"order": column})).hides(token);
            caller.find("_User", &json!({"keys": column})).hides(token);
            let path = format!("/users/{id}");
            caller.put(&path, &json!({column: "chosen-by-the-client"}));
        }
    }
    for page in ["verify_email", "request_password_reset"] {
        let page = mailing.visit(page, "chosen-by-the-client");
        assert!(page.text().contains("does not work"), "{page}");
    }
}

// ------------------------------------------------------------------------------------- headers of the mails

#[test]
fn mails_go_to_one_address_only() {
    let mailing = Mailing::with(&json!({"appName": "It\r\nBcc: eve@example.com"}));
    for (number, email) in [
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com, eve@example.com",
        "Ann <ann@example.com>, eve@example.com",
        "ann@example.com>\r\nRCPT TO:<eve@example.com",
        "ann@example.com\nBcc: eve@example.com",
    ]
    .iter()
    .enumerate()
    {
        let user =
            json!({"username": format!("u{number}"), "password": "old-Secret1", "email": email});
        let public = mailing.server.public();
        // A malformed address is refused, or nobody gets the mail to it.
        public.post("/users", &user);
        public.post("/requestPasswordReset", &json!({"email": email}));
        public.post("/verificationEmailRequest", &json!({"email": email}));
    }
    let before = mailing.mails.count();
    mailing.sign_up("bob", before);
    for number in 0..mailing.mails.count() {
        let mail = mailing.mails.mail(number);
        assert_eq!(mail.to, [address("bob")], "{}", mail.message);
        assert_eq!(mail.header("bcc"), None, "{}", mail.message);
    }
}

// --------------------------------------------------------------------------------------------- error leaks

#[test]
fn error_leaks_a_mail_server_that_is_gone_is_nobodys_business() {
    // The port was free a moment ago, and nobody else is told of it.
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let server = TestServer::with(&json!({
        "appName": "It App", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
        "emailAdapter": {"module": "smtp", "options": {
            "host": "127.0.0.1", "port": port, "fromAddress": "noreply@it.example",
            "user": "it", "password": "hunter2hunter2",
        }},
    }));
    let public = server.public();
    let user = json!({"username": "ann", "password": "old-Secret1", "email": address("ann")});
    public.post("/users", &user).is(201).hides("127.0.0.1");
    for path in ["/requestPasswordReset", "/verificationEmailRequest"] {
        let answer = public.post(path, &json!({"email": address("ann")})).is(200);
        assert_eq!(answer.json(), Value::Object(serde_json::Map::new()));
    }
    let log = server.logged();
    assert!(!log.contains("hunter2"), "{log}");
}
