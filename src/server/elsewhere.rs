//! What other processes do in the database: sessions and roles that are not known any more, classes that are
//! loaded anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::ops::{App, webhooks};
use crate::storage::Elsewhere;

/// When classes that could not be loaded are asked for again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How often classes are looked at at most while nothing is told.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(250);

/// A version later than every other.
const ANY: u64 = u64::MAX;

/// Which news there are of the classes.
#[derive(Default)]
struct OfClasses {
    is_told: AtomicBool,
    /// The latest version that was told of; [`ANY`] if there may be changes that were not.
    version: AtomicU64,
    changed: Notify,
}

/// Follows the others until the future is dropped.
pub(super) async fn follow(app: Arc<App>) {
    let classes = OfClasses::default();
    let tell = |news: Elsewhere| {
        tracing::debug!(?news, "done elsewhere");
        app.auth.hear(&news);
        let version = match news {
            Elsewhere::Classes(version) => version,
            Elsewhere::Everything | Elsewhere::Silence => {
                classes.is_told.store(news == Elsewhere::Everything, Ordering::Release);
                ANY
            }
            Elsewhere::Sessions(_)
            | Elsewhere::AllSessions
            | Elsewhere::RolesOf(_)
            | Elsewhere::Roles(_)
            | Elsewhere::AllRoles => return,
        };
        if version != app.catalog.snapshot().version() {
            classes.version.fetch_max(version, Ordering::AcqRel);
            classes.changed.notify_one();
        }
    };
    tokio::join!(app.storage.listen(&tell), load(&app, &classes), load_webhooks(&app));
}

/// Loads the classes whenever they changed, and from time to time while nobody tells whether they did. What changes
/// meanwhile is loaded together.
async fn load(app: &App, classes: &OfClasses) {
    let look_every = Duration::from_millis(app.config.cache_ttl_ms).max(LOOK_EVERY_MIN);
    loop {
        let is_told = classes.is_told.load(Ordering::Acquire);
        let version = tokio::select! {
            () = classes.changed.notified() => classes.version.swap(0, Ordering::AcqRel),
            () = tokio::time::sleep(look_every), if !is_told => ANY,
        };
        while let Err(cause) = app.catalog.reload_until(version).await {
            tracing::debug!(cause = %cause.log_text(), "the classes could not be loaded");
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Reads the webhooks again from time to time: nobody tells when another server changes them.
async fn load_webhooks(app: &App) {
    let look_every = Duration::from_millis(app.config.cache_ttl_ms).max(LOOK_EVERY_MIN);
    loop {
        tokio::time::sleep(look_every).await;
        if let Err(cause) = webhooks::load(app).await {
            tracing::debug!(cause = %cause.log_text(), "the webhooks could not be read");
        }
    }
}
