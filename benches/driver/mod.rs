//! What all benchmarks have in common: the load, the processes that are measured, what is asked of them, tables.

pub(crate) mod data;
pub(crate) mod json;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod requests;
pub(crate) mod table;
pub(crate) mod wire;

/// What a step of a benchmark returns; any failure ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
