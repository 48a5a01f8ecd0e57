//! Hands log lines to the logger of the app (option `loggerAdapter`).

use std::sync::Arc;

use super::tasks::Stop;
use crate::ops::App;
use crate::options::HostReference;
use crate::telemetry::{LogLine, LogLines};
use crate::value::{Json, Members};

/// Hands over lines until the server ends. A logger that fails is told of once, and goes on being asked.
pub(super) async fn run(app: Arc<App>, logger: HostReference, mut lines: LogLines, stop: Stop) {
    let mut is_told = false;
    let mut stopped = std::pin::pin!(stop.wait());
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = &mut stopped => break,
        };
        let Some(line) = line else { return };
        hand_over(&app, &logger, line, &mut is_told).await;
    }
    while let Some(line) = lines.waiting() {
        hand_over(&app, &logger, line, &mut is_told).await;
    }
}

async fn hand_over(app: &App, logger: &HostReference, line: LogLine, is_told: &mut bool) {
    let mut args = vec![Json::from(line.level), Json::from(line.text)];
    if !line.fields.is_empty() {
        let named = line.fields.into_iter().map(|(name, text)| (name.to_owned(), Json::from(text)));
        args.push(Json::Object(named.collect::<Members>()));
    }
    if let Err(cause) = app.cloud.callback(logger, Some("log"), args).await
        && !std::mem::replace(is_told, true)
    {
        // Not a line for the logger itself.
        tracing::error!(target: "parsimony::cloud", "the logger of the app failed: {}", cause.log_text());
    }
}
