//! Janrain Capture: an access token of one Capture host.

use async_trait::async_trait;

use crate::error::{Error, Result};

use super::code::{ask, text_of};
use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// Janrain Capture (`parse-server:src/Adapters/Auth/janraincapture.js`).
#[derive(Debug)]
pub(super) struct JanrainCapture {
    url: String,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let host = settings.required("janrain_capture_host");
    if host.contains(['/', '?', '#', '@']) {
        settings.problem("`janrain_capture_host`: expected a host without scheme and path");
    }
    Box::new(JanrainCapture { url: format!("https://{host}/entity") })
}

#[async_trait]
impl Identity for JanrainCapture {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = sent.text("access_token").ok_or_else(invalid)?;
        let request =
            Request::get(&self.url).query(&[("access_token", token), ("attribute_name", "uuid")]);
        let answer = ask(world, request, invalid).await?;
        let id = text_of(&answer, "result").filter(|_| text_of(&answer, "stat") == Some("ok"));
        Account::claimed(sent, id.unwrap_or_default(), invalid)
    }
}

fn invalid() -> Error {
    refused("Janrain capture auth is invalid for this user.")
}
