//! What to measure and how long, from environment variables.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::driver::Outcome;
use crate::driver::data::{FEW, MANY};
use crate::driver::variables::{self, number, numbers, text};
use crate::scenarios;
use crate::start::Side;

/// Parts that are no scenario.
const PARTS: [&str; 3] = ["start", "memory", "classes"];

/// The settings of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    parts: Vec<String>,
    /// The servers that are measured.
    pub(crate) sides: Vec<Side>,
    /// How often each scenario is measured on each side.
    pub(crate) rounds: usize,
    /// How long a round lasts.
    pub(crate) round: Duration,
    /// Connections that the load comes over.
    pub(crate) connections: usize,
    /// How often a server is started.
    pub(crate) starts: usize,
    /// Numbers of classes that requests are measured with, in ascending order.
    pub(crate) classes: Vec<usize>,
    /// Where the original is installed.
    pub(crate) original: PathBuf,
    /// The server.
    pub(crate) binary: PathBuf,
}

impl Settings {
    /// Reads the variables; a word that means nothing ends the run.
    pub(crate) fn read() -> Outcome<Self> {
        let known = PARTS.iter().chain(&scenarios::NAMES);
        let sides = match text("PARSIMONY_BENCH_SIDES") {
            None => Side::ALL.to_vec(),
            Some(list) => list.split(',').map(Side::named).collect::<Outcome<_>>()?,
        };
        let original = text("PARSIMONY_TEST_PARSE_SERVER").unwrap_or_default().into();
        if sides.contains(&Side::Original) && original == PathBuf::new() {
            return Err("PARSIMONY_TEST_PARSE_SERVER is not set".into());
        }
        Ok(Self {
            parts: variables::parts(known)?,
            sides,
            rounds: number("PARSIMONY_BENCH_ROUNDS", 4)?,
            round: Duration::from_millis(number("PARSIMONY_BENCH_ROUND_MS", 1_500)? as u64),
            connections: number("PARSIMONY_BENCH_CONNECTIONS", 16)?,
            starts: number("PARSIMONY_BENCH_STARTS", 5)?,
            classes: numbers("PARSIMONY_BENCH_CLASSES", &format!("{FEW},100,{MANY}"))?,
            original,
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
        let sides: Vec<&str> = self.sides.iter().map(|side| side.name()).collect();
        write!(
            f,
            "{} on {cores} cores; {} rounds of {:?} over {} connections; {}",
            self.binary.display(),
            self.rounds,
            self.round,
            self.connections,
            sides.join(", ")
        )
    }
}
