//! WeChat: an authorization code of our app.

use async_trait::async_trait;

use crate::error::Result;
use crate::value::Json;

use super::code::{Client, Flow, Token, ask, id_of, invalid, text_of};
use super::identity::{Sent, World};
use super::outbound::Request;

/// WeChat (`parse-server:src/Adapters/Auth/wechat.js`).
#[derive(Debug)]
pub(super) struct WeChat;

#[async_trait]
impl Flow for WeChat {
    const TITLE: &'static str = "WeChat";

    async fn exchange(
        client: &Client,
        code: &str,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token> {
        let request = Request::get("https://api.weixin.qq.com/sns/oauth2/access_token").query(&[
            ("appid", &client.id),
            ("secret", client.secret()),
            ("code", code),
            ("grant_type", "authorization_code"),
        ]);
        let answer = ask(world, request, invalid::<Self>).await?;
        let access = text_of(&answer, "access_token").filter(|_| !is_error(&answer));
        let mut token = access.map(Token::new).ok_or_else(invalid::<Self>)?;
        token.account = id_of(&answer, "openid");
        Ok(token)
    }

    async fn account(
        token: &Token,
        _client: Option<&Client>,
        _sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String> {
        let id = token.account.as_deref().ok_or_else(invalid::<Self>)?;
        let request = Request::get("https://api.weixin.qq.com/sns/auth")
            .query(&[("access_token", token.access.expose()), ("openid", id)]);
        let answer = ask(world, request, invalid::<Self>).await?;
        // 0 says yes; an answer that says nothing is no yes.
        if answer.get("errcode").and_then(Json::as_number) != Some(0.0) {
            return Err(invalid::<Self>());
        }
        Ok(id.to_owned())
    }
}

fn is_error(answer: &Json) -> bool {
    answer.get("errcode").is_some_and(Json::is_truthy)
}
