//! Two servers on one database.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{APP_ID, Caller, MASTER_KEY, TestServer};
use crate::postgres::TestDatabase;

/// What is not seen by then was not told. It is far more than it takes, because machines that run tests are busy.
const SEEN_MAX: Duration = Duration::from_secs(30);

/// Two servers on one database. What they know is not forgotten by itself: each must hear what the other one does.
pub(crate) struct Pair {
    /// The one.
    pub(crate) one: TestServer,
    /// The other.
    pub(crate) other: TestServer,
    /// Their database.
    pub(crate) database: Shared,
}

/// A database that several servers have open. It goes when the test ends, after its servers.
pub(crate) enum Shared {
    Sqlite(TempDir),
    Postgres(TestDatabase),
}

impl Shared {
    /// A SQLite file in a directory of its own.
    pub(crate) fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(TempDir::new().expect("a temporary directory")))
    }

    /// A database on the PostgreSQL server of the tests, if there is one.
    pub(crate) fn postgres() -> Option<Self> {
        TestDatabase::create().map(Self::Postgres)
    }

    /// Its address.
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Sqlite(directory) => {
                format!("sqlite:{}", directory.path().join("database.db").display())
            }
            Self::Postgres(database) => database.uri(),
        }
    }

    /// A server on the database.
    pub(crate) fn server(&self, options: &Value) -> TestServer {
        let mut config = json!({
            "appId": APP_ID,
            "masterKey": MASTER_KEY,
            "databaseURI": self.uri(),
            "allowClientClassCreation": true,
            "cacheTTL": 86_400_000,
        });
        for (name, value) in options.as_object().expect("options are an object") {
            config[name] = value.clone();
        }
        TestServer::launch(&config, &[])
    }
}

impl Pair {
    /// Two servers with these options.
    pub(crate) fn with(database: Shared, options: &Value) -> Self {
        let one = database.server(options);
        let other = database.server(options);
        Self { one, other, database }
    }

    /// Two servers.
    pub(crate) fn new(database: Shared) -> Self {
        Self::with(database, &json!({}))
    }

    /// By number, the one or the other.
    pub(crate) fn server(&self, number: usize) -> &TestServer {
        if number.is_multiple_of(2) { &self.one } else { &self.other }
    }

    /// By number, a caller of the one or the other.
    pub(crate) fn public(&self, number: usize) -> Caller {
        self.server(number).public()
    }

    /// By number, a caller with the master key.
    pub(crate) fn master(&self, number: usize) -> Caller {
        self.server(number).master()
    }
}

/// Waits until something is the case.
pub(crate) fn soon(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SEEN_MAX;
    while !is_so() {
        assert!(Instant::now() < deadline, "not seen: {what}");
        std::thread::yield_now();
    }
}
