//! Requests whose clients hung up. What writes in several steps must not end between two of them because
//! nobody listens any more: a user whose password is changed and whose sessions stay is not what anybody
//! asked for. So a request that was begun is carried on by a task of its own.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

/// Abandoned requests that are carried on at a time, and as many that wait; more are dropped where they are.
const ABANDONED_MAX: usize = 256;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes requests that are abandoned.
#[derive(Clone)]
pub(super) struct Abandoned(mpsc::Sender<Work>);

/// Carries them on.
pub(super) struct Finisher(mpsc::Receiver<Work>);

/// The two ends.
pub(super) fn channel() -> (Abandoned, Finisher) {
    let (sender, receiver) = mpsc::channel(ABANDONED_MAX);
    (Abandoned(sender), Finisher(receiver))
}

impl Abandoned {
    /// A request that is carried on if whoever waits for it stops waiting.
    pub(super) fn carried<T: Send + 'static>(
        &self,
        request: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        Carried { work: Some(Box::pin(request)), abandoned: self.0.clone() }
    }
}

struct Carried<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    abandoned: mpsc::Sender<Work>,
}

impl<T: Send + 'static> Future for Carried<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let answered = work.as_mut().poll(context);
        if answered.is_ready() {
            self.work = None;
        }
        answered
    }
}

impl<T: Send + 'static> Drop for Carried<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            // With more than can be carried, or after the end of the server, it ends here.
            let _ = self.abandoned.try_send(Box::pin(async { drop(work.await) }));
        }
    }
}

impl Finisher {
    /// Carries requests on until `end`, and then those that are left.
    pub(super) async fn run(mut self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let mut is_over = false;
        let mut under_way = FuturesUnordered::new();
        while !(is_over && under_way.is_empty()) {
            let has_room = under_way.len() < ABANDONED_MAX;
            tokio::select! {
                work = self.0.recv(), if has_room && !is_over => match work {
                    Some(work) => under_way.push(work),
                    None => is_over = true,
                },
                Some(_) = under_way.next() => {}
                () = &mut end, if !is_over => {
                    is_over = true;
                    while let Ok(work) = self.0.try_recv() {
                        under_way.push(work);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use tokio::sync::Notify;

    use super::*;
    use crate::http::Reply;

    #[tokio::test]
    async fn what_was_begun_is_finished() {
        let (abandoned, finisher) = channel();
        let (may_go_on, finished) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let request = || {
            let (may_go_on, finished) = (Arc::clone(&may_go_on), Arc::clone(&finished));
            async move {
                may_go_on.notified().await;
                finished.fetch_add(1, Ordering::Relaxed);
                Reply::empty()
            }
        };
        for _ in 0..3 {
            let mut carried = Box::pin(abandoned.carried(request()));
            assert!(carried.as_mut().now_or_never().is_none());
        }
        may_go_on.notify_waiters();
        for _ in 0..3 {
            may_go_on.notify_one();
        }
        finisher.run(async {}).await;
        assert_eq!(finished.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn what_is_answered_is_not_carried_on() {
        let (abandoned, finisher) = channel();
        assert_eq!(abandoned.carried(async { Reply::empty() }).await.status, 200);
        assert!(finisher.0.is_empty());
    }
}
