//! Any OAuth 2 server that says whose a token is (token introspection, RFC 7662).

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::options::Secret;
use crate::value::Json;

use super::code::{ask, text_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// Any OAuth 2 server (`parse-server:src/Adapters/Auth/oauth2.js`), under whatever name the settings give it.
#[derive(Debug)]
pub(super) struct OAuth2 {
    url: String,
    user_id_field: String,
    app: Option<App>,
    authorization: Option<Secret>,
}

/// Whose tokens are accepted.
#[derive(Debug)]
struct App {
    field: String,
    ids: Vec<String>,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    // This flag is what chooses the provider.
    settings.flag("oauth2");
    let field = settings.text("appidField");
    let ids =
        if field.is_some() { settings.required_texts("appIds") } else { settings.texts("appIds") };
    if field.is_none() && !ids.is_empty() {
        settings.problem("`appIds` is not looked at without `appidField`");
    }
    Box::new(OAuth2 {
        url: settings.required_url("tokenIntrospectionEndpointUrl"),
        user_id_field: settings.text("useridField").unwrap_or_else(|| "sub".to_owned()),
        app: field.map(|field| App { field, ids }),
        authorization: settings.text("authorizationHeader").map(Secret::new),
    })
}

#[async_trait]
impl Identity for OAuth2 {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let mut request = Request::post(&self.url).form(&[("token", token)]);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.expose());
        }
        let failed = || refused("OAuth2 token introspection request failed.");
        let answer = ask(world, request, failed).await?;
        if self.app.as_ref().is_some_and(|app| !app.owns(&answer)) {
            return Err(refused("OAuth2: Invalid app ID."));
        }
        if answer.get("active") != Some(&Json::Bool(true)) {
            return Err(invalid());
        }
        let id = text_of(&answer, &self.user_id_field).ok_or_else(invalid)?;
        Account::claimed(sent, id, invalid)
    }
}

impl App {
    fn owns(&self, answer: &Json) -> bool {
        let is_ours =
            |id: &Json| id.as_str().is_some_and(|id| self.ids.iter().any(|ours| ours == id));
        match answer.get(&self.field) {
            Some(Json::Array(ids)) => ids.iter().any(is_ours),
            Some(id) => is_ours(id),
            None => false,
        }
    }
}

fn invalid() -> Error {
    refused("OAuth2 access token is invalid for this user.")
}
