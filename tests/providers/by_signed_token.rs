//! Providers that sign what they say: Apple, Google, Facebook's limited log-in, Keycloak.

use parsimony::error::Code;
use serde_json::{Value, json};

use crate::fake::{Fake, NOW, accepts, after, refuses, sign_up, sign_up_at, unreachable_providers};
use crate::keys::{FOREIGN, NEXT, OURS, unsigned};

/// What differs between them.
struct Signer {
    name: &'static str,
    settings: Value,
    /// Where it publishes its keys.
    keys: &'static str,
    /// The member of the data that holds the token.
    token: &'static str,
    issuer: &'static str,
    /// The claim that names the app, and how another app is refused.
    app: &'static str,
    other_app: &'static str,
    not_issued_by: &'static str,
}

const NOT_ISSUED: &str = "id token not issued by correct OpenID provider - expected: ";

fn signers() -> Vec<Signer> {
    vec![
        Signer {
            name: "apple",
            settings: json!({ "clientId": "our-app" }),
            keys: "appleid.apple.com/auth/keys",
            token: "token",
            issuer: "https://appleid.apple.com",
            app: "aud",
            other_app: "jwt audience invalid. expected: our-app",
            not_issued_by: NOT_ISSUED,
        },
        Signer {
            name: "google",
            settings: json!({ "clientId": "our-app" }),
            keys: "www.googleapis.com/oauth2/v3/certs",
            token: "id_token",
            issuer: "https://accounts.google.com",
            app: "aud",
            other_app: "jwt audience invalid. expected: our-app",
            not_issued_by: "id token not issued by correct provider - expected: accounts.google.com or ",
        },
        Signer {
            name: "facebook",
            settings: json!({ "appIds": ["our-app"] }),
            keys: "www.facebook.com/.well-known/oauth/openid/jwks/",
            token: "token",
            issuer: "https://www.facebook.com",
            app: "aud",
            other_app: "jwt audience invalid. expected: our-app",
            not_issued_by: NOT_ISSUED,
        },
        Signer {
            name: "keycloak",
            settings: json!({ "config": {
                "auth-server-url": "https://id.example.com/auth", "realm": "town", "client-id": "our-app",
            } }),
            keys: "id.example.com/auth/realms/town/protocol/openid-connect/certs",
            token: "access_token",
            issuer: "https://id.example.com/auth/realms/town",
            app: "azp",
            other_app: "access token is not authorized for this client - expected: our-app | from: other-app",
            not_issued_by: "access token not issued by correct provider - expected: ",
        },
    ]
}

impl Signer {
    fn auth(&self) -> Value {
        json!({ self.name: self.settings })
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, self.app: "our-app", "sub": "u1", "iat": NOW - 10, "exp": NOW + 600,
        })
    }

    fn with(&self, key: &str, claim: Value) -> Value {
        let mut claims = self.claims();
        claims[key] = claim;
        claims
    }

    fn without(&self, key: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(key);
        claims
    }

    fn data(&self, token: &str) -> Value {
        json!({ "id": "u1", self.token: token })
    }

    async fn publish(&self, fake: &Fake, keys: &[Value]) {
        fake.on(self.keys, &json!({ "keys": keys }));
    }
}

#[tokio::test]
async fn a_token_of_our_app_for_the_account_is_accepted_and_not_stored() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let data = signer.data(&OURS.token(&signer.claims()));
        accepts(&providers, signer.name, &data, &json!({ "id": "u1" })).await;
        let several = signer.with("aud", json!(["elsewhere", "our-app"]));
        accepts(
            &providers,
            signer.name,
            &signer.data(&OURS.token(&several)),
            &json!({ "id": "u1" }),
        )
        .await;
    }
}

/// SECURITY: auth adapters (token of another app, missing audience, identity spoofing, expiry).
#[tokio::test]
async fn auth_adapters_refuse_tokens_that_say_something_else() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let issuers = format!("{}{} | from: ", signer.not_issued_by, signer.issuer);
        let no_app = signer.other_app.replace("other-app", "undefined");
        let not_this_user = "auth data is invalid for this user.";
        let evil = "https://evil.example.com";
        let cases = [
            (signer.with(signer.app, json!("other-app")), signer.other_app.to_owned()),
            (signer.without(signer.app), no_app.clone()),
            (signer.with(signer.app, json!("our-app-2")), no_app.replace("undefined", "our-app-2")),
            (signer.with(signer.app, json!({ "$ne": null })), no_app.clone()),
            (signer.with("iss", json!(evil)), format!("{issuers}{evil}")),
            (signer.without("iss"), format!("{issuers}undefined")),
            (signer.with("exp", json!(NOW - 1)), "jwt expired".to_owned()),
            (signer.with("exp", json!(NOW)), "jwt expired".to_owned()),
            (signer.with("exp", json!("later")), "jwt expired".to_owned()),
            (signer.without("exp"), "jwt expired".to_owned()),
            (signer.with("nbf", json!(NOW + 60)), "jwt not active".to_owned()),
            (signer.with("sub", json!("u2")), not_this_user.to_owned()),
            (signer.with("sub", json!(1)), not_this_user.to_owned()),
            (signer.without("sub"), not_this_user.to_owned()),
        ];
        for (claims, text) in cases {
            let data = signer.data(&OURS.token(&claims));
            refuses(&providers, signer.name, &data, Code::ObjectNotFound, &text).await;
        }
    }
}

/// SECURITY: auth adapters (`alg` from the token, GHSA-4q3h-vp4r-prv2).
#[tokio::test]
async fn auth_adapters_do_not_let_a_token_choose_its_algorithm() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let claims = signer.claims();
        let none = |name: &str| {
            format!("{}.", unsigned(&json!({ "alg": name, "typ": "JWT", "kid": "ours" }), &claims))
        };
        let mut forged = OURS.tokens_by_public_key(&claims);
        forged.extend(["none", "None", "NONE", ""].map(none));
        forged.extend(["RS384", "RS512"].map(|name| OURS.token_as(name, &claims)));
        forged.push(OURS.token_as("PS256", &claims));
        for token in forged {
            let data = signer.data(&token);
            refuses(&providers, signer.name, &data, Code::ObjectNotFound, "invalid algorithm")
                .await;
        }
    }
}

/// SECURITY: auth adapters (forged signatures).
#[tokio::test]
async fn auth_adapters_refuse_tokens_that_the_provider_did_not_sign() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let claims = signer.claims();
        let good = OURS.token(&claims);
        let signature = good.rsplit_once('.').unwrap().1;
        let others =
            unsigned(&json!({ "alg": "RS256", "kid": "ours" }), &signer.with("sub", json!("u2")));
        let bad = "invalid signature";
        let undecodable = "provided token does not decode as JWT";
        let unknown = "Unable to find matching key for Key ID: ";
        let cases = [
            (FOREIGN.token(&claims), bad.to_owned()),
            (format!("{others}.{signature}"), bad.to_owned()),
            (format!("{}.", good.rsplit_once('.').unwrap().0), bad.to_owned()),
            (NEXT.token(&claims), format!("{unknown}next")),
            (
                format!("{}.{signature}", unsigned(&json!({ "alg": "RS256" }), &claims)),
                format!("{unknown}undefined"),
            ),
            ("token".to_owned(), undecodable.to_owned()),
            ("..".to_owned(), undecodable.to_owned()),
            ("é.é.é".to_owned(), undecodable.to_owned()),
            (format!("{good}.x"), undecodable.to_owned()),
            ("a".repeat(100_000), undecodable.to_owned()),
        ];
        for (token, text) in cases {
            let data = signer.data(&token);
            refuses(&providers, signer.name, &data, Code::ObjectNotFound, &text).await;
        }
    }
}

/// SECURITY: auth adapters (empty or partial authData), operator smuggling.
#[tokio::test]
async fn auth_adapters_refuse_partial_data() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let token = OURS.token(&signer.claims());
        let unsupported = "This authentication method is unsupported.";
        for data in
            [json!({}), json!({ signer.token: token }), json!({ "id": "", signer.token: token })]
        {
            refuses(&providers, signer.name, &data, Code::UnsupportedService, unsupported).await;
        }
        let no_text = format!("Invalid authData id for provider '{}'.", signer.name);
        for id in [json!({ "$ne": null }), json!(1), json!(["u1"]), json!(true)] {
            let data = json!({ "id": id, signer.token: token });
            refuses(&providers, signer.name, &data, Code::InvalidValue, &no_text).await;
        }
        for proof in [json!(null), json!(""), json!({ "$ne": null }), json!(1), json!([token])] {
            let data = json!({ "id": "u1", signer.token: proof });
            let error = sign_up(&providers, signer.name, &data).await.unwrap_err();
            assert_eq!(error.code(), Code::ObjectNotFound, "{}", signer.name);
        }
        assert!(sign_up(&providers, signer.name, &json!({ "id": "u1" })).await.is_err());
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_change() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let ours = signer.data(&OURS.token(&signer.claims()));
        for _ in 0..3 {
            sign_up(&providers, signer.name, &ours).await.unwrap();
        }
        assert_eq!(fake.seen(signer.keys).len(), 1);
        // The provider changes its key: the first token with the new one makes us look.
        signer.publish(&fake, &[NEXT.jwk()]).await;
        let next = signer.data(&NEXT.token(&signer.claims()));
        sign_up_at(&providers, signer.name, &next, after(60)).await.unwrap();
        assert_eq!(fake.seen(signer.keys).len(), 2);
        // The old one is good no more.
        assert!(sign_up_at(&providers, signer.name, &ours, after(61)).await.is_err());
        assert_eq!(fake.seen(signer.keys).len(), 2);
    }
}

/// SECURITY: denial of service: made-up key ids do not turn into requests.
#[tokio::test]
async fn unknown_key_ids_do_not_make_us_ask_again_and_again() {
    for signer in signers() {
        let fake = Fake::start().await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        let providers = fake.providers(&signer.auth());
        let next = signer.data(&NEXT.token(&signer.claims()));
        for second in 0..20 {
            assert!(sign_up_at(&providers, signer.name, &next, after(second)).await.is_err());
        }
        assert_eq!(fake.seen(signer.keys).len(), 1);
        assert!(sign_up_at(&providers, signer.name, &next, after(40)).await.is_err());
        assert_eq!(fake.seen(signer.keys).len(), 2);
    }
}

#[tokio::test]
async fn keys_are_kept_as_long_as_their_provider_says() {
    let signer = &signers()[0];
    let fake = Fake::start().await;
    let keys = json!({ "keys": [OURS.jwk()] }).to_string().into_bytes();
    fake.on_bytes(signer.keys, "public, max-age=120", keys);
    let providers = fake.providers(&signer.auth());
    let data = signer.data(&OURS.token(&signer.claims()));
    for (seconds, fetches) in [(0, 1), (119, 1), (120, 2), (239, 2), (240, 3)] {
        sign_up_at(&providers, signer.name, &data, after(seconds)).await.unwrap();
        assert_eq!(fake.seen(signer.keys).len(), fetches, "after {seconds} s");
    }
}

#[tokio::test]
async fn keys_that_are_not_for_signatures_are_not_used() {
    let signer = &signers()[0];
    let good = OURS.jwk();
    for (key, value) in
        [("use", "enc"), ("alg", "RS512"), ("kty", "oct"), ("kty", "EC"), ("n", "AQAB"), ("e", "")]
    {
        let fake = Fake::start().await;
        let mut jwk = good.clone();
        jwk[key] = json!(value);
        signer.publish(&fake, &[jwk]).await;
        let providers = fake.providers(&signer.auth());
        let data = signer.data(&OURS.token(&signer.claims()));
        let error = sign_up(&providers, signer.name, &data).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectNotFound, "{key}: {value}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_or_talks_nonsense_is_an_error_and_then_works_again() {
    let missing = "Unable to find matching key for Key ID: ours";
    for signer in signers() {
        let data = signer.data(&OURS.token(&signer.claims()));
        let nobody = unreachable_providers(&signer.auth());
        refuses(&nobody, signer.name, &data, Code::ObjectNotFound, missing).await;
        for nonsense in ["", "[]", "{}", "null", "{\"keys\": {}}", "{\"keys\": [1, {}]}", "<html>"]
        {
            let fake = Fake::start().await;
            fake.on_text(signer.keys, 200, nonsense);
            let providers = fake.providers(&signer.auth());
            refuses(&providers, signer.name, &data, Code::ObjectNotFound, missing).await;
        }
        let fake = Fake::start().await;
        fake.on_text(signer.keys, 500, "{}");
        let providers = fake.providers(&signer.auth());
        refuses(&providers, signer.name, &data, Code::ObjectNotFound, missing).await;
        signer.publish(&fake, &[OURS.jwk()]).await;
        sign_up_at(&providers, signer.name, &data, after(5)).await.unwrap();
    }
}

/// Keycloak alone says which roles and groups a user has, and clients must say the same.
#[tokio::test]
async fn roles_and_groups_of_keycloak_are_compared_and_kept() {
    let signers = signers();
    let signer = signers.iter().find(|signer| signer.name == "keycloak").unwrap();
    let fake = Fake::start().await;
    signer.publish(&fake, &[OURS.jwk()]).await;
    let providers = fake.providers(&signer.auth());
    let mut claims = signer.claims();
    claims["roles"] = json!(["admin", "user"]);
    claims["groups"] = json!(["town"]);
    let mut data = signer.data(&OURS.token(&claims));
    data["roles"] = json!(["user", "admin"]);
    data["groups"] = json!(["town"]);
    let stored = json!({ "id": "u1", "roles": ["admin", "user"], "groups": ["town"] });
    accepts(&providers, "keycloak", &data, &stored).await;
    let invalid = "Invalid authentication";
    for roles in [json!(null), json!([]), json!(["user"]), json!(["user", "root"]), json!("user")] {
        let mut data = data.clone();
        data["roles"] = roles;
        refuses(&providers, "keycloak", &data, Code::ObjectNotFound, invalid).await;
    }
    let mut unproven = signer.data(&OURS.token(&signer.claims()));
    unproven["roles"] = json!(["admin"]);
    refuses(&providers, "keycloak", &unproven, Code::ObjectNotFound, invalid).await;
}

/// A log-in with what is stored already changes nothing; what another server stored beside the id goes.
#[tokio::test]
async fn a_log_in_stores_nothing_new() {
    use parsimony::auth::providers::Purpose;
    let signer = &signers()[0];
    let fake = Fake::start().await;
    signer.publish(&fake, &[OURS.jwk()]).await;
    let providers = fake.providers(&signer.auth());
    let data = crate::fake::members(&signer.data(&OURS.token(&signer.claims())));
    let stored = crate::fake::members(&json!({ "id": "u1" }));
    let accepted =
        providers.validate("apple", Purpose::LogIn, &data, Some(&stored), after(0)).await.unwrap();
    assert_eq!(accepted.store, None);
    let with_token = crate::fake::members(&json!({ "id": "u1", "token": "old" }));
    let accepted = providers
        .validate("apple", Purpose::LogIn, &data, Some(&with_token), after(0))
        .await
        .unwrap();
    assert_eq!(accepted.store, Some(stored));
}
