//! Fresh databases on the PostgreSQL server that `PARSIMONY_TEST_POSTGRES` names: a URL of a database that `psql`
//! understands and from which others can be made.

#![allow(dead_code, reason = "not every test that makes databases asks them")]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const SERVER: &str = "PARSIMONY_TEST_POSTGRES";

static MADE: AtomicU32 = AtomicU32::new(0);

/// A database of one test; it is dropped at the end.
pub(crate) struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Makes an empty database. Nothing if no server is named, which only continuous integration may not do.
    pub(crate) fn create() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(std::env::var_os("CI").is_none(), "{SERVER} is not set");
            eprintln!("{SERVER} is not set: nothing was sent to a server");
            return None;
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("parsimony_test_{}_{number}", std::process::id());
        let database = Self { server, name };
        psql(&database.server, &format!("CREATE DATABASE {}", database.name))
            .expect("a database can be made");
        Some(database)
    }

    /// Its address.
    pub(crate) fn uri(&self) -> String {
        let (address, parameters) = match self.server.split_once('?') {
            Some((address, parameters)) => (address, format!("?{parameters}")),
            None => (self.server.as_str(), String::new()),
        };
        let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
        format!("{server}/{}{parameters}", self.name)
    }

    /// Runs statements and gives what they print: rows of columns with `|` between them.
    pub(crate) fn psql(&self, script: &str) -> Result<String, String> {
        psql(&self.uri(), script)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A database that stays behind goes with its server.
        let _ = psql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn psql(server: &str, script: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
        .args(["--set", "ON_ERROR_STOP=1", "--dbname", server, "--command", script])
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| format!("psql can not be run: {cause}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
