//! Writes, and what it costs to tell of them.

use std::thread::sleep;
use std::time::Duration;

use crate::driver::Outcome;
use crate::driver::process::Process;
use crate::driver::table::{Table, median, quantile, short};
use crate::settings::Settings;
use crate::sockets::Sockets;

/// How long a process may put its last work away before its time is read.
const SETTLE: Duration = Duration::from_millis(20);
/// Writes that are not measured.
const WARM_UP: usize = 5;

/// Somebody who is written to, and those who are told.
pub(crate) struct Side<'a> {
    pub(crate) name: &'a str,
    pub(crate) process: &'a Process,
    pub(crate) sockets: &'a Sockets,
    /// How many messages one write makes.
    pub(crate) messages: usize,
    /// The request of a write.
    pub(crate) write: Box<dyn Fn(usize) -> Vec<u8> + 'a>,
}

/// What rounds of writes came to.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// CPU time of the process per write, of each round.
    pub(crate) micros: Vec<f64>,
    /// From the write to each message.
    pub(crate) latencies_ms: Vec<f64>,
}

impl Costs {
    /// CPU time per write.
    pub(crate) fn cpu_micros(&self) -> f64 {
        median(&self.micros)
    }

    /// The median of the ratios of the rounds.
    pub(crate) fn beside(&self, other: &Self) -> f64 {
        let ratios = self.micros.iter().zip(&other.micros).map(|(own, other)| own / other);
        median(&ratios.collect::<Vec<_>>())
    }
}

/// Writes to all sides in turn, and prints what that came to.
pub(crate) fn alternate(
    settings: &Settings,
    title: &str,
    sides: &[Side<'_>],
) -> Outcome<Vec<Costs>> {
    let mut costs: Vec<Costs> = sides.iter().map(|_| Costs::default()).collect();
    for side in sides {
        round(side, WARM_UP)?;
        side.sockets.latencies_ms();
    }
    for _ in 0..settings.rounds {
        for (side, costs) in sides.iter().zip(&mut costs) {
            costs.micros.push(round(side, settings.writes)?);
            costs.latencies_ms.extend(side.sockets.latencies_ms());
        }
    }
    let columns = ["", "CPU per write, µs", "p50, ms", "p99, ms"];
    let mut table = Table::new(title, &columns);
    for (side, costs) in sides.iter().zip(&costs) {
        let quantile = |part: f64| short(quantile(&costs.latencies_ms, part));
        table.row([side.name.to_owned(), short(costs.cpu_micros()), quantile(0.5), quantile(0.99)]);
    }
    table.print();
    Ok(costs)
}

/// Microseconds of CPU per write.
fn round(side: &Side<'_>, writes: usize) -> Outcome<f64> {
    let mut client = side.process.client()?;
    let before = side.process.cpu_times()?;
    for at in 0..writes {
        let known = side.sockets.told();
        let request = (side.write)(at);
        side.sockets.begin();
        client.ask(&request)?;
        side.sockets.wait(known + side.messages)?;
    }
    sleep(SETTLE);
    Ok(side.process.cpu_times()?.micros_since(&before) / writes as f64)
}
