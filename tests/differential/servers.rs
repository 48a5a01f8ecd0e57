//! The original and our server, each on an empty database of its own.

use std::thread;

use serde_json::{Value, json};

use crate::postgres::TestDatabase;
use crate::process::{Process, parse_server};

/// Both servers with all they need. The processes end before their databases are dropped.
pub(crate) struct Servers {
    theirs: Process,
    ours: Process,
    _databases: [TestDatabase; 2],
}

impl Servers {
    /// Starts both with these options. Nothing if the original or PostgreSQL is not there.
    pub(crate) fn start(options: &Value, on_sqlite: bool) -> Option<Self> {
        let installed = parse_server()?;
        let (their_database, our_database) = (TestDatabase::create()?, TestDatabase::create()?);
        let mut our_options = options.clone();
        our_options["compat"] = json!("9.10");
        let our_uri = if on_sqlite { "sqlite::memory:".to_owned() } else { our_database.uri() };
        let (theirs, ours) = thread::scope(|scope| {
            let theirs =
                scope.spawn(|| Process::original(&installed, &their_database.uri(), options));
            let ours = Process::parsimony(&our_uri, &our_options);
            (theirs.join().expect("the original starts"), ours)
        });
        Some(Self { theirs, ours, _databases: [their_database, our_database] })
    }

    /// Scheme, host and port of the original and of ours.
    pub(crate) fn origins(&self) -> [&str; 2] {
        [self.theirs.origin(), self.ours.origin()]
    }

    /// Panics with what went wrong and what ours said last.
    pub(crate) fn fail(&mut self, what: &str) -> ! {
        self.ours.fail(what)
    }

    /// Asks both to end.
    pub(crate) fn stop(self) {
        self.theirs.stop();
        self.ours.stop();
    }
}
