//! Numbers that are the same on every run, and what they choose.

/// A generator (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    /// Every seed and scene has its own numbers.
    pub(crate) fn new(seed: u64, scene: &str) -> Self {
        let start = scene.bytes().fold(seed.wrapping_add(0x9E37_79B9_7F4A_7C15), |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut dice = Self(start | 1);
        for _ in 0..8 {
            dice.below(2);
        }
        dice
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of these texts.
    pub(crate) fn word(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    /// At least one and at most so many of what is made.
    pub(crate) fn few<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = 1 + self.below(most);
        (0..count).map(|_| make(self)).collect()
    }
}
