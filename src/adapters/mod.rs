//! Small ports to the world outside: the clock and the source of randomness. Adapters never use each other
//! and never decide anything.

pub mod clock;
pub mod random;
