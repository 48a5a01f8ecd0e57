//! Server and floor in turn, on the same rows, under the same load.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::driver::Outcome;
use crate::driver::data::FEW;
use crate::driver::load::{self, Requests};
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{Table, median, quantile, short};
use crate::fixture::Fixture;
use crate::scenarios::{self, Check, Scenario};
use crate::settings::Settings;

/// How long a process may put its last work away before its time is read.
const SETTLE: Duration = Duration::from_millis(20);

/// What the rounds of one side came to.
#[derive(Debug, Default)]
struct Side {
    rates: Vec<f64>,
    cpu_micros: Vec<f64>,
    p99_ms: Vec<f64>,
}

/// Measures the scenarios that are wanted.
pub(crate) fn scenarios(
    settings: &Settings,
    fixture: &Fixture,
    report: &mut Report,
) -> Outcome<()> {
    let mut scenarios = scenarios::all(fixture);
    scenarios.retain(|scenario| settings.wants(scenario.name));
    if scenarios.is_empty() {
        return Ok(());
    }
    let columns = [
        "scenario",
        "floor req/s",
        "server req/s",
        "floor µs CPU",
        "server µs CPU",
        "ratio",
        "floor p99 ms",
        "server p99 ms",
    ];
    let mut table = Table::new("Server beside floor (medians over rounds)", &columns);
    let floor = Process::floor(settings, &fixture.copy(settings, FEW, "floor")?)?;
    let server = Process::server(settings, &fixture.copy(settings, FEW, "server")?)?;
    for scenario in &scenarios {
        check(scenario, &server, &floor)?;
        let [floor, server] = rounds(settings, scenario, &floor, &server)?;
        let ratios: Vec<f64> = server
            .cpu_micros
            .iter()
            .zip(&floor.cpu_micros)
            .map(|(server, floor)| server / floor)
            .collect();
        let ratio = median(&ratios);
        table.row([
            scenario.title.to_owned(),
            short(median(&floor.rates)),
            short(median(&server.rates)),
            short(median(&floor.cpu_micros)),
            short(median(&server.cpu_micros)),
            short(ratio),
            short(median(&floor.p99_ms)),
            short(median(&server.p99_ms)),
        ]);
        let wanted = scenario.wanted.map_or(Wanted::Nothing, Wanted::AtMost);
        report.add(format!("{}, CPU time beside floor", scenario.title), ratio, "×", wanted);
    }
    table.print();
    let memory = server.memory()?;
    report.add("memory after load", memory.resident, " MiB", Wanted::Nothing);
    report.add("memory at its peak under load", memory.peak, " MiB", Wanted::AtMost(80.0));
    server.stop()?;
    floor.stop()
}

fn check(scenario: &Scenario, server: &Process, floor: &Process) -> Outcome<()> {
    let fail =
        |what: &str, answer: &Value| Err(format!("{}: {what}: {answer}", scenario.name).into());
    let answer = server.client()?.ask(&scenario.server[0])?;
    let counterpart = floor.client()?.ask(&scenario.floor[0])?;
    match scenario.check {
        Check::Same if answer != counterpart => fail("the floor says something else", &answer),
        Check::Same | Check::Good => Ok(()),
        Check::GraphQl(place) => match (answer.get("errors"), answer["data"].pointer(place)) {
            (None, Some(value)) if !value.is_null() => Ok(()),
            _ => fail("no such answer", &answer),
        },
    }
}

/// Floor and server in turn; who begins alternates. A first round only warms up.
fn rounds(
    settings: &Settings,
    scenario: &Scenario,
    floor: &Process,
    server: &Process,
) -> Outcome<[Side; 2]> {
    let mut sides = [Side::default(), Side::default()];
    for round in 0..=settings.rounds {
        let mut turns = [(0, floor, &scenario.floor), (1, server, &scenario.server)];
        if round % 2 == 1 {
            turns.reverse();
        }
        for (side, process, requests) in turns {
            let lasting = if round == 0 { settings.round / 4 } else { settings.round };
            let measured = cost(settings, process, requests, lasting)?;
            if round > 0 {
                sides[side].rates.push(measured.rate);
                sides[side].cpu_micros.push(measured.cpu_micros);
                sides[side].p99_ms.push(measured.p99_ms);
            }
        }
    }
    Ok(sides)
}

/// What requests cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Requests per second.
    pub(crate) rate: f64,
    /// CPU time of the process per request.
    pub(crate) cpu_micros: f64,
    /// 99 of 100 requests were answered within this time.
    pub(crate) p99_ms: f64,
}

/// Loads a process for a while.
pub(crate) fn cost(
    settings: &Settings,
    process: &Process,
    requests: &Requests,
    lasting: Duration,
) -> Outcome<Cost> {
    let before = process.cpu_times()?;
    let load = load::run(process.address, requests, settings.connections, lasting)?;
    sleep(SETTLE);
    let cpu_micros = process.cpu_times()?.micros_since(&before) / load.requests();
    Ok(Cost { rate: load.rate(), cpu_micros, p99_ms: quantile(&load.latencies_ms, 0.99) })
}
