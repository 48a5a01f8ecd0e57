//! VK: an access token of any app. Off unless insecure providers are enabled.

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::options::Secret;
use crate::value::Json;

use super::code::{ask, id_of, text_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// The version of the interface that is asked for (`parse-server:src/Adapters/Auth/vkontakte.js`).
const API_VERSION: &str = "5.124";

/// VK.
#[derive(Debug)]
pub(super) struct VKontakte {
    app_ids: String,
    app_secret: Secret,
    api_version: String,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    settings.demand_insecure_everywhere();
    Box::new(VKontakte {
        app_ids: settings.required_texts("appIds").join(","),
        app_secret: Secret::new(settings.required("appSecret")),
        api_version: settings.text("apiVersion").unwrap_or_else(|| API_VERSION.to_owned()),
    })
}

#[async_trait]
impl Identity for VKontakte {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let of_app = Request::get("https://oauth.vk.com/access_token").query(&[
            ("client_id", &self.app_ids),
            ("client_secret", self.app_secret.expose()),
            ("v", &self.api_version),
            ("grant_type", "client_credentials"),
        ]);
        let wrong_app = || refused("Vk appIds or appSecret is incorrect.");
        let app = ask(world, of_app, wrong_app).await?;
        text_of(&app, "access_token").ok_or_else(wrong_app)?;
        let of_user = Request::get("https://api.vk.com/method/users.get")
            .query(&[("access_token", token), ("v", &self.api_version)]);
        let answer = ask(world, of_user, invalid).await?;
        let user = answer.get("response").and_then(Json::as_array).and_then(<[Json]>::first);
        let id = user.and_then(|user| id_of(user, "id"));
        Account::claimed(sent, &id.unwrap_or_default(), invalid)
    }
}

fn invalid() -> Error {
    refused("Vk auth is invalid for this user.")
}
