//! Google Play Games Services: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Code, Error, Result};

use super::code::{Client, Flow, Token, ask, id_of, token_of};
use super::identity::{Sent, World};
use super::outbound::Request;

/// Google Play Games Services (`parse-server:src/Adapters/Auth/gpgames.js`).
#[derive(Debug)]
pub(super) struct PlayGames;

#[async_trait]
impl Flow for PlayGames {
    const TITLE: &'static str = "gpgames";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let refusal = || failed("Failed to exchange code for token");
        let redirect = sent.text("redirect_uri").or_else(|| sent.text("redirectUri"));
        let request = Request::post("https://oauth2.googleapis.com/token").json(&[
            ("client_id", &client.id),
            ("client_secret", client.secret()),
            ("code", code),
            ("redirect_uri", redirect.unwrap_or_default()),
            ("grant_type", "authorization_code"),
        ]);
        token_of(&ask(world, request, refusal).await?, refusal)
    }

    /// Asks for the token's own player: any token may read the profile of any player by its id.
    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://www.googleapis.com/games/v1/players/me")
            .bearer(token.access.expose())
            .header("accept", "application/json");
        let refusal = || failed("Failed to fetch Google Play Games Services user");
        let player = ask(world, request, refusal).await?;
        id_of(&player, "playerId")
            .ok_or_else(|| failed("Invalid Google Play Games Services user data received."))
    }
}

fn failed(text: &'static str) -> Error {
    Error::new(Code::ValidationError, text)
}
