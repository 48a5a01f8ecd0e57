//! Many functions that wait at the same time, in one worker.

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::load;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{Table, largest, median, quantile, short};
use crate::driver::wire::{Caller, request};
use crate::fixture::Fixture;
use crate::settings::Settings;

const WAITS_MS: u64 = 100;
const ALL_MAX_MS: f64 = 1_000.0;

/// From the first call to the last answer.
pub(crate) fn asleep(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("wait") {
        return Ok(());
    }
    allow_many_connections();
    let server = fixture.server(settings, "wait")?;
    let body = json!({ "ms": WAITS_MS }).to_string();
    let call = request(Caller::Public, "POST", "/parse/functions/wait", &body);
    let mut table = Table::new(
        &format!("{} calls at once of a function that waits {WAITS_MS} ms", settings.waiting),
        &["round", "all, ms", "p50 ms", "p99 ms"],
    );
    let mut all_ms = Vec::with_capacity(settings.rounds);
    // A first round only warms up.
    for round in 0..=settings.rounds {
        let load = load::once(server.address, &call, settings.waiting)?;
        let times = &load.latencies_ms;
        if times.iter().any(|time| *time < WAITS_MS as f64) {
            return Err("a function was answered before it ended".into());
        }
        if round > 0 {
            let all = load.seconds * 1_000.0;
            table.row([
                round.to_string(),
                short(all),
                short(quantile(times, 0.5)),
                short(quantile(times, 0.99)),
            ]);
            all_ms.push(all);
        }
    }
    table.print();
    let name = |which: &str| {
        format!("{} calls of a function that waits {WAITS_MS} ms, {which} round", settings.waiting)
    };
    report.add(name("median"), median(&all_ms), " ms", Wanted::Nothing);
    report.add(name("slowest"), largest(&all_ms), " ms", Wanted::AtMost(ALL_MAX_MS));
    server.stop()
}

/// As the server does it for itself.
#[cfg(target_os = "linux")]
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is not granted the connections fail, and say so.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(target_os = "linux"))]
fn allow_many_connections() {}
