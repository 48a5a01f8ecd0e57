//! LinkedIn: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::value::Json;

use super::code::{Client, Flow, Token, ask, exchange_as_standard, id_of, invalid};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// LinkedIn (`parse-server:src/Adapters/Auth/linkedin.js`).
#[derive(Debug)]
pub(super) struct LinkedIn;

#[async_trait]
impl Flow for LinkedIn {
    const TITLE: &'static str = "LinkedIn";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        exchange_as_standard(
            "https://www.linkedin.com/oauth/v2/accessToken",
            client,
            code,
            sent,
            world,
            failed,
        )
        .await
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let mut request = Request::get("https://api.linkedin.com/v2/me")
            .bearer(token.access.expose())
            .header("x-li-format", "json");
        if sent.json("is_mobile_sdk").is_some_and(Json::is_truthy) {
            request = request.header("x-li-src", "msdk");
        }
        let user = ask(world, request, failed).await?;
        id_of(&user, "id").ok_or_else(invalid::<Self>)
    }
}

fn failed() -> Error {
    refused("LinkedIn API request failed.")
}
