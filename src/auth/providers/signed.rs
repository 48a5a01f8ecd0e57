//! Tokens that a provider signed (JSON Web Tokens, RFC 7519), and the keys that it publishes (RFC 7517).
//!
//! How a token is checked is said here and never by the token: RS256 only, with a key that its provider
//! publishes, for an audience and from an issuer that the caller names, before it expires.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use tokio::sync::Mutex;

use crate::error::Result;
use crate::value::{Date, Json};

use super::identity::{World, refused};
use super::outbound::{Failure, Request};

/// The only algorithm that is accepted; all providers here sign with it.
const ALGORITHM: Algorithm = Algorithm::RS256;
const ALGORITHM_NAME: &str = "RS256";
/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Keys of one provider that are kept.
const KEYS_MAX: usize = 64;
/// How long keys are kept if their provider does not say (`parse-server:src/Adapters/Auth/apple.js`), and
/// how long at most.
const FRESH_SECONDS: u64 = 60 * 60;
const FRESH_SECONDS_MAX: u64 = 24 * 60 * 60;
/// A provider is not asked for its keys more often than this, whatever tokens clients send.
const PAUSE_MILLIS: i64 = 30_000;
/// The same after an attempt that failed.
const PAUSE_AFTER_FAILURE_MILLIS: i64 = 2_000;

/// The keys of a provider, fetched when they are needed and kept for a while.
#[derive(Debug)]
pub(super) struct Keys {
    url: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: HashMap<String, Arc<DecodingKey>>,
    fresh_until: i64,
    no_fetch_before: i64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl Keys {
    /// Of the provider that publishes them there.
    pub(super) fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), kept: Mutex::default() }
    }

    /// The key of this id. One request fetches for all that wait.
    async fn find(&self, id: &str, world: &World<'_>) -> Option<Arc<DecodingKey>> {
        let now = world.now.millis();
        let mut kept = self.kept.lock().await;
        if now < kept.fresh_until
            && let Some(key) = kept.keys.get(id)
        {
            return Some(Arc::clone(key));
        }
        if now < kept.no_fetch_before {
            return None;
        }
        match self.fetch(world).await {
            Ok((keys, seconds)) => {
                kept.keys = keys;
                // While nothing is fetched the keys are good, whatever the provider says.
                let fresh_millis = 1_000 * seconds as i64;
                let fresh_millis =
                    if fresh_millis < PAUSE_MILLIS { PAUSE_MILLIS } else { fresh_millis };
                kept.fresh_until = now + fresh_millis;
                kept.no_fetch_before = now + PAUSE_MILLIS;
            }
            Err(cause) => {
                tracing::warn!(url = self.url, %cause, "keys of an identity provider can not be read");
                kept.no_fetch_before = now + PAUSE_AFTER_FAILURE_MILLIS;
                return None;
            }
        }
        kept.keys.get(id).map(Arc::clone)
    }

    async fn fetch(
        &self,
        world: &World<'_>,
    ) -> std::result::Result<(HashMap<String, Arc<DecodingKey>>, u64), Failure> {
        let answer = world.outbound.send(Request::get(&self.url)).await?;
        if !answer.is_ok() {
            return Err(format!("status {}", answer.status).into());
        }
        let document = answer.json()?;
        let keys = document.get("keys").and_then(Json::as_array).ok_or("no list of keys")?;
        let keys = keys.iter().take(KEYS_MAX).filter_map(key_of).collect();
        let seconds = answer.max_age_seconds.unwrap_or(FRESH_SECONDS);
        Ok((keys, if seconds > FRESH_SECONDS_MAX { FRESH_SECONDS_MAX } else { seconds }))
    }
}

/// A key for signatures of the one algorithm, with its id.
fn key_of(jwk: &Json) -> Option<(String, Arc<DecodingKey>)> {
    let text = |key: &str| jwk.get(key).and_then(Json::as_str);
    let is_ours = text("kty") == Some("RSA")
        && text("use").is_none_or(|usage| usage == "sig")
        && text("alg").is_none_or(|algorithm| algorithm == ALGORITHM_NAME);
    if !is_ours {
        return None;
    }
    let key = DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?;
    Some((text("kid")?.to_owned(), Arc::new(key)))
}

/// What a token must say besides being signed.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    /// The audience must be one of these.
    pub(super) audience: Option<&'a [String]>,
    /// The issuer must be one of these.
    pub(super) issuers: &'a [&'a str],
    /// How a token of another issuer is refused: the start of the text.
    pub(super) not_issued_by: &'static str,
    /// The account that the client claims must be the subject.
    pub(super) subject: Option<&'a str>,
}

/// What a token says, after everything about it was found right. The texts are those that clients of
/// parse-server know (`parse-server:src/Adapters/Auth/apple.js` and the npm package `jsonwebtoken`).
pub(super) async fn verify(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
    world: &World<'_>,
) -> Result<Json> {
    let key_id = key_id(token)?;
    let key = keys
        .find(&key_id, world)
        .await
        .ok_or_else(|| refused(format!("Unable to find matching key for Key ID: {key_id}")))?;
    let claims = signed_claims(token, &key)?;
    check_times(&claims, world.now)?;
    if let Some(audience) = expected.audience {
        check_audience(&claims, audience)?;
    }
    let issuer = claims.get("iss").and_then(Json::as_str);
    if !issuer.is_some_and(|issuer| expected.issuers.contains(&issuer)) {
        let issuers = expected.issuers.join(" or ");
        let from = issuer.unwrap_or("undefined");
        let text = format!("{} - expected: {issuers} | from: {from}", expected.not_issued_by);
        return Err(refused(text));
    }
    let subject = claims.get("sub").and_then(Json::as_str).filter(|subject| !subject.is_empty());
    if subject.is_none() || subject != expected.subject {
        return Err(refused("auth data is invalid for this user."));
    }
    Ok(claims)
}

/// The id of the key that a token names.
fn key_id(token: &str) -> Result<String> {
    let undecodable = || refused("provided token does not decode as JWT");
    if token.len() > TOKEN_BYTES_MAX || token.matches('.').count() != 2 {
        return Err(undecodable());
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| undecodable())?;
    let header = Json::parse(&header).map_err(|_| undecodable())?;
    if header.as_object().is_none() {
        return Err(undecodable());
    }
    // A token that must not be read without knowing an extension is not read at all.
    let is_ours = header.get("alg").and_then(Json::as_str) == Some(ALGORITHM_NAME);
    if !is_ours || header.get("crit").is_some() {
        return Err(refused("invalid algorithm"));
    }
    Ok(header.get("kid").and_then(Json::as_str).unwrap_or("undefined").to_owned())
}

fn signed_claims(token: &str, key: &DecodingKey) -> Result<Json> {
    // Times and names are checked below, against the clock of the request and with texts of our own.
    let mut validation = Validation::new(ALGORITHM);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Json>(token, key, &validation);
    let claims = decoded.map_err(|cause| refused("invalid signature").with_cause(cause))?.claims;
    claims.as_object().is_some().then_some(claims).ok_or_else(|| refused("jwt malformed"))
}

fn check_times(claims: &Json, now: Date) -> Result<()> {
    let now = now.millis() as f64 / 1_000.0;
    let expires = claims.get("exp").and_then(Json::as_number);
    if !expires.is_some_and(|expires| now < expires) {
        return Err(refused("jwt expired"));
    }
    match claims.get("nbf") {
        None => Ok(()),
        Some(not_before) if not_before.as_number().is_some_and(|start| start <= now) => Ok(()),
        Some(_) => Err(refused("jwt not active")),
    }
}

fn check_audience(claims: &Json, audience: &[String]) -> Result<()> {
    let is_ours =
        |name: &Json| name.as_str().is_some_and(|name| audience.iter().any(|a| a == name));
    let fits = match claims.get("aud") {
        Some(Json::Array(names)) => names.iter().any(is_ours),
        Some(name) => is_ours(name),
        None => false,
    };
    if fits {
        return Ok(());
    }
    Err(refused(format!("jwt audience invalid. expected: {}", audience.join(" or "))))
}

/// The claim under a name, for error texts.
pub(super) fn shown(claims: &Json, key: &str) -> String {
    claims.get(key).and_then(Json::as_str).unwrap_or("undefined").to_owned()
}
