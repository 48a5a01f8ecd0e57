//! The app that is measured: a directory with cloud code and npm's `parse`, and the servers on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::process::{Process, free_port};
use crate::driver::wire::{Caller, request};
use crate::driver::{Outcome, data, servers};
use crate::floor;
use crate::postgres::TestDatabase;
use crate::settings::Settings;

/// A class without a trigger.
pub(crate) const PLAIN: &str = "Plain";
/// A class with a trigger before it is saved, which does nothing.
pub(crate) const HOOKED: &str = "Hooked";

/// The app's directory.
pub(crate) struct Fixture {
    directory: TempDir,
    /// What both servers are compared on; nothing if they are not.
    database: Option<TestDatabase>,
}

impl Fixture {
    /// Makes it.
    pub(crate) fn build(settings: &Settings) -> Outcome<Self> {
        let database = match settings.is_compared {
            true => Some(TestDatabase::create().ok_or("there is no server for databases")?),
            false => None,
        };
        if let Some(database) = &database {
            database.psql("CREATE EXTENSION IF NOT EXISTS postgis")?;
        }
        let fixture = Self { directory: TempDir::new()?, database };
        let packages = settings.original.join("node_modules");
        std::os::unix::fs::symlink(fs::canonicalize(packages)?, fixture.path("node_modules"))?;
        fs::write(fixture.path("main.js"), include_str!("main.js"))?;
        fs::write(fixture.path("echo.mjs"), include_str!("echo.mjs"))?;
        Ok(fixture)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The server with one worker, on a new SQLite database.
    pub(crate) fn server(&self, settings: &Settings, name: &str) -> Outcome<Process> {
        self.server_with(settings, name, &json!({}))
    }

    /// The same with more options.
    pub(crate) fn server_with(
        &self,
        settings: &Settings,
        name: &str,
        more: &Value,
    ) -> Outcome<Process> {
        let database = format!("sqlite:{}", self.path(&format!("{name}.db")).display());
        self.server_on(settings, &database, more)
    }

    /// The server with one worker, on the database that it shares with the original.
    pub(crate) fn server_beside_original(&self, settings: &Settings) -> Outcome<Option<Process>> {
        let server =
            |database: &TestDatabase| self.server_on(settings, &database.uri(), &json!({}));
        self.database.as_ref().map(server).transpose()
    }

    fn server_on(&self, settings: &Settings, database: &str, more: &Value) -> Outcome<Process> {
        let port = free_port()?;
        let mut command = servers::parsimony(&settings.binary, database, port);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.args(["--cloud", "./main.js", "--cloudWorkers", "1"]);
        let file = self.path(&format!("parsimony-{port}.json"));
        fs::write(&file, more.to_string())?;
        let server = self.start(command.arg(file), port, "/parse/health")?;
        let mut client = server.client()?;
        let known = client.ask(&request(Caller::Master, "GET", "/parse/schemas", ""))?;
        if !known["results"].to_string().contains(HOOKED) {
            client.master("POST", "/schemas", &json!({ "className": "Author", "fields": {} }))?;
            for class in [PLAIN, HOOKED] {
                let class = json!({ "className": class, "fields": data::fields_of_post() });
                client.master("POST", "/schemas", &class)?;
            }
        }
        Ok(server)
    }

    /// The original with the same cloud code, on the database that it shares with the server.
    pub(crate) fn original(&self, settings: &Settings) -> Outcome<Option<Process>> {
        self.original_with(settings, &json!({}))
    }

    /// The same with more options.
    pub(crate) fn original_with(
        &self,
        settings: &Settings,
        more: &Value,
    ) -> Outcome<Option<Process>> {
        let Some(database) = &self.database else { return Ok(None) };
        let port = free_port()?;
        let mut options = more.clone();
        options["cloud"] = json!(self.path("main.js").to_string_lossy());
        let place = self.directory.path();
        let mut command =
            servers::original(&settings.original, &database.uri(), &options, place, port)?;
        self.start(&mut command, port, "/parse/health").map(Some)
    }

    /// The floor, with an echo of its own.
    pub(crate) fn floor(&self) -> Outcome<Process> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(floor::COMMAND).arg(self.path("echo.mjs")).arg(self.path("echo.sock"));
        self.start(command.arg(port.to_string()), port, "/health")
    }

    fn start(&self, command: &mut Command, port: u16, health: &str) -> Outcome<Process> {
        let place: &Path = self.directory.path();
        let health = request(Caller::Public, "GET", health, "");
        Process::start(command.current_dir(place), port, &health)
    }
}
