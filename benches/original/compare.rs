//! All servers in turn, on the same rows, under the same load.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::driver::Outcome;
use crate::driver::load::{self, Requests};
use crate::driver::process::Process;
use crate::driver::table::{Table, quantile, short};
use crate::fixture::Fixture;
use crate::report::{Figure, Report, Wanted};
use crate::scenarios::{self, Check, Scenario};
use crate::settings::Settings;
use crate::start::Side;

/// How long a process may put its last work away before its time is read.
const SETTLE: Duration = Duration::from_millis(20);
/// How long a server is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(2);

const IDLE_MAX_MIB: f64 = 30.0;
const PEAK_MAX_MIB: f64 = 80.0;

/// What a round of requests came to, or the best of several rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Requests per second.
    pub(crate) rate: f64,
    /// CPU time of the process per request.
    pub(crate) cpu_micros: f64,
    /// CPU time of the database per request.
    pub(crate) database_micros: f64,
    /// Half of the requests were answered within this time.
    pub(crate) p50_ms: f64,
    /// 99 of 100 requests were answered within this time.
    pub(crate) p99_ms: f64,
}

impl Cost {
    fn best(self, other: Self) -> Self {
        Self {
            rate: f64::max(self.rate, other.rate),
            cpu_micros: f64::min(self.cpu_micros, other.cpu_micros),
            database_micros: f64::min(self.database_micros, other.database_micros),
            p50_ms: f64::min(self.p50_ms, other.p50_ms),
            p99_ms: f64::min(self.p99_ms, other.p99_ms),
        }
    }
}

/// Loads a process for a while.
pub(crate) fn cost(
    settings: &Settings,
    fixture: &Fixture,
    process: &Process,
    requests: &Requests,
) -> Outcome<Cost> {
    let (before, database) = (process.cpu_times()?, fixture.database_times()?);
    let load = load::run(process.address, requests, settings.connections, settings.round)?;
    sleep(SETTLE);
    let cpu_micros = process.cpu_times()?.micros_since(&before) / load.requests();
    let database_micros = fixture.database_times()?.micros_since(&database) / load.requests();
    let times = &load.latencies_ms;
    let (p50_ms, p99_ms) = (quantile(times, 0.5), quantile(times, 0.99));
    Ok(Cost { rate: load.rate(), cpu_micros, database_micros, p50_ms, p99_ms })
}

/// Measures the scenarios that are wanted, and the memory of the servers before and after.
pub(crate) fn scenarios(
    settings: &Settings,
    fixture: &Fixture,
    report: &mut Report,
) -> Outcome<()> {
    let mut scenarios = scenarios::all(fixture);
    scenarios.retain(|scenario| settings.wants(scenario.name));
    if scenarios.is_empty() && !settings.wants("memory") {
        return Ok(());
    }
    let start = |side: &Side| Ok((*side, fixture.start(settings, *side)?));
    let sides = settings.sides.iter().map(start).collect::<Outcome<Vec<_>>>()?;
    if settings.wants("memory") {
        sleep(IDLE);
        memory(report, "memory, idle", &sides, IDLE_MAX_MIB, |now| now.resident)?;
    }
    let mut rates = Table::new(
        "Load (best of rounds)",
        &["scenario", "server", "req/s", "p50 ms", "p99 ms", "CPU µs", "database CPU µs"],
    );
    for scenario in &scenarios {
        check(scenario, &sides)?;
        let costs = rounds(settings, fixture, scenario, &sides)?;
        for (side, cost) in &costs {
            rates.row([
                scenario.title.to_owned(),
                side.name().to_owned(),
                short(cost.rate),
                short(cost.p50_ms),
                short(cost.p99_ms),
                short(cost.cpu_micros),
                short(cost.database_micros),
            ]);
        }
        add(report, scenario, &costs);
    }
    rates.print();
    if settings.wants("memory") {
        memory(report, "memory, peak under load", &sides, PEAK_MAX_MIB, |now| now.peak)?;
    }
    sides.into_iter().try_for_each(|(_, process)| process.stop())
}

fn add(report: &mut Report, scenario: &Scenario, costs: &[(Side, Cost)]) {
    let figure = |name: &str, wanted: Wanted, pick: fn(&Cost) -> f64| {
        let of = |wanted: Side| {
            costs.iter().find(|(side, _)| *side == wanted).map(|(_, cost)| pick(cost))
        };
        Figure {
            name: format!("{}, {name}", scenario.title),
            unit: "µs",
            original: of(Side::Original),
            parsimony: of(Side::Parsimony),
            floor: of(Side::Floor),
            wanted,
        }
    };
    report.add(figure("CPU", Wanted::Ratio(scenario.wanted), |cost| cost.cpu_micros));
    let wanted = scenario.wanted_of_database.map_or(Wanted::Nothing, Wanted::Ratio);
    report.add(figure("database CPU", wanted, |cost| cost.database_micros));
}

fn memory(
    report: &mut Report,
    name: &str,
    sides: &[(Side, Process)],
    most: f64,
    pick: fn(crate::driver::process::Memory) -> f64,
) -> Outcome<()> {
    let of = |wanted: Side| -> Outcome<Option<f64>> {
        let process = sides.iter().find(|(side, _)| *side == wanted);
        process.map(|(_, process)| process.memory().map(pick)).transpose()
    };
    report.add(Figure {
        name: name.to_owned(),
        unit: "MiB",
        original: of(Side::Original)?,
        parsimony: of(Side::Parsimony)?,
        floor: of(Side::Floor)?,
        wanted: Wanted::AtMost(most),
    });
    Ok(())
}

/// All sides in turn; who begins alternates. A first round only warms up.
fn rounds(
    settings: &Settings,
    fixture: &Fixture,
    scenario: &Scenario,
    sides: &[(Side, Process)],
) -> Outcome<Vec<(Side, Cost)>> {
    let mut best: Vec<(Side, Cost)> = Vec::new();
    for round in 0..=settings.rounds {
        let mut turns: Vec<&(Side, Process)> = sides.iter().collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (side, process) in turns {
            let Some(requests) = requests(scenario, *side) else { continue };
            let cost = cost(settings, fixture, process, requests)?;
            match best.iter_mut().find(|(known, _)| known == side) {
                None if round == 0 => {}
                None => best.push((*side, cost)),
                Some((_, known)) => *known = known.best(cost),
            }
        }
    }
    best.sort_by_key(|(side, _)| Side::ALL.iter().position(|known| known == side));
    Ok(best)
}

fn requests(scenario: &Scenario, side: Side) -> Option<&Requests> {
    match side {
        Side::Original | Side::Parsimony => Some(&scenario.requests),
        Side::Floor => scenario.floor.as_ref(),
    }
}

/// Asks every side once: all must say the same.
fn check(scenario: &Scenario, sides: &[(Side, Process)]) -> Outcome<()> {
    let mut first: Option<Value> = None;
    for (side, process) in sides {
        let Some(requests) = requests(scenario, *side) else { continue };
        let mut answer = process.client()?.ask(&requests[0])?;
        sort(&mut answer);
        let fail = |what: &str| {
            Err(format!("{}: {} says {what}: {answer}", scenario.name, side.name()).into())
        };
        match scenario.check {
            _ if answer.get("errors").is_some() => return fail("no"),
            Check::Good => {}
            Check::GraphQl(place) => match answer["data"].pointer(place) {
                Some(value) if !value.is_null() => {}
                Some(_) | None => return fail("too little"),
            },
            Check::Same => match &first {
                Some(first) if *first != answer => return fail("something else"),
                Some(_) => {}
                None => first = Some(answer),
            },
        }
    }
    Ok(())
}

/// Puts rows in the order of their text: groups come in none.
fn sort(answer: &mut Value) {
    if let Some(rows) = answer.get_mut("results").and_then(Value::as_array_mut) {
        rows.sort_by_cached_key(Value::to_string);
    }
}
