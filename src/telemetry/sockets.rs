//! What is counted of open sockets.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Door;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SocketLabels {
    door: Door,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    door: Door,
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClosedLabels {
    door: Door,
    reason: &'static str,
}

/// The measurements of all sockets.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: Family<SocketLabels, Gauge>,
    subscriptions: Family<SocketLabels, Gauge>,
    messages: Family<MessageLabels, Counter>,
    closed: Family<ClosedLabels, Counter>,
}

/// Counts what one socket does, and the socket itself as open until this is dropped.
#[derive(Debug)]
pub struct SocketCounts {
    door: Door,
    open: Gauge,
    received: Counter,
    sent: Counter,
    closed: Family<ClosedLabels, Counter>,
}

/// Counts the subscriptions of one connection, until this is dropped.
#[derive(Debug)]
pub struct SubscriptionCount {
    gauge: Gauge,
    count: i64,
}

impl Sockets {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("sockets", "Open web sockets", self.open.clone());
        registry.register("subscriptions", "Subscriptions", self.subscriptions.clone());
        registry.register(
            "socket_messages",
            "Messages that web sockets received and sent",
            self.messages.clone(),
        );
        registry.register("sockets_closed", "Web sockets that were closed", self.closed.clone());
    }

    pub(super) fn opened(&self, door: Door) -> SocketCounts {
        let messages =
            |direction| self.messages.get_or_create(&MessageLabels { door, direction }).clone();
        let open = self.open.get_or_create(&SocketLabels { door }).clone();
        open.inc();
        let (received, sent) = (messages("received"), messages("sent"));
        SocketCounts { door, open, received, sent, closed: self.closed.clone() }
    }

    pub(super) fn subscriptions(&self, door: Door) -> SubscriptionCount {
        let gauge = self.subscriptions.get_or_create(&SocketLabels { door }).clone();
        SubscriptionCount { gauge, count: 0 }
    }
}

impl SocketCounts {
    /// Counts a message that came in.
    pub fn received(&self) {
        self.received.inc();
    }

    /// Counts a message that went out.
    pub fn sent(&self) {
        self.sent.inc();
    }

    /// Counts the socket as closed for a reason, which is one of a few.
    pub fn closed(&self, reason: &'static str) {
        self.closed.get_or_create(&ClosedLabels { door: self.door, reason }).inc();
    }
}

impl Drop for SocketCounts {
    fn drop(&mut self) {
        self.open.dec();
    }
}

impl SubscriptionCount {
    /// Notes how many there are now.
    pub fn set(&mut self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.gauge.inc_by(count - self.count);
        self.count = count;
    }

    /// Notes that there are so many more, or less.
    pub fn add(&mut self, more: i64) {
        self.gauge.inc_by(more);
        self.count += more;
    }
}

impl Drop for SubscriptionCount {
    fn drop(&mut self) {
        self.gauge.dec_by(self.count);
    }
}
