//! How long to wait before connecting again: longer each time, and never all servers at the same moment.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// A random number.
pub type Dice = fn() -> u8;

/// The pauses between attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    dice: Dice,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(dice: Dice) -> Self {
        Self { dice, next: FIRST }
    }

    /// It worked: the next pause is short again.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The next pause: between half of what it could be and all of it.
    pub(super) fn pause(&mut self) -> Duration {
        let whole = self.next;
        let doubled = whole * 2;
        self.next = if doubled < LONGEST { doubled } else { LONGEST };
        whole / 2 + whole / 2 * u32::from((self.dice)()) / u32::from(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end_and_differ() {
        let pauses = |dice: Dice| {
            let mut backoff = Backoff::new(dice);
            (0..12).map(|_| backoff.pause().as_millis()).collect::<Vec<_>>()
        };
        let (short, long) = (pauses(|| 0), pauses(|| 255));
        assert_eq!(short[..3], [50, 100, 200]);
        assert_eq!(long[..3], [100, 200, 400]);
        assert_eq!((short[11], long[11]), (5_000, 10_000));
        let mut backoff = Backoff::new(|| 255);
        backoff.pause();
        backoff.reset();
        assert_eq!(backoff.pause(), FIRST);
    }
}
