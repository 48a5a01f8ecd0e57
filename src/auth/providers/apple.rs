//! Sign in with Apple: an identity token for one of our bundle ids.

use async_trait::async_trait;

use crate::error::Result;

use super::identity::{Account, Identity, Sent, World, refused};
use super::settings::Settings;
use super::signed::{self, Expected, Keys};

const ISSUER: &str = "https://appleid.apple.com";

/// Sign in with Apple (`parse-server:src/Adapters/Auth/apple.js`).
#[derive(Debug)]
pub(super) struct Apple {
    client_ids: Vec<String>,
    keys: Keys,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let client_ids = settings.required_texts("clientId");
    Box::new(Apple { client_ids, keys: Keys::new(format!("{ISSUER}/auth/keys")) })
}

#[async_trait]
impl Identity for Apple {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token =
            sent.text("token").ok_or_else(|| refused("id token is invalid for this user."))?;
        let expected = Expected {
            audience: Some(&self.client_ids),
            issuers: &[ISSUER],
            not_issued_by: "id token not issued by correct OpenID provider",
            subject: sent.id(),
        };
        let claims = signed::verify(token, &self.keys, &expected, world).await?;
        Account::of_subject(&claims)
    }
}
