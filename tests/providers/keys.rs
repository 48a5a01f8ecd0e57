//! Keys, and tokens that are signed with them.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::certificate::integers_of;

/// The key of the provider, and one of somebody else.
pub(crate) static OURS: LazyLock<Key> = LazyLock::new(|| Key::make("ours"));
pub(crate) static NEXT: LazyLock<Key> = LazyLock::new(|| Key::make("next"));
pub(crate) static FOREIGN: LazyLock<Key> = LazyLock::new(|| Key::make("ours"));

/// An RSA key with its id.
pub(crate) struct Key {
    id: &'static str,
    pair: KeyPair,
}

impl Key {
    fn make(id: &'static str) -> Self {
        Self { id, pair: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// The public half as RFC 8017 has it.
    pub(crate) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public half as RFC 7517 has it.
    pub(crate) fn jwk(&self) -> Value {
        let [modulus, exponent] = integers_of(self.public());
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent),
        })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as("RS256", message)
    }

    fn sign_as(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let padding = match algorithm {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// A token that says these things.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_as("RS256", claims)
    }

    pub(crate) fn token_as(&self, algorithm: &str, claims: &Value) -> String {
        let unsigned = unsigned(&json!({ "alg": algorithm, "typ": "JWT", "kid": self.id }), claims);
        let signature = self.sign_as(algorithm, unsigned.as_bytes());
        format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token whose secret is this public key, in the forms that somebody might take for one.
    pub(crate) fn tokens_by_public_key(&self, claims: &Value) -> Vec<String> {
        let pem = pem_of(self.public());
        let modulus = self.jwk()["n"].as_str().unwrap().to_owned();
        let secrets = [self.public().to_vec(), pem.into_bytes(), modulus.into_bytes()];
        let tokens = secrets.iter().map(|secret| {
            let unsigned =
                unsigned(&json!({ "alg": "HS256", "typ": "JWT", "kid": self.id }), claims);
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let tag = hmac::sign(&key, unsigned.as_bytes());
            format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag))
        });
        tokens.collect()
    }
}

fn pem_of(public: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(public);
    format!("-----BEGIN RSA PUBLIC KEY-----\n{text}\n-----END RSA PUBLIC KEY-----\n")
}

/// Header and claims without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
