//! Providers that take an authorization code, and their insecure form, which takes a token.

use parsimony::auth::Providers;
use parsimony::error::Code;
use serde_json::{Value, json};

use crate::fake::{Fake, accepts, after, members, refuses, sign_up, unreachable_providers};

/// What differs between them.
#[derive(Clone)]
struct Exchange {
    name: &'static str,
    title: &'static str,
    /// Where a code is exchanged, and what a good answer is.
    token: &'static str,
    token_answer: Value,
    /// Where is asked whose a token is, and what a good answer is.
    user: &'static str,
    user_answer: Value,
    /// The account of that answer.
    id: &'static str,
    /// Answers to the second question that name nobody.
    nobody: Vec<Value>,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn exchanges() -> Vec<Exchange> {
    let token = json!({ "access_token": "t1", "token_type": "bearer" });
    vec![
        Exchange {
            name: "github",
            title: "GitHub",
            token: "github.com/login/oauth/access_token",
            token_answer: token.clone(),
            user: "api.github.com/user",
            user_answer: json!({ "id": 583_231, "login": "octocat" }),
            id: "583231",
            nobody: vec![json!({ "login": "octocat" }), json!({ "id": {} })],
        },
        Exchange {
            name: "gpgames",
            title: "gpgames",
            token: "oauth2.googleapis.com/token",
            token_answer: token.clone(),
            user: "www.googleapis.com/games/v1/players/me",
            user_answer: json!({ "playerId": "g1" }),
            id: "g1",
            nobody: vec![json!({}), json!({ "playerId": "" })],
        },
        Exchange {
            name: "instagram",
            title: "Instagram",
            token: "api.instagram.com/oauth/access_token",
            token_answer: token.clone(),
            user: "graph.instagram.com/me",
            user_answer: json!({ "id": "i1" }),
            id: "i1",
            nobody: vec![json!({}), json!({ "id": null })],
        },
        Exchange {
            name: "line",
            title: "Line",
            token: "api.line.me/oauth2/v2.1/token",
            token_answer: token.clone(),
            user: "api.line.me/v2/profile",
            user_answer: json!({ "userId": "l1", "displayName": "L" }),
            id: "l1",
            nobody: vec![json!({ "displayName": "L" })],
        },
        Exchange {
            name: "linkedin",
            title: "LinkedIn",
            token: "www.linkedin.com/oauth/v2/accessToken",
            token_answer: token.clone(),
            user: "api.linkedin.com/v2/me",
            user_answer: json!({ "id": "li1" }),
            id: "li1",
            nobody: vec![json!({})],
        },
        Exchange {
            name: "microsoft",
            title: "Microsoft",
            token: "login.microsoftonline.com/common/oauth2/v2.0/token",
            token_answer: token.clone(),
            user: "graph.microsoft.com/v1.0/me",
            user_answer: json!({ "id": "m1", "mail": "m@example.com" }),
            id: "m1",
            nobody: vec![json!({ "mail": "m@example.com" })],
        },
        Exchange {
            name: "qq",
            title: "qq",
            token: "graph.qq.com/oauth2.0/token",
            token_answer: token.clone(),
            user: "graph.qq.com/oauth2.0/me",
            user_answer: json!({ "client_id": "our-app", "openid": "q1" }),
            id: "q1",
            nobody: vec![
                json!({ "client_id": "our-app" }),
                json!({ "client_id": "other-app", "openid": "q1" }),
                json!({ "openid": "q1" }),
            ],
        },
        Exchange {
            name: "spotify",
            title: "spotify",
            token: "accounts.spotify.com/api/token",
            token_answer: token.clone(),
            user: "api.spotify.com/v1/me",
            user_answer: json!({ "id": "s1" }),
            id: "s1",
            nobody: vec![json!({})],
        },
        Exchange {
            name: "wechat",
            title: "WeChat",
            token: "api.weixin.qq.com/sns/oauth2/access_token",
            token_answer: json!({ "access_token": "t1", "openid": "w1" }),
            user: "api.weixin.qq.com/sns/auth",
            user_answer: json!({ "errcode": 0, "errmsg": "ok" }),
            id: "w1",
            nobody: vec![json!({ "errcode": 40_003 }), json!({}), json!({ "errcode": "0" })],
        },
        Exchange {
            name: "weibo",
            title: "Weibo",
            token: "api.weibo.com/oauth2/access_token",
            token_answer: token,
            user: "api.weibo.com/oauth2/get_token_info",
            user_answer: json!({ "uid": 1_073_880_650, "appkey": "our-app" }),
            id: "1073880650",
            nobody: vec![
                json!({ "appkey": "our-app" }),
                json!({ "uid": 1, "appkey": "other-app" }),
            ],
        },
    ]
}

impl Exchange {
    fn safe(&self) -> Value {
        json!({ self.name: { "clientId": "our-app", "clientSecret": "our-secret" } })
    }

    fn insecure(&self) -> Value {
        json!({ self.name: { "enableInsecureAuth": true } })
    }

    fn refusal(&self) -> String {
        format!("{} auth is invalid for this user.", self.title)
    }

    /// What a client sends after a log-in in the browser.
    fn code(&self) -> Value {
        json!({ "code": "c&1=é", "redirect_uri": "https://app.example.com/back?x=1", "code_verifier": "v1" })
    }

    async fn ready(&self) -> Fake {
        let fake = Fake::start().await;
        fake.on(self.token, &self.token_answer).on(self.user, &self.user_answer);
        fake
    }

    async fn fails(&self, providers: &Providers, data: &Value) {
        let error = sign_up(providers, self.name, data).await.unwrap_err();
        let codes = [Code::ObjectNotFound, Code::ValidationError];
        assert!(codes.contains(&error.code()), "{}: {data}: {}", self.name, error.log_text());
        assert!(!error.text().contains("our-secret"), "{}", error.text());
    }
}

#[tokio::test]
async fn a_code_is_exchanged_and_neither_code_nor_token_is_stored() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        let stored = json!({ "id": exchange.id });
        accepts(&providers, exchange.name, &exchange.code(), &stored).await;
        let mut with_id = exchange.code();
        with_id["id"] = json!(exchange.id);
        accepts(&providers, exchange.name, &with_id, &stored).await;

        let asked = &fake.seen(exchange.token)[0];
        let sent = format!("{}&{}", asked.query, asked.body);
        assert!(sent.contains("our-app"), "{}: {sent}", exchange.name);
        assert!(exchange.name == "spotify" || sent.contains("our-secret"), "{}", exchange.name);
        let is_escaped = sent.contains("c%261%3D%C3%A9") || sent.contains("\"c&1=é\"");
        assert!(is_escaped, "{}: {sent}", exchange.name);
        let asked = &fake.seen(exchange.user)[0];
        let is_asked = asked.authorization == "Bearer t1"
            || format!("{}&{}", asked.query, asked.body).contains("access_token=t1");
        assert!(is_asked, "{}: {asked:?}", exchange.name);
    }
}

#[tokio::test]
async fn the_id_is_known_before_the_account_is_looked_up() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        let claim =
            providers.identify(exchange.name, &members(&exchange.code()), after(0)).await.unwrap();
        assert_eq!(claim.id(), Some(exchange.id), "{}", exchange.name);
        assert_eq!(claim.provider(), exchange.name);
        assert!(providers.names().contains(&exchange.name));
    }
}

/// SECURITY: auth adapters (identity spoofing).
#[tokio::test]
async fn auth_adapters_refuse_the_id_of_somebody_else() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        let refusal = exchange.refusal();
        for id in ["u2", &format!("{}0", exchange.id), &exchange.id[1..], "*"] {
            let mut data = exchange.code();
            data["id"] = json!(id);
            refuses(&providers, exchange.name, &data, Code::ObjectNotFound, &refusal).await;
        }
        for id in [json!({ "$ne": null }), json!(583_231), json!([exchange.id])] {
            let mut data = exchange.code();
            data["id"] = id;
            let text = format!("Invalid authData id for provider '{}'.", exchange.name);
            refuses(&providers, exchange.name, &data, Code::InvalidValue, &text).await;
        }
    }
}

/// SECURITY: auth adapters (empty or partial authData; tokens that a client brings may be another app's).
#[tokio::test]
async fn auth_adapters_take_no_token_from_clients_unless_told_to() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        let text = format!("{} code is required.", exchange.title);
        for data in [
            json!({}),
            json!({ "id": exchange.id }),
            json!({ "id": exchange.id, "access_token": "t1" }),
            json!({ "id": exchange.id, "access_token": "t1", "code": "" }),
            json!({ "id": exchange.id, "access_token": "t1", "code": { "$ne": null } }),
        ] {
            refuses(&providers, exchange.name, &data, Code::ValidationError, &text).await;
        }
        assert_eq!(fake.requests(), 0, "{}", exchange.name);
    }
}

#[tokio::test]
async fn the_insecure_form_takes_a_token_of_the_account() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.insecure());
        let stored = json!({ "id": exchange.id });
        let data =
            json!({ "id": exchange.id, "access_token": "t1", "apiURL": "http://127.0.0.1/" });
        accepts(&providers, exchange.name, &data, &stored).await;
        assert!(fake.seen(exchange.token).is_empty(), "{}", exchange.name);
        let refusal = exchange.refusal();
        for data in [
            json!({ "access_token": "t1" }),
            json!({ "id": exchange.id }),
            json!({ "id": exchange.id, "access_token": "" }),
            json!({ "id": exchange.id, "access_token": { "$ne": null } }),
            json!({ "id": exchange.id, "code": "c1" }),
        ] {
            refuses(&providers, exchange.name, &data, Code::ObjectNotFound, &refusal).await;
        }
        // WeChat is asked about the pair, so it alone says no by itself.
        if exchange.name != "wechat" {
            let data = json!({ "id": "u2", "access_token": "t1" });
            refuses(&providers, exchange.name, &data, Code::ObjectNotFound, &refusal).await;
        }
        let asked = fake.seen(exchange.user);
        assert!(asked.iter().all(|seen| !seen.query.contains("127.0.0.1")));
    }
}

#[tokio::test]
async fn a_provider_that_refuses_or_talks_nonsense_is_an_error() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        for nonsense in ["", "null", "[]", "{}", "<html>", "callback(", "callback)(", "\"t1\""] {
            fake.on_text(exchange.token, 200, nonsense);
            exchange.fails(&providers, &exchange.code()).await;
        }
        let error =
            json!({ "error": "invalid_grant", "errcode": 1, "access_token": "t1", "openid": "w1" });
        fake.on(exchange.token, &error);
        exchange.fails(&providers, &exchange.code()).await;
        for status in [400, 401, 500] {
            fake.on_text(exchange.token, status, &exchange.token_answer.to_string());
            exchange.fails(&providers, &exchange.code()).await;
        }
        fake.on_text(exchange.token, 200, &"x".repeat(2 << 20));
        exchange.fails(&providers, &exchange.code()).await;
        assert!(fake.seen(exchange.user).is_empty(), "{}", exchange.name);

        fake.on(exchange.token, &exchange.token_answer);
        for nobody in &exchange.nobody {
            fake.on(exchange.user, nobody);
            exchange.fails(&providers, &exchange.code()).await;
        }
        for nonsense in ["", "null", "[]", "<html>"] {
            fake.on_text(exchange.user, 200, nonsense);
            exchange.fails(&providers, &exchange.code()).await;
        }
        fake.on_text(exchange.user, 401, &exchange.user_answer.to_string());
        exchange.fails(&providers, &exchange.code()).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_an_error() {
    for exchange in exchanges() {
        exchange.fails(&unreachable_providers(&exchange.safe()), &exchange.code()).await;
    }
}

/// SECURITY: SSRF (no redirects).
#[tokio::test]
async fn auth_adapters_follow_no_redirects() {
    for exchange in exchanges() {
        let fake = exchange.ready().await;
        let providers = fake.providers(&exchange.safe());
        fake.redirect(exchange.user, "http://id.example.com/stolen");
        fake.on("id.example.com/stolen", &exchange.user_answer);
        exchange.fails(&providers, &exchange.code()).await;
        fake.redirect(exchange.token, "http://id.example.com/stolen");
        exchange.fails(&providers, &exchange.code()).await;
        assert!(fake.seen("id.example.com/stolen").is_empty(), "{}", exchange.name);
    }
}

/// QQ wraps its answers in the call of a function.
#[tokio::test]
async fn answers_of_qq_in_a_callback_are_read() {
    let exchanges = exchanges();
    let qq = exchanges.iter().find(|exchange| exchange.name == "qq").unwrap();
    let fake = qq.ready().await;
    fake.on_text(qq.user, 200, &format!("callback( {} );\n", qq.user_answer));
    accepts(&fake.providers(&qq.safe()), "qq", &qq.code(), &json!({ "id": "q1" })).await;
}

/// SECURITY: auth adapters (state shared between providers).
#[tokio::test]
async fn auth_adapters_share_no_state() {
    let fake = Fake::start().await;
    let mut auth = json!({});
    for exchange in exchanges() {
        fake.on(exchange.token, &exchange.token_answer).on(exchange.user, &exchange.user_answer);
        auth[exchange.name] = exchange.safe()[exchange.name].clone();
    }
    let providers = fake.providers(&auth);
    let sign_ups = exchanges().into_iter().cycle().take(60).map(|exchange| {
        let providers = &providers;
        async move {
            let stored = json!({ "id": exchange.id });
            accepts(providers, exchange.name, &exchange.code(), &stored).await;
            let mut wrong = exchange.code();
            wrong["id"] = json!("u2");
            let refusal = exchange.refusal();
            refuses(providers, exchange.name, &wrong, Code::ObjectNotFound, &refusal).await;
        }
    });
    futures_util::future::join_all(sign_ups).await;
}
