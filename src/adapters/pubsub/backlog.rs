//! Messages that wait to be published. While there is no connection they pile up to an end; then the oldest go.

use std::collections::VecDeque;

/// How many bytes of messages may wait.
const BYTES_MAX: usize = 64 << 20;
/// What a message takes beside its text.
const OVERHEAD_BYTES: usize = 128;
/// How much is published at once: one message, or several short ones.
const BATCH_BYTES_MAX: usize = 1 << 20;
const BATCH_MAX: usize = 128;

/// A message and its channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outgoing {
    pub(super) channel: std::sync::Arc<str>,
    pub(super) text: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    /// How many were taken last, and are not done.
    under_way: usize,
}

impl Outgoing {
    fn bytes(&self) -> usize {
        self.text.len() + OVERHEAD_BYTES
    }
}

impl Backlog {
    /// Puts a message at the end. How many were dropped for it.
    pub(super) fn push(&mut self, message: Outgoing) -> usize {
        self.bytes += message.bytes();
        self.waiting.push_back(message);
        self.shorten()
    }

    /// Takes what is published next.
    pub(super) fn take(&mut self) -> Vec<Outgoing> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(message) = self.waiting.pop_front() {
            self.bytes -= message.bytes();
            bytes += message.bytes();
            batch.push(message);
            let next = self.waiting.front().map_or(0, Outgoing::bytes);
            if batch.len() == BATCH_MAX || bytes + next > BATCH_BYTES_MAX {
                break;
            }
        }
        self.under_way = batch.len();
        batch
    }

    /// What was taken is done.
    pub(super) fn done(&mut self) {
        self.under_way = 0;
    }

    /// Takes back what could not be published. How many were dropped.
    pub(super) fn put_back(&mut self, batch: Vec<Outgoing>) -> usize {
        self.under_way = 0;
        for message in batch.into_iter().rev() {
            self.bytes += message.bytes();
            self.waiting.push_front(message);
        }
        self.shorten()
    }

    /// How many wait or are under way.
    pub(super) fn unpublished(&self) -> usize {
        self.waiting.len() + self.under_way
    }

    fn shorten(&mut self) -> usize {
        let mut dropped = 0;
        while self.bytes > BYTES_MAX && self.waiting.len() > 1 {
            let oldest = self.waiting.pop_front();
            self.bytes -= oldest.map_or(0, |message| message.bytes());
            dropped += 1;
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, length: usize) -> Outgoing {
        Outgoing { channel: "c".into(), text: text.bytes().cycle().take(length).collect() }
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let mut backlog = Backlog::default();
        for text in ["a", "b", "c"] {
            assert_eq!(backlog.push(message(text, 1)), 0);
        }
        let batch = backlog.take();
        assert_eq!((batch.len(), backlog.unpublished()), (3, 3));
        backlog.push(message("d", 1));
        backlog.put_back(batch);
        let texts: Vec<u8> = backlog.take().into_iter().map(|message| message.text[0]).collect();
        assert_eq!(texts, b"abcd");
        backlog.done();
        assert_eq!((backlog.bytes, backlog.unpublished()), (0, 0));
    }

    #[test]
    fn batches_have_an_end() {
        let mut backlog = Backlog::default();
        for _ in 0..=BATCH_MAX {
            backlog.push(message("a", 1));
        }
        assert_eq!((backlog.take().len(), backlog.take().len()), (BATCH_MAX, 1));
        for _ in 0..2 {
            backlog.push(message("a", BATCH_BYTES_MAX / 2));
        }
        backlog.push(message("a", BATCH_BYTES_MAX * 2));
        for expected in [1, 1, 1, 0] {
            assert_eq!(backlog.take().len(), expected);
        }
    }

    #[test]
    fn the_oldest_go_when_too_much_waits() {
        let mut backlog = Backlog::default();
        backlog.push(message("a", BYTES_MAX / 2));
        backlog.push(message("b", 1));
        assert_eq!(backlog.push(message("c", BYTES_MAX / 2)), 1);
        assert_eq!(backlog.waiting[0].text, b"b");
        assert_eq!(backlog.push(message("d", BYTES_MAX * 2)), 2);
        assert_eq!(backlog.waiting.len(), 1);
        let batch = backlog.take();
        backlog.push(message("e", 1));
        assert_eq!(backlog.put_back(batch), 1);
        assert_eq!(backlog.waiting[0].text, b"e");
    }
}
