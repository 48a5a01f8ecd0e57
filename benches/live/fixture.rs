//! The servers that are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::process::{Process, free_port};
use crate::driver::wire::{APP_ID, Caller, MASTER_KEY, request};
use crate::driver::{Outcome, data, servers};
use crate::floor;
use crate::postgres::TestDatabase;
use crate::settings::Settings;

/// The class that is subscribed to.
pub(crate) const CLASS: &str = "Post";

/// Where the servers keep what they write.
pub(crate) struct Fixture {
    directory: TempDir,
    /// What both servers are compared on; nothing if they are not.
    database: Option<TestDatabase>,
}

/// The floor, and where its sockets are.
pub(crate) struct Floor {
    pub(crate) process: Process,
    pub(crate) sockets: u16,
}

impl Fixture {
    /// Makes it.
    pub(crate) fn build(settings: &Settings) -> Outcome<Self> {
        let database = match settings.original.is_some() && settings.wants("original") {
            true => Some(TestDatabase::create().ok_or("there is no server for databases")?),
            false => None,
        };
        if let Some(database) = &database {
            database.psql("CREATE EXTENSION IF NOT EXISTS postgis")?;
        }
        Ok(Self { directory: TempDir::new()?, database })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The server on a new SQLite database.
    pub(crate) fn server(&self, settings: &Settings, name: &str) -> Outcome<Process> {
        let database = format!("sqlite:{}", self.path(&format!("{name}.db")).display());
        self.server_on(settings, &database)
    }

    /// The server on the database that it shares with the original.
    pub(crate) fn server_beside_original(&self, settings: &Settings) -> Outcome<Option<Process>> {
        let server = |database: &TestDatabase| self.server_on(settings, &database.uri());
        self.database.as_ref().map(server).transpose()
    }

    fn server_on(&self, settings: &Settings, database: &str) -> Outcome<Process> {
        let port = free_port()?;
        let options = json!({
            "liveQuery": { "classNames": [CLASS], "connectionsPerAddress": -1, "queueLength": 100_000 },
        });
        let file = self.path(&format!("parsimony-{port}.json"));
        fs::write(&file, options.to_string())?;
        let mut command = servers::parsimony(&settings.binary, database, port);
        let server = self.start(command.arg(file), port, "/parse/health")?;
        make_class(&server)?;
        Ok(server)
    }

    /// The original with a LiveQuery server in the same process, on the database that it shares with the server.
    pub(crate) fn original(&self, settings: &Settings) -> Outcome<Option<Process>> {
        let (Some(database), Some(installed)) = (&self.database, &settings.original) else {
            return Ok(None);
        };
        let packages = self.path("node_modules");
        if !packages.exists() {
            let installed = fs::canonicalize(installed.join("node_modules"))?;
            std::os::unix::fs::symlink(installed, packages)?;
            fs::write(self.path("original.mjs"), include_str!("original.mjs"))?;
        }
        let port = free_port()?;
        let config = json!({
            "appId": APP_ID, "masterKey": MASTER_KEY, "port": port, "serverURL": format!("http://127.0.0.1:{port}/parse"),
            "databaseURI": database.uri(), "silent": true, "verbose": false, "logLevel": "error", "logsFolder": null,
            "liveQuery": { "classNames": [CLASS] },
        });
        let file = self.path("original.json");
        fs::write(&file, config.to_string())?;
        let mut command = Command::new("node");
        command.arg(self.path("original.mjs")).arg(file);
        command.env_clear().env("NODE_ENV", "production");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let server = self.start(&mut command, port, "/parse/health")?;
        Ok(Some(server))
    }

    /// A bare loop of `send()`.
    pub(crate) fn floor(&self) -> Outcome<Floor> {
        let (port, sockets) = (free_port()?, free_port()?);
        let mut command = Command::new(std::env::current_exe()?);
        command.args([floor::COMMAND, &port.to_string(), &sockets.to_string()]);
        Ok(Floor { process: self.start(&mut command, port, "/health")?, sockets })
    }

    fn start(&self, command: &mut Command, port: u16, health: &str) -> Outcome<Process> {
        let place: &Path = self.directory.path();
        let health = request(Caller::Public, "GET", health, "");
        Process::start(command.current_dir(place), port, &health)
    }
}

fn make_class(server: &Process) -> Outcome<()> {
    let mut client = server.client()?;
    let known = client.ask(&request(Caller::Master, "GET", "/parse/schemas", ""))?;
    if !known["results"].to_string().contains(&format!("\"{CLASS}\"")) {
        client.master("POST", "/schemas", &json!({ "className": "Author", "fields": {} }))?;
        let class = json!({ "className": CLASS, "fields": data::fields_of_post() });
        client.master("POST", "/schemas", &class)?;
    }
    Ok(())
}

/// The request that makes a post of a category and with so many views.
pub(crate) fn write(category: usize, views: usize) -> Vec<u8> {
    let mut post: Value = data::post(category, &["unknown001".to_owned()]);
    post["category"] = json!(format!("category-{category}"));
    post["views"] = json!(views);
    let target = format!("/parse/classes/{CLASS}");
    request(Caller::Public, "POST", &target, &post.to_string())
}
