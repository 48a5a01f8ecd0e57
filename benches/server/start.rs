//! How the server and the floor are started.

use std::path::Path;
use std::process::Command;

use crate::driver::Outcome;
use crate::driver::process::{Process, free_port};
use crate::driver::servers;
use crate::driver::wire::{Caller, request};
use crate::floor;
use crate::settings::Settings;

impl Process {
    /// Starts the server on a database and waits until it is healthy.
    pub(crate) fn server(settings: &Settings, database: &Path) -> Outcome<Self> {
        Self::server_until(settings, database, &request(Caller::Public, "GET", "/parse/health", ""))
    }

    /// Starts the server on a database and waits until it answers a request with status 200.
    pub(crate) fn server_until(
        settings: &Settings,
        database: &Path,
        first: &[u8],
    ) -> Outcome<Self> {
        let port = free_port()?;
        let database = format!("sqlite:{}", database.display());
        Self::start(&mut servers::parsimony(&settings.binary, &database, port), port, first)
    }

    /// Starts the floor on a database.
    pub(crate) fn floor(settings: &Settings, database: &Path) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([floor::COMMAND, &settings.floor]).arg(database).arg(port.to_string());
        Self::start(&mut command, port, &request(Caller::Public, "GET", "/health", ""))
    }
}
