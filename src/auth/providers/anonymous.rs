//! Anonymous users: whoever knows the random id is the user.

use async_trait::async_trait;

use crate::error::Result;

use super::identity::{Account, Identity, Sent, World};
use super::unsupported;

/// Anonymous users.
#[derive(Debug)]
pub(super) struct Anonymous;

#[async_trait]
impl Identity for Anonymous {
    async fn prove(&self, sent: &Sent<'_>, _world: &World<'_>) -> Result<Account> {
        sent.id().map(Account::new).ok_or_else(unsupported)
    }
}
