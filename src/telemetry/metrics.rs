//! Counters, gauges and times, in the text form of Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use prometheus_client::encoding::text;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::sockets::{SocketCounts, Sockets, SubscriptionCount};

/// Upper bounds of the buckets of request durations, in seconds.
const DURATION_BOUNDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Methods that are counted by name; a client can not add labels by inventing methods.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const OTHER_METHOD: &str = "other";

/// Through which door a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Door {
    /// The REST API.
    Rest,
    /// The GraphQL API.
    Graphql,
    /// LiveQuery.
    Livequery,
    /// The pages.
    Pages,
    /// Anything else: metrics, the playground, unknown paths.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    door: Door,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DoorLabels {
    door: Door,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    fate: &'static str,
}

/// All measurements of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<DoorLabels, Histogram>,
    in_flight: Gauge,
    statements: Counter,
    password_hashes: Counter,
    schema_rebuilds: Counter,
    schema_rebuild_seconds: Gauge<f64, AtomicU64>,
    panics: Counter,
    jobs: Family<JobLabels, Counter>,
    sockets: Sockets,
    redis_connections: Gauge,
    redis_messages: Family<MessageLabels, Counter>,
}

/// What went between processes by Redis since the start.
#[derive(Debug, Clone, Copy)]
pub struct EventTraffic {
    /// Connections that stand: one publishes, one listens.
    pub connections: u64,
    /// Messages that were published.
    pub published: u64,
    /// Messages of other processes.
    pub received: u64,
    /// Messages that found no room, in either direction.
    pub dropped: u64,
    /// Messages that were not understood.
    pub refused: u64,
}

/// Counts a request as being worked on for as long as it lives.
#[derive(Debug)]
pub struct InFlight {
    gauge: Gauge,
    since: Instant,
}

impl InFlight {
    /// How long the request has been worked on.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Metrics {
    /// Measurements that all stand at zero.
    pub fn new() -> Self {
        let durations: Family<DoorLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BOUNDS));
        let mut metrics = Self {
            registry: Registry::with_prefix("parsimony"),
            requests: Family::default(),
            durations,
            in_flight: Gauge::default(),
            statements: Counter::default(),
            password_hashes: Counter::default(),
            schema_rebuilds: Counter::default(),
            schema_rebuild_seconds: Gauge::default(),
            panics: Counter::default(),
            jobs: Family::default(),
            sockets: Sockets::default(),
            redis_connections: Gauge::default(),
            redis_messages: Family::default(),
        };
        metrics.register();
        metrics
    }

    /// Counts a request as being worked on until the guard is dropped.
    pub fn begin_request(&self) -> InFlight {
        self.in_flight.inc();
        InFlight { gauge: self.in_flight.clone(), since: Instant::now() }
    }

    /// Counts an answered request.
    pub fn request_answered(&self, door: Door, method: &str, status: u16, duration: Duration) {
        let labels = RequestLabels { door, method: known(method), status: status_class(status) };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&DoorLabels { door }).observe(duration.as_secs_f64());
    }

    /// Notes how many statements were sent to the storage since the start.
    pub fn statements_sent(&self, total: u64) {
        self.statements.inner().store(total, std::sync::atomic::Ordering::Relaxed);
    }

    /// Notes how many password hashes were made and verified since the start.
    pub fn passwords_hashed(&self, total: u64) {
        self.password_hashes.inner().store(total, std::sync::atomic::Ordering::Relaxed);
    }

    /// Counts a rebuilt GraphQL schema and notes how long it took.
    pub fn schema_rebuilt(&self, duration: Duration) {
        self.schema_rebuilds.inc();
        self.schema_rebuild_seconds.set(duration.as_secs_f64());
    }

    /// Counts a background job that did what it should.
    pub fn job_succeeded(&self) {
        self.jobs.get_or_create(&JobLabels { outcome: "succeeded" }).inc();
    }

    /// Counts a background job that broke off.
    pub fn job_failed(&self) {
        self.jobs.get_or_create(&JobLabels { outcome: "failed" }).inc();
    }

    /// Notes what went between processes by Redis.
    pub fn events_travelled(&self, traffic: EventTraffic) {
        let connections = i64::try_from(traffic.connections).unwrap_or(i64::MAX);
        self.redis_connections.set(connections);
        let fates = [
            ("published", traffic.published),
            ("received", traffic.received),
            ("dropped", traffic.dropped),
            ("refused", traffic.refused),
        ];
        for (fate, total) in fates {
            let counter = self.redis_messages.get_or_create(&MessageLabels { fate });
            counter.inner().store(total, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Counts a panic that was caught.
    pub fn panic_caught(&self) {
        self.panics.inc();
    }

    /// Counts a web socket as open, until what this returns is dropped.
    pub fn socket_opened(&self, door: Door) -> SocketCounts {
        self.sockets.opened(door)
    }

    /// Counts the subscriptions of a connection.
    pub fn subscriptions(&self, door: Door) -> SubscriptionCount {
        self.sockets.subscriptions(door)
    }

    /// All measurements, as Prometheus reads them.
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        text::encode(&mut encoded, &self.registry).expect("writing to a string does not fail");
        encoded
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Answered requests", self.requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time from the head of a request to its answer",
            self.durations.clone(),
        );
        registry.register("requests_in_flight", "Requests being worked on", self.in_flight.clone());
        registry.register(
            "password_hashes",
            "Password hashes made and verified",
            self.password_hashes.clone(),
        );
        registry.register(
            "storage_statements",
            "Statements sent to the storage",
            self.statements.clone(),
        );
        registry.register(
            "schema_rebuilds",
            "Rebuilt GraphQL schemas",
            self.schema_rebuilds.clone(),
        );
        registry.register(
            "schema_rebuild_last_seconds",
            "Time the last rebuild of the GraphQL schema took",
            self.schema_rebuild_seconds.clone(),
        );
        registry.register("panics", "Caught panics", self.panics.clone());
        registry.register("jobs", "Background jobs that ended", self.jobs.clone());
        self.sockets.register(registry);
        registry.register(
            "redis_connections",
            "Connections to Redis that stand, of one that publishes events and one that listens",
            self.redis_connections.clone(),
        );
        registry.register(
            "redis_messages",
            "Messages about events, by what became of them",
            self.redis_messages.clone(),
        );
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

fn known(method: &str) -> &'static str {
    METHODS.iter().find(|known| **known == method).copied().unwrap_or(OTHER_METHOD)
}

fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metrics: &Metrics, expected: &str) {
        let encoded = metrics.encode();
        assert!(encoded.lines().any(|line| line == expected), "{expected}\n{encoded}");
    }

    #[test]
    fn requests() {
        let metrics = Metrics::new();
        metrics.request_answered(Door::Rest, "GET", 200, Duration::from_millis(2));
        metrics.request_answered(Door::Rest, "GET", 204, Duration::from_millis(2));
        metrics.request_answered(Door::Graphql, "BREW", 404, Duration::from_secs(9));
        let get = r#"parsimony_requests_total{door="Rest",method="GET",status="2xx"} 2"#;
        check(&metrics, get);
        let other = r#"parsimony_requests_total{door="Graphql",method="other",status="4xx"} 1"#;
        check(&metrics, other);
        let fast = r#"parsimony_request_duration_seconds_bucket{le="0.0025",door="Rest"} 2"#;
        check(&metrics, fast);
        let slow = r#"parsimony_request_duration_seconds_bucket{le="+Inf",door="Graphql"} 1"#;
        check(&metrics, slow);
    }

    #[test]
    fn requests_in_flight() {
        let metrics = Metrics::new();
        let one = metrics.begin_request();
        let other = metrics.begin_request();
        check(&metrics, "parsimony_requests_in_flight 2");
        drop(one);
        drop(other);
        check(&metrics, "parsimony_requests_in_flight 0");
    }

    #[test]
    fn the_rest() {
        let metrics = Metrics::default();
        metrics.statements_sent(3);
        metrics.passwords_hashed(2);
        check(&metrics, "parsimony_password_hashes_total 2");
        metrics.schema_rebuilt(Duration::from_millis(250));
        metrics.panic_caught();
        check(&metrics, "parsimony_storage_statements_total 3");
        check(&metrics, "parsimony_schema_rebuilds_total 1");
        check(&metrics, "parsimony_schema_rebuild_last_seconds 0.25");
        check(&metrics, "parsimony_panics_total 1");
        metrics.events_travelled(EventTraffic {
            connections: 2,
            published: 3,
            received: 4,
            dropped: 5,
            refused: 6,
        });
        check(&metrics, "parsimony_redis_connections 2");
        check(&metrics, r#"parsimony_redis_messages_total{fate="dropped"} 5"#);
    }
}
