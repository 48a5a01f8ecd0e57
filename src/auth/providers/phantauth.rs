//! PhantAuth, which makes up users for tests. Off unless insecure providers are enabled.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{ask, text_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// PhantAuth (`parse-server:src/Adapters/Auth/phantauth.js`).
#[derive(Debug)]
pub(super) struct PhantAuth;

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    settings.demand_insecure();
    Box::new(PhantAuth)
}

#[async_trait]
impl Identity for PhantAuth {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let request = Request::get("https://phantauth.net/auth/userinfo").bearer(token);
        let user = ask(world, request, invalid).await?;
        Account::claimed(sent, text_of(&user, "sub").unwrap_or_default(), invalid)
    }
}

fn invalid() -> Error {
    refused("PhantAuth auth is invalid for this user.")
}
