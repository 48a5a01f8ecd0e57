//! Facebook: an access token of one of our apps, or an identity token of its limited log-in.

use async_trait::async_trait;
use aws_lc_rs::hmac;

use crate::error::{Error, Result};
use crate::options::Secret;
use crate::value::Json;

use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;
use super::signed::{self, Expected, Keys};

const ISSUER: &str = "https://www.facebook.com";
const GRAPH: &str = "https://graph.facebook.com";

/// Facebook (`parse-server:src/Adapters/Auth/facebook.js`).
#[derive(Debug)]
pub(super) struct Facebook {
    app_ids: Vec<String>,
    app_secret: Option<Secret>,
    keys: Keys,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    Box::new(Facebook {
        app_ids: settings.required_texts("appIds"),
        app_secret: settings.text("appSecret").map(Secret::new),
        keys: Keys::new(format!("{ISSUER}/.well-known/oauth/openid/jwks/")),
    })
}

#[async_trait]
impl Identity for Facebook {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        if let Some(token) = sent.text("token") {
            let expected = Expected {
                audience: Some(&self.app_ids),
                issuers: &[ISSUER],
                not_issued_by: "id token not issued by correct OpenID provider",
                subject: sent.id(),
            };
            let claims = signed::verify(token, &self.keys, &expected, world).await?;
            return Account::of_subject(&claims);
        }
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let app = self.ask("app", &[], token, world).await?;
        let is_ours = |id: &str| self.app_ids.iter().any(|ours| ours == id);
        if !app.get("id").and_then(Json::as_str).is_some_and(is_ours) {
            return Err(invalid());
        }
        let user = self.ask("me", &[("fields", "id")], token, world).await?;
        let id = user.get("id").and_then(Json::as_str).unwrap_or_default();
        Account::claimed(sent, id, invalid)
    }
}

impl Facebook {
    async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &str,
        world: &World<'_>,
    ) -> Result<Json> {
        let mut request =
            Request::get(&format!("{GRAPH}/{path}")).query(query).query(&[("access_token", token)]);
        if let Some(secret) = &self.app_secret {
            request = request.query(&[("appsecret_proof", &proof(secret, token))]);
        }
        let answer = world.outbound.send(request).await;
        let answer = answer.map_err(|cause| invalid().with_cause(cause))?;
        if !answer.is_ok() {
            return Err(invalid());
        }
        answer.json().map_err(|cause| invalid().with_cause(cause))
    }
}

/// What shows Facebook that the request comes from the app's own server.
fn proof(secret: &Secret, token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, token.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn invalid() -> Error {
    refused("Facebook auth is invalid for this user.")
}
