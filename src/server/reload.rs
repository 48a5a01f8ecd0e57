//! Loads cloud code and GraphQL definitions again while the server runs: when the process gets SIGHUP, and with
//! the option `watch` when their files change. What can not be loaded is told in the log, and what was loaded
//! before stays.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::mount::Server as Doors;
use super::tasks::Stop;
use crate::error::{Error, Result};
use crate::ops::App;
use crate::options::Config;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Directories are followed this deep.
const DEPTH_MAX: usize = 16;
/// As many files are watched.
const FILES_MAX: usize = 20_000;
/// What programs are made of; databases and logs may lie beside them.
const EXTENSIONS: [&str; 6] = ["js", "mjs", "cjs", "json", "ts", "graphql"];

/// SIGHUP from now on: it would end a process that does not listen.
pub(super) fn hang_ups() -> Result<Signal> {
    signal(SignalKind::hangup()).map_err(Error::internal)
}

/// Loads again what changed, until the server stops.
pub(super) async fn run(app: Arc<App>, doors: Arc<Doors>, hang_ups: Signal, stop: Stop) {
    tokio::select! {
        () = follow(&app, &doors, hang_ups) => {}
        () = stop.wait() => {}
    }
}

async fn follow(app: &Arc<App>, doors: &Doors, mut hang_ups: Signal) {
    let mut watched = if app.config.cloud.watch { Watched::of(&app.config) } else { Vec::new() };
    for one in &mut watched {
        one.loaded = look(&one.root).await;
        one.seen.clone_from(&one.loaded);
    }
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(()) = hang_ups.recv() => {
                load(What::Cloud, app, doors).await;
                load(What::Definitions, app, doors).await;
            }
            _ = ticks.tick(), if !watched.is_empty() => {
                for one in &mut watched {
                    if one.is_changed().await {
                        load(one.what, app, doors).await;
                    }
                }
            }
        }
    }
}

/// What can be loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Cloud,
    Definitions,
}

async fn load(what: What, app: &Arc<App>, doors: &Doors) {
    let (thing, loaded) = match what {
        What::Cloud if app.config.cloud.file.is_none() => return,
        What::Cloud => ("cloud code", app.cloud.reload().await),
        What::Definitions if app.config.graphql.schema.is_none() => return,
        What::Definitions => ("GraphQL definitions", doors.load_definitions().await),
    };
    match loaded {
        Ok(()) => tracing::info!("loaded again: {thing}"),
        Err(error) => {
            tracing::error!(error = %error.log_text(), "not loaded again, the ones before stay: {thing}");
        }
    }
}

/// Files that belong together.
struct Watched {
    what: What,
    root: PathBuf,
    /// How they were when they were loaded.
    loaded: Files,
    /// How they were at the last look.
    seen: Files,
}

/// Files with their times and sizes.
type Files = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl Watched {
    fn of(config: &Config) -> Vec<Self> {
        let watched = |what, root: &Path| {
            let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
            Self { what, root: root.to_owned(), loaded: Files::new(), seen: Files::new() }
        };
        let cloud = config.cloud.file.as_ref().and_then(|file| file.parent());
        let cloud = cloud.map(|directory| watched(What::Cloud, directory));
        let schema = config.graphql.schema.as_ref();
        let schema = schema.map(|file| watched(What::Definitions, file));
        cloud.into_iter().chain(schema).collect()
    }

    /// Whether files are not as they were when they were loaded, and were not touched since the last look: whoever
    /// writes several is finished then.
    async fn is_changed(&mut self) -> bool {
        let now = look(&self.root).await;
        let is_settled = now == self.seen;
        self.seen = now;
        if !is_settled || self.seen == self.loaded {
            return false;
        }
        self.loaded.clone_from(&self.seen);
        true
    }
}

async fn look(root: &Path) -> Files {
    let root = root.to_owned();
    let found = tokio::task::spawn_blocking(move || {
        let mut files = Files::new();
        collect(&root, &root, 0, &mut files);
        files.sort_unstable();
        files
    });
    found.await.unwrap_or_default()
}

fn collect(root: &Path, path: &Path, depth: usize, files: &mut Files) {
    let Ok(known) = path.metadata() else { return };
    if known.is_file() {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_source = extension.is_some_and(|extension| EXTENSIONS.contains(&extension));
        if (is_source || path == root) && files.len() < FILES_MAX {
            files.push((path.to_owned(), known.modified().ok(), known.len()));
        }
        return;
    }
    let Ok(entries) = path.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_foreign = name == "node_modules" || name.to_string_lossy().starts_with('.');
        if !is_foreign && depth < DEPTH_MAX {
            collect(root, &entry.path(), depth + 1, files);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn sources_are_watched_and_nothing_else() {
        let directory = tempfile::TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("main.js", "1");
        write("lib/deep/a.mjs", "1");
        write("database.db", "1");
        write("node_modules/parse/index.js", "1");
        write(".git/hook.js", "1");
        let mut watched = Watched {
            what: What::Cloud,
            root: directory.path().to_owned(),
            loaded: Files::new(),
            seen: Files::new(),
        };
        let names = |files: &Files| {
            let name = |file: &(PathBuf, Option<SystemTime>, u64)| {
                file.0.strip_prefix(directory.path()).unwrap().display().to_string()
            };
            files.iter().map(name).collect::<Vec<_>>()
        };
        assert!(!watched.is_changed().await, "the first look settles nothing");
        assert_eq!(names(&watched.seen), ["lib/deep/a.mjs", "main.js"]);
        assert!(watched.is_changed().await);
        assert!(!watched.is_changed().await);
        write("database.db", "12");
        write("node_modules/parse/index.js", "12");
        assert!(!watched.is_changed().await && !watched.is_changed().await);
        write("lib/deep/a.mjs", "12");
        assert!(!watched.is_changed().await, "not before it is settled");
        assert!(watched.is_changed().await);
        fs::remove_file(directory.path().join("main.js")).unwrap();
        assert!(!watched.is_changed().await);
        assert!(watched.is_changed().await);
    }
}
