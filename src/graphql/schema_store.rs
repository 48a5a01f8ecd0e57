//! The GraphQL schema in force: derived from the catalog's snapshot, built off the request path, swapped
//! behind an atomic pointer. However many requests wait for a version, it is built once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

use super::build::{Fixed, GraphQlSchema};
use crate::error::{Error, Result};
use crate::ops::App;

/// The schema in force. The first one is built when it is needed, so that the server can start meanwhile.
pub(crate) struct SchemaStore {
    app: Arc<App>,
    current: ArcSwapOption<GraphQlSchema>,
    building: Mutex<Option<Arc<Fixed>>>,
}

impl SchemaStore {
    /// A store for the classes of an application.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app, current: ArcSwapOption::empty(), building: Mutex::new(None) }
    }

    /// Follows the catalog until `shutdown` is there.
    pub(crate) async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut versions = self.app.catalog.watch();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let version = *versions.borrow_and_update();
            if let Err(failure) = self.at_least(version).await {
                tracing::error!(failure = %failure.log_text(), "the GraphQL schema could not be built");
            }
            tokio::select! {
                changed = versions.changed() => if changed.is_err() { return },
                () = &mut shutdown => return,
            }
        }
    }

    /// The schema of these classes or of later ones. If it is not there yet, this waits for it.
    pub(crate) async fn at_least(&self, version: u64) -> Result<Arc<GraphQlSchema>> {
        let known = |schema: &Arc<GraphQlSchema>| schema.version() >= version;
        if let Some(current) = self.current.load_full().filter(known) {
            return Ok(current);
        }
        let mut fixed = self.building.lock().await;
        let previous = self.current.load_full();
        if let Some(current) = previous.clone().filter(known) {
            return Ok(current);
        }
        let (app, fixed_types) = (Arc::clone(&self.app), fixed.clone());
        let built = tokio::task::spawn_blocking(move || build(&app, fixed_types, previous));
        let (fixed_types, schema) = built.await.map_err(Error::internal)?;
        *fixed = Some(fixed_types);
        self.current.store(Some(Arc::clone(&schema)));
        Ok(schema)
    }
}

/// Builds the schema of the classes in force. The previous schema is let go of here, not on a thread that
/// answers requests.
fn build(
    app: &App,
    fixed: Option<Arc<Fixed>>,
    previous: Option<Arc<GraphQlSchema>>,
) -> (Arc<Fixed>, Arc<GraphQlSchema>) {
    let begun = app.clock.now().millis();
    let fixed = fixed.unwrap_or_else(|| Arc::new(Fixed::new()));
    let schema = GraphQlSchema::build(&app.catalog.snapshot(), &fixed, previous.as_deref());
    drop(previous);
    let took = app.clock.now().millis().saturating_sub(begun);
    app.metrics.schema_rebuilt(Duration::from_millis(took.unsigned_abs()));
    (fixed, Arc::new(schema))
}
