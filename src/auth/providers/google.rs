//! Google: an identity token for one of our client ids.

use async_trait::async_trait;

use crate::error::Result;

use super::identity::{Account, Identity, Sent, World, refused};
use super::settings::Settings;
use super::signed::{self, Expected, Keys};

const ISSUERS: [&str; 2] = ["accounts.google.com", "https://accounts.google.com"];
const KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Google (`parse-server:src/Adapters/Auth/google.js`).
#[derive(Debug)]
pub(super) struct Google {
    client_ids: Vec<String>,
    keys: Keys,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    Box::new(Google { client_ids: settings.required_texts("clientId"), keys: Keys::new(KEYS) })
}

#[async_trait]
impl Identity for Google {
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token =
            sent.text("id_token").ok_or_else(|| refused("id token is invalid for this user."))?;
        let expected = Expected {
            audience: Some(&self.client_ids),
            issuers: &ISSUERS,
            not_issued_by: "id token not issued by correct provider",
            subject: sent.id(),
        };
        let claims = signed::verify(token, &self.keys, &expected, world).await?;
        Account::of_subject(&claims)
    }
}
