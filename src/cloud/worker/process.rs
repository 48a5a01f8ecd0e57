//! Node processes that this server starts: the program for them, their start and their end.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::script;
use crate::value::Json;

/// How often a worker is looked for while it starts, at first; each time doubles it.
const LOOK_FIRST: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// Lines of the standard error output that are kept to say why a worker did not start.
const KEPT_LINES_MAX: usize = 40;
/// How long a worker may take to end when it was told to.
const END_MAX: Duration = Duration::from_secs(2);

/// How workers are started.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// The program, `node` unless the options say otherwise.
    pub node: PathBuf,
    /// Largest size of the heap in megabytes.
    pub memory_mb: Option<u64>,
    /// The cloud code.
    pub cloud: Option<PathBuf>,
    /// Where modules that options name are looked for.
    pub root: PathBuf,
    /// The configuration that was evaluated.
    pub configuration: Option<PathBuf>,
    /// The program of the app that starts a server, if that is its configuration.
    pub index: Option<PathBuf>,
}

/// The private directory with the program and the sockets.
#[derive(Debug)]
pub(in crate::cloud) struct Directory {
    path: PathBuf,
    /// How many workers were started from it.
    workers: AtomicUsize,
}

/// A running worker.
pub(in crate::cloud) struct Process {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    socket: PathBuf,
}

impl Directory {
    /// A new directory that only this user can look into, with the program in it.
    pub(in crate::cloud) fn create() -> io::Result<Self> {
        let directory = Self { path: Self::fresh()?, workers: AtomicUsize::new(0) };
        for (name, text) in script::FILES {
            std::fs::write(directory.path.join(name), text)?;
        }
        Ok(directory)
    }

    /// A directory that nobody else has: one process may hold several servers.
    fn fresh() -> io::Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt;
        let mut number = 0;
        loop {
            let name = format!("parsimony-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(path),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(cause),
            }
        }
    }

    /// The socket of a new worker.
    fn socket(&self) -> PathBuf {
        let number = self.workers.fetch_add(1, Ordering::Relaxed);
        self.path.join(format!("{number}.sock"))
    }

    /// The file to start.
    pub(in crate::cloud) fn program(&self) -> PathBuf {
        self.path.join(script::FILES[0].0)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What stays in the temporary directory hurts nobody.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl Process {
    /// Starts Node. The error says what to do if it is not there.
    pub(in crate::cloud) fn start(
        settings: &ProcessSettings,
        directory: &Directory,
    ) -> Result<Self, String> {
        let socket = directory.socket();
        let mut command = Command::new(&settings.node);
        if let Some(megabytes) = settings.memory_mb {
            command.arg(format!("--max-old-space-size={megabytes}"));
        }
        command
            .arg(directory.program())
            .env("PARSIMONY_HOST", told(settings, &socket).to_text())
            .current_dir(&settings.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Whoever stops the server from a terminal stops the server: it ends its workers in order.
            .process_group(0);
        let child =
            command.spawn().map_err(|cause| missing(&settings.node, "cloud code needs", &cause))?;
        Ok(Self { child, said: Arc::default(), socket })
    }

    /// Its process id.
    pub(in crate::cloud) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Takes down what it writes to its standard outputs, until it ends: a future to be run beside it.
    pub(in crate::cloud) fn listen(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let said = Arc::clone(&self.said);
        async move {
            tokio::join!(
                async {
                    if let Some(out) = out {
                        lines(out, |line| tracing::info!(target: "cloud::console", "{line}")).await;
                    }
                },
                async {
                    let Some(err) = err else { return };
                    lines(err, |line| {
                        tracing::error!(target: "cloud::console", "{line}");
                        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                        if said.len() < KEPT_LINES_MAX {
                            said.push(line.to_owned());
                        }
                    })
                    .await;
                }
            );
        }
    }

    /// Connects as soon as it listens. The error says what it said before it ended.
    pub(in crate::cloud) async fn connect(&mut self) -> Result<UnixStream, String> {
        let mut pause = LOOK_FIRST;
        loop {
            if let Ok(stream) = UnixStream::connect(&self.socket).await {
                return Ok(stream);
            }
            tokio::select! {
                words = self.last_words() => return Err(words),
                () = tokio::time::sleep(pause) => {}
            }
            pause = if pause * 2 < LOOK_MAX { pause * 2 } else { LOOK_MAX };
        }
    }

    /// Waits for its end and says how it ended.
    pub(in crate::cloud) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(cause) => cause.to_string(),
        }
    }

    /// Kills it.
    pub(in crate::cloud) async fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
        self.forget_socket();
    }

    /// Waits for the end of one that was told to end, and kills it if it takes too long.
    pub(in crate::cloud) async fn end(&mut self) {
        if tokio::time::timeout(END_MAX, self.child.wait()).await.is_err() {
            tracing::warn!("a worker of cloud code does not end and is killed");
            self.kill().await;
        }
        self.forget_socket();
    }

    fn forget_socket(&self) {
        let _ = std::fs::remove_file(&self.socket);
    }

    /// Waits for its end and tells what it said before.
    pub(in crate::cloud) async fn last_words(&mut self) -> String {
        let how = self.ended().await;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let words = format!("the worker of cloud code ended while it started ({how})");
        match said.is_empty() {
            true => words,
            false => format!("{words}: {}", said.join("\n")),
        }
    }
}

/// What to do if Node can not be started.
pub(super) fn missing(node: &Path, who_needs: &str, cause: &io::Error) -> String {
    let node = node.display();
    if cause.kind() == io::ErrorKind::NotFound {
        return format!(
            "{who_needs} Node.js 20 or newer, but `{node}` is not there: install it from https://nodejs.org or your system's packages"
        );
    }
    format!("`{node}` can not be started: {cause}")
}

fn told(settings: &ProcessSettings, socket: &Path) -> Json {
    let path = |path: &Path| Json::from(path.to_string_lossy().into_owned());
    let optional = |value: &Option<PathBuf>| value.as_deref().map_or(Json::Null, path);
    Json::from([
        ("socket", path(socket)),
        ("cloud", optional(&settings.cloud)),
        ("root", path(&settings.root)),
        ("configuration", optional(&settings.configuration)),
        ("index", optional(&settings.index)),
    ])
}

async fn lines(output: impl AsyncRead + Unpin, mut take: impl FnMut(&str)) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        take(&line);
    }
}
