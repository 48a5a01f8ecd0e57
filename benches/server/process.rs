//! A measured process: start and stop, the time it used, the memory it holds.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::settings::Settings;
use crate::wire::{APP_ID, Caller, Client, MASTER_KEY, request};
use crate::{Outcome, floor};

const START_MAX: Duration = Duration::from_secs(60);
/// How often a server that is starting is tried.
const TRY_EVERY: Duration = Duration::from_micros(200);

/// A running server.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Milliseconds from the start of the process to its first answer.
    pub(crate) first_answer_ms: f64,
}

/// What a process holds in memory, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All resident pages, the program's own text among them.
    pub(crate) resident: f64,
    /// The most that was ever resident.
    pub(crate) peak: f64,
}

/// Nanoseconds that each thread of a process has run.
#[derive(Debug)]
pub(crate) struct CpuTimes(HashMap<String, u64>);

impl CpuTimes {
    /// Microseconds between two looks. Threads that ended in between are not seen.
    pub(crate) fn micros_since(&self, before: &Self) -> f64 {
        let ran = self
            .0
            .iter()
            .map(|(thread, ns)| ns.saturating_sub(before.0.get(thread).copied().unwrap_or(0)));
        ran.sum::<u64>() as f64 / 1_000.0
    }
}

impl Process {
    /// Starts the server on a database and waits until it is healthy.
    pub(crate) fn server(settings: &Settings, database: &Path) -> Outcome<Self> {
        Self::server_until(settings, database, &request(Caller::Public, "GET", "/parse/health", ""))
    }

    /// Starts the server on a database and waits until it answers a request with status 200.
    pub(crate) fn server_until(
        settings: &Settings,
        database: &Path,
        first: &[u8],
    ) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(&settings.binary);
        command.args([
            "--appId",
            APP_ID,
            "--masterKey",
            MASTER_KEY,
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ]);
        command.args(["--logLevel", "warn"]);
        command.args(["--databaseURI", &format!("sqlite:{}", database.display())]);
        Self::start(command.env_clear(), port, first)
    }

    /// Starts the floor on a database.
    pub(crate) fn floor(settings: &Settings, database: &Path) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([floor::COMMAND, &settings.floor]).arg(database).arg(port.to_string());
        Self::start(&mut command, port, &request(Caller::Public, "GET", "/health", ""))
    }

    fn start(command: &mut Command, port: u16, first: &[u8]) -> Outcome<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut process = Self { child, address, first_answer_ms: 0.0 };
        loop {
            let answer = Client::connect(address).and_then(|mut client| client.send(first));
            if let Ok((200, _)) = answer {
                break;
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("the server ended with {status}").into());
            }
            if begun.elapsed() > START_MAX {
                return Err("the server did not answer".into());
            }
            sleep(TRY_EVERY);
        }
        process.first_answer_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        Ok(process)
    }

    /// A connection to it.
    pub(crate) fn client(&self) -> Outcome<Client> {
        Client::connect(self.address)
    }

    /// What its threads have used so far.
    pub(crate) fn cpu_times(&self) -> Outcome<CpuTimes> {
        let mut times = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = entry?.path();
            // A thread may end between the list and the look.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            let ns = text.split(' ').next().unwrap_or_default().parse()?;
            times.insert(path.display().to_string(), ns);
        }
        Ok(CpuTimes(times))
    }

    /// What it holds now.
    pub(crate) fn memory(&self) -> Outcome<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mebibytes = |name: &str| -> Outcome<f64> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .ok_or("a line of status is missing")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
        };
        Ok(Memory { resident: mebibytes("VmRSS:")?, peak: mebibytes("VmHWM:")? })
    }

    /// Tells it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = self.child.wait()?;
        // The floor has nothing to finish and dies of the signal.
        match status.success() || status.code().is_none() {
            true => Ok(()),
            false => Err(format!("the server ended with {status}").into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
