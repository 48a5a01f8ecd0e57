//! GitHub: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Code, Error, Result};

use super::code::{Client, Flow, Token, ask, id_of, token_of};
use super::identity::{Sent, World};
use super::outbound::Request;

/// GitHub (`parse-server:src/Adapters/Auth/github.js`).
#[derive(Debug)]
pub(super) struct GitHub;

#[async_trait]
impl Flow for GitHub {
    const TITLE: &'static str = "GitHub";

    async fn exchange(
        client: &Client,
        code: &str,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let refusal = || failed("Failed to exchange code for token");
        let request = Request::post("https://github.com/login/oauth/access_token").json(&[
            ("client_id", &client.id),
            ("client_secret", client.secret()),
            ("code", code),
        ]);
        token_of(&ask(world, request, refusal).await?, refusal)
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://api.github.com/user")
            .bearer(token.access.expose())
            .header("accept", "application/json");
        let user = ask(world, request, || failed("Failed to fetch GitHub user")).await?;
        // GitHub numbers its accounts; Parse wants a text.
        id_of(&user, "id").ok_or_else(|| failed("Invalid GitHub user data received."))
    }
}

fn failed(text: &'static str) -> Error {
    Error::new(Code::ValidationError, text)
}
