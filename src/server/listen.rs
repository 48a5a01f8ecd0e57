//! Listens, serves until it is told to stop, and drains.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::mount::{self, Server};
use super::tasks::Tasks;
use super::{abandoned, build, elsewhere};
use crate::error::{Error, Result};
use crate::options::Config;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told to stop, and everything under way was finished.
    Stopped,
}

/// Runs the server. Every mounted service is announced by one line; `ready` comes last, and only then are
/// requests answered.
pub async fn run(config: Config, announce: impl Fn(&str)) -> Result<Outcome> {
    let listener = TcpListener::bind((config.host.as_str(), config.port)).await;
    let listener = listener.map_err(|cause| {
        Error::internal(format!("can not listen on {}:{}: {cause}", config.host, config.port))
    })?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let origin = origin(address);
    let server_url =
        config.server_url.clone().unwrap_or_else(|| format!("{origin}{}", config.mount_path));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let app = build::app(config, server_url.trim_end_matches('/').to_owned()).await?;
    super::build::apply_definitions(&app).await?;

    let mut tasks = Tasks::new();
    let (abandoned, finisher) = abandoned::channel();
    let server = Server::new(Arc::clone(&app), abandoned);
    server.start(&mut tasks);
    let (following, stop) = (Arc::clone(&app), tasks.stop());
    tasks.spawn("elsewhere", async move {
        tokio::select! {
            () = elsewhere::follow(following) => {}
            () = stop.wait() => {}
        }
    });
    // From here on a signal is heard: whoever reads `ready` may send one at once.
    let mut signal = std::pin::pin!(told_to_stop()?);
    for line in server.services(&origin) {
        announce(&line);
    }
    announce(&format!("ready {origin}"));

    let router = mount::router(server);
    let stop = tasks.stop();
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>());
    let (served, requests_end) = oneshot::channel::<()>();
    tasks.spawn("http", async move {
        if let Err(cause) = serving.with_graceful_shutdown(stop.wait()).await {
            tracing::error!(%cause, "serving failed");
        }
        drop(served);
    });
    // A request may be abandoned until the last one is answered, and ask for a mail until it is finished.
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
    signal.as_mut().await;
    tracing::info!("stopping");
    tasks.finish().await;
    app.storage.close().await?;
    Ok(Outcome::Stopped)
}

/// What stands before a path in a URL of this server.
fn origin(address: SocketAddr) -> String {
    match address.ip().is_unspecified() {
        true => format!("http://localhost:{}", address.port()),
        false => format!("http://{address}"),
    }
}

/// Listens for SIGTERM and SIGINT from now on; the future ends with the first of them.
fn told_to_stop() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
