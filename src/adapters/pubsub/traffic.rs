//! What goes through Redis, counted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What goes through Redis.
#[derive(Debug, Default)]
pub struct Traffic {
    is_publishing: AtomicBool,
    is_subscribed: AtomicBool,
    published: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Traffic {
    /// How many connections stand: one that publishes, one that listens.
    pub fn connections(&self) -> u64 {
        let stands = |flag: &AtomicBool| u64::from(flag.load(Ordering::Relaxed));
        stands(&self.is_publishing) + stands(&self.is_subscribed)
    }

    /// How many messages were published.
    pub fn published_total(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// How many messages of other processes came in.
    pub fn received_total(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// How many messages found no room, in either direction.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How many messages were not understood.
    pub fn refused_total(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many connections failed or broke.
    pub fn failed_total(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_publishing(&self, is: bool) {
        self.is_publishing.store(is, Ordering::Relaxed);
    }

    pub(super) fn is_subscribed(&self, is: bool) {
        self.is_subscribed.store(is, Ordering::Relaxed);
    }

    pub(super) fn published(&self, number: usize) {
        self.published.fetch_add(number as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, number: usize) {
        self.dropped.fetch_add(number as u64, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
