//! What the operator sees: logs without secrets, request ids, metrics.
//!
//! This room decides how things are recorded, never what happens. It owns no globals but the one
//! log subscriber that `tracing` knows, reads no environment, and never lets a key, a password or a
//! session token through: texts of requests are redacted before anyone logs them.

mod events;
mod logs;
mod metrics;
mod redact;
mod request_id;
mod sockets;
mod tap;

pub use events::{is_logged, log};
pub use logs::{LogError, install, install_tapped, subscriber};
pub use metrics::{Door, EventTraffic, InFlight, Metrics};
pub use redact::{HIDDEN, redact_body, redact_header, redact_json, redact_text, redact_url};
pub use request_id::RequestId;
pub use sockets::{SocketCounts, SubscriptionCount};
pub use tap::{LogLine, LogLines, LogTap, tap};
