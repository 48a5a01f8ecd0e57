//! Composition: builds the application from its options, mounts the doors, listens, and shuts down. Nothing
//! here decides what a request means.

mod abandoned;
mod address;
mod build;
mod listen;
mod mount;
mod playground;
mod tasks;

pub use build::problems;
pub use listen::{Outcome, run};
