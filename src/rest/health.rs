//! What watches the server asks without any key: `/health`, whether the process is alive, and `/health/ready`,
//! whether it can answer requests. The first never asks the database, so that nobody restarts a server because its
//! database is away.

use crate::error::Result;
use crate::http::guard::routes;
use crate::http::{Incoming, Reply};
use crate::ops::{App, health};

/// The answer to a question about the server's health; nothing if it is another request.
pub(super) async fn answer(app: &App, incoming: &Incoming) -> Option<Reply> {
    let answered = match incoming.path.trim_end_matches('/') {
        "/health" => live(app, incoming),
        "/health/ready" if incoming.method == "GET" => ready(app, incoming).await,
        _ => return None,
    };
    Some(
        answered.unwrap_or_else(|error| Reply::of_error(&error, &app.config, &incoming.request_id)),
    )
}

fn live(app: &App, incoming: &Incoming) -> Result<Reply> {
    routes::check_open(&app.config, &incoming.method, &incoming.path)?;
    Ok(Reply::json(200, br#"{"status":"ok"}"#.to_vec()))
}

async fn ready(app: &App, incoming: &Incoming) -> Result<Reply> {
    routes::check_open(&app.config, &incoming.method, &incoming.path)?;
    Ok(match health::ready(app).await {
        Ok(()) => Reply::json(200, br#"{"status":"ok"}"#.to_vec()),
        Err(error) => {
            tracing::warn!("not ready: {}", error.log_text());
            Reply::json(503, br#"{"status":"unavailable"}"#.to_vec())
        }
    })
}
