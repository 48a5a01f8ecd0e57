//! Options that are written in JavaScript, evaluated by the program for workers in a mode of its own: it prints what
//! they are as JSON and ends.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::process::{Directory, missing};
use crate::options::JavaScriptFile;

/// Whatever a configuration does, it is done by then.
const EVALUATION_MAX: Duration = Duration::from_secs(60);

/// What came of evaluating options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// The options, as JSON text.
    pub json: String,
    /// What was written beside them, for whoever started the process.
    pub said: String,
}

/// Evaluates a configuration, or a program that makes a parse-server, with this Node. The error says what went wrong,
/// and what to do if Node is missing.
pub async fn evaluate(file: &JavaScriptFile, node: &Path) -> Result<Evaluated, String> {
    let directory = Directory::create()
        .map_err(|cause| format!("the program for Node can not be written: {cause}"))?;
    let mode = if file.is_program { "--index" } else { "--configuration" };
    let running = Command::new(node)
        .arg(directory.program())
        .arg(mode)
        .arg(&file.path)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(EVALUATION_MAX, running)
        .await
        .map_err(|_| format!("is not evaluated after {} seconds", EVALUATION_MAX.as_secs()))?
        .map_err(|cause| missing(node, "options written in JavaScript need", &cause))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let said = text(&output.stderr);
    match (output.status.success(), said.is_empty()) {
        (true, _) => Ok(Evaluated { json: text(&output.stdout), said }),
        (false, true) => Err(format!("evaluating it ended with {}", output.status)),
        (false, false) => Err(said),
    }
}
