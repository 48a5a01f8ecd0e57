//! Events whose level is an option (`logLevels`).

use crate::options::LogLevel;

/// Calls a macro of `tracing` with the level that a [`LogLevel`] means there.
macro_rules! at_level {
    ($level:expr, $do:ident) => {
        match $level {
            LogLevel::Silent => None,
            LogLevel::Error => $do!(tracing::Level::ERROR),
            LogLevel::Warn => $do!(tracing::Level::WARN),
            LogLevel::Info => $do!(tracing::Level::INFO),
            LogLevel::Verbose | LogLevel::Debug => $do!(tracing::Level::DEBUG),
            LogLevel::Silly => $do!(tracing::Level::TRACE),
        }
    };
}

/// Whether events of a level are logged.
pub fn is_logged(level: LogLevel) -> bool {
    macro_rules! ask {
        ($level:expr) => {
            tracing::enabled!($level).then_some(())
        };
    }
    at_level!(level, ask).is_some()
}

/// Logs an event, whose text is only made if anybody reads it. The text must be without secrets.
pub fn log(level: LogLevel, text: impl FnOnce() -> String) {
    if !is_logged(level) {
        return;
    }
    let text = text();
    macro_rules! tell {
        ($level:expr) => {{
            tracing::event!($level, "{text}");
            Some(())
        }};
    }
    let _ = at_level!(level, tell);
}
