//! Listens, serves until it is told to stop, and drains.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::reload;
use super::running::{Parts, Running};
use crate::error::{Error, Result};
use crate::options::Config;
use crate::telemetry::LogLines;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told to stop, and everything under way was finished.
    Stopped,
}

/// Runs the server. Every mounted service is announced by one line; `ready` comes last, and only then are
/// requests answered.
pub async fn run(config: Config, announce: impl Fn(&str)) -> Result<Outcome> {
    Box::pin(run_logged(config, None, announce)).await
}

/// The same; what is logged goes to the logger of the app, too, if the options name one.
pub async fn run_logged(
    config: Config,
    lines: Option<LogLines>,
    announce: impl Fn(&str),
) -> Result<Outcome> {
    let (listener, origin) = listen(&config.host, config.port).await?;
    let live = match config.live.server.port {
        Some(port) if config.live.server.is_served => Some(listen(&config.host, port).await?),
        Some(_) | None => None,
    };
    let server_url =
        config.server_url.clone().unwrap_or_else(|| format!("{origin}{}", config.mount_path));
    let mut running = Running::start(config, &server_url, Parts::default()).await?;
    running.hand_lines_over(lines);
    // From here on a signal is heard: whoever reads `ready` may send one at once.
    let mut signal = std::pin::pin!(told_to_stop()?);
    let (app, doors) = (Arc::clone(&running.app), Arc::clone(&running.doors));
    let reloading = reload::run(app, doors, reload::hang_ups()?, running.tasks.stop());
    running.tasks.spawn("reload", reloading);
    let is_alone = running.app.config.live.server.is_alone;
    if !is_alone {
        running.doors.services(&origin).iter().for_each(|line| announce(line));
    }
    let live_origin = live.as_ref().map(|(_, origin)| origin).or(is_alone.then_some(&origin));
    if let (Some(origin), Some(sockets)) = (live_origin, running.doors.live_sockets()) {
        announce(&sockets.service(origin));
    }
    announce(&format!("ready {origin}"));

    if is_alone {
        running.serve_live(listener);
    } else {
        running.serve(listener);
    }
    if let Some((listener, _)) = live {
        running.serve_live(listener);
    }
    signal.as_mut().await;
    running.stop().await?;
    Ok(Outcome::Stopped)
}

/// Listens on a port, and says what stands before a path in a URL of it.
async fn listen(host: &str, port: u16) -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind((host, port)).await;
    let listener = listener
        .map_err(|cause| Error::internal(format!("can not listen on {host}:{port}: {cause}")))?;
    let origin = origin(listener.local_addr().map_err(Error::internal)?);
    Ok((listener, origin))
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
