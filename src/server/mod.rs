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
mod graphql;
mod jobs;
mod listen;
mod live;
mod logger;
mod mount;
mod playground;
mod reload;
mod request_ids;
mod running;
mod tasks;
mod upgrade;

pub use build::problems;
pub use doctor::{Report, Verdict, doctor};
pub use embed::{Server, ServerBuilder};
pub use listen::{Outcome, run, run_logged};
