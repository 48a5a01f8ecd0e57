//! A measured process: start and stop, the time it used, the memory it holds.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Outcome;
use super::wire::Client;

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

/// How long threads have run.
#[derive(Debug, Default)]
pub(crate) struct CpuTimes {
    /// Nanoseconds of each that still runs.
    pub(crate) each: HashMap<String, u64>,
    /// Microseconds of all in hundredths of a second, those that ended among them; nothing if nobody knows.
    pub(crate) all: f64,
}

/// What a clock that ticks a hundred times a second may be wrong by, in microseconds.
const TICKS: f64 = 30_000.0;

impl CpuTimes {
    /// Adds those of a process.
    fn add(&mut self, id: u32) -> Outcome<()> {
        for entry in fs::read_dir(format!("/proc/{id}/task"))? {
            let path = entry?.path();
            if let Some(nanos) = nanos(&path)? {
                self.each.insert(path.display().to_string(), nanos);
            }
        }
        // The 12th and 13th word: user and system time in ticks.
        let words = words_of_stat(id)?;
        let ticks = words.iter().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
        self.all += ticks.sum::<f64>() * 10_000.0;
        Ok(())
    }

    /// Microseconds between two looks. The fine clock knows only threads that did not end in between; if the coarse one
    /// says more than that, it counts.
    pub(crate) fn micros_since(&self, before: &Self) -> f64 {
        let ran = self.each.iter().map(|(thread, nanos)| {
            nanos.saturating_sub(before.each.get(thread).copied().unwrap_or(0))
        });
        let fine = ran.sum::<u64>() as f64 / 1_000.0;
        let coarse = self.all - before.all;
        if coarse > fine + TICKS { coarse } else { fine }
    }
}

/// What a thread has run; nothing if it is gone.
pub(crate) fn nanos(place: &Path) -> Outcome<Option<u64>> {
    let Ok(text) = fs::read_to_string(place.join("schedstat")) else { return Ok(None) };
    Ok(Some(text.split(' ').next().unwrap_or_default().parse()?))
}

/// What the system says of a process, behind its name, which may hold anything.
fn words_of_stat(id: u32) -> Outcome<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    Ok(words.map(str::to_owned).collect())
}

impl Process {
    /// Starts a program that listens on a port, and waits until it answers a request with status 200.
    pub(crate) fn start(command: &mut Command, port: u16, first: &[u8]) -> Outcome<Self> {
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
        let mut times = CpuTimes::default();
        times.add(self.child.id())?;
        Ok(times)
    }

    /// What the threads of the processes that it started have used so far.
    pub(crate) fn cpu_times_of_children(&self) -> Outcome<CpuTimes> {
        let mut times = CpuTimes::default();
        for child in self.children()? {
            times.add(child)?;
        }
        Ok(times)
    }

    /// The processes that it started and that still run.
    pub(crate) fn children(&self) -> Outcome<Vec<u32>> {
        let own = self.child.id().to_string();
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // Its parent is the 2nd word; one that ended meanwhile is nobody's child.
            if words_of_stat(id).is_ok_and(|words| words.get(1) == Some(&own)) {
                children.push(id);
            }
        }
        Ok(children)
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

/// A port that nobody listens on.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
