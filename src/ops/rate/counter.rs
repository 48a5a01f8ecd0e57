//! Calls counted by caller, in windows of the same length.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::value::ObjectId;

/// How many callers are counted at a time; the one whose window ends first is forgotten for another one.
const CALLERS_MAX: usize = 100_000;

/// Whose calls are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    /// Everybody.
    All,
    /// An address of version 4, or a network of version 6: who has one of its addresses has all of them.
    Address(IpAddr),
    /// A session.
    Session(Arc<str>),
    /// A user.
    User(ObjectId),
}

impl Payer {
    /// Whoever calls from an address.
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(long) => match long.to_ipv4_mapped() {
                Some(short) => IpAddr::V4(short),
                None => {
                    let [a, b, c, d, ..] = long.segments();
                    IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
                }
            },
        })
    }
}

/// What a call left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Calls per window.
    pub limit: u64,
    /// Calls that are left.
    pub remaining: u64,
    /// When counting begins anew, in milliseconds since 1970.
    pub ends_ms: i64,
    /// Whether the call is one too many.
    pub is_over: bool,
}

/// The calls of one thing.
#[derive(Debug, Default)]
pub(super) struct Counter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    windows: HashMap<Payer, Window>,
    /// Who is counted, in the order in which his window began. All are equally long, so that they end in that order.
    order: VecDeque<(Payer, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_ms: i64,
    calls: u64,
}

impl Counter {
    /// Counts a call.
    pub(super) fn charge(&self, payer: Payer, limit: u64, window_ms: i64, now_ms: i64) -> Standing {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.forget(now_ms);
        let window = counts.window(payer, window_ms, now_ms);
        let is_over = window.calls >= limit;
        if !is_over {
            window.calls += 1;
        }
        let (remaining, ends_ms) = (limit.saturating_sub(window.calls), window.ends_ms);
        Standing { limit, remaining, ends_ms, is_over }
    }
}

impl Counts {
    /// Forgets windows that have ended, and those that there is no room for.
    fn forget(&mut self, now_ms: i64) {
        while let Some((payer, ends_ms)) = self.order.front() {
            if *ends_ms > now_ms && self.order.len() <= CALLERS_MAX {
                return;
            }
            if self.windows.get(payer).is_some_and(|window| window.ends_ms == *ends_ms) {
                self.windows.remove(payer);
            }
            self.order.pop_front();
        }
    }

    /// The window of a caller that has not ended.
    fn window(&mut self, payer: Payer, window_ms: i64, now_ms: i64) -> &mut Window {
        let ends_ms = now_ms + window_ms;
        let order = &mut self.order;
        let window = self.windows.entry(payer.clone()).or_insert_with(|| {
            order.push_back((payer.clone(), ends_ms));
            Window { ends_ms, calls: 0 }
        });
        // A rule may have changed, and so may the clock: no window is longer than the rule says now.
        if window.ends_ms <= now_ms || window.ends_ms > ends_ms {
            *window = Window { ends_ms, calls: 0 };
            order.push_back((payer, ends_ms));
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counter: &Counter, payer: &str, now_ms: i64, expected: (u64, bool)) {
        let payer = Payer::at(payer.parse().unwrap());
        let standing = counter.charge(payer, 2, 1_000, now_ms);
        assert_eq!((standing.remaining, standing.is_over), expected, "at {now_ms}");
    }

    #[test]
    fn callers_are_counted_by_windows() {
        let counter = Counter::default();
        check(&counter, "1.1.1.1", 0, (1, false));
        check(&counter, "1.1.1.1", 10, (0, false));
        check(&counter, "1.1.1.1", 999, (0, true));
        check(&counter, "2.2.2.2", 999, (1, false));
        check(&counter, "1.1.1.1", 1_000, (1, false));
        check(&counter, "2.2.2.2", 1_998, (0, false));
        check(&counter, "2.2.2.2", 1_998, (0, true));
        check(&counter, "2.2.2.2", 1_999, (1, false));
    }

    #[test]
    fn a_network_of_version_6_is_one_caller() {
        let counter = Counter::default();
        check(&counter, "2001:db8::1", 0, (1, false));
        check(&counter, "2001:db8::ffff", 0, (0, false));
        check(&counter, "2001:db8::2:3", 0, (0, true));
        check(&counter, "2001:db8:0:1::1", 0, (1, false));
        check(&counter, "::ffff:1.1.1.1", 0, (1, false));
        check(&counter, "1.1.1.1", 0, (0, false));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_close_the_door() {
        let counter = Counter::default();
        for _ in 0..3 {
            counter.charge(Payer::All, 1, 1_000, 1_000_000);
        }
        assert!(!counter.charge(Payer::All, 1, 1_000, 5).is_over);
    }

    #[test]
    fn there_is_room_for_so_many_callers() {
        let counter = Counter::default();
        for number in 0..(CALLERS_MAX + 10) {
            let address = Ipv6Addr::from(((number as u128) + 1) << 64);
            counter.charge(Payer::at(IpAddr::V6(address)), 1, 1_000, 0);
        }
        let counts = counter.0.lock().unwrap();
        assert!(counts.windows.len() <= CALLERS_MAX + 1 && counts.order.len() <= CALLERS_MAX + 1);
    }

    #[test]
    fn nothing_may_be_allowed() {
        assert!(Counter::default().charge(Payer::All, 0, 1_000, 0).is_over);
    }
}
