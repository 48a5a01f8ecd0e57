//! A queue with an end, in number and in bytes. What finds no room is dropped, and whoever takes the next thing out is
//! told that something is missing before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc;

/// Where things go in.
#[derive(Debug)]
pub(super) struct Entrance<T> {
    sender: mpsc::Sender<Item<T>>,
    state: Arc<State>,
}

/// Where things come out.
#[derive(Debug)]
pub(super) struct Exit<T> {
    receiver: mpsc::Receiver<Item<T>>,
    state: Arc<State>,
    /// What comes after the news that something is missing.
    held: Option<T>,
}

/// What comes out.
#[derive(Debug, PartialEq)]
pub(super) enum Taken<T> {
    /// Something that was put in.
    Item(T),
    /// Something was dropped here.
    Missing,
}

#[derive(Debug)]
struct Item<T> {
    what: T,
    bytes: usize,
    is_after_loss: bool,
}

#[derive(Debug)]
struct State {
    bytes: AtomicUsize,
    bytes_max: usize,
    has_lost: AtomicBool,
}

/// A queue for so many things of so many bytes together.
pub(super) fn queue<T>(number_max: usize, bytes_max: usize) -> (Entrance<T>, Exit<T>) {
    let (sender, receiver) = mpsc::channel(number_max);
    let state = State { bytes: AtomicUsize::new(0), bytes_max, has_lost: AtomicBool::new(false) };
    let state = Arc::new(state);
    let entrance = Entrance { sender, state: Arc::clone(&state) };
    (entrance, Exit { receiver, state, held: None })
}

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), state: Arc::clone(&self.state) }
    }
}

impl<T> Entrance<T> {
    /// Puts something of so many bytes in. Whether there was room.
    pub(super) fn put(&self, what: T, bytes: usize) -> bool {
        let state = &self.state;
        let before = state.bytes.fetch_add(bytes, Ordering::AcqRel);
        // The first finds room, however long it is: otherwise it never would.
        let has_room = before == 0 || before.saturating_add(bytes) <= state.bytes_max;
        let is_after_loss = has_room && state.has_lost.swap(false, Ordering::AcqRel);
        let item = Item { what, bytes, is_after_loss };
        if has_room && self.sender.try_send(item).is_ok() {
            return true;
        }
        state.bytes.fetch_sub(bytes, Ordering::AcqRel);
        state.has_lost.store(true, Ordering::Release);
        false
    }
}

impl<T> Exit<T> {
    /// What comes next; nothing when no entrance is left. May be dropped before it is done: nothing is lost by that.
    pub(super) async fn next(&mut self) -> Option<Taken<T>> {
        if let Some(held) = self.held.take() {
            return Some(Taken::Item(held));
        }
        if self.receiver.is_empty() && self.state.has_lost.swap(false, Ordering::AcqRel) {
            return Some(Taken::Missing);
        }
        let Item { what, bytes, is_after_loss } = self.receiver.recv().await?;
        self.state.bytes.fetch_sub(bytes, Ordering::AcqRel);
        if is_after_loss {
            self.held = Some(what);
            return Some(Taken::Missing);
        }
        Some(Taken::Item(what))
    }

    /// Lets nothing more in. What is in comes out.
    pub(super) fn close(&mut self) {
        self.receiver.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_is_told_of_where_it_is_missing() {
        let (entrance, mut exit) = queue(2, 1_000);
        assert!(entrance.put(1, 1) && entrance.put(2, 1));
        assert!(!entrance.put(3, 1) && !entrance.put(4, 1));
        assert_eq!(exit.next().await, Some(Taken::Item(1)));
        assert!(entrance.put(5, 1));
        assert_eq!(exit.next().await, Some(Taken::Item(2)));
        assert_eq!(exit.next().await, Some(Taken::Missing));
        assert_eq!(exit.next().await, Some(Taken::Item(5)));
        drop(entrance);
        assert_eq!(exit.next().await, None);
    }

    #[tokio::test]
    async fn a_loss_at_the_end_is_told_when_the_queue_is_empty() {
        let (entrance, mut exit) = queue(1, 1_000);
        assert!(entrance.put(1, 1) && !entrance.put(2, 1));
        assert_eq!(exit.next().await, Some(Taken::Item(1)));
        assert_eq!(exit.next().await, Some(Taken::Missing));
        assert!(entrance.put(3, 1));
        assert_eq!(exit.next().await, Some(Taken::Item(3)));
    }

    #[tokio::test]
    async fn bytes_are_counted() {
        let (entrance, mut exit) = queue(100, 10);
        assert!(entrance.put("whatever its length", 50));
        assert!(!entrance.put("a", 1));
        assert!(matches!(exit.next().await, Some(Taken::Item(_))));
        assert!(entrance.put("b", 6) && entrance.put("c", 4) && !entrance.put("d", 1));
        for expected in [Taken::Missing, Taken::Item("b"), Taken::Item("c"), Taken::Missing] {
            assert_eq!(exit.next().await, Some(expected));
        }
        assert!(entrance.put("e", 10));
    }
}
