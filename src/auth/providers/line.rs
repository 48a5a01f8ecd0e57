//! Line: an authorization code of our channel.

use async_trait::async_trait;

use crate::error::{Code, Error, Result};

use super::code::{Client, Flow, Token, ask, exchange_as_standard, id_of};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// Line (`parse-server:src/Adapters/Auth/line.js`).
#[derive(Debug)]
pub(super) struct Line;

#[async_trait]
impl Flow for Line {
    const TITLE: &'static str = "Line";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let refusal = || refused("Failed to exchange code for token");
        exchange_as_standard(
            "https://api.line.me/oauth2/v2.1/token",
            client,
            code,
            sent,
            world,
            refusal,
        )
        .await
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://api.line.me/v2/profile").bearer(token.access.expose());
        let profile = ask(world, request, || refused("Failed to fetch Line user")).await?;
        id_of(&profile, "userId")
            .ok_or_else(|| Error::new(Code::ValidationError, "Invalid Line user data received."))
    }
}
