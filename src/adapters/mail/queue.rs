//! What is done beside requests: a queue with an end, and a few hands.

use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Something to be done beside a request.
pub type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How much may wait. Beyond this the mail server is so slow that waiting helps nobody.
const WAITING_MAX: usize = 10_000;
/// How much is done at the same time.
const HANDS: usize = 8;

/// A queue of errands.
#[derive(Debug)]
pub(super) struct Queue {
    entrance: Sender<Errand>,
    exit: Mutex<Option<Receiver<Errand>>>,
}

impl Default for Queue {
    fn default() -> Self {
        let (entrance, exit) = channel(WAITING_MAX);
        Self { entrance, exit: Mutex::new(Some(exit)) }
    }
}

impl Queue {
    /// Puts something at the end of the queue.
    pub(super) fn put(&self, errand: Errand) {
        if self.entrance.try_send(errand).is_err() {
            tracing::error!("mail not sent: too many are waiting, or the server is stopping");
        }
    }

    /// Does what is in the queue until `end`, and then what still waits.
    pub(super) async fn run(&self, end: impl Future<Output = ()> + Send) {
        let exit = self.exit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut exit) = exit else { return };
        let mut end = pin!(end);
        let mut at_work = FuturesUnordered::new();
        let mut is_open = true;
        loop {
            tokio::select! {
                errand = exit.recv(), if at_work.len() < HANDS => match errand {
                    Some(errand) => at_work.push(errand),
                    None => break,
                },
                Some(()) = at_work.next(), if !at_work.is_empty() => {}
                () = &mut end, if is_open => {
                    is_open = false;
                    exit.close();
                }
            }
        }
        while at_work.next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_waits_at_the_end_is_done() {
        let (queue, done) = (Queue::default(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..HANDS * 3 {
            let done = Arc::clone(&done);
            queue.put(Box::pin(async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::Relaxed);
            }));
        }
        queue.run(async {}).await;
        assert_eq!(done.load(Ordering::Relaxed), HANDS * 3);
        queue.put(Box::pin(async {}));
        queue.run(async {}).await;
    }

    #[test]
    fn a_full_queue_takes_no_more() {
        let queue = Queue::default();
        for _ in 0..WAITING_MAX + 5 {
            queue.put(Box::pin(async {}));
        }
        assert_eq!(queue.entrance.capacity(), 0);
    }
}
