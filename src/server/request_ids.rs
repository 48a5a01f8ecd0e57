//! Names of requests in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderValue;

use crate::ops::App;
use crate::telemetry::RequestId;

/// Names requests: a random beginning for this process, then a number.
pub(super) struct RequestIds {
    beginning: [u8; 8],
    number: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(app: &App) -> Self {
        let mut beginning = [0; 8];
        // Without randomness the ids of two processes can not be told apart, which hurts nobody.
        let _ = app.random.fill(&mut beginning);
        Self { beginning, number: AtomicU64::new(1) }
    }

    /// The name that the client gave, if it is a sane one, or a new one.
    pub(super) fn of(&self, given: Option<&HeaderValue>) -> String {
        if let Some(accepted) =
            given.and_then(|value| value.to_str().ok()).and_then(RequestId::accept)
        {
            return accepted.as_str().to_owned();
        }
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.beginning);
        bytes[8..].copy_from_slice(&self.number.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        RequestId::from_random(bytes).as_str().to_owned()
    }
}
