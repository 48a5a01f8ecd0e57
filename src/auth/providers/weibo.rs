//! Weibo: an authorization code of our app.

use async_trait::async_trait;

use crate::error::Result;

use super::code::{Client, Flow, Token, ask, id_of, invalid, token_of};
use super::identity::{Sent, World, refused};
use super::outbound::Request;

/// Weibo (`parse-server:src/Adapters/Auth/weibo.js`).
#[derive(Debug)]
pub(super) struct Weibo;

#[async_trait]
impl Flow for Weibo {
    const TITLE: &'static str = "Weibo";

    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let redirect = sent
            .text("redirect_uri")
            .ok_or_else(|| refused("Weibo auth requires code and redirect_uri to be sent."))?;
        let request = Request::post("https://api.weibo.com/oauth2/access_token").form(&[
            ("client_id", &client.id),
            ("client_secret", client.secret()),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
        ]);
        token_of(&ask(world, request, invalid::<Self>).await?, invalid::<Self>)
    }

    async fn account(
        token: &Token,
        client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let request = Request::post("https://api.weibo.com/oauth2/get_token_info")
            .form(&[("access_token", token.access.expose())]);
        let info = ask(world, request, invalid::<Self>).await?;
        // The answer names the app whose token it is.
        if client.is_some_and(|client| id_of(&info, "appkey").as_ref() != Some(&client.id)) {
            return Err(invalid::<Self>());
        }
        id_of(&info, "uid").ok_or_else(invalid::<Self>)
    }
}
