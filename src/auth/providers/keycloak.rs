//! Keycloak: an access token of one realm for one client.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::value::Json;

use super::identity::{Account, Identity, Sent, World, refused};
use super::settings::Settings;
use super::signed::{self, Expected, Keys};

/// What a token and the client must agree on, besides the id.
const COMPARED: [&str; 2] = ["roles", "groups"];

/// Keycloak (`parse-server:src/Adapters/Auth/keycloak.js`).
#[derive(Debug)]
pub(super) struct Keycloak {
    issuer: String,
    client_id: String,
    keys: Keys,
}

/// Reads the settings: the file `keycloak.json` of the realm, which holds more than is needed here.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let empty = Map::new();
    let config = settings.object("config").unwrap_or_else(|| {
        settings.problem("`config` is required: the content of keycloak.json");
        &empty
    });
    let mut text = |key: &str| {
        let text = config.get(key).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() && !config.is_empty() {
            settings.problem(&format!("`config.{key}` is required"));
        }
        text.to_owned()
    };
    let (server, realm) = (text("auth-server-url"), text("realm"));
    let issuer = format!("{}/realms/{realm}", server.trim_end_matches('/'));
    let keys = Keys::new(format!("{issuer}/protocol/openid-connect/certs"));
    Box::new(Keycloak { issuer, client_id: text("client-id"), keys })
}

#[async_trait]
impl Identity for Keycloak {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent
            .text("access_token")
            .ok_or_else(|| refused("Missing access token and/or User id"))?;
        let expected = Expected {
            // Keycloak names the client as the authorized party, not as the audience.
            audience: None,
            issuers: &[&self.issuer],
            not_issued_by: "access token not issued by correct provider",
            subject: sent.id(),
        };
        let claims = signed::verify(token, &self.keys, &expected, world).await?;
        if claims.get("azp").and_then(Json::as_str) != Some(&self.client_id) {
            return Err(refused(format!(
                "access token is not authorized for this client - expected: {} | from: {}",
                self.client_id,
                signed::shown(&claims, "azp")
            )));
        }
        let mut account = Account::of_subject(&claims)?;
        for key in COMPARED {
            match (claims.get(key), sent.json(key)) {
                (None, None) => {}
                (Some(proven), Some(claimed)) if has_same_entries(proven, claimed) => {
                    account = account.with(key, proven.clone());
                }
                (None | Some(_), None | Some(_)) => return Err(refused("Invalid authentication")),
            }
        }
        Ok(account)
    }
}

/// Whether two lists hold the same texts in any order.
fn has_same_entries(one: &Json, other: &Json) -> bool {
    let texts = |list: &Json| {
        let texts: Option<Vec<String>> =
            list.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect();
        let mut texts = texts?;
        texts.sort_unstable();
        Some(texts)
    };
    texts(one).is_some_and(|one| texts(other).is_some_and(|other| one == other))
}
