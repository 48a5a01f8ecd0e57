//! What to measure and how long, from environment variables.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::driver::Outcome;
use crate::driver::variables::{self, number, text};
use crate::{floor, scenarios};

/// Parts that are no scenario.
const PARTS: [&str; 7] = ["start", "idle", "classes", "visible", "memory", "session", "logins"];

/// The settings of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    parts: Vec<String>,
    /// How often each scenario is measured on each side.
    pub(crate) rounds: usize,
    /// How long a round lasts.
    pub(crate) round: Duration,
    /// Connections that the load comes over.
    pub(crate) connections: usize,
    /// How often a server is started.
    pub(crate) starts: usize,
    /// How many classes are changed to see how soon it shows.
    pub(crate) changes: usize,
    /// How many classes are changed to see what it costs in memory.
    pub(crate) memory_changes: usize,
    /// How the floor reads: on reader threads or in the handler.
    pub(crate) floor: String,
    /// The server.
    pub(crate) binary: PathBuf,
}

impl Settings {
    /// Reads the variables; a word that means nothing ends the run.
    pub(crate) fn read() -> Outcome<Self> {
        let known = PARTS.iter().chain(&scenarios::NAMES);
        let floor = text("PARSIMONY_BENCH_FLOOR").unwrap_or_else(|| floor::FORMS[0].to_owned());
        if !floor::FORMS.contains(&floor.as_str()) {
            return Err(format!(
                "PARSIMONY_BENCH_FLOOR: `{floor}` is none of {}",
                floor::FORMS.join(", ")
            )
            .into());
        }
        Ok(Self {
            parts: variables::parts(known)?,
            rounds: number("PARSIMONY_BENCH_ROUNDS", 5)?,
            round: Duration::from_millis(number("PARSIMONY_BENCH_ROUND_MS", 1_000)? as u64),
            connections: number("PARSIMONY_BENCH_CONNECTIONS", 16)?,
            starts: number("PARSIMONY_BENCH_STARTS", 10)?,
            changes: number("PARSIMONY_BENCH_CHANGES", 30)?,
            memory_changes: number("PARSIMONY_BENCH_MEMORY_CHANGES", 10_000)?,
            floor,
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
            "{} on {cores} cores; {} rounds of {:?} over {} connections; floor: {}",
            self.binary.display(),
            self.rounds,
            self.round,
            self.connections,
            self.floor
        )
    }
}
