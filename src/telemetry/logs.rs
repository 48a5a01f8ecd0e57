//! Log lines on standard error, for people or as one JSON object each.

use std::fmt;
use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use super::LogTap;
use crate::options::{LogFormat, LogLevel, Logging};

/// Our own crate logs at the level that is asked for; libraries stay quieter.
const OUR_TARGET: &str = "parsimony";
/// What the server says of the processes of cloud code.
const CLOUD_ROOM: &str = "parsimony::cloud";
/// What cloud code logs.
const CLOUD_CODE: &str = "cloud";
/// What it writes to its console.
const CLOUD_CONSOLE: &str = "cloud::console";

/// The process has a subscriber already.
#[derive(Debug)]
pub struct LogError;

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("logging is set up already")
    }
}

impl std::error::Error for LogError {}

/// Makes the log lines of this process go to standard error; standard output is for what the server announces.
pub fn install(logging: Logging) -> Result<(), LogError> {
    let subscriber = subscriber(logging, io::stderr);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError)
}

/// The same, with a logger of the app beside standard error. It hears nothing of its own calls, nor what its program
/// writes to its console: that would make it log without end.
pub fn install_tapped(logging: Logging, tap: LogTap) -> Result<(), LogError> {
    let subscriber = tapped(logging, io::stderr, Some(tap));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError)
}

/// A subscriber that writes log lines to `writer`.
pub fn subscriber<W>(logging: Logging, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tapped(logging, writer, None)
}

fn tapped<W>(logging: Logging, writer: W, tap: Option<LogTap>) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = Targets::new()
        .with_default(library_level(logging.level))
        .with_target(OUR_TARGET, our_level(logging.level))
        .with_target(CLOUD_CODE, our_level(logging.level));
    let of_tap = filter
        .clone()
        .with_target(CLOUD_ROOM, LevelFilter::OFF)
        .with_target(CLOUD_CONSOLE, LevelFilter::OFF);
    let registry = registry().with(tap.map(|tap| tap.with_filter(of_tap)));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match logging.format {
        LogFormat::Text => Box::new(registry.with(lines.with_ansi(false).with_filter(filter))),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(true);
            Box::new(registry.with(lines.with_span_list(false).with_filter(filter)))
        }
    }
}

/// npm knows six levels and `tracing` five: verbose and debug are one here.
fn our_level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Silent => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Verbose | LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Silly => LevelFilter::TRACE,
    }
}

fn library_level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Silent => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn | LogLevel::Info | LogLevel::Verbose => LevelFilter::WARN,
        LogLevel::Debug => LevelFilter::INFO,
        LogLevel::Silly => LevelFilter::DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, format: LogFormat) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = subscriber(Logging { level, format }, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "parsimony::rest", "an error");
            tracing::info!(target: "parsimony::rest", id = 7, "a notice");
            tracing::debug!(target: "parsimony::rest", "a detail");
            tracing::trace!(target: "parsimony::rest", "a trifle");
            tracing::info!(target: "hyper::server", "a library notice");
        });
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn check(level: LogLevel, expected: &[&str]) {
        let text = logged(level, LogFormat::Text);
        let all = ["an error", "a notice", "a detail", "a trifle", "a library notice"];
        let found: Vec<&str> = all.into_iter().filter(|line| text.contains(line)).collect();
        assert_eq!(found, expected, "{level:?}");
    }

    #[test]
    fn levels() {
        check(LogLevel::Silent, &[]);
        check(LogLevel::Error, &["an error"]);
        check(LogLevel::Info, &["an error", "a notice"]);
        check(LogLevel::Verbose, &["an error", "a notice", "a detail"]);
        check(LogLevel::Debug, &["an error", "a notice", "a detail", "a library notice"]);
        check(
            LogLevel::Silly,
            &["an error", "a notice", "a detail", "a trifle", "a library notice"],
        );
    }

    #[test]
    fn json_lines() {
        let text = logged(LogLevel::Info, LogFormat::Json);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["message"], "a notice");
        assert_eq!(lines[1]["id"], 7);
        assert_eq!(lines[1]["level"], "INFO");
    }
}
