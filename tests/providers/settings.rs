//! The option `auth`: what it switches on and off, and what is wrong with it is said at start.

use parsimony::auth::Providers;
use parsimony::auth::providers::Policy;
use parsimony::error::Code;
use serde_json::{Value, json};

use crate::fake::{Fake, accepts, config_of, refuses};

fn of(options: &Value) -> Result<Providers, Vec<String>> {
    Providers::new(&config_of(options))
}

fn check(auth: &Value, expected: &[&str]) {
    match of(&json!({ "auth": auth })) {
        Ok(_) => assert!(expected.is_empty(), "{auth} is accepted"),
        Err(problems) => assert_eq!(problems, expected, "{auth}"),
    }
}

const UNSUPPORTED: &str = "This authentication method is unsupported.";

#[tokio::test]
async fn without_settings_there_are_anonymous_users_only() {
    let providers = of(&json!({})).unwrap();
    assert_eq!(providers.names(), ["anonymous"]);
    // Who has a second factor does not get in without it because the settings forgot it.
    assert_eq!(providers.policy("mfa"), Policy::Additional);
    assert!(!providers.knows("mfa") && !providers.knows("github") && !providers.knows("x"));
    let data = json!({ "id": "1", "access_token": "t", "token": "t", "code": "c" });
    for name in ["github", "twitter", "mfa", "oauth2", "meetup", "__proto__", "unknown", ""] {
        refuses(&providers, name, &data, Code::UnsupportedService, UNSUPPORTED).await;
    }
    for (name, code, text) in [
        ("facebook", Code::ObjectNotFound, "Facebook auth is not configured."),
        ("google", Code::ObjectNotFound, "Google auth is not configured."),
        ("apple", Code::ObjectNotFound, "Apple auth is not configured."),
        ("keycloak", Code::ObjectNotFound, "Missing keycloak configuration"),
        ("ldap", Code::Internal, "LDAP auth configuration missing"),
    ] {
        refuses(&providers, name, &data, code, text).await;
    }
}

#[tokio::test]
async fn providers_can_be_switched_off() {
    let data = json!({ "id": "1", "access_token": "t" });
    for options in [
        json!({ "enableAnonymousUsers": false }),
        json!({ "enableAnonymousUsers": false, "auth": { "anonymous": true } }),
        json!({ "auth": { "anonymous": { "enabled": false } } }),
        json!({ "auth": { "anonymous": false } }),
    ] {
        let providers = of(&options).unwrap();
        assert!(!providers.knows("anonymous"), "{options}");
        refuses(&providers, "anonymous", &data, Code::UnsupportedService, UNSUPPORTED).await;
    }
    let off = of(&json!({ "auth": { "facebook": { "enabled": false, "appIds": ["a"] } } }));
    refuses(&off.unwrap(), "facebook", &data, Code::UnsupportedService, UNSUPPORTED).await;
    let on = of(
        &json!({ "auth": { "anonymous": true, "facebook": { "enabled": true, "appIds": ["a"] } } }),
    );
    assert_eq!(on.unwrap().names(), ["facebook", "anonymous"]);
}

#[test]
fn what_a_provider_needs_must_be_there() {
    check(&json!({ "apple": {} }), &["option `auth.apple`: `clientId` is required"]);
    check(
        &json!({ "google": { "clientId": 1 } }),
        &["option `auth.google`: `clientId`: expected a text or a list of texts"],
    );
    check(
        &json!({ "facebook": { "appIds": [] } }),
        &["option `auth.facebook`: `appIds`: expected a text or a list of texts"],
    );
    check(
        &json!({ "github": { "clientId": "a" } }),
        &["option `auth.github`: `clientSecret` is required"],
    );
    check(&json!({ "spotify": { "clientId": "a" } }), &[]);
    check(&json!({ "gcenter": {} }), &["option `auth.gcenter`: `bundleId` is required"]);
    check(
        &json!({ "twitter": {} }),
        &[
            "option `auth.twitter`: `consumer_key` is required",
            "option `auth.twitter`: `consumer_secret` is required",
        ],
    );
    check(
        &json!({ "keycloak": {} }),
        &["option `auth.keycloak`: `config` is required: the content of keycloak.json"],
    );
    check(
        &json!({ "keycloak": { "config": { "realm": "r", "auth-server-url": "https://x" } } }),
        &["option `auth.keycloak`: `config.client-id` is required"],
    );
    check(
        &json!({ "janraincapture": { "janrain_capture_host": "x/y" } }),
        &[
            "option `auth.janraincapture`: `janrain_capture_host`: expected a host without scheme and path",
        ],
    );
    check(
        &json!({ "town": { "oauth2": true, "appidField": "aud" } }),
        &[
            "option `auth.town`: `appIds` is required",
            "option `auth.town`: `tokenIntrospectionEndpointUrl` is required",
        ],
    );
    check(
        &json!({ "town": { "oauth2": true, "tokenIntrospectionEndpointUrl": "x", "appIds": "a" } }),
        &[
            "option `auth.town`: `appIds` is not looked at without `appidField`",
            "option `auth.town`: `tokenIntrospectionEndpointUrl`: expected an address that starts with https://",
        ],
    );
}

#[test]
fn directories_are_described_in_full() {
    let ldap = |more: Value| {
        let mut ldap = json!({ "url": "ldap://x", "suffix": "dc=x" });
        ldap.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "ldap": ldap })
    };
    check(&ldap(json!({})), &[]);
    check(
        &json!({ "ldap": { "url": "http://x" } }),
        &[
            "option `auth.ldap`: `url`: expected ldap://… or ldaps://…",
            "option `auth.ldap`: `suffix` is required",
        ],
    );
    check(
        &ldap(json!({ "groupCn": "admins" })),
        &["option `auth.ldap`: `groupCn` and `groupFilter` belong together"],
    );
    check(
        &ldap(json!({ "groupCN": "admins", "dn": "uid=ada" })),
        &[
            "option `auth.ldap`: `dn`: expected {{id}} in it; without it everybody would be the same user",
            "option `auth.ldap`: `groupCN` is unknown; known are cacheMaxAge, cacheMaxEntries, dn, enableInsecureAuth, enabled, groupCn, groupFilter, suffix, tlsOptions, url",
        ],
    );
    check(&ldap(json!({ "tlsOptions": { "rejectUnauthorized": false } })), &[]);
    check(
        &ldap(json!({ "tlsOptions": { "ca": "x" } })),
        &["option `auth.ldap`: `tlsOptions`: only `rejectUnauthorized` is known here"],
    );
}

#[test]
fn second_factors_are_made_by_an_app() {
    check(&json!({ "mfa": { "options": ["TOTP"] } }), &[]);
    check(
        &json!({ "mfa": { "options": ["TOTP"], "digits": 4, "period": 60, "algorithm": "SHA512" } }),
        &[],
    );
    check(&json!({ "mfa": { "enabled": true } }), &["option `auth.mfa`: `options` is required"]);
    let sms = "option `auth.mfa`: `options`: codes by SMS (`sendSMS`) are not sent by this server yet; use [\"TOTP\"]";
    check(&json!({ "mfa": { "options": ["SMS", "TOTP"] } }), &[sms]);
    check(
        &json!({ "mfa": { "options": ["HOTP"] } }),
        &["option `auth.mfa`: `options`: expected [\"TOTP\"]"],
    );
    check(
        &json!({ "mfa": { "options": ["TOTP"], "digits": 3, "period": 5, "algorithm": "MD5" } }),
        &[
            "option `auth.mfa`: `algorithm`: expected SHA1, SHA256 or SHA512",
            "option `auth.mfa`: `digits`: expected a whole number from 4 to 10",
            "option `auth.mfa`: `period`: expected a whole number from 10 to 86400",
        ],
    );
    let providers = of(&json!({ "auth": { "mfa": { "options": ["TOTP"] } } })).unwrap();
    assert_eq!(providers.policy("mfa"), Policy::Additional);
    assert_eq!(providers.policy("anonymous"), Policy::Default);
    assert_eq!(providers.names(), ["anonymous"]);
}

#[test]
fn unknown_providers_are_problems_and_adapters_of_the_app_are_not() {
    let problems = of(&json!({ "auth": { "gogle": { "clientId": "a" } } })).unwrap_err();
    assert!(
        problems[0].starts_with("option `auth.gogle`: this provider is unknown"),
        "{problems:?}"
    );
    assert!(problems[0].contains("google"));
    let own = of(&json!({ "auth": { "demo": { "module": "./auth/demo.js", "option1": 1 } } }));
    let own = own.unwrap();
    assert!(own.knows("demo") && own.names().contains(&"demo"));
    assert_eq!(own.policy("demo"), Policy::Default);
    let described = json!({
        "$host": "auth.mfa", "kind": "object", "methods": ["sendSMS"],
        "data": {"enabled": true, "options": ["TOTP"]},
    });
    let mfa = of(&json!({ "auth": { "mfa": described } })).unwrap();
    assert_eq!(mfa.policy("mfa"), Policy::Additional, "settings with a function are no adapter");
    check(
        &json!({ "demo": { "module": 5 } }),
        &["option `auth.demo`: `module` is neither the name of a module nor made in JavaScript"],
    );
    check(
        &json!({ "anonymous": { "module": "./own.js" } }),
        &["option `auth.anonymous`: anonymous users need no adapter"],
    );
    check(
        &json!({ "my'provider": { "module": "./own.js" } }),
        &[
            "option `auth.my'provider`: the name of a provider is made of letters, digits and _, and starts with a letter",
        ],
    );
    check(&json!({ "google": "x" }), &["option `auth.google`: expected an object of settings"]);
}

/// SECURITY: identifiers: the name of a provider becomes part of an index.
#[test]
fn names_of_providers_are_names() {
    let settings = json!({ "oauth2": true, "tokenIntrospectionEndpointUrl": "https://x" });
    for name in ["", "_x", "1x", "a.b", "a b", "a'b", "a\"b", "$a", "é"] {
        let text =
            "the name of a provider is made of letters, digits and _, and starts with a letter";
        check(&json!({ name: settings }), &[&format!("option `auth.{name}`: {text}")]);
    }
    check(&json!({ "town_2": settings }), &[]);
}

/// SECURITY: auth adapters (insecure ones are off by default).
#[test]
fn auth_adapters_that_are_insecure_are_off_unless_enabled() {
    let alone =
        "this provider can not be verified safely; it works with `enableInsecureAuth: true` only";
    for name in ["meetup", "phantauth"] {
        let problem = format!("option `auth.{name}`: {alone}");
        check(&json!({ name: {} }), &[&problem]);
        check(&json!({ name: { "enableInsecureAuth": true } }), &[]);
    }
    let both = [
        ("janrainengage", json!({ "enableInsecureAuth": true, "api_key": "k" })),
        ("vkontakte", json!({ "enableInsecureAuth": true, "appIds": "a", "appSecret": "s" })),
        (
            "twitter",
            json!({ "enableInsecureAuth": true, "consumer_key": "k", "consumer_secret": "s" }),
        ),
    ];
    for (name, settings) in both {
        let problem =
            format!("option `auth.{name}`: this needs the option `enableInsecureAuthAdapters` too");
        check(&json!({ name: settings }), &[&problem]);
        of(&json!({ "auth": { name: settings }, "enableInsecureAuthAdapters": true })).unwrap();
    }
}

/// SECURITY: secrets in logs.
#[test]
fn secrets_of_providers_do_not_print() {
    let auth = json!({
        "github": { "clientId": "a", "clientSecret": "hunter2" },
        "facebook": { "appIds": "a", "appSecret": "hunter2" },
        "twitter": { "consumer_key": "a", "consumer_secret": "hunter2" },
        "town": {
            "oauth2": true, "tokenIntrospectionEndpointUrl": "https://x", "authorizationHeader": "hunter2",
        },
    });
    let config = config_of(&json!({ "auth": auth }));
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!format!("{:?}", Providers::new(&config).unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn any_name_can_be_an_oauth2_server() {
    let fake = Fake::start().await;
    fake.on("id.example.com/i", &json!({ "active": true, "sub": "u1" }));
    let settings =
        json!({ "oauth2": true, "tokenIntrospectionEndpointUrl": "https://id.example.com/i" });
    let providers = fake.providers(&json!({ "google": settings, "town": settings }));
    let data = json!({ "id": "u1", "access_token": "t" });
    accepts(&providers, "google", &data, &json!({ "id": "u1" })).await;
    accepts(&providers, "town", &data, &json!({ "id": "u1" })).await;
}
