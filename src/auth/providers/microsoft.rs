//! Microsoft Graph: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{Client, Flow, Token, ask, exchange_as_standard, id_of, invalid};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// Microsoft Graph (`parse-server:src/Adapters/Auth/microsoft.js`).
#[derive(Debug)]
pub(super) struct Microsoft;

#[async_trait]
impl Flow for Microsoft {
    const TITLE: &'static str = "Microsoft";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        const TOKEN: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/token";
        exchange_as_standard(TOKEN, client, code, sent, world, failed).await
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request =
            Request::get("https://graph.microsoft.com/v1.0/me").bearer(token.access.expose());
        let user = ask(world, request, failed).await?;
        id_of(&user, "id").ok_or_else(invalid::<Self>)
    }
}

fn failed() -> Error {
    refused("Microsoft API request failed.")
}
