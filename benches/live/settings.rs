//! What to measure and how long, from environment variables.

use std::fmt;
use std::path::PathBuf;

use crate::driver::Outcome;
use crate::driver::variables::{self, number, text};

const PARTS: [&str; 5] = ["questions", "fanout", "principals", "memory", "original"];

/// The settings of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    parts: Vec<String>,
    /// How often each thing is measured.
    pub(crate) rounds: usize,
    /// Writes of a round, one after the other.
    pub(crate) writes: usize,
    /// Sockets.
    pub(crate) sockets: usize,
    /// Sockets with a user of their own.
    pub(crate) principals: usize,
    /// Where the original is installed, and a database server for both; nothing if it is not measured.
    pub(crate) original: Option<PathBuf>,
    /// The server.
    pub(crate) binary: PathBuf,
}

impl Settings {
    /// Reads the variables; a word that means nothing ends the run.
    pub(crate) fn read() -> Outcome<Self> {
        let original = text("PARSIMONY_TEST_PARSE_SERVER").map(PathBuf::from);
        Ok(Self {
            parts: variables::parts(PARTS.iter())?,
            rounds: number("PARSIMONY_BENCH_ROUNDS", 5)?,
            writes: number("PARSIMONY_BENCH_WRITES", 50)?,
            sockets: number("PARSIMONY_BENCH_SOCKETS", 1_000)?,
            principals: number("PARSIMONY_BENCH_PRINCIPALS", 200)?,
            original: original.filter(|_| text("PARSIMONY_TEST_POSTGRES").is_some()),
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
            "{} on {cores} cores; {} rounds of {} writes; {} sockets; {}",
            self.binary.display(),
            self.rounds,
            self.writes,
            self.sockets,
            match &self.original {
                Some(_) => "beside parse-server on PostgreSQL",
                None =>
                    "without parse-server: PARSIMONY_TEST_PARSE_SERVER or PARSIMONY_TEST_POSTGRES is not set",
            }
        )
    }
}
