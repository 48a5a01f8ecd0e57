//! Processes in turn, under the same load.

use std::thread::sleep;
use std::time::Duration;

use crate::driver::Outcome;
use crate::driver::load::{self, Requests};
use crate::driver::process::Process;
use crate::driver::table::{Table, median, quantile, short};
use crate::settings::Settings;

/// How long a process may put its last work away before its time is read.
const SETTLE: Duration = Duration::from_millis(20);

/// What a round of requests came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Requests per second.
    pub(crate) rate: f64,
    /// CPU time of the process per request.
    pub(crate) own_micros: f64,
    /// CPU time of the processes that it started, per request.
    pub(crate) worker_micros: f64,
    /// Half of the requests were answered within this time.
    pub(crate) p50_ms: f64,
    /// 99 of 100 requests were answered within this time.
    pub(crate) p99_ms: f64,
}

impl Cost {
    /// CPU time of the process and of those that it started.
    pub(crate) fn all_micros(&self) -> f64 {
        self.own_micros + self.worker_micros
    }
}

/// Who is asked, and what.
pub(crate) struct Turn<'a> {
    /// How it is called in the table.
    pub(crate) name: &'static str,
    /// Who is asked.
    pub(crate) process: &'a Process,
    /// What is asked in turn.
    pub(crate) requests: Requests,
}

/// What the rounds of one turn came to.
#[derive(Debug, Default)]
pub(crate) struct Costs(Vec<Cost>);

impl Costs {
    /// The median of a figure.
    pub(crate) fn median(&self, pick: fn(&Cost) -> f64) -> f64 {
        median(&self.0.iter().map(pick).collect::<Vec<_>>())
    }

    /// The median of the ratios of a figure to another's in the same round.
    pub(crate) fn beside(&self, other: &Self, pick: fn(&Cost) -> f64) -> f64 {
        let ratios = self.0.iter().zip(&other.0).map(|(own, other)| pick(own) / pick(other));
        median(&ratios.collect::<Vec<_>>())
    }
}

/// All in turn; who begins alternates. A first round only warms up.
pub(crate) fn rounds(settings: &Settings, turns: &[Turn<'_>]) -> Outcome<Vec<Costs>> {
    for turn in turns {
        let (status, body) = turn.process.client()?.send(&turn.requests[0])?;
        if status >= 300 || body.starts_with(b"{\"error") {
            let told = String::from_utf8_lossy(&body[..body.len().clamp(0, 500)]).into_owned();
            return Err(format!("{} says {status} {told}", turn.name).into());
        }
    }
    let mut costs: Vec<Costs> = turns.iter().map(|_| Costs::default()).collect();
    for round in 0..=settings.rounds {
        let mut order: Vec<usize> = (0..turns.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let cost = cost(settings, &turns[at])?;
            if round > 0 {
                costs[at].0.push(cost);
            }
        }
    }
    Ok(costs)
}

fn cost(settings: &Settings, turn: &Turn<'_>) -> Outcome<Cost> {
    let Turn { process, requests, .. } = turn;
    let (own, workers) = (process.cpu_times()?, process.cpu_times_of_children()?);
    let load = load::run(process.address, requests, settings.connections, settings.round)?;
    sleep(SETTLE);
    let own_micros = process.cpu_times()?.micros_since(&own) / load.requests();
    let worker_micros = process.cpu_times_of_children()?.micros_since(&workers) / load.requests();
    let times = &load.latencies_ms;
    let (p50_ms, p99_ms) = (quantile(times, 0.5), quantile(times, 0.99));
    Ok(Cost { rate: load.rate(), own_micros, worker_micros, p50_ms, p99_ms })
}

/// Prints what all turns came to.
pub(crate) fn print(title: &str, turns: &[Turn<'_>], costs: &[Costs]) {
    let columns = ["server", "req/s", "p50 ms", "p99 ms", "CPU µs", "worker CPU µs"];
    let mut table = Table::new(&format!("{title} (medians over rounds)"), &columns);
    for (turn, costs) in turns.iter().zip(costs) {
        table.row([
            turn.name.to_owned(),
            short(costs.median(|cost| cost.rate)),
            short(costs.median(|cost| cost.p50_ms)),
            short(costs.median(|cost| cost.p99_ms)),
            short(costs.median(|cost| cost.own_micros)),
            short(costs.median(|cost| cost.worker_micros)),
        ]);
    }
    table.print();
}
