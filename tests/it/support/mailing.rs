//! A server whose users get mail, and what they do with it.

use serde_json::{Value, json};

use super::{Answer, Caller, SmtpServer, TestServer, percent_encode};

/// The content type of a form that a browser sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// A server, and the one that it gives its mails to.
pub(crate) struct Mailing {
    pub(crate) server: TestServer,
    pub(crate) mails: SmtpServer,
}

impl Mailing {
    /// Addresses are to be verified; with further options.
    pub(crate) fn with(options: &Value) -> Self {
        let mails = SmtpServer::start();
        let mut config = json!({
            "appName": "It App", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
            "emailAdapter": mails.adapter(),
        });
        for (name, value) in options.as_object().expect("options are an object") {
            config[name] = value.clone();
        }
        Self { server: TestServer::with(&config), mails }
    }

    /// Signs somebody up and takes the mail that he gets, which has the number `mail`.
    pub(crate) fn sign_up(&self, name: &str, mail: usize) -> (Answer, String) {
        let user = json!({"username": name, "password": "old-Secret1", "email": address(name)});
        let answer = self.server.public().post("/users", &user).is(201);
        let mail = self.mails.mail(mail);
        assert_eq!(mail.to, [address(name)]);
        (answer, mail.token())
    }

    pub(crate) fn log_in(&self, name: &str, password: &str) -> Answer {
        let credentials = json!({"username": name, "password": password});
        self.server.public().post("/login", &credentials)
    }

    /// Asks for a new password and takes the token in the mail.
    pub(crate) fn request_reset(&self, name: &str, mail: usize) -> String {
        let body = json!({"email": address(name)});
        self.server.public().post("/requestPasswordReset", &body).is(200);
        let mail = self.mails.mail(mail);
        assert_eq!(mail.to, [address(name)]);
        mail.token()
    }

    /// Follows a link of a mail.
    pub(crate) fn visit(&self, page: &str, token: &str) -> Answer {
        self.page("GET", &format!("it-app/{page}?token={}", percent_encode(token)), None)
    }

    /// Sends a form of a page.
    pub(crate) fn submit(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        self.page("POST", &format!("it-app/{page}"), Some(&form(fields)))
    }

    /// Sends the form as a script would.
    pub(crate) fn submit_by_script(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let target = format!("/parse/apps/it-app/{page}");
        let browser = browser(&self.server).with("X-Requested-With", "XMLHttpRequest");
        browser.send("POST", &target, Some(form(fields).as_bytes()))
    }

    /// A request for a page: no answer may be kept, framed, guessed at or lead to a script.
    pub(crate) fn page(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let target = format!("/parse/apps/{path}");
        let answer = browser(&self.server).send(method, &target, body.map(str::as_bytes));
        if answer.status < 400 {
            let policy = answer.header("content-security-policy").expect("a policy");
            for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(rule), "{policy}");
            }
            assert!(!policy.contains("script"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        answer
    }
}

/// The address of a user.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

fn browser(server: &TestServer) -> Caller {
    server.nobody().with("Content-Type", FORM)
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
