//! What a database lacks that another server made: columns, join tables and indexes without which this one would be
//! wrong or slow. Each is made by itself; what can not be made is told in the log, and the server starts without it.

use super::PostgresStorage;
use super::catalogue::Catalogue;
use super::classes::{self, Loaded};
use super::failure::{Failed, is_lost};
use super::runs::Runs;
use crate::error::Result;
use crate::storage::sql::account_guard;

impl PostgresStorage {
    /// Makes what the tables of the classes lack.
    pub(super) async fn mend(&self) -> Result<()> {
        let loaded = self.ask(&classes::load(), Loaded::default).await?;
        for field in &loaded.unserved {
            tracing::warn!("a field is not served: {field}");
        }
        let found = self.catalogue().await?;
        for class in &loaded.classes {
            for text in classes::make_class(class, &found) {
                self.make_or_warn(&text).await?;
            }
        }
        Ok(())
    }

    /// Makes the indexes over the accounts at identity providers that are not there.
    pub(super) async fn guard(&self, providers: &[&str]) -> Result<()> {
        let found = self.catalogue().await?;
        for (name, text) in providers.iter().filter_map(|provider| account_guard(provider)) {
            if !found.has(&name) {
                self.make_or_warn(&text).await?;
            }
        }
        Ok(())
    }

    async fn catalogue(&self) -> Result<Catalogue> {
        let read = || async {
            let mut begun = self.begun_at_leisure().await?;
            let found = Catalogue::read(&mut begun.connection()).await;
            begun.end(found).await
        };
        self.again(read).await
    }

    async fn make_or_warn(&self, text: &str) -> Result<()> {
        let attempt = || async {
            let mut begun = self.begun().await?;
            let mut connection = begun.connection().patient();
            let made = match classes::lock(&mut connection).await {
                Ok(()) => connection.run(text.to_owned()).await,
                refused => refused,
            };
            begun.end(made).await
        };
        match self.again_or_cause(attempt).await {
            Err(cause) if is_lost(&cause) => Err(Failed::Statement(cause).into()),
            Err(cause) => {
                tracing::warn!(%cause, text, "the database lacks something that could not be made");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
