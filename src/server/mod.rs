//! Composition: builds the application from its options, mounts the doors, listens, and shuts down. Nothing
//! here decides what a request means.

mod abandoned;
mod address;
mod build;
mod doctor;
mod elsewhere;
mod listen;
mod mount;
mod playground;
mod tasks;

pub use build::problems;
pub use doctor::{Report, Verdict, doctor};
pub use listen::{Outcome, run};
