//! The time of day: the only place that asks the machine for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::value::Date;

/// Where the time comes from.
#[derive(Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that a test sets, in milliseconds since 1970; it moves on by one at every look.
    Mock(Arc<AtomicI64>),
}

impl Clock {
    /// The current time.
    pub fn now(&self) -> Date {
        let millis = match self {
            Self::System => system_millis(),
            Self::Mock(millis) => millis.fetch_add(1, Ordering::Relaxed),
        };
        Date::from_millis(millis).unwrap_or(Date::EPOCH)
    }
}

fn system_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
