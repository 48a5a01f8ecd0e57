//! A server that runs: the application, its doors, and everything that goes on beside requests.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::gateway::Inner;
use super::mount::{self, Server as Doors};
use super::tasks::{Spawned, Spawner, Tasks};
use super::{abandoned, build, elsewhere, jobs, logger};
use crate::adapters::clock::Clock;
use crate::cloud::native::{Keys, Link};
use crate::cloud::{Gateway, Sources};
use crate::error::Result;
use crate::ops::{App, webhooks};
use crate::options::Config;
use crate::telemetry::LogLines;

/// What a program adds to its server.
#[derive(Default)]
pub(super) struct Parts {
    /// Cloud code of the program.
    pub native: Sources,
    /// The way from there to the server.
    pub link: Link,
    /// Where the time comes from.
    pub clock: Clock,
}

/// A server that runs.
pub(super) struct Running {
    pub(super) app: Arc<App>,
    pub(super) doors: Arc<Doors>,
    pub(super) tasks: Tasks,
    gateway: Arc<dyn Gateway>,
    spawned: Spawned,
    /// Dropped when the last request is answered.
    requests: Option<oneshot::Sender<()>>,
}

impl Running {
    /// Opens the database, loads cloud code and starts everything but listening.
    pub(super) async fn start(config: Config, server_url: &str, parts: Parts) -> Result<Self> {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let Parts { native, link, clock } = parts;
        let server_url = server_url.trim_end_matches('/').to_owned();
        let app = build::app(config, server_url, native, clock).await?;
        let (spawner, spawned) = Spawner::new();
        let gateway: Arc<dyn Gateway> = Arc::new(Inner::new(&app, spawner));
        link.connect(&gateway, keys(&app.config));
        build::prepare(&app, &gateway).await?;
        webhooks::load(&app).await?;

        let mut tasks = Tasks::new();
        let (abandoned, finisher) = abandoned::channel();
        let doors = Doors::new(Arc::clone(&app), abandoned);
        doors.load_definitions().await?;
        doors.start(&mut tasks);
        let (following, stop) = (Arc::clone(&app), tasks.stop());
        tasks.spawn("elsewhere", async move {
            tokio::select! {
                () = elsewhere::follow(following) => {}
                () = stop.wait() => {}
            }
        });
        tasks.spawn("jobs", jobs::run(Arc::clone(&app), tasks.stop()));
        // A request may be abandoned until the last one is answered, and ask for a mail until it is finished.
        let (requests, requests_end) = oneshot::channel::<()>();
        let (finished, mails_end) = oneshot::channel::<()>();
        tasks.spawn("abandoned requests", async move {
            finisher.run(async { requests_end.await.unwrap_or_default() }).await;
            drop(finished);
        });
        let mailing = Arc::clone(&app);
        tasks.spawn("mail", async move {
            // The last request may still ask for a mail, so that this ends after it; the channel only closes.
            let end = async { mails_end.await.unwrap_or_default() };
            if let Some(mailer) = &mailing.mailer {
                mailer.run(end).await;
            }
        });
        Ok(Self { app, doors, tasks, gateway, spawned, requests: Some(requests) })
    }

    /// Hands log lines to the logger of the app, if the options name one.
    pub(super) fn hand_lines_over(&mut self, lines: Option<LogLines>) {
        if let (Some(lines), Some(logger)) = (lines, self.app.config.logger.clone()) {
            let stop = self.tasks.stop();
            self.tasks.spawn("logger", logger::run(Arc::clone(&self.app), logger, lines, stop));
        }
    }

    /// Answers what comes in by HTTP.
    pub(super) fn serve(&mut self, listener: TcpListener) {
        let router = mount::router(Arc::clone(&self.doors));
        let stop = self.tasks.stop();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service);
        let served = self.requests.take();
        self.tasks.spawn("http", async move {
            if let Err(cause) = serving.with_graceful_shutdown(stop.wait()).await {
                tracing::error!(%cause, "serving failed");
            }
            drop(served);
        });
    }

    /// Finishes what is under way and closes the database.
    pub(super) async fn stop(self) -> Result<()> {
        let Self { app, doors, tasks, gateway, spawned, requests } = self;
        tracing::info!("stopping");
        drop((requests, doors));
        tasks.finish().await;
        if let Some(function) = &app.config.close_complete
            && let Err(cause) = app.cloud.callback(function, None, Vec::new()).await
        {
            tracing::error!("option `serverCloseComplete`: {}", cause.log_text());
        }
        app.cloud.stop();
        drop(gateway);
        spawned.finish().await;
        app.storage.close().await
    }
}

/// The keys that the program itself uses.
fn keys(config: &Config) -> Keys {
    let keys = &config.keys;
    let client_keys = [
        ("x-parse-client-key", &keys.client_key),
        ("x-parse-javascript-key", &keys.javascript_key),
        ("x-parse-windows-key", &keys.dot_net_key),
        ("x-parse-rest-api-key", &keys.rest_api_key),
    ];
    let client_key = client_keys
        .into_iter()
        .find_map(|(header, key)| key.as_ref().map(|key| (header, key.expose().to_owned())));
    Keys {
        app_id: keys.app_id.clone(),
        master_key: keys.master_key.expose().to_owned(),
        client_key,
    }
}
