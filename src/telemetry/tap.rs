//! Log lines for somebody who takes them besides standard error: the logger of the app.

use std::fmt::{self, Write};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// How many lines may wait for the logger. Whoever logs does not wait; what is more is only on standard error.
const WAITING_MAX: usize = 10_000;

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level, as npm calls it.
    pub level: &'static str,
    /// What is said.
    pub text: String,
    /// What it is about, by name.
    pub fields: Vec<(&'static str, String)>,
}

/// The lines in their order.
#[derive(Debug)]
pub struct LogLines(Receiver<LogLine>);

/// Where lines are taken from.
#[derive(Clone, Debug)]
pub struct LogTap(Sender<LogLine>);

/// A tap and what comes out of it.
pub fn tap() -> (LogTap, LogLines) {
    let (sender, receiver) = channel(WAITING_MAX);
    (LogTap(sender), LogLines(receiver))
}

impl LogLines {
    /// The next line, when there is one.
    pub async fn next(&mut self) -> Option<LogLine> {
        self.0.recv().await
    }

    /// The next line, if there is one already.
    pub fn waiting(&mut self) -> Option<LogLine> {
        self.0.try_recv().ok()
    }
}

impl<S: Subscriber> Layer<S> for LogTap {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = LogLine {
            level: name(*event.metadata().level()),
            text: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut Words(&mut line));
        // A logger that is too slow misses lines; standard error has them all.
        let _ = self.0.try_send(line);
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "silly",
    }
}

struct Words<'a>(&'a mut LogLine);

impl Words<'_> {
    fn take(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        match field.name() {
            // Writing to a string can not fail.
            "message" => {
                let _ = self.0.text.write_fmt(value);
            }
            name => self.0.fields.push((name, value.to_string())),
        }
    }
}

impl Visit for Words<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry;

    use super::*;

    #[test]
    fn lines_come_out_as_they_were_logged() {
        let (tap, mut lines) = tap();
        tracing::subscriber::with_default(registry().with(tap), || {
            tracing::warn!(id = 7, name = "x", "a {}", "warning");
            tracing::trace!("a trifle");
        });
        let first = lines.waiting().unwrap();
        assert_eq!((first.level, first.text.as_str()), ("warn", "a warning"));
        assert_eq!(first.fields, [("id", "7".to_owned()), ("name", "x".to_owned())]);
        assert_eq!(lines.waiting().unwrap().level, "silly");
        assert_eq!(lines.waiting(), None);
    }

    #[test]
    fn nobody_waits_for_a_slow_logger() {
        let (tap, mut lines) = tap();
        tracing::subscriber::with_default(registry().with(tap), || {
            (0..WAITING_MAX + 5).for_each(|number| tracing::info!("{number}"));
        });
        assert_eq!(lines.waiting().unwrap().text, "0");
    }
}
