//! What to measure and how long, from environment variables.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::driver::Outcome;
use crate::driver::variables::{self, number, text};

const PARTS: [&str; 6] = ["function", "save", "wait", "spin", "files", "large-files"];

/// The settings of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    parts: Vec<String>,
    /// How often each thing is measured.
    pub(crate) rounds: usize,
    /// How long a round of load lasts.
    pub(crate) round: Duration,
    /// Connections that the load comes over.
    pub(crate) connections: usize,
    /// How many functions are called at once that wait.
    pub(crate) waiting: usize,
    /// Mebibytes of a large file.
    pub(crate) large_mib: usize,
    /// Where the original is installed, and with it npm's `parse`.
    pub(crate) original: PathBuf,
    /// Whether the original is measured too: on PostgreSQL, as it needs a database that both servers understand.
    pub(crate) is_compared: bool,
    /// The server.
    pub(crate) binary: PathBuf,
}

impl Settings {
    /// Reads the variables; a word that means nothing ends the run.
    pub(crate) fn read() -> Outcome<Self> {
        let original = text("PARSIMONY_TEST_PARSE_SERVER").ok_or(
            "PARSIMONY_TEST_PARSE_SERVER is not set: cloud code needs npm's `parse`, which is installed there",
        )?;
        Ok(Self {
            parts: variables::parts(PARTS.iter())?,
            rounds: number("PARSIMONY_BENCH_ROUNDS", 5)?,
            round: Duration::from_millis(number("PARSIMONY_BENCH_ROUND_MS", 1_500)? as u64),
            connections: number("PARSIMONY_BENCH_CONNECTIONS", 16)?,
            waiting: number("PARSIMONY_BENCH_WAITING", 1_000)?,
            large_mib: number("PARSIMONY_BENCH_LARGE_MIB", 500)?,
            original: original.into(),
            is_compared: text("PARSIMONY_TEST_POSTGRES").is_some(),
            binary: variables::binary(),
        })
    }

    /// Whether a part is wanted; all are unless some are named.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        write!(
            f,
            "{} on {cores} cores; {} rounds of {:?} over {} connections; {}",
            self.binary.display(),
            self.rounds,
            self.round,
            self.connections,
            match self.is_compared {
                true => "beside parse-server on PostgreSQL",
                false => "without parse-server: PARSIMONY_TEST_POSTGRES is not set",
            }
        )
    }
}
