//! Spotify: an authorization code of our app, with the proof that the code was asked for by the same client
//! (PKCE, RFC 7636), which stands in for a secret.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{Client, Flow, Token, ask, id_of, invalid, token_of};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// Spotify (`parse-server:src/Adapters/Auth/spotify.js`).
#[derive(Debug)]
pub(super) struct Spotify;

#[async_trait]
impl Flow for Spotify {
    const TITLE: &'static str = "spotify";
    const NEEDS_SECRET: bool = false;

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let (Some(redirect), Some(verifier)) =
            (sent.text("redirect_uri"), sent.text("code_verifier"))
        else {
            return Err(refused(
                "Spotify auth configuration authData.code and/or authData.redirect_uri and/or authData.code_verifier.",
            ));
        };
        let request = Request::post("https://accounts.spotify.com/api/token").form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", &client.id),
        ]);
        token_of(&ask(world, request, failed).await?, failed)
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://api.spotify.com/v1/me").bearer(token.access.expose());
        let user = ask(world, request, failed).await?;
        id_of(&user, "id").ok_or_else(invalid::<Self>)
    }
}

fn failed() -> Error {
    refused("Spotify API request failed.")
}
