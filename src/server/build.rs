//! From the options to the application: database, classes, counters.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::files;
use crate::adapters::clock::Clock;
use crate::adapters::mail::Mailer;
use crate::adapters::pubsub::{Bus, Fleet, Notices, Relay};
use crate::adapters::random::Random;
use crate::auth::{Auth, Passwords, Providers, Roles, Sessions};
use crate::catalog::Catalog;
use crate::cloud::{
    Application, Callbacks, Cloud, Gateway, HostMail, Place, ProcessSettings, Settings, Sources,
};
use crate::error::{Error, Result};
use crate::ops::jobs::Jobs;
use crate::ops::rate::Rates;
use crate::ops::webhooks::Webhooks;
use crate::ops::{App, Events};
use crate::options::{Config, Database, HostReference, MailAdapter, Synchronous};
use crate::storage::postgres::PostgresStorage;
use crate::storage::sqlite::{self, Location, SqliteOptions, SqliteStorage};
use crate::storage::{Storage, Witness};
use crate::telemetry::Metrics;
use crate::value::wire::FileUrls;

/// Builds the application, with cloud code of the program itself; the database is open when this returns.
pub(super) async fn app(
    config: Config,
    server_url: String,
    native: Sources,
    clock: Clock,
) -> Result<(Arc<App>, Option<Heard>)> {
    let storage = open(&config).await?;
    let cloud = Arc::new(cloud(&config, &server_url, native)?);
    let auth = auth(&config, &cloud)?;
    storage.guard_accounts(&auth.providers.names()).await?;
    let catalog = Arc::new(Catalog::open(Arc::clone(&storage)).await?);
    let protected = config.protected_fields.iter().map(|(class, groups)| {
        let groups = groups.iter().map(|(group, fields)| (group.clone(), fields.clone())).collect();
        (class.clone(), groups)
    });
    let public_url = config.public_server_url.as_ref().unwrap_or(&server_url);
    let urls = FileUrls { prefix: format!("{public_url}/files/{}/", config.keys.app_id) };
    let file_store = files::store(&config, &storage, &cloud).await?;
    let (events, notices) = events(&config, &urls)?;
    if events.bus().is_some() {
        storage.watch(Arc::clone(&events) as Arc<dyn Witness>);
    }
    let app = App {
        protected: protected.collect::<HashMap<_, _>>(),
        denylist: crate::ops::Denylist::new(&config.request_keyword_denylist)
            .with_files(files::places(&config, &urls, &server_url)),
        storage,
        catalog,
        clock,
        random: Random,
        mailer: mailer(&config, &cloud)?,
        auth,
        cloud,
        events,
        graphql_config: crate::ops::graphql_config::GraphQlConfigStore::default(),
        jobs: Jobs::default(),
        metrics: Arc::new(Metrics::new()),
        rates: Rates::new(&config.rate_limits),
        webhooks: Webhooks::new(config.webhooks.clone()),
        server_url,
        file_store,
        files: urls,
        config,
    };
    Ok((Arc::new(app), notices))
}

/// What is heard of events, and what carries them between processes.
type Heard = (Notices, Relay);

/// The bus of events, if any class is live, and what connects it to those of other processes.
fn events(config: &Config, files: &FileUrls) -> Result<(Arc<Events>, Option<Heard>)> {
    let classes = config.live.classes.clone();
    if classes.is_empty() {
        return Ok((Arc::new(Events::new(classes, None)), None));
    }
    let server = Random.text(SERVER_NAME_LENGTH)?;
    let fleet = Fleet {
        app_id: &config.keys.app_id,
        files: files.clone(),
        redis: &config.live.redis,
        dice: || {
            let mut thrown = [0];
            // Without randomness all wait equally long.
            Random.fill(&mut thrown).map_or(0, |()| thrown[0])
        },
    };
    let (bus, notices, relay) =
        Bus::connected(Arc::from(server), fleet).map_err(Error::internal)?;
    Ok((Arc::new(Events::new(classes, Some(bus))), Some((notices, relay))))
}

/// Long enough that no two servers ever have the same name.
const SERVER_NAME_LENGTH: usize = 10;

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
    let cores = available_cores();
    let readers = config.sqlite.readers.unwrap_or(if cores > 8 { 8 } else { cores });
    let options = SqliteOptions { location, readers, synchronous };
    // Opening touches the disk, which the runtime's threads do not wait for.
    let opened = tokio::task::spawn_blocking(move || SqliteStorage::open(options)).await;
    Ok(opened.map_err(Error::internal)??)
}

/// Does what comes before the first request: classes are made and changed as the option `schema.definitions` says, and
/// cloud code is loaded, which finds those classes. Functions around the change of classes need the host of
/// cloud code, so that this is loaded first if there are any.
pub(super) async fn prepare(app: &Arc<App>, gateway: &Arc<dyn Gateway>) -> Result<()> {
    let schema = &app.config.schema;
    let (before, after) = (&schema.before_migration, &schema.after_migration);
    match (before, after) {
        (None, None) => {
            crate::ops::definitions::apply(app).await?;
            app.cloud.start(Arc::clone(gateway)).await?;
        }
        _ => {
            app.cloud.start(Arc::clone(gateway)).await?;
            migrate(app, before.as_ref()).await?;
            crate::ops::definitions::apply(app).await?;
            migrate(app, after.as_ref()).await?;
        }
    }
    app.auth.providers.check_options().await
}

/// Calls a function around the change of classes (`parse-server:src/SchemaMigrations/DefinedSchemas.js`). What it
/// throws keeps the server from starting.
async fn migrate(app: &App, function: Option<&HostReference>) -> Result<()> {
    let Some(function) = function else { return Ok(()) };
    let called = app.cloud.callback(function, None, Vec::new()).await;
    called.map(|_| ()).map_err(|error| {
        Error::internal(format!("option `{}`: {}", function.path(), error.log_text()))
    })
}

/// Cloud code, as the options say. Nothing of it is started yet.
fn cloud(config: &Config, server_url: &str, native: Sources) -> Result<Cloud> {
    let cloud = &config.cloud;
    let absolute = |path: &PathBuf| std::path::absolute(path).map_err(Error::internal);
    let javascript = &config.javascript;
    let place = match &cloud.host {
        Some(socket) => Place::Elsewhere(socket.clone()),
        None if cloud.file.is_none() && !javascript.is_used() => {
            return Ok(Cloud::new(native, None));
        }
        None => {
            let of_kind = |is_program: bool| {
                let file = javascript.file.as_ref().filter(|file| file.is_program == is_program);
                file.map(|file| file.path.clone())
            };
            Place::Workers {
                count: cloud.workers.unwrap_or_else(|| workers(available_cores())),
                process: ProcessSettings {
                    node: cloud.node.clone(),
                    memory_mb: cloud.worker_memory_mb,
                    cloud: cloud.file.as_ref().map(absolute).transpose()?,
                    root: std::env::current_dir().map_err(Error::internal)?,
                    configuration: of_kind(false),
                    index: of_kind(true),
                },
            }
        }
    };
    let upload_bytes_max = usize::try_from(config.upload_bytes_max).unwrap_or(usize::MAX / 4);
    let settings = Settings {
        place,
        application: Application {
            app_id: config.keys.app_id.clone(),
            master_key: config.keys.master_key.clone(),
            maintenance_key: config.keys.maintenance_key.clone(),
            javascript_key: config.keys.javascript_key.clone(),
            server_url: server_url.to_owned(),
        },
        modules: javascript.modules.clone(),
        host_timeout: Duration::from_millis(cloud.host_timeout_ms),
        function_timeout: cloud.function_timeout_ms.map(Duration::from_millis),
        hang_timeout: Duration::from_millis(cloud.hang_timeout_ms),
        // Files travel as base64, which is a third longer (section 1 of the host protocol).
        line_bytes_max: LINE_BYTES_MIN.saturating_add(upload_bytes_max.saturating_mul(2)),
    };
    Ok(Cloud::new(native, Some(settings)))
}

/// What a host may always send at once.
const LINE_BYTES_MIN: usize = 128 * 1024 * 1024;

/// One process for two cores: the server itself needs the others.
fn workers(cores: usize) -> usize {
    if cores < 4 { 1 } else { cores / 2 }
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// What sends mail, if the options name anything.
fn mailer(config: &Config, cloud: &Arc<Cloud>) -> Result<Option<Mailer>> {
    let Some(adapter) = &config.mail else { return Ok(None) };
    if let MailAdapter::Host(reference) = adapter {
        let host: Arc<dyn Callbacks> = Arc::clone(cloud) as _;
        return Ok(Some(Mailer::of_app(Arc::new(HostMail::new(reference.clone(), host)))));
    }
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
fn auth(config: &Config, cloud: &Arc<Cloud>) -> Result<Auth> {
    let host: Arc<dyn Callbacks> = Arc::clone(cloud) as _;
    let providers = Providers::with_host(config, &host)
        .map_err(|problems| Error::internal(problems.join("; ")))?;
    let known_max = config.cache_entries_max;
    let ttl_ms = i64::try_from(config.cache_ttl_ms).unwrap_or(i64::MAX);
    Ok(Auth::new(
        Passwords::for_this_machine(),
        Sessions::new(known_max, ttl_ms),
        Roles::new(known_max, ttl_ms),
        providers,
    ))
}
