//! Apple Game Center: a signature, and a certificate that somebody signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parsimony::error::Code;
use serde_json::{Value, json};

use crate::certificate::Certificate;
use crate::fake::{Fake, NOW, accepts, after, refuses, sign_up, sign_up_at, unreachable_providers};
use crate::keys::{FOREIGN, Key, NEXT, OURS};

const APPLE: &str = "static.gc.apple.com/public-key/gc-prod-10.cer";
const AUTHORITY: &str =
    "cacerts.digicert.com/DigiCertTrustedG4CodeSigningRSA4096SHA3842021CA1.crt.pem";
const TIMESTAMP: i64 = NOW * 1_000 - 5_000;
const SALT: &[u8] = b"salt";

fn auth() -> Value {
    json!({ "gcenter": { "bundleId": "com.example.game" } })
}

/// What Apple signs for a player.
fn message(player: &str, bundle: &str, timestamp: i64) -> Vec<u8> {
    [player.as_bytes(), bundle.as_bytes(), &timestamp.to_be_bytes(), SALT].concat()
}

fn data(key: &Key) -> Value {
    let signature = key.sign(&message("G:1", "com.example.game", TIMESTAMP));
    json!({
        "id": "G:1", "publicKeyUrl": format!("https://{APPLE}"), "timestamp": TIMESTAMP,
        "signature": STANDARD.encode(signature), "salt": STANDARD.encode(SALT),
    })
}

fn authority() -> Certificate<'static> {
    Certificate { subject: "CA", issuer: "CA", is_authority: true, until: "300101000000Z" }
}

fn of_apple() -> Certificate<'static> {
    Certificate { subject: "Apple Inc.", issuer: "CA", is_authority: false, until: "300101000000Z" }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..(at + 64).min(text.len())]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// The authority's key is `NEXT`, Apple's is `OURS`.
async fn ready() -> Fake {
    let fake = Fake::start().await;
    fake.on_text(AUTHORITY, 200, &pem(&authority().signed(&NEXT, &NEXT)));
    fake.on_bytes(APPLE, "max-age=600", of_apple().signed(&OURS, &NEXT));
    fake
}

async fn is_refused(fake: &Fake, data: &Value, text: &str) {
    refuses(&fake.providers(&auth()), "gcenter", data, Code::ObjectNotFound, text).await;
}

#[tokio::test]
async fn a_signature_of_apple_is_accepted_and_not_stored() {
    let fake = ready().await;
    let providers = fake.providers(&auth());
    accepts(&providers, "gcenter", &data(&OURS), &json!({ "id": "G:1" })).await;
    let mut as_text = data(&OURS);
    as_text["timestamp"] = json!(TIMESTAMP.to_string());
    accepts(&providers, "gcenter", &as_text, &json!({ "id": "G:1" })).await;
    assert_eq!((fake.seen(APPLE).len(), fake.seen(AUTHORITY).len()), (1, 1));
    sign_up_at(&providers, "gcenter", &data(&OURS), after(601)).await.unwrap();
    assert_eq!((fake.seen(APPLE).len(), fake.seen(AUTHORITY).len()), (2, 1));
}

/// SECURITY: auth adapters (identity spoofing, token of another app).
#[tokio::test]
async fn auth_adapters_refuse_signatures_for_something_else() {
    let fake = ready().await;
    let bad = "Invalid signature.";
    is_refused(&fake, &data(&FOREIGN), bad).await;
    is_refused(&fake, &data(&NEXT), bad).await;
    for (key, value) in [
        ("id", json!("G:2")),
        ("timestamp", json!(TIMESTAMP + 1)),
        ("salt", json!(STANDARD.encode(b"pepper"))),
        ("salt", json!("%%%")),
        ("signature", json!("%%%")),
        ("signature", json!(STANDARD.encode(b"signature"))),
    ] {
        let mut data = data(&OURS);
        data[key] = value;
        is_refused(&fake, &data, bad).await;
    }
    let mut other_app = data(&OURS);
    let signature = OURS.sign(&message("G:1", "com.example.other", TIMESTAMP));
    other_app["signature"] = json!(STANDARD.encode(signature));
    is_refused(&fake, &other_app, bad).await;
    other_app["bundleId"] = json!("com.example.other");
    is_refused(&fake, &other_app, bad).await;
}

/// SECURITY: auth adapters (fake certificate, GHSA-qf8x-vqjv-92gr, GHSA-rh9j-f5f8-rvgc).
#[tokio::test]
async fn auth_adapters_refuse_certificates_that_the_authority_did_not_sign() {
    let bad_url = format!("Invalid publicKeyUrl: https://{APPLE}");
    let certificates = [
        // By nobody that counts.
        of_apple().signed(&OURS, &OURS),
        of_apple().signed(&OURS, &FOREIGN),
        // Of another issuer.
        Certificate { issuer: "Other CA", ..of_apple() }.signed(&OURS, &NEXT),
        // Too old.
        Certificate { until: "251231000000Z", ..of_apple() }.signed(&OURS, &NEXT),
        // Not one.
        b"certificate".to_vec(),
        Vec::new(),
        vec![0x30; 20_000],
    ];
    for certificate in certificates {
        let fake = ready().await;
        fake.on_bytes(APPLE, "max-age=600", certificate);
        is_refused(&fake, &data(&OURS), &bad_url).await;
    }
    // A certificate that is changed after it was signed.
    let mut changed = of_apple().signed(&OURS, &NEXT);
    let at = changed.windows(5).position(|part| part == b"Apple").unwrap();
    changed[at] = b'B';
    let fake = ready().await;
    fake.on_bytes(APPLE, "max-age=600", changed);
    is_refused(&fake, &data(&OURS), &bad_url).await;
}

#[tokio::test]
async fn an_authority_that_is_none_is_refused() {
    let missing = "Root certificate is invalid or missing.";
    let no_authority = Certificate { is_authority: false, ..authority() };
    for text in [pem(&no_authority.signed(&NEXT, &NEXT)), String::new(), "<html>".to_owned()] {
        let fake = ready().await;
        fake.on_text(AUTHORITY, 200, &text);
        is_refused(&fake, &data(&OURS), missing).await;
    }
    let expired = Certificate { until: "251231000000Z", ..authority() };
    let fake = ready().await;
    fake.on_text(AUTHORITY, 200, &pem(&expired.signed(&NEXT, &NEXT)));
    is_refused(&fake, &data(&OURS), &format!("Invalid publicKeyUrl: https://{APPLE}")).await;
}

/// SECURITY: SSRF (auth adapter endpoint).
#[tokio::test]
async fn auth_adapters_ask_no_address_of_a_client_but_apples() {
    let fake = ready().await;
    for url in [
        "https://id.example.com/a.cer",
        "https://static.gc.apple.com.id.example.com/a.cer",
        "https://id.example.com/apple.com/a.cer",
        "http://static.gc.apple.com/public-key/gc-prod-10.cer",
        "https://127.0.0.1/apple.com/a.cer",
        "https://static.gc.apple.com/a.pem",
    ] {
        let mut data = data(&OURS);
        data["publicKeyUrl"] = json!(url);
        is_refused(&fake, &data, &format!("Invalid publicKeyUrl: {url}")).await;
    }
    assert_eq!(fake.requests(), 0);
    fake.redirect(APPLE, "http://id.example.com/a.cer");
    fake.on_bytes("id.example.com/a.cer", "max-age=600", of_apple().signed(&OURS, &NEXT));
    is_refused(&fake, &data(&OURS), &format!("Invalid publicKeyUrl: https://{APPLE}")).await;
    assert!(fake.seen("id.example.com/a.cer").is_empty());
}

/// SECURITY: auth adapters (empty or partial authData).
#[tokio::test]
async fn auth_adapters_refuse_partial_data() {
    let fake = ready().await;
    for key in ["publicKeyUrl", "timestamp", "signature", "salt"] {
        for value in [json!(null), json!(""), json!({ "$ne": null }), json!(-1.5)] {
            let mut data = data(&OURS);
            data[key] = value;
            is_refused(&fake, &data, &format!("AuthData {key} is missing.")).await;
        }
    }
    assert!(sign_up(&fake.providers(&auth()), "gcenter", &json!({ "id": "G:1" })).await.is_err());
}

#[tokio::test]
async fn servers_that_are_down_are_an_error() {
    let nobody = unreachable_providers(&auth());
    let text = "Root certificate is invalid or missing.";
    refuses(&nobody, "gcenter", &data(&OURS), Code::ObjectNotFound, text).await;
}

#[tokio::test]
async fn the_insecure_form_takes_the_bundle_from_the_client() {
    let fake = ready().await;
    let providers = fake.providers(&json!({ "gcenter": { "enableInsecureAuth": true } }));
    let mut data = data(&OURS);
    let text = "AuthData bundleId is missing.";
    refuses(&providers, "gcenter", &data, Code::ObjectNotFound, text).await;
    data["bundleId"] = json!("com.example.game");
    accepts(&providers, "gcenter", &data, &json!({ "id": "G:1" })).await;
}
