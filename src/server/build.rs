//! From the options to the application: database, classes, counters.

use std::collections::HashMap;
use std::sync::Arc;

use crate::adapters::clock::Clock;
use crate::adapters::mail::Mailer;
use crate::adapters::random::Random;
use crate::auth::{Auth, Passwords, Providers, Roles, Sessions};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ops::App;
use crate::options::{Config, Database, Synchronous};
use crate::storage::Storage;
use crate::storage::postgres::PostgresStorage;
use crate::storage::sqlite::{self, Location, SqliteOptions, SqliteStorage};
use crate::telemetry::Metrics;
use crate::value::wire::FileUrls;

/// Builds the application; the database is open when this returns.
pub(super) async fn app(config: Config, server_url: String) -> Result<Arc<App>> {
    let storage = open(&config).await?;
    let auth = auth(&config)?;
    storage.guard_accounts(&auth.providers.names()).await?;
    let catalog = Arc::new(Catalog::open(Arc::clone(&storage)).await?);
    let protected = config.protected_fields.iter().map(|(class, groups)| {
        let groups = groups.iter().map(|(group, fields)| (group.clone(), fields.clone())).collect();
        (class.clone(), groups)
    });
    let public_url = config.public_server_url.as_ref().unwrap_or(&server_url);
    let files = FileUrls { prefix: format!("{public_url}/files/{}/", config.keys.app_id) };
    Ok(Arc::new(App {
        protected: protected.collect::<HashMap<_, _>>(),
        denylist: crate::ops::Denylist::new(&config.request_keyword_denylist),
        storage,
        catalog,
        clock: Clock::System,
        random: Random,
        mailer: mailer(&config)?,
        auth,
        metrics: Arc::new(Metrics::new()),
        server_url,
        files,
        config,
    }))
}

async fn open(config: &Config) -> Result<Arc<dyn Storage>> {
    let location = match &config.database {
        Database::Sqlite(path) => Location::File(path.clone()),
        Database::SqliteMemory => Location::Memory,
        Database::Postgres(address) => return Ok(PostgresStorage::open(address).await?),
    };
    let synchronous = match config.sqlite.synchronous {
        Synchronous::Full => sqlite::Synchronous::Full,
        Synchronous::Normal => sqlite::Synchronous::Normal,
    };
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let readers = config.sqlite.readers.unwrap_or(if cores > 8 { 8 } else { cores });
    let options = SqliteOptions { location, readers, synchronous };
    // Opening touches the disk, which the runtime's threads do not wait for.
    let opened = tokio::task::spawn_blocking(move || SqliteStorage::open(options)).await;
    Ok(opened.map_err(Error::internal)??)
}

/// Makes and changes classes as the option `schema.definitions` says.
pub(super) async fn apply_definitions(app: &Arc<App>) -> Result<()> {
    crate::ops::definitions::apply(app).await
}

/// What sends mail, if the options name anything.
fn mailer(config: &Config) -> Result<Option<Mailer>> {
    let Some(adapter) = &config.mail else { return Ok(None) };
    // A mail service that moves is an address to be changed in the options, not one to be trusted.
    let http = || reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    Mailer::new(adapter, http)
        .map(Some)
        .map_err(|cause| Error::internal(format!("option `emailAdapter`: {cause}")))
}

/// What is wrong with options that only the rooms they are for can judge.
pub fn problems(config: &Config) -> Vec<String> {
    Providers::new(config).err().unwrap_or_default()
}

/// What proves identities, as the options say.
fn auth(config: &Config) -> Result<Auth> {
    let providers =
        Providers::new(config).map_err(|problems| Error::internal(problems.join("; ")))?;
    let known_max = config.cache_entries_max;
    let ttl_ms = i64::try_from(config.cache_ttl_ms).unwrap_or(i64::MAX);
    Ok(Auth {
        passwords: Passwords::for_this_machine(),
        sessions: Sessions::new(known_max, ttl_ms),
        roles: Roles::new(known_max, ttl_ms),
        providers,
    })
}
