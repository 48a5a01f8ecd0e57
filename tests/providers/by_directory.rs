//! LDAP, asked of a real server.

use parsimony::auth::Providers;
use parsimony::error::Code;
use serde_json::{Value, json};

use crate::fake::{accepts, config, members, refuses, sign_up};
use crate::slapd::Slapd;

const WRONG: &str = "LDAP: Wrong username or password";

fn settings(url: &str) -> Value {
    json!({ "url": url, "suffix": "dc=example,dc=com", "dn": "uid={{id}},ou=users,dc=example,dc=com" })
}

fn with_group(url: &str, group: &str) -> Value {
    let mut settings = settings(url);
    settings["groupCn"] = json!(group);
    settings["groupFilter"] = json!("(description={{id}})");
    settings
}

fn providers(settings: &Value) -> Providers {
    Providers::new(&config(&json!({ "ldap": settings }))).unwrap()
}

fn data(id: &str, password: &str) -> Value {
    json!({ "id": id, "password": password })
}

#[tokio::test]
async fn whoever_knows_the_password_is_accepted() {
    let Some(slapd) = Slapd::start() else { return };
    let ldap = providers(&settings(&slapd.url()));
    accepts(&ldap, "ldap", &data("ada", "secret"), &json!({ "id": "ada" })).await;
    accepts(&ldap, "ldap", &data("eve", "apple"), &json!({ "id": "eve" })).await;
    let odd = "a,b+c=(d)*";
    accepts(&ldap, "ldap", &data(odd, "odd"), &json!({ "id": odd })).await;
    let by_suffix = json!({ "url": slapd.url(), "suffix": "ou=users,dc=example,dc=com" });
    let by_suffix = providers(&by_suffix);
    accepts(&by_suffix, "ldap", &data("ada", "secret"), &json!({ "id": "ada" })).await;
}

/// SECURITY: LDAP (password stored in plain text, GHSA-4w46-w44m-3jq3).
#[tokio::test]
async fn ldap_passwords_are_not_stored() {
    let Some(slapd) = Slapd::start() else { return };
    let ldap = providers(&settings(&slapd.url()));
    let accepted = sign_up(&ldap, "ldap", &data("ada", "secret")).await.unwrap();
    assert!(!format!("{accepted:?}").contains("secret"));
    let sent = members(&data("ada", "secret"));
    let claim = ldap.identify("ldap", &sent, crate::fake::after(0)).await.unwrap();
    assert!(!format!("{claim:?}").contains("secret"));
}

/// SECURITY: LDAP. A bind without a password would succeed as nobody.
#[tokio::test]
async fn ldap_wants_a_password() {
    let Some(slapd) = Slapd::start() else { return };
    let ldap = providers(&settings(&slapd.url()));
    for password in [json!("wrong"), json!(""), json!(null), json!({ "$ne": null }), json!(1)] {
        let data = json!({ "id": "ada", "password": password });
        refuses(&ldap, "ldap", &data, Code::ObjectNotFound, WRONG).await;
    }
    refuses(&ldap, "ldap", &json!({ "id": "ada" }), Code::ObjectNotFound, WRONG).await;
    refuses(&ldap, "ldap", &data("nobody", "secret"), Code::ObjectNotFound, WRONG).await;
}

/// SECURITY: LDAP (injection into the name of an entry, GHSA-7m6r-fhh7-r47c).
#[tokio::test]
async fn ldap_ids_do_not_reach_into_names_of_entries() {
    let Some(slapd) = Slapd::start() else { return };
    let ldap = providers(&settings(&slapd.url()));
    for id in [
        "ada,ou=users",
        "ada,dc=",
        "ada,ou=users,dc=example,dc=com",
        "ada+cn=Ada",
        "*",
        "a*",
        "ada\\2cou=users",
        "ada\0",
        "#616461",
        "\"ada\"",
        "x)(uid=*",
    ] {
        let error = sign_up(&ldap, "ldap", &data(id, "secret")).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectNotFound, "{id}: {}", error.log_text());
    }
    // The id that is stored is the id that was bound, so nobody gets another one's account.
    let id = "eve,ou=users,dc=example,dc=com";
    assert!(sign_up(&ldap, "ldap", &data(id, "apple")).await.is_err());
}

/// SECURITY: LDAP (injection into the filter of groups).
#[tokio::test]
async fn ldap_ids_do_not_reach_into_filters() {
    let Some(slapd) = Slapd::start() else { return };
    let admins = providers(&with_group(&slapd.url(), "admins"));
    accepts(&admins, "ldap", &data("ada", "secret"), &json!({ "id": "ada" })).await;
    let odd = "a,b+c=(d)*";
    accepts(&admins, "ldap", &data(odd, "odd"), &json!({ "id": odd })).await;
    let outside = "LDAP: User not in group";
    refuses(&admins, "ldap", &data("eve", "apple"), Code::Internal, outside).await;
    let none = providers(&with_group(&slapd.url(), "none"));
    refuses(&none, "ldap", &data("ada", "secret"), Code::Internal, outside).await;
    // Eve is in no group that this filter finds, whatever she calls herself.
    for id in ["*", "eve)(description=ada", "eve)(|(description=*", "*)(uid=*", "ada"] {
        assert!(sign_up(&admins, "ldap", &data(id, "apple")).await.is_err(), "{id}");
    }
}

#[tokio::test]
async fn a_filter_that_is_none_is_an_error() {
    let Some(slapd) = Slapd::start() else { return };
    let mut settings = with_group(&slapd.url(), "admins");
    settings["groupFilter"] = json!("(description={{id}}");
    let text = "LDAP group search failed";
    refuses(&providers(&settings), "ldap", &data("ada", "secret"), Code::Internal, text).await;
}

#[tokio::test]
async fn a_server_that_is_down_or_speaks_something_else_is_an_error() {
    let Some(slapd) = Slapd::start() else { return };
    // It does not speak TLS on this port.
    let mut encrypted = settings(&slapd.url().replace("ldap://", "ldaps://"));
    encrypted["tlsOptions"] = json!({ "rejectUnauthorized": true });
    let error = sign_up(&providers(&encrypted), "ldap", &data("ada", "secret")).await.unwrap_err();
    assert!(error.text().starts_with("LDAP: Somthing went wrong ("), "{}", error.log_text());
    let ldap = providers(&settings(&slapd.stop()));
    let error = sign_up(&ldap, "ldap", &data("ada", "secret")).await.unwrap_err();
    assert_eq!(error.code(), Code::ObjectNotFound);
    assert!(!error.log_text().contains("secret"), "{}", error.log_text());
}
