//! The GraphQL schema in force: derived from the catalog's snapshot, the names of the cloud functions and the
//! user's own definitions, built off the request path, swapped behind an atomic pointer. However many
//! requests wait for a version, it is built once.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::build::{Fixed, Functions, GraphQlSchema, Inputs};
use super::custom::{self, CustomSchema, Problems};
use crate::error::{Error, Result};
use crate::ops::{App, graphql_config};
use crate::options::LiveClasses;

/// How often the configuration is looked at while nothing tells of changes by other servers.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The schema in force. The first one is built when it is needed, so that the server can start meanwhile.
pub(crate) struct SchemaStore {
    app: Arc<App>,
    custom: ArcSwap<CustomSchema>,
    /// Tells of new definitions.
    replaced: Notify,
    current: ArcSwapOption<GraphQlSchema>,
    building: Mutex<Option<Arc<Fixed>>>,
    /// The number of the schema in force.
    generation: watch::Sender<u64>,
}

impl SchemaStore {
    /// A store for the classes of an application.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            custom: ArcSwap::default(),
            replaced: Notify::new(),
            current: ArcSwapOption::empty(),
            building: Mutex::new(None),
            generation: watch::Sender::new(0),
        }
    }

    /// Follows its inputs until `shutdown` is there.
    pub(crate) async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut versions = self.app.catalog.watch();
        let mut functions = self.app.cloud.changes();
        let mut configured = self.app.graphql_config.changes();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let version = *versions.borrow_and_update();
            if let Err(failure) = self.at_least(version).await {
                tracing::error!(failure = %failure.log_text(), "the GraphQL schema could not be built");
            }
            tokio::select! {
                changed = versions.changed() => if changed.is_err() { return },
                changed = functions.changed() => if changed.is_err() { return },
                changed = configured.changed() => if changed.is_err() { return },
                () = self.replaced.notified() => {}
                _ = looks.tick() => self.refresh_config().await,
                () = &mut shutdown => return,
            }
        }
    }

    /// Tells of every schema that comes into force, by its number.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Takes over the configuration that is stored, which other servers may have changed.
    pub(crate) async fn refresh_config(&self) {
        if let Err(failure) = graphql_config::refresh(&self.app).await {
            tracing::error!(failure = %failure.log_text(), "the GraphQL configuration could not be read");
        }
    }

    /// The schema of these classes or of later ones, with the functions and definitions of now. If it is not
    /// there yet, this waits for it.
    pub(crate) async fn at_least(&self, version: u64) -> Result<Arc<GraphQlSchema>> {
        let registered = self.app.cloud.registry().version();
        let known = |schema: &Arc<GraphQlSchema>| {
            schema.version() >= version
                && schema.functions().version >= registered
                && Arc::ptr_eq(schema.custom(), &self.custom.load())
                && Arc::ptr_eq(schema.config(), &self.app.graphql_config.current())
        };
        if let Some(current) = self.current.load_full().filter(known) {
            return Ok(current);
        }
        let mut fixed = self.building.lock().await;
        let previous = self.current.load_full();
        if let Some(current) = previous.clone().filter(known) {
            return Ok(current);
        }
        let (app, fixed_types) = (Arc::clone(&self.app), fixed.clone());
        let custom = self.custom.load_full();
        let built = tokio::task::spawn_blocking(move || build(&app, custom, fixed_types, previous));
        let (fixed_types, schema) = built.await.map_err(Error::internal)?;
        *fixed = Some(fixed_types);
        self.current.store(Some(Arc::clone(&schema)));
        self.generation.send_replace(schema.generation());
        Ok(schema)
    }

    /// Reads definitions from a file. If anything is wrong with them, those in force stay, and the problems
    /// are told with their places.
    pub(crate) async fn load(
        &self,
        file: &Path,
    ) -> std::result::Result<Arc<CustomSchema>, Problems> {
        let (app, file) = (Arc::clone(&self.app), file.to_owned());
        let name = file.display().to_string();
        let read = tokio::task::spawn_blocking(move || read(&app, &file)).await;
        let custom = read.map_err(|cause| Problems::whole(&name, cause.to_string()))??;
        self.custom.store(Arc::clone(&custom));
        self.replaced.notify_one();
        Ok(custom)
    }
}

/// Builds the schema of the classes in force. The previous schema is let go of here, not on a thread that
/// answers requests.
fn build(
    app: &App,
    custom: Arc<CustomSchema>,
    fixed: Option<Arc<Fixed>>,
    previous: Option<Arc<GraphQlSchema>>,
) -> (Arc<Fixed>, Arc<GraphQlSchema>) {
    let begun = app.clock.now().millis();
    let fixed = fixed.unwrap_or_else(|| Arc::new(Fixed::new()));
    let (snapshot, config) = (app.catalog.snapshot(), app.graphql_config.current());
    let live = live(app);
    let inputs = Inputs { snapshot, functions: functions(app), config, custom, live };
    let schema = GraphQlSchema::build(&inputs, &fixed, previous.as_deref());
    drop(previous);
    let took = app.clock.now().millis().saturating_sub(begun);
    app.metrics.schema_rebuilt(Duration::from_millis(took.unsigned_abs()));
    (fixed, Arc::new(schema))
}

fn live(app: &App) -> Arc<LiveClasses> {
    Arc::new(app.events.classes().clone())
}

fn functions(app: &App) -> Functions {
    let registry = app.cloud.registry();
    let mut names: Vec<Arc<str>> = registry.function_names().cloned().collect();
    names.sort_unstable();
    Functions { version: registry.version(), names: names.into() }
}

/// Reads definitions and holds them against the classes in force.
fn read(app: &App, file: &Path) -> std::result::Result<Arc<CustomSchema>, Problems> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Problems::whole(&name, format!("can not be read: {cause}")))?;
    let custom = Arc::new(CustomSchema::read(&name, &text)?);
    let (fixed, snapshot, functions) = (Fixed::new(), app.catalog.snapshot(), functions(app));
    let inputs = |custom: &Arc<CustomSchema>| Inputs {
        snapshot: Arc::clone(&snapshot),
        functions: functions.clone(),
        config: app.graphql_config.current(),
        custom: Arc::clone(custom),
        live: live(app),
    };
    let plain = GraphQlSchema::build(&inputs(&Arc::default()), &fixed, None);
    let merged = GraphQlSchema::build(&inputs(&custom), &fixed, None);
    custom::check(&name, &custom, &plain, &merged)?;
    Ok(custom)
}
