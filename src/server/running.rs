//! A server that runs: the application, its doors, and everything that goes on beside requests.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::gateway::Inner;
use super::mount::{self, Server as Doors};
use super::tasks::{Spawned, Spawner, Tasks};
use super::upgrade::Sockets;
use super::{abandoned, build, elsewhere, jobs, live, logger};
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
    sockets: Arc<Sockets>,
    sockets_end: Spawned,
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
        let (app, notices) = build::app(config, server_url, native, clock).await?;
        let (spawner, spawned) = Spawner::new();
        let gateway: Arc<dyn Gateway> = Arc::new(Inner::new(&app, spawner));
        link.connect(&gateway, keys(&app.config));
        build::prepare(&app, &gateway).await?;
        webhooks::load(&app).await?;

        let mut tasks = Tasks::new();
        let (abandoned, finisher) = abandoned::channel();
        let (sockets, sockets_end) = Sockets::new();
        let doors = Doors::new(Arc::clone(&app), abandoned, &sockets, tasks.stop());
        doors.load_definitions().await?;
        doors.start(&mut tasks);
        let (told, events_end) = oneshot::channel::<()>();
        if let (Some(live), Some((notices, relay))) = (doors.live().cloned(), notices) {
            let stop = tasks.stop();
            tasks.spawn("live", async move { live.run(notices, stop.wait()).await });
            let stop = tasks.stop();
            // The last request may still tell of an event, so that this ends after it.
            let end = async { events_end.await.unwrap_or_default() };
            tasks.spawn("redis", relay.run(stop.wait(), end));
        }
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
            drop((finished, told));
        });
        let mailing = Arc::clone(&app);
        tasks.spawn("mail", async move {
            // The last request may still ask for a mail, so that this ends after it; the channel only closes.
            let end = async { mails_end.await.unwrap_or_default() };
            if let Some(mailer) = &mailing.mailer {
                mailer.run(end).await;
            }
        });
        let requests = Some(requests);
        Ok(Self { app, doors, tasks, gateway, spawned, sockets, sockets_end, requests })
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
        let serving = axum::serve(at_once(listener), service);
        let served = self.requests.take();
        self.tasks.spawn("http", async move {
            if let Err(cause) = serving.with_graceful_shutdown(stop.wait()).await {
                tracing::error!(%cause, "serving failed");
            }
            drop(served);
        });
    }

    /// Answers what comes in at a port that has only LiveQuery.
    pub(super) fn serve_live(&mut self, listener: TcpListener) {
        let router = live::router(Arc::clone(&self.doors));
        let stop = self.tasks.stop();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(at_once(listener), service);
        self.tasks.spawn("live http", async move {
            if let Err(cause) = serving.with_graceful_shutdown(stop.wait()).await {
                tracing::error!(%cause, "serving failed");
            }
        });
    }

    /// Finishes what is under way and closes the database.
    pub(super) async fn stop(self) -> Result<()> {
        let Self { app, doors, tasks, gateway, spawned, sockets, sockets_end, requests } = self;
        tracing::info!("stopping");
        drop((requests, doors));
        sockets.close();
        tasks.finish().await;
        // The engine has ended, and with it every inbox: what holds sockets says farewell.
        sockets_end.finish().await;
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

/// What is written is sent at once: a message of a socket does not wait until the one before has arrived.
fn at_once(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    fn set(stream: &mut TcpStream) {
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "a connection sends when it likes");
        }
    }
    listener.tap_io(set as fn(&mut TcpStream))
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
