//! Composition: builds the application from its options, mounts the doors, listens, and shuts down. Nothing
//! here decides what a request means.

mod abandoned;
mod address;
mod build;
mod doctor;
mod elsewhere;
mod embed;
mod files;
mod gateway;
mod jobs;
mod listen;
mod logger;
mod mount;
mod playground;
mod reload;
mod running;
mod tasks;

pub use build::problems;
pub use doctor::{Report, Verdict, doctor};
pub use embed::{Server, ServerBuilder};
pub use listen::{Outcome, run, run_logged};
