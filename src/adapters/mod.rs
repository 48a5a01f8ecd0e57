//! Small ports to the world outside: the clock, the source of randomness and mail. Adapters never use each other
//! and never decide anything.

pub mod clock;
pub mod mail;
pub mod random;
