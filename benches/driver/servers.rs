//! How the two servers are started, with the settings of a release: nothing is logged but errors.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::Outcome;
use super::wire::{APP_ID, MASTER_KEY};

/// The binary of this project.
pub(crate) fn parsimony(binary: &Path, database: &str, port: u16) -> Command {
    let mut command = Command::new(binary);
    command.args(["--appId", APP_ID, "--masterKey", MASTER_KEY, "--databaseURI", database]);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--logLevel", "error"]);
    command.env_clear();
    command
}

/// npm parse-server, from the place where it is installed. `more` are options beside the usual ones; what is written
/// goes to a directory.
pub(crate) fn original(
    installed: &Path,
    database: &str,
    more: &Value,
    directory: &Path,
    port: u16,
) -> Outcome<Command> {
    let mut config = json!({
        "appId": APP_ID, "masterKey": MASTER_KEY, "port": port, "serverURL": format!("http://127.0.0.1:{port}/parse"),
        "databaseURI": database, "silent": true, "verbose": false, "logLevel": "error", "logsFolder": null,
    });
    for (option, value) in more.as_object().into_iter().flatten() {
        config[option] = value.clone();
    }
    let place = directory.join(format!("original-{port}.json"));
    std::fs::write(&place, config.to_string())?;
    let mut command = Command::new("node");
    command.arg(installed.join("start.mjs")).arg(place);
    command.env_clear().env("NODE_ENV", "production");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Ok(command)
}
