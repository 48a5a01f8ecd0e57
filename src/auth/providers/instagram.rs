//! Instagram: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{Client, Flow, Token, ask, exchange_as_standard, id_of, invalid};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// Instagram (`parse-server:src/Adapters/Auth/instagram.js`). An `apiURL` that a client sends is not looked at
/// (GHSA-3f5f-xgrj-97pf).
#[derive(Debug)]
pub(super) struct Instagram;

#[async_trait]
impl Flow for Instagram {
    const TITLE: &'static str = "Instagram";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        exchange_as_standard(
            "https://api.instagram.com/oauth/access_token",
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
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://graph.instagram.com/me")
            .query(&[("fields", "id"), ("access_token", token.access.expose())]);
        let user = ask(world, request, failed).await?;
        id_of(&user, "id").ok_or_else(invalid::<Self>)
    }
}

fn failed() -> Error {
    refused("Instagram API request failed.")
}
