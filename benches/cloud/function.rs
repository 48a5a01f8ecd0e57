//! A function that does nothing, called through REST.

use crate::driver::Outcome;
use crate::driver::report::{Report, Wanted};
use crate::driver::requests::requests;
use crate::driver::wire::{Caller, request};
use crate::fixture::Fixture;
use crate::measure::{self, Turn};
use crate::settings::Settings;

const BESIDE_FLOOR_MAX: f64 = 1.5;
const ORIGINAL_BY_OURS_MIN: f64 = 1.0;

/// The server beside the floor, and beside the original.
pub(crate) fn empty(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("function") {
        return Ok(());
    }
    let (floor, server) = (fixture.floor()?, fixture.server(settings, "function")?);
    let original = fixture.original(settings)?;
    let calls =
        |target: &str| requests(std::iter::once(request(Caller::Public, "POST", target, "{}")));
    let through_rest = calls("/parse/functions/nothing");
    let mut turns = vec![
        Turn { name: "floor", process: &floor, requests: calls("/functions/nothing") },
        Turn { name: "parsimony", process: &server, requests: through_rest.clone() },
    ];
    if let Some(process) = &original {
        turns.push(Turn { name: "original", process, requests: through_rest });
    }
    let costs = measure::rounds(settings, &turns)?;
    measure::print("An empty function", &turns, &costs);
    let beside = costs[1].beside(&costs[0], |cost| cost.own_micros);
    let name = "empty function, CPU of the server beside the floor's";
    report.add(name, beside, "×", Wanted::AtMost(BESIDE_FLOOR_MAX));
    let beside = costs[1].beside(&costs[0], |cost| cost.worker_micros);
    let name = "empty function, CPU of the worker beside a bare echo's";
    report.add(name, beside, "×", Wanted::Nothing);
    if let Some(original) = costs.get(2) {
        let ratio = original.beside(&costs[1], |cost| cost.all_micros());
        let name = "empty function, parse-server's CPU by the server's and the worker's";
        report.add(name, ratio, "×", Wanted::AtLeast(ORIGINAL_BY_OURS_MIN));
    }
    if let Some(original) = original {
        original.stop()?;
    }
    server.stop()?;
    floor.stop()
}
