//! The servers that are measured, and how each is started on the database.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::process::{Process, free_port};
use crate::driver::wire::{APP_ID, Caller, MASTER_KEY, request};
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
            Self::Original => original(settings, database, directory, port)?,
            Self::Parsimony => parsimony(settings, database, port),
            Self::Floor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([floor::COMMAND, database, &port.to_string()]);
                command
            }
        };
        Process::start(command.current_dir(directory), port, first)
    }
}

/// With settings of a release: nothing is logged but errors.
fn original(settings: &Settings, database: &str, directory: &Path, port: u16) -> Outcome<Command> {
    let config = json!({
        "appId": APP_ID, "masterKey": MASTER_KEY, "port": port, "serverURL": format!("http://127.0.0.1:{port}/parse"),
        "databaseURI": database, "silent": true, "verbose": false, "logLevel": "error", "logsFolder": null,
    });
    let place = directory.join(format!("original-{port}.json"));
    std::fs::write(&place, config.to_string())?;
    let mut command = Command::new("node");
    command.arg(settings.original.join("start.mjs")).arg(place);
    command.env_clear().env("NODE_ENV", "production");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Ok(command)
}

fn parsimony(settings: &Settings, database: &str, port: u16) -> Command {
    let mut command = Command::new(&settings.binary);
    command.args(["--appId", APP_ID, "--masterKey", MASTER_KEY, "--databaseURI", database]);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--logLevel", "error"]);
    command.env_clear();
    command
}
