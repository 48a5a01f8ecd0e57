//! The directory of an app: cloud code, GraphQL definitions, and the packages that Node looks for beside them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::TestServer;

/// An app in a directory of its own.
pub(crate) struct App {
    directory: TempDir,
}

impl App {
    /// An app with this cloud code. Nothing if there are no packages: those of parse-server are used, and where
    /// that is not installed there is nothing to be tested; continuous integration may not lack it.
    pub(crate) fn with(main: &str) -> Option<Self> {
        let Some(installed) = std::env::var_os("PARSIMONY_TEST_PARSE_SERVER") else {
            assert!(std::env::var_os("CI").is_none(), "PARSIMONY_TEST_PARSE_SERVER is not set");
            eprintln!("PARSIMONY_TEST_PARSE_SERVER is not set: no cloud code was run");
            return None;
        };
        let directory = TempDir::new().expect("a temporary directory");
        let packages = Path::new(&installed).join("node_modules");
        symlink(packages, directory.path().join("node_modules")).expect("a link to the packages");
        let app = Self { directory };
        app.write("main.js", main);
        Some(app)
    }

    /// Writes a file of the app.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the file is written");
    }

    /// Where a file of the app is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A server with the cloud code and, if the app has definitions, those; and with further options.
    pub(crate) fn start(&self, options: &Value) -> TestServer {
        let mut all = json!({"cloud": self.path("main.js"), "cloudWorkers": 1});
        if self.path("schema.graphql").exists() {
            all["graphQLSchema"] = json!(self.path("schema.graphql"));
        }
        for (name, value) in options.as_object().expect("options are an object") {
            all[name] = value.clone();
        }
        TestServer::with(&all)
    }
}
