//! LiveQuery: which classes are live.

use regex::Regex;
use serde_json::Value;

use super::reader::Reader;
use super::redis::{self as fleet, RedisConfig};
use crate::options::live::ALL_CLASSES;
use crate::options::raw::Profile;
use crate::options::secret::Secret;

/// LiveQuery.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveConfig {
    /// The classes whose changes are told.
    pub classes: LiveClasses,
    /// What carries events between processes.
    pub redis: RedisConfig,
    /// How much subscribers may ask for.
    pub limits: LiveLimits,
    /// The sockets of Parse's protocol.
    pub server: LiveServer,
}

/// The sockets of Parse's LiveQuery protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveServer {
    /// Whether they are served at all.
    pub is_served: bool,
    /// Whether nothing else is served.
    pub is_alone: bool,
    /// A port of their own, if they have one.
    pub port: Option<u16>,
    /// The keys of which a client must name one; any client is welcome if there are none.
    pub key_pairs: Vec<(String, Secret)>,
    /// Milliseconds between signs of life.
    pub ping_ms: u64,
}

/// How much subscribers may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveLimits {
    /// Subscriptions of one connection.
    pub subscriptions_per_connection: usize,
    /// Connections from one address, if that is limited.
    pub connections_per_address: Option<usize>,
    /// Events that wait for a connection; with more it is closed.
    pub queue_length: usize,
    /// The largest message that a client may send, in bytes.
    pub message_bytes_max: usize,
    /// The last events that are kept for whoever comes back.
    pub log_events: usize,
    /// How much memory they take at most, in bytes, roughly.
    pub log_bytes: usize,
}

/// Classes whose changes are told, by name or pattern.
#[derive(Debug, Clone, Default)]
pub struct LiveClasses(Vec<Regex>);

impl PartialEq for LiveClasses {
    fn eq(&self, other: &Self) -> bool {
        let texts = |classes: &Self| {
            classes.0.iter().map(|pattern| pattern.as_str().to_owned()).collect::<Vec<_>>()
        };
        texts(self) == texts(other)
    }
}

impl LiveClasses {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a class is one of them.
    pub fn include(&self, class: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(class))
    }

    /// Those of these names and patterns, for tests.
    #[cfg(test)]
    pub(crate) fn of(names: &[&str]) -> Self {
        let pattern = |name: &&str| Regex::new(&format!("^(?:{name})$")).unwrap();
        Self(names.iter().map(pattern).collect())
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> LiveConfig {
    let mut classes = Vec::new();
    let mut names = reader.texts("liveQuery.classNames");
    if names.is_empty() && is_alone(reader) {
        names.push(ALL_CLASSES.to_owned());
    }
    for name in names {
        // A name is a pattern that the whole name of a class must match (`parse-server:src/Controllers/LiveQueryController.js`).
        match Regex::new(&format!("^(?:{name})$")) {
            Ok(pattern) => classes.push(pattern),
            Err(_) => reader.bad("liveQuery.classNames", "names of classes, or patterns of names"),
        }
    }
    LiveConfig {
        classes: LiveClasses(classes),
        redis: fleet::read(reader),
        limits: limits(reader),
        server: server(reader),
    }
}

/// As many events as anybody needs who does not want to wait long.
const WAITING_MAX: u64 = 1_000_000;

fn limits(reader: &mut Reader<'_>) -> LiveLimits {
    let count = |reader: &mut Reader<'_>, path: &str| {
        let count = reader.integer(path, 1..=WAITING_MAX).unwrap_or(1);
        usize::try_from(count).unwrap_or(usize::MAX)
    };
    let bytes = |reader: &mut Reader<'_>, path: &str| {
        let bytes = reader.size(path).unwrap_or_default();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    };
    LiveLimits {
        subscriptions_per_connection: count(reader, "liveQuery.subscriptionsPerConnection"),
        connections_per_address: reader
            .limit("liveQuery.connectionsPerAddress")
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        queue_length: count(reader, "liveQuery.queueLength"),
        message_bytes_max: bytes(reader, "liveQuery.maxMessageSize"),
        log_events: reader
            .integer("liveQuery.logEvents", 0..=WAITING_MAX)
            .map_or(0, |events| events as usize),
        log_bytes: bytes(reader, "liveQuery.logSize"),
    }
}

/// Milliseconds that parse-server lets pass between signs of life (`parse-server:src/LiveQuery/ParseWebSocketServer.js`).
const PING_MS: u64 = 10_000;

/// What the operator should know.
pub(super) fn warning(live: &LiveConfig) -> Option<String> {
    let is_deaf = live.server.is_alone && live.redis.subscribe.is_none();
    is_deaf.then(|| {
        "without `redisURL` this server hears of no write: those of other processes come through Redis"
            .to_owned()
    })
}

/// Whether nothing but LiveQuery is served.
fn is_alone(reader: &Reader<'_>) -> bool {
    reader.raw.profile() == Profile::Live
}

fn server(reader: &mut Reader<'_>) -> LiveServer {
    const PAIRS: &str = "liveQueryServerOptions.keyPairs";
    const PORT: &str = "liveQueryServerOptions.port";
    let mut key_pairs = Vec::new();
    match reader.raw.value(PAIRS) {
        Value::Null => {}
        Value::Object(pairs) => {
            for (name, secret) in pairs {
                match secret {
                    Value::String(secret) if !secret.is_empty() => {
                        key_pairs.push((name, Secret::new(secret)));
                    }
                    Value::String(_)
                    | Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::Array(_)
                    | Value::Object(_) => reader.bad(PAIRS, "an object of texts"),
                }
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            reader.bad(PAIRS, "an object of texts");
        }
    }
    let is_alone = is_alone(reader);
    // The port has a default, which is that of the API: only who names it wants another one.
    let port = match reader.raw.is_given(PORT) && !is_alone {
        true => reader.integer(PORT, 0..=u64::from(u16::MAX)).map(|port| port as u16),
        false => None,
    };
    LiveServer {
        is_served: is_alone || reader.flag("startLiveQueryServer"),
        is_alone,
        port,
        key_pairs,
        ping_ms: reader
            .integer("liveQueryServerOptions.websocketTimeout", 1..=u64::from(u32::MAX))
            .unwrap_or(PING_MS),
    }
}
