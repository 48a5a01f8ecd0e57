//! Providers that are asked whose a token is: Facebook, Twitter, OAuth 2 servers, Janrain, Meetup, PhantAuth, VK. And
//! anonymous users, who ask nobody.

use parsimony::error::Code;
use serde_json::{Value, json};

use crate::fake::{Fake, accepts, refuses, sign_up, unreachable_providers};

/// What differs between them.
struct Question {
    name: &'static str,
    settings: Value,
    data: Value,
    /// What is asked, and the good answers.
    answers: Vec<(&'static str, Value)>,
    /// Answers that name nobody, somebody else or another app.
    bad: Vec<(&'static str, Value)>,
    refusal: &'static str,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn questions() -> Vec<Question> {
    vec![
        Question {
            name: "facebook",
            settings: json!({ "appIds": ["our-app"], "appSecret": "s" }),
            data: json!({ "id": "u1", "access_token": "t1" }),
            answers: vec![
                ("graph.facebook.com/app", json!({ "id": "our-app" })),
                ("graph.facebook.com/me", json!({ "id": "u1" })),
            ],
            bad: vec![
                ("graph.facebook.com/app", json!({ "id": "other-app" })),
                ("graph.facebook.com/app", json!({ "id": "our" })),
                ("graph.facebook.com/app", json!({})),
                ("graph.facebook.com/me", json!({ "id": "u2" })),
                ("graph.facebook.com/me", json!({})),
                ("graph.facebook.com/me", json!({ "error": { "code": 190 } })),
            ],
            refusal: "Facebook auth is invalid for this user.",
        },
        Question {
            name: "janraincapture",
            settings: json!({ "janrain_capture_host": "id.example.com" }),
            data: json!({ "id": "u1", "access_token": "t1" }),
            answers: vec![("id.example.com/entity", json!({ "stat": "ok", "result": "u1" }))],
            bad: vec![
                ("id.example.com/entity", json!({ "stat": "ok", "result": "u2" })),
                ("id.example.com/entity", json!({ "stat": "error", "result": "u1" })),
                ("id.example.com/entity", json!({ "result": "u1" })),
            ],
            refusal: "Janrain capture auth is invalid for this user.",
        },
        Question {
            name: "janrainengage",
            settings: json!({ "enableInsecureAuth": true, "api_key": "k" }),
            data: json!({ "id": "u1", "auth_token": "t1" }),
            answers: vec![(
                "rpxnow.com/api/v2/auth_info",
                json!({ "stat": "ok", "profile": { "identifier": "u1" } }),
            )],
            bad: vec![
                (
                    "rpxnow.com/api/v2/auth_info",
                    json!({ "stat": "ok", "profile": { "identifier": "u2" } }),
                ),
                (
                    "rpxnow.com/api/v2/auth_info",
                    json!({ "stat": "fail", "profile": { "identifier": "u1" } }),
                ),
                ("rpxnow.com/api/v2/auth_info", json!({ "stat": "ok" })),
            ],
            refusal: "Janrain engage auth is invalid for this user.",
        },
        Question {
            name: "meetup",
            settings: json!({ "enableInsecureAuth": true }),
            data: json!({ "id": "7", "access_token": "t1" }),
            answers: vec![("api.meetup.com/2/member/self", json!({ "id": 7 }))],
            bad: vec![
                ("api.meetup.com/2/member/self", json!({ "id": 8 })),
                ("api.meetup.com/2/member/self", json!({})),
            ],
            refusal: "Meetup auth is invalid for this user.",
        },
        Question {
            name: "phantauth",
            settings: json!({ "enableInsecureAuth": true }),
            data: json!({ "id": "u1", "access_token": "t1" }),
            answers: vec![("phantauth.net/auth/userinfo", json!({ "sub": "u1" }))],
            bad: vec![
                ("phantauth.net/auth/userinfo", json!({ "sub": "u2" })),
                ("phantauth.net/auth/userinfo", json!({})),
            ],
            refusal: "PhantAuth auth is invalid for this user.",
        },
        Question {
            name: "vkontakte",
            settings: json!({ "enableInsecureAuth": true, "appIds": "our-app", "appSecret": "s" }),
            data: json!({ "id": "7", "access_token": "t1" }),
            answers: vec![
                ("oauth.vk.com/access_token", json!({ "access_token": "a" })),
                ("api.vk.com/method/users.get", json!({ "response": [{ "id": 7 }] })),
            ],
            bad: vec![
                ("api.vk.com/method/users.get", json!({ "response": [{ "id": 8 }] })),
                ("api.vk.com/method/users.get", json!({ "response": [] })),
                ("api.vk.com/method/users.get", json!({ "error": { "error_code": 5 } })),
            ],
            refusal: "Vk auth is invalid for this user.",
        },
        Question {
            name: "town",
            settings: json!({
                "oauth2": true, "tokenIntrospectionEndpointUrl": "https://id.example.com/introspect",
                "appidField": "aud", "appIds": ["our-app"], "authorizationHeader": "Basic eDp5",
            }),
            data: json!({ "id": "u1", "access_token": "t1" }),
            answers: vec![(
                "id.example.com/introspect",
                json!({ "active": true, "sub": "u1", "aud": ["elsewhere", "our-app"] }),
            )],
            bad: vec![
                (
                    "id.example.com/introspect",
                    json!({ "active": false, "sub": "u1", "aud": "our-app" }),
                ),
                (
                    "id.example.com/introspect",
                    json!({ "active": "yes", "sub": "u1", "aud": "our-app" }),
                ),
                ("id.example.com/introspect", json!({ "sub": "u1", "aud": "our-app" })),
                (
                    "id.example.com/introspect",
                    json!({ "active": true, "sub": "u2", "aud": "our-app" }),
                ),
                ("id.example.com/introspect", json!({ "active": true, "aud": "our-app" })),
            ],
            refusal: "OAuth2 access token is invalid for this user.",
        },
        Question {
            name: "twitter",
            settings: json!({ "enableInsecureAuth": true, "consumer_key": "ck", "consumer_secret": "cs" }),
            data: json!({ "id": "7", "auth_token": "t1", "auth_token_secret": "ts" }),
            answers: vec![("api.twitter.com/2/users/me", json!({ "data": { "id": "7" } }))],
            bad: vec![
                ("api.twitter.com/2/users/me", json!({ "data": { "id": "8" } })),
                ("api.twitter.com/2/users/me", json!({ "id": "7" })),
            ],
            refusal: "Twitter auth is invalid for this user.",
        },
    ]
}

impl Question {
    fn auth(&self) -> Value {
        json!({ self.name: self.settings })
    }

    async fn ready(&self) -> Fake {
        let fake = Fake::start().await;
        for (place, answer) in &self.answers {
            fake.on(place, answer);
        }
        fake
    }

    /// The names of the data besides the id.
    fn proofs(&self) -> Vec<String> {
        let data = self.data.as_object().unwrap();
        data.keys().filter(|key| *key != "id").cloned().collect()
    }
}

#[tokio::test]
async fn a_token_of_the_account_is_accepted_and_not_stored() {
    for question in questions() {
        let fake = question.ready().await;
        let providers = fake.providers(&question.auth());
        let stored = json!({ "id": question.data["id"] });
        accepts(&providers, question.name, &question.data, &stored).await;
        assert_eq!(fake.requests(), question.answers.len(), "{}", question.name);
    }
}

/// SECURITY: auth adapters (token of another app, identity spoofing).
#[tokio::test]
async fn auth_adapters_refuse_tokens_of_other_accounts_and_apps() {
    for question in questions() {
        let fake = question.ready().await;
        let providers = fake.providers(&question.auth());
        let mut data = question.data.clone();
        data["id"] = json!("u9");
        let (name, refusal) = (question.name, question.refusal);
        refuses(&providers, name, &data, Code::ObjectNotFound, refusal).await;
        for (place, answer) in &question.bad {
            fake.on(place, answer);
            refuses(&providers, name, &question.data, Code::ObjectNotFound, refusal).await;
            for (place, answer) in &question.answers {
                fake.on(place, answer);
            }
        }
        accepts(&providers, name, &question.data, &json!({ "id": question.data["id"] })).await;
    }
}

/// SECURITY: auth adapters (empty or partial authData), operator smuggling.
#[tokio::test]
async fn auth_adapters_refuse_partial_data() {
    for question in questions() {
        let fake = question.ready().await;
        let providers = fake.providers(&question.auth());
        for id in [json!({ "$ne": null }), json!(7), json!(["u1"])] {
            let mut data = question.data.clone();
            data["id"] = id;
            let text = format!("Invalid authData id for provider '{}'.", question.name);
            refuses(&providers, question.name, &data, Code::InvalidValue, &text).await;
        }
        for key in question.proofs() {
            for proof in [json!(null), json!(""), json!({ "$ne": null }), json!(1)] {
                let mut data = question.data.clone();
                data[&key] = proof;
                let (code, text) = (Code::ObjectNotFound, question.refusal);
                refuses(&providers, question.name, &data, code, text).await;
            }
        }
        let error = sign_up(&providers, question.name, &json!({ "id": "u1" })).await;
        assert!(error.is_err(), "{}", question.name);
        let mut data = question.data.clone();
        data.as_object_mut().unwrap().remove("id");
        assert!(sign_up(&providers, question.name, &data).await.is_err(), "{}", question.name);
        assert_eq!(fake.requests(), 0, "{}", question.name);
    }
}

/// SECURITY: a token is data: it can not reach into the address that it is asked with, or into a header.
#[tokio::test]
async fn auth_adapters_escape_what_clients_send() {
    for question in questions() {
        let fake = question.ready().await;
        let providers = fake.providers(&question.auth());
        for key in question.proofs() {
            let mut data = question.data.clone();
            data[&key] = json!("t&fields=name#x/../../é ?");
            // Whatever comes of it: the place that is asked is the same, with no parameter of the client's.
            let _ = sign_up(&providers, question.name, &data).await;
            data[&key] = json!("t\r\nx-injected: 1");
            let _ = sign_up(&providers, question.name, &data).await;
        }
        for (place, _) in &question.answers {
            for seen in fake.seen(place) {
                assert!(!seen.query.contains("fields=name"), "{seen:?}");
                assert!(!seen.body.contains("fields=name"), "{seen:?}");
            }
        }
        let known: usize = question.answers.iter().map(|(place, _)| fake.seen(place).len()).sum();
        assert_eq!(fake.requests(), known, "{}", question.name);
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_talks_nonsense_is_an_error() {
    for question in questions() {
        let nobody = unreachable_providers(&question.auth());
        let error = sign_up(&nobody, question.name, &question.data).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectNotFound, "{}", question.name);
        let fake = question.ready().await;
        let providers = fake.providers(&question.auth());
        for (place, answer) in &question.answers {
            for (status, body) in
                [(200, ""), (200, "null"), (200, "[]"), (200, "<html>"), (500, &answer.to_string())]
            {
                fake.on_text(place, status, body);
                let error = sign_up(&providers, question.name, &question.data).await.unwrap_err();
                assert_eq!(error.code(), Code::ObjectNotFound, "{}: {body}", question.name);
            }
            fake.redirect(place, "http://id.example.com/stolen");
            fake.on("id.example.com/stolen", answer);
            assert!(sign_up(&providers, question.name, &question.data).await.is_err());
            assert!(fake.seen("id.example.com/stolen").is_empty(), "{}", question.name);
            fake.on(place, answer);
        }
    }
}

/// The proof is `HMAC-SHA256(token, secret)` in hexadecimal (Facebook: securing Graph API requests).
#[tokio::test]
async fn facebook_is_shown_that_the_server_asks() {
    let questions = questions();
    let fake = questions[0].ready().await;
    let providers = fake.providers(&questions[0].auth());
    sign_up(&providers, "facebook", &questions[0].data).await.unwrap();
    for place in ["graph.facebook.com/app", "graph.facebook.com/me"] {
        let query = &fake.seen(place)[0].query;
        let sent = query.split('&').find(|pair| pair.starts_with("appsecret_proof=")).unwrap();
        assert_eq!(sent, expected_proof());
    }
}

fn expected_proof() -> String {
    use aws_lc_rs::hmac;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s"), b"t1");
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("appsecret_proof={hex}")
}

/// SECURITY: auth adapters (app id as a string, GHSA-r657-33vp-gp22).
#[tokio::test]
async fn auth_adapters_compare_whole_app_ids() {
    let questions = questions();
    let fake = questions[0].ready().await;
    let data = &questions[0].data;
    let providers = fake.providers(&json!({ "facebook": { "appIds": "our-app" } }));
    accepts(&providers, "facebook", data, &json!({ "id": "u1" })).await;
    for part in ["our", "app", "-", "r-a", "our-app-2"] {
        fake.on("graph.facebook.com/app", &json!({ "id": part }));
        let text = "Facebook auth is invalid for this user.";
        refuses(&providers, "facebook", data, Code::ObjectNotFound, text).await;
    }
}

#[tokio::test]
async fn an_oauth2_server_is_told_the_token_and_who_asks() {
    let questions = questions();
    let town = questions.iter().find(|question| question.name == "town").unwrap();
    let fake = town.ready().await;
    let providers = fake.providers(&town.auth());
    sign_up(&providers, "town", &town.data).await.unwrap();
    let seen = &fake.seen("id.example.com/introspect")[0];
    assert_eq!((seen.body.as_str(), seen.authorization.as_str()), ("token=t1", "Basic eDp5"));
    for app in [json!("other-app"), json!(["other-app"]), json!([]), json!(null), json!("our")] {
        let answer = json!({ "active": true, "sub": "u1", "aud": app });
        fake.on("id.example.com/introspect", &answer);
        let text = "OAuth2: Invalid app ID.";
        refuses(&providers, "town", &town.data, Code::ObjectNotFound, text).await;
    }
    fake.on_text("id.example.com/introspect", 401, "{}");
    let text = "OAuth2 token introspection request failed.";
    refuses(&providers, "town", &town.data, Code::ObjectNotFound, text).await;
}

#[tokio::test]
async fn the_user_id_of_an_oauth2_server_may_stand_elsewhere() {
    let fake = Fake::start().await;
    fake.on("id.example.com/i", &json!({ "active": true, "username": "u1", "sub": "u2" }));
    let providers = fake.providers(&json!({ "town": {
        "oauth2": true, "tokenIntrospectionEndpointUrl": "https://id.example.com/i", "useridField": "username",
    } }));
    let data = json!({ "id": "u1", "access_token": "t1" });
    accepts(&providers, "town", &data, &json!({ "id": "u1" })).await;
}

#[tokio::test]
async fn twitter_exchanges_what_its_log_in_gave() {
    const TOKEN: &str = "api.twitter.com/oauth/access_token";
    let auth = json!({ "twitter": { "consumer_key": "ck", "consumer_secret": "cs" } });
    let fake = Fake::start().await;
    let good = "oauth_token=7-t&oauth_token_secret=ts&user_id=7&screen_name=seven";
    fake.on_text(TOKEN, 200, good);
    let providers = fake.providers(&auth);
    let data = json!({ "oauth_token": "rt", "oauth_verifier": "v/1" });
    accepts(&providers, "twitter", &data, &json!({ "id": "7" })).await;
    let header = &fake.seen(TOKEN)[0].authorization;
    let parts = [
        "OAuth ",
        "oauth_consumer_key=\"ck\"",
        "oauth_token=\"rt\"",
        "oauth_verifier=\"v%2F1\"",
        "oauth_signature_method=\"HMAC-SHA1\"",
        "oauth_timestamp=\"1767225600\"",
        "oauth_signature=\"",
    ];
    assert!(parts.iter().all(|part| header.contains(part)), "{header}");
    assert!(!header.contains("cs"), "{header}");

    let refusal = "Twitter auth is invalid for this user.";
    let spoofed = json!({ "id": "8", "oauth_token": "rt", "oauth_verifier": "v" });
    refuses(&providers, "twitter", &spoofed, Code::ObjectNotFound, refusal).await;
    // Tokens of clients are not taken unless insecure providers are enabled.
    let insecure = json!({ "id": "7", "auth_token": "t", "auth_token_secret": "ts" });
    refuses(&providers, "twitter", &insecure, Code::ObjectNotFound, refusal).await;
    for (status, body) in
        [(401, good), (200, ""), (200, "user_id=7"), (200, "oauth_token=t&user_id=")]
    {
        fake.on_text(TOKEN, status, body);
        refuses(&providers, "twitter", &data, Code::ObjectNotFound, refusal).await;
    }
    refuses(&unreachable_providers(&auth), "twitter", &data, Code::ObjectNotFound, refusal).await;
}

#[tokio::test]
async fn anonymous_users_are_whoever_knows_the_id() {
    let fake = Fake::start().await;
    let providers = fake.providers(&json!({}));
    let data = json!({ "id": "01234567-89ab-cdef-0123-456789abcdef" });
    accepts(&providers, "anonymous", &data, &data).await;
    let more = json!({ "id": "a", "isAdmin": true });
    accepts(&providers, "anonymous", &more, &json!({ "id": "a" })).await;
    let unsupported = "This authentication method is unsupported.";
    for data in [json!({}), json!({ "id": "" }), json!({ "id": null }), json!({ "x": 1 })] {
        refuses(&providers, "anonymous", &data, Code::UnsupportedService, unsupported).await;
    }
    let text = "Invalid authData id for provider 'anonymous'.";
    let data = json!({ "id": { "$ne": null } });
    refuses(&providers, "anonymous", &data, Code::InvalidValue, text).await;
}
