//! What it costs to be somebody, and what it costs others that somebody logs in.

use std::hint::black_box;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::driver::data::{FEW, category};
use crate::driver::load::{self, Requests};
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{Table, median, quantile, short};
use crate::driver::wire::{Caller, escape, request, with_session};
use crate::driver::{Outcome, wire};
use crate::fixture::Fixture;
use crate::settings::Settings;

/// The word that makes this program burn time.
pub(crate) const COMMAND: &str = "burn";

const USER: &str = "bench-user";
const PASSWORD: &str = "bench-password";
const ROLES: usize = 10;
/// Log-ins under way at a time.
const LOG_INS: usize = 20;
/// Connections of those who do something else meanwhile.
const OTHERS: usize = 4;

/// A server whose user has roles; and the token of his session.
fn server(settings: &Settings, fixture: &Fixture, name: &str) -> Outcome<(Process, String)> {
    let server = Process::server(settings, &fixture.copy(settings, FEW, name)?)?;
    let mut client = server.client()?;
    let user = json!({ "username": USER, "password": PASSWORD });
    let made = client.ask(&request(Caller::Public, "POST", "/parse/users", &user.to_string()))?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).ok_or("no session");
    let (id, token) = (text("objectId")?, text("sessionToken")?);
    let pointer = json!({ "__type": "Pointer", "className": "_User", "objectId": id });
    for at in 0..ROLES {
        let users = json!({ "__op": "AddRelation", "objects": [pointer] });
        let role = json!({ "name": format!("role{at}"), "ACL": {}, "users": users });
        client.master("POST", "/roles", &role)?;
    }
    Ok((server, token))
}

/// Warm requests as a user in ten roles beside the same requests without a session: what the server's threads
/// run for each.
pub(crate) fn session(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("session") {
        return Ok(());
    }
    let (server, token) = server(settings, fixture, "session")?;
    let mut table =
        Table::new("A user in ten roles", &["request", "without", "with a session", "ratio"]);
    for (name, plain) in kinds(fixture) {
        let own: Requests = plain.iter().map(|request| with_session(request, &token)).collect();
        let micros = |requests: &Requests| -> Outcome<f64> {
            let before = server.cpu_times()?;
            let load = load::run(server.address, requests, settings.connections, settings.round)?;
            Ok(server.cpu_times()?.micros_since(&before) / load.requests())
        };
        micros(&plain)?;
        micros(&own)?;
        let mut rounds = Vec::with_capacity(settings.rounds);
        for _ in 0..settings.rounds {
            rounds.push((micros(&plain)?, micros(&own)?));
        }
        let of =
            |pick: fn(&(f64, f64)) -> f64| median(&rounds.iter().map(pick).collect::<Vec<_>>());
        let ratio = of(|(plain, own)| own / plain);
        let (plain, own) = (of(|round| round.0), of(|round| round.1));
        table.row([
            name.to_owned(),
            format!("{} µs", short(plain)),
            format!("{} µs", short(own)),
            short(ratio),
        ]);
        report.add(format!("{name} as a user in ten roles, CPU"), ratio, "×", Wanted::AtMost(1.15));
    }
    table.print();
    server.stop()
}

fn kinds(fixture: &Fixture) -> Vec<(&'static str, Requests)> {
    let get =
        |id: &String| request(Caller::Public, "GET", &format!("/parse/classes/Post/{id}"), "");
    let find = |at: usize| {
        let filter = escape(&json!({ "category": category(at) }).to_string());
        let target = format!("/parse/classes/Post?where={filter}&limit=100");
        request(Caller::Public, "GET", &target, "")
    };
    let query = "query Q($id: ID!) { post(id: $id) { objectId title views } }";
    let graphql = |id: &String| wire::graphql(Caller::Public, query, &json!({ "id": id }));
    vec![
        ("REST get", fixture.ids.posts.iter().take(2_000).map(get).collect()),
        ("REST find 100", (0..50).map(find).collect()),
        ("GraphQL get", fixture.ids.posts.iter().take(2_000).map(graphql).collect()),
    ]
}

/// How long others wait while twenty log-ins are under way, beside how long they wait while a foreign process
/// burns the time that hashing takes.
pub(crate) fn log_ins(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("logins") {
        return Ok(());
    }
    let (server, _) = server(settings, fixture, "logins")?;
    let (_, gets) = kinds(fixture).swap_remove(0);
    let body = json!({ "username": USER, "password": PASSWORD }).to_string();
    let log_in: Requests = [request(Caller::Public, "POST", "/parse/login", &body)].into();
    // As many threads as hash passwords: all cores but one, and one at least.
    let cores = thread::available_parallelism()?.get();
    let threads = if cores > 1 { cores - 1 } else { 1 };
    let (address, lasting) = (server.address, settings.round * 3);
    let others = || load::run(address, &gets, OTHERS, lasting);
    others()?;
    let (mut alone, mut beside_log_ins, mut beside_burning) = (Vec::new(), Vec::new(), Vec::new());
    let mut done = 0.0;
    for _ in 0..settings.rounds {
        alone.push(p99(&others()?.latencies_ms));
        // Log-ins begin before the others and end after them.
        let longer: Duration = lasting + settings.round;
        beside_log_ins.push(thread::scope(|scope| -> Outcome<f64> {
            let log_ins = {
                let log_in = &log_in;
                scope.spawn(move || load::run(address, log_in, LOG_INS, longer))
            };
            thread::sleep(settings.round / 2);
            let measured = p99(&others()?.latencies_ms);
            done += log_ins.join().map_err(|_| "the log-ins failed")??.rate();
            Ok(measured)
        })?);
        let burning = Burning::start(threads)?;
        thread::sleep(Duration::from_millis(100));
        beside_burning.push(p99(&others()?.latencies_ms));
        drop(burning);
    }
    let ratios: Vec<f64> =
        beside_log_ins.iter().zip(&beside_burning).map(|(own, foreign)| own / foreign).collect();
    let mut table = Table::new("REST get, p99 of all others", &["meanwhile", "p99"]);
    let row = |name: String, values: &[f64]| [name, format!("{} ms", short(median(values)))];
    let rate = short(done / settings.rounds as f64);
    table.row(row("nothing".to_owned(), &alone));
    table.row(row(format!("{LOG_INS} log-ins at a time, {rate} per second"), &beside_log_ins));
    table.row(row(format!("{threads} threads of a foreign process"), &beside_burning));
    table.print();
    let name = "p99 beside log-ins, to p99 beside a foreign process";
    report.add(name, median(&ratios), "×", Wanted::AtMost(1.2));
    server.stop()
}

fn p99(latencies_ms: &[f64]) -> f64 {
    quantile(latencies_ms, 0.99)
}

/// A foreign process that burns time until this is dropped.
struct Burning(Child);

impl Burning {
    fn start(threads: usize) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([COMMAND, &threads.to_string()]).stdin(Stdio::null());
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Burning {
    fn drop(&mut self) {
        // It never ends by itself; that it is gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Burns the time of so many threads, until the process is killed.
pub(crate) fn burn(threads: &str) -> Outcome<()> {
    let threads: usize = threads.parse()?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut number = 1_u64;
                loop {
                    number = black_box(number.wrapping_mul(6_364_136_223_846_793_005) ^ 1);
                }
            });
        }
    });
    Ok(())
}
