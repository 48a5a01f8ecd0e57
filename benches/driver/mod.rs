//! What benchmarks have in common: the load, the processes that are measured, what is asked of them, tables.

#![allow(dead_code, reason = "not every benchmark needs all of it")]

pub(crate) mod data;
pub(crate) mod json;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod servers;
pub(crate) mod table;
pub(crate) mod variables;
pub(crate) mod wire;

/// What a step of a benchmark returns; any failure ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
