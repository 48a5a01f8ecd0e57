//! The servers that are measured, and how each is started on the database.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::process::{Process, free_port};
use crate::driver::servers;
use crate::driver::wire::{Caller, request};
use crate::floor;
use crate::settings::Settings;

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// npm parse-server.
    Original,
    /// The binary of this project.
    Parsimony,
    /// Bare handlers over the same driver.
    Floor,
}

impl Side {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Original, Self::Parsimony, Self::Floor];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Parsimony => "parsimony",
            Self::Floor => "floor",
        }
    }

    /// The side of a name.
    pub(crate) fn named(name: &str) -> Outcome<Self> {
        let side = Self::ALL.into_iter().find(|side| side.name() == name);
        side.ok_or_else(|| format!("PARSIMONY_BENCH_SIDES: `{name}` is no side").into())
    }

    /// A request that is answered when the server is ready.
    pub(crate) fn health(self) -> Vec<u8> {
        let target = match self {
            Self::Original | Self::Parsimony => "/parse/health",
            Self::Floor => "/health",
        };
        request(Caller::Public, "GET", target, "")
    }

    /// Starts it on a database and waits until it answers a request with status 200. What it writes goes
    /// to a directory.
    pub(crate) fn start(
        self,
        settings: &Settings,
        database: &str,
        directory: &Path,
        first: &[u8],
    ) -> Outcome<Process> {
        let port = free_port()?;
        let mut command = match self {
            Self::Original => {
                servers::original(&settings.original, database, &json!({}), directory, port)?
            }
            Self::Parsimony => servers::parsimony(&settings.binary, database, port),
            Self::Floor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([floor::COMMAND, database, &port.to_string()]);
                command
            }
        };
        Process::start(command.current_dir(directory), port, first)
    }
}
