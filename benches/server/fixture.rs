//! The databases that are measured on: made once by the server itself, then copied.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::driver::Outcome;
use crate::driver::data::{self, FEW, Ids};
use crate::driver::process::Process;
use crate::settings::Settings;

/// What the databases hold.
#[derive(Debug)]
pub(crate) struct Fixture {
    directory: TempDir,
    /// The ids of what they hold.
    pub(crate) ids: Ids,
}

impl Fixture {
    /// Makes a database with few classes and all objects.
    pub(crate) fn build(settings: &Settings) -> Outcome<Self> {
        let mut fixture = Self { directory: TempDir::new()?, ids: Ids::default() };
        let server = Process::server(settings, &fixture.path(FEW))?;
        fixture.ids = data::make(&mut server.client()?)?;
        server.stop()?;
        Ok(fixture)
    }

    /// A copy of the database with at least so many classes, under a name of its own.
    pub(crate) fn copy(&self, settings: &Settings, classes: usize, name: &str) -> Outcome<PathBuf> {
        let original = self.path(classes);
        if !original.exists() {
            copy_database(&self.path(FEW), &original)?;
            let server = Process::server(settings, &original)?;
            data::add_classes(&mut server.client()?, FEW, classes)?;
            server.stop()?;
        }
        let copy = self.directory.path().join(format!("{name}.db"));
        copy_database(&original, &copy)?;
        Ok(copy)
    }

    fn path(&self, classes: usize) -> PathBuf {
        self.directory.path().join(format!("classes-{classes}.db"))
    }
}

fn copy_database(from: &Path, to: &Path) -> Outcome<()> {
    for suffix in ["", "-wal", "-shm"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if beside(to).exists() {
            fs::remove_file(beside(to))?;
        }
        if suffix != "-shm" && beside(from).exists() {
            fs::copy(beside(from), beside(to))?;
        }
    }
    Ok(())
}
