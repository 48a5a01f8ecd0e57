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

use std::process::ExitCode;

/// What a step of a benchmark returns; any failure ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the `main` of a benchmark does. It calls itself for parts that run in a process of their own; `part` knows them by
/// the words of their command. `cargo test --all-targets` runs benchmarks too; only `cargo bench` measures.
pub(crate) fn run(
    part: impl Fn(&[&str]) -> Option<Outcome<()>>,
    measure: impl Fn() -> Outcome<()>,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = part(&words).unwrap_or_else(|| match words.contains(&"--bench") {
        true => measure(),
        false => Ok(()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            println!("failed: {cause}");
            ExitCode::FAILURE
        }
    }
}
