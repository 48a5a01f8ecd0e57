//! Twitter: the token and verifier that its log-in gave for our app (OAuth 1, RFC 5849).

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::adapters::random::Random;
use crate::error::{Error, Result};
use crate::options::Secret;
use crate::value::{Date, Json};

use super::code::{ask, id_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::{Request, pairs_of_form};
use super::settings::Settings;

const ACCESS_TOKEN: &str = "https://api.twitter.com/oauth/access_token";
const ME: &str = "https://api.twitter.com/2/users/me";

/// Twitter (`parse-server:src/Adapters/Auth/twitter.js`).
#[derive(Debug)]
pub(super) struct Twitter {
    consumer_key: String,
    consumer_secret: Secret,
    takes_tokens: bool,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let takes_tokens = settings.flag("enableInsecureAuth");
    if takes_tokens {
        settings.demand_insecure_everywhere();
    }
    Box::new(Twitter {
        consumer_key: settings.required("consumer_key"),
        consumer_secret: settings.required_secret("consumer_secret"),
        takes_tokens,
    })
}

#[async_trait]
impl Identity for Twitter {
    fn needs_id(&self) -> bool {
        false
    }

    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        if let (Some(token), Some(verifier)) =
            (sent.text("oauth_token"), sent.text("oauth_verifier"))
        {
            let id = self.exchange(token, verifier, sent, world).await?;
            return Account::claimed(sent, &id, invalid);
        }
        let token = sent.text("auth_token").or_else(|| sent.text("oauth_token"));
        let secret = sent.text("auth_token_secret").or_else(|| sent.text("oauth_token_secret"));
        match (token, secret, sent.id()) {
            (Some(token), Some(secret), Some(_)) if self.takes_tokens => {
                let id = self.whose(token, secret, world).await?;
                Account::claimed(sent, &id, invalid)
            }
            (_, _, _) => Err(invalid()),
        }
    }
}

impl Twitter {
    /// Exchanges a request token that the user confirmed; the answer names the user.
    async fn exchange(
        &self,
        token: &str,
        verifier: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let parameters = [("oauth_token", token), ("oauth_verifier", verifier)];
        // Twitter does not insist on the secret of a request token; who sends it has it signed.
        let secret = sent.text("oauth_token_secret").unwrap_or_default();
        let header = self.sign("POST", ACCESS_TOKEN, &parameters, secret, world.now)?;
        let request = Request::post(ACCESS_TOKEN).header("authorization", &header);
        let answer = world.outbound.send(request).await;
        let answer = answer.map_err(|cause| invalid().with_cause(cause))?;
        if !answer.is_ok() {
            return Err(invalid().with_cause(format!("status {}", answer.status)));
        }
        let pairs = pairs_of_form(&answer.body);
        let text = |key: &str| {
            pairs.iter().find(|(name, text)| name == key && !text.is_empty()).map(|pair| &pair.1)
        };
        match (text("oauth_token"), text("user_id")) {
            (Some(_), Some(id)) => Ok(id.clone()),
            (_, _) => Err(invalid()),
        }
    }

    /// Asks whose an access token is. Only tokens of our app are good with our signature.
    async fn whose(&self, token: &str, secret: &str, world: &World<'_>) -> Result<String> {
        let header = self.sign("GET", ME, &[("oauth_token", token)], secret, world.now)?;
        let request = Request::get(ME).header("authorization", &header);
        let answer = ask(world, request, invalid).await?;
        id_of(answer.get("data").unwrap_or(&Json::Null), "id").ok_or_else(invalid)
    }

    /// The header that signs a request (RFC 5849, section 3).
    fn sign(
        &self,
        method: &str,
        url: &str,
        parameters: &[(&str, &str)],
        token_secret: &str,
        now: Date,
    ) -> Result<String> {
        let seconds = now.millis().div_euclid(1_000).to_string();
        let nonce = Random.text(32)?;
        let mut all = vec![
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_nonce", &nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &seconds),
            ("oauth_version", "1.0"),
        ];
        all.extend_from_slice(parameters);
        let signature =
            signature(&base_string(method, url, &all), self.consumer_secret.expose(), token_secret);
        all.push(("oauth_signature", &signature));
        let all: Vec<String> =
            all.iter().map(|(key, text)| format!("{key}=\"{}\"", encode(text))).collect();
        Ok(format!("OAuth {}", all.join(", ")))
    }
}

/// What is signed (RFC 5849, section 3.4.1).
fn base_string(method: &str, url: &str, parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> =
        parameters.iter().map(|(key, text)| format!("{}={}", encode(key), encode(text))).collect();
    pairs.sort_unstable();
    format!("{method}&{}&{}", encode(url), encode(&pairs.join("&")))
}

fn signature(base: &str, consumer_secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// Escapes all but the letters that RFC 3986 calls unreserved.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn invalid() -> Error {
    refused("Twitter auth is invalid for this user.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of OAuth Core 1.0, appendix A.5.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let base = base_string(
            "GET",
            "http://photos.example.net/photos",
            &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_token", "nnch734d00sl2jdk"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "1191242096"),
                ("oauth_nonce", "kllo9940pd9333jh"),
                ("oauth_version", "1.0"),
                ("file", "vacation.jpg"),
                ("size", "original"),
            ],
        );
        let signature = signature(&base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00");
        assert_eq!(signature, "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
    }

    #[test]
    fn reserved_letters_are_escaped() {
        assert_eq!(encode("Ladies + Gentlemen~é"), "Ladies%20%2B%20Gentlemen~%C3%A9");
    }
}
