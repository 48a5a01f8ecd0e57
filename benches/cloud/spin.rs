//! What others notice of a function that never yields.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::driver::load::{self, Requests};
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::requests::requests;
use crate::driver::table::{Table, median, quantile, short};
use crate::driver::wire::{Caller, request};
use crate::driver::{Outcome, data};
use crate::fixture::{Fixture, PLAIN};
use crate::settings::Settings;

const SPINS: Duration = Duration::from_secs(2);
/// How long reads go on after the spinning began; so long before its end they stop.
const MARGIN: Duration = Duration::from_millis(100);
/// Connections of those who read.
const READERS: usize = 4;
const OBJECTS: usize = 200;
const BESIDE_FOREIGN_MAX: f64 = 1.2;

/// The p99 of reads while a function spins, beside what it is while a process of somebody else spins.
pub(crate) fn reads(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("spin") {
        return Ok(());
    }
    let server = fixture.server(settings, "spin")?;
    let gets = gets(&server)?;
    let (mut alone, mut beside_own, mut beside_foreign) = (Vec::new(), Vec::new(), Vec::new());
    load::run(server.address, &gets, READERS, settings.round)?;
    for round in 0..settings.rounds {
        alone.push(p99(&server, &gets)?);
        // Who comes first alternates.
        if round % 2 == 0 {
            beside_own.push(beside_function(&server, &gets)?);
            beside_foreign.push(beside_process(&server, &gets)?);
        } else {
            beside_foreign.push(beside_process(&server, &gets)?);
            beside_own.push(beside_function(&server, &gets)?);
        }
    }
    let ratios: Vec<f64> =
        beside_own.iter().zip(&beside_foreign).map(|(own, foreign)| own / foreign).collect();
    let mut table = Table::new("REST get, p99 (median over rounds)", &["meanwhile", "p99"]);
    let mut row = |name: &str, values: &[f64]| {
        table.row([name.to_owned(), format!("{} ms", short(median(values)))]);
    };
    row("nothing", &alone);
    row("a function spins", &beside_own);
    row("a foreign Node process spins", &beside_foreign);
    table.print();
    let name = "p99 of reads while a function spins, to p99 beside a foreign process";
    report.add(name, median(&ratios), "×", Wanted::AtMost(BESIDE_FOREIGN_MAX));
    server.stop()
}

fn gets(server: &Process) -> Outcome<Requests> {
    let author = ["unknown001".to_owned()];
    let mut client = server.client()?;
    let ids = data::create(&mut client, PLAIN, OBJECTS, &|at| data::post(at, &author))?;
    let target = |id: &String| format!("/parse/classes/{PLAIN}/{id}");
    Ok(requests(ids.iter().map(|id| request(Caller::Public, "GET", &target(id), ""))))
}

fn p99(server: &Process, gets: &Requests) -> Outcome<f64> {
    let load = load::run(server.address, gets, READERS, SPINS - 2 * MARGIN)?;
    Ok(quantile(&load.latencies_ms, 0.99))
}

fn beside_function(server: &Process, gets: &Requests) -> Outcome<f64> {
    let body = json!({ "ms": SPINS.as_millis() as u64 }).to_string();
    let call = request(Caller::Public, "POST", "/parse/functions/spin", &body);
    thread::scope(|scope| {
        let spinning = scope.spawn(|| -> Outcome<Instant> {
            server.client()?.ask(&call)?;
            Ok(Instant::now())
        });
        thread::sleep(MARGIN);
        let measured = p99(server, gets)?;
        let read_until = Instant::now();
        let spun_until = spinning.join().map_err(|_| "the function was not answered")??;
        match spun_until >= read_until {
            true => Ok(measured),
            false => Err("the function ended before the reads".into()),
        }
    })
}

fn beside_process(server: &Process, gets: &Requests) -> Outcome<f64> {
    let mut spinning = Spinning::start()?;
    thread::sleep(MARGIN);
    let measured = p99(server, gets)?;
    match spinning.0.try_wait()? {
        None => Ok(measured),
        Some(status) => Err(format!("the foreign process ended before the reads: {status}").into()),
    }
}

/// A foreign Node process that burns as much time as the function does.
struct Spinning(Child);

impl Spinning {
    /// Starts it and waits until it has begun.
    fn start() -> Outcome<Self> {
        let script = format!(
            "process.stdout.write('begun\\n', () => {{ const end = Date.now() + {}; while (Date.now() < end); }})",
            SPINS.as_millis()
        );
        let mut command = Command::new("node");
        command.args(["-e", &script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut spinning = Self(command.spawn()?);
        let output = spinning.0.stdout.take().ok_or("there is no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(spinning)
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
