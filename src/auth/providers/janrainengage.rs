//! Janrain Engage: a one-time token of one Engage application. Off unless insecure providers are enabled.

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::options::Secret;
use crate::value::Json;

use super::code::{ask, text_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// Janrain Engage (`parse-server:src/Adapters/Auth/janrainengage.js`).
#[derive(Debug)]
pub(super) struct JanrainEngage {
    api_key: Secret,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    settings.demand_insecure_everywhere();
    Box::new(JanrainEngage { api_key: Secret::new(settings.required("api_key")) })
}

#[async_trait]
impl Identity for JanrainEngage {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("auth_token").ok_or_else(invalid)?;
        let request = Request::post("https://rpxnow.com/api/v2/auth_info").form(&[
            ("token", token),
            ("apiKey", self.api_key.expose()),
            ("format", "json"),
        ]);
        let answer = ask(world, request, invalid).await?;
        let profile = answer.get("profile").unwrap_or(&Json::Null);
        let id = text_of(profile, "identifier").filter(|_| text_of(&answer, "stat") == Some("ok"));
        Account::claimed(sent, id.unwrap_or_default(), invalid)
    }
}

fn invalid() -> Error {
    refused("Janrain engage auth is invalid for this user.")
}
