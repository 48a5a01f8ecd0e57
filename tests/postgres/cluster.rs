//! A PostgreSQL server of a test's own, which can be stopped, killed, starved and started again. It lies in a
//! temporary directory and listens on a free port of this machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const START_MAX: Duration = Duration::from_secs(60);
/// PostgreSQL refuses to run as root; there it runs as the user that its package has made.
const USER: &str = "postgres";

/// The files of a fresh server, made once for all tests that run at the same time.
static TEMPLATE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());

/// A server. It ends with the test.
pub(crate) struct Cluster {
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    /// Where file systems of its own are mounted.
    mounted: Vec<PathBuf>,
    directory: TempDir,
    _template: Arc<TempDir>,
}

impl Cluster {
    /// Starts a server with these settings. Nothing if PostgreSQL is not installed, which only continuous
    /// integration may not do.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let mut cluster = Self::prepare(settings)?;
        cluster.copy_template();
        cluster.run();
        Some(cluster)
    }

    /// The same, with the data in a file system of this size. Nothing if this process may not mount any.
    pub(crate) fn start_in(size: &str, settings: &[&str]) -> Option<Self> {
        let mut cluster = Self::prepare(settings)?;
        cluster.mount("data", size)?;
        cluster.copy_template();
        cluster.run();
        Some(cluster)
    }

    /// Mounts a small file system beside the data, for a table space. Nothing if this process may not.
    pub(crate) fn mount(&mut self, name: &str, size: &str) -> Option<PathBuf> {
        let place = self.directory.path().join(name);
        fs::create_dir(&place).expect("a directory");
        let options = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&place)
            .stderr(Stdio::null())
            .status();
        if !mount.is_ok_and(|status| status.success()) {
            eprintln!("this process may not mount file systems: a full disk is not tested");
            return None;
        }
        self.mounted.push(place.clone());
        // Whoever may mount is root.
        run(Command::new("chown").arg(USER).arg(&place));
        Some(place)
    }

    fn prepare(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
            eprintln!("PostgreSQL is not installed: nothing was done to a server");
            return None;
        };
        Some(Self {
            _template: template(&programs),
            programs,
            port: free_port(),
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            server: None,
            mounted: Vec::new(),
            directory: open_directory(),
        })
    }

    fn copy_template(&self) {
        let files = self._template.path().join("data/.");
        run(Command::new("cp").arg("-a").arg(files).arg(self.data()));
        if is_root() {
            run(Command::new("chown").arg(USER).arg(self.data()));
        }
        run(Command::new("chmod").arg("700").arg(self.data()));
    }

    /// The address of its one database, for a user who may do everything.
    pub(crate) fn uri(&self) -> String {
        self.uri_of("127.0.0.1")
    }

    /// The same by another name or address of this machine.
    pub(crate) fn uri_of(&self, host: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres", self.port)
    }

    /// Where its files are, for whoever wants to add some.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Writes one of its files; before it runs the next time.
    pub(crate) fn add_file(&self, name: &str, content: &str) {
        let file = self.data().join(name);
        fs::write(&file, content).expect("a file can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
            .expect("permissions can be set");
        if is_root() {
            run(Command::new("chown").arg(USER).arg(&file));
        }
    }

    /// Adds a setting for the next time that it runs.
    pub(crate) fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// The directory that its socket is in.
    pub(crate) fn socket(&self) -> &Path {
        self.directory.path()
    }

    /// Its port, which is part of the name of the socket, too.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again after an end, and waits until it answers.
    pub(crate) fn run(&mut self) {
        let deadline = Instant::now() + START_MAX;
        // The processes of a server that was killed hold its memory for a moment longer.
        while !self.try_run(deadline) {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {}", self.log());
        }
    }

    fn try_run(&mut self, deadline: Instant) -> bool {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        let log = log.expect("a file for the log");
        let mut command = as_owner(&self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-k"]);
        command.arg(self.directory.path()).args(["-c", "listen_addresses=127.0.0.1"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log_too = log.try_clone().expect("another handle");
        command.stdin(Stdio::null()).stdout(log).stderr(log_too).current_dir(self.directory.path());
        let mut server = command.spawn().expect("PostgreSQL can be run");
        while Instant::now() < deadline {
            if server.try_wait().expect("it is a child of this process").is_some() {
                return false;
            }
            if self.psql("SELECT 1").is_ok() {
                self.server = Some(server);
                return true;
            }
        }
        let _ = server.kill();
        let _ = server.wait();
        false
    }

    /// Ends it at once, without a word to its clients: what was acknowledged is in its log and nowhere else.
    pub(crate) fn stop_at_once(&mut self) {
        self.end_with("QUIT");
    }

    /// Ends its first process, as the system does it that has no memory left.
    pub(crate) fn kill(&mut self) {
        self.end_with("KILL");
    }

    fn end_with(&mut self, name: &str) {
        if let Some(mut server) = self.server.take() {
            signal(server.id(), name);
            server.wait().expect("it is a child of this process");
        }
    }

    /// Lets all its processes stand still, or go on. The first process stops before the others are listed, so that it
    /// makes no new ones, and all stand still when this returns: a signal is on its way for a moment.
    pub(crate) fn freeze(&self, frozen: bool) {
        let Some(server) = &self.server else { return };
        let id = server.id();
        let word = if frozen { "STOP" } else { "CONT" };
        let send = |process: u32| {
            signal(process, word);
            let end = Instant::now() + START_MAX;
            // One that has ended meanwhile is a zombie for as long as its parent stands still.
            let heeds = || match state(process) {
                None | Some('Z' | 'X') => true,
                Some(state) => (state == 'T') == frozen,
            };
            while !heeds() {
                assert!(Instant::now() < end, "process {process} does not heed {word}");
                thread::yield_now();
            }
        };
        send(id);
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.expect("the system lists the children of a process");
        children.split_whitespace().filter_map(|process| process.parse().ok()).for_each(send);
    }

    /// Runs statements and gives what they print: rows of columns with `|` between them.
    pub(crate) fn psql(&self, script: &str) -> Result<String, String> {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--set", "ON_ERROR_STOP=1", "--dbname", &self.uri(), "--command", script])
            .env("PGCONNECT_TIMEOUT", "5")
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| format!("psql can not be run: {cause}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- PostgreSQL\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
        if let Some(mut server) = self.server.take() {
            signal(server.id(), "CONT");
            signal(server.id(), "QUIT");
            let _ = server.wait();
        }
        for place in &self.mounted {
            let _ = Command::new("umount").arg("-l").arg(place).status();
        }
    }
}

/// The files of a fresh server.
fn template(programs: &Path) -> Arc<TempDir> {
    let mut known = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(template) = known.upgrade() {
        return template;
    }
    let template = open_directory();
    let mut command = as_owner(&programs.join("initdb"));
    command.arg("-D").arg(template.path().join("data"));
    command.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]);
    run(command.current_dir(template.path()));
    let template = Arc::new(template);
    *known = Arc::downgrade(&template);
    template
}

/// A temporary directory that the server's user may write to.
fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777))
        .expect("permissions can be set");
    directory
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs").stdout;
    id.trim_ascii() == b"0"
}

fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups"]);
    command.arg(program);
    command
}

/// The programs of the newest installed PostgreSQL: Debian keeps them off the PATH.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, path)| (version, path.join("bin")))
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort_unstable();
    let on_path = || {
        let places = std::env::var_os("PATH")?;
        std::env::split_paths(&places).find(|place| place.join("initdb").exists())
    };
    found.pop().map(|(_, path)| path).or_else(on_path)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn signal(process: u32, name: &str) {
    // A process that has ended needs no signal.
    let _ = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
}

/// The state of a process (proc(5): the letter after the name in parentheses); nothing if it is gone.
fn state(process: u32) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    status.rsplit_once(") ")?.1.chars().next()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program can be run");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
}
