//! Small ports to the world outside: the clock, the source of randomness,
//! files, mail and events. Adapters never use each other and never decide anything.

pub mod clock;
pub mod files;
pub mod mail;
pub mod pubsub;
pub mod random;
