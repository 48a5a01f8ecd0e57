//! Meetup: an access token of any app. Off unless insecure providers are enabled.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{ask, id_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// Meetup (`parse-server:src/Adapters/Auth/meetup.js`).
#[derive(Debug)]
pub(super) struct Meetup;

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    settings.demand_insecure();
    Box::new(Meetup)
}

#[async_trait]
impl Identity for Meetup {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let request = Request::get("https://api.meetup.com/2/member/self").bearer(token);
        let member = ask(world, request, invalid).await?;
        Account::claimed(sent, &id_of(&member, "id").unwrap_or_default(), invalid)
    }
}

fn invalid() -> Error {
    refused("Meetup auth is invalid for this user.")
}
