//! QQ: an authorization code of our app.

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::value::Json;

use super::code::{Client, Flow, Token, id_of, invalid, text_of, token_of};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// QQ (`parse-server:src/Adapters/Auth/qq.js`).
#[derive(Debug)]
pub(super) struct Qq;

#[async_trait]
impl Flow for Qq {
    const TITLE: &'static str = "qq";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let request = Request::get("https://graph.qq.com/oauth2.0/token").query(&[
            ("grant_type", "authorization_code"),
            ("client_id", &client.id),
            ("client_secret", client.secret()),
            ("redirect_uri", sent.text("redirect_uri").unwrap_or_default()),
            ("code", code),
            ("fmt", "json"),
        ]);
        token_of(&ask_in_callback(world, request).await?, invalid::<Self>)
    }

    async fn account(
        token: &Token,
        client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::get("https://graph.qq.com/oauth2.0/me")
            .query(&[("access_token", token.access.expose())]);
        let user = ask_in_callback(world, request).await?;
        // The answer names the app whose token it is.
        if client.is_some_and(|client| text_of(&user, "client_id") != Some(&client.id)) {
            return Err(invalid::<Self>());
        }
        id_of(&user, "openid").ok_or_else(invalid::<Self>)
    }
}

/// Reads JSON, or JSON in the call of a function: `callback( {...} );`.
async fn ask_in_callback(world: &World<'_>, request: Request) -> Result<Json> {
    let answer = world.outbound.send(request).await;
    let answer = answer.map_err(|cause| failed().with_cause(cause))?;
    if !answer.is_ok() {
        return Err(failed());
    }
    let text = String::from_utf8_lossy(&answer.body);
    let inside = match (text.find('('), text.rfind(')')) {
        (Some(start), Some(end)) if text.trim_start().starts_with("callback") && start < end => {
            &text[start + 1..end]
        }
        (_, _) => &text,
    };
    Json::parse(inside.trim().as_bytes()).map_err(|cause| invalid::<Qq>().with_cause(cause))
}

fn failed() -> Error {
    refused("qq API request failed.")
}
