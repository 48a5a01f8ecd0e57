//! Saves with a trigger that does nothing, beside saves without one.

use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::{Outcome, requests};
use crate::fixture::{Fixture, HOOKED, PLAIN};
use crate::measure::{self, Turn};
use crate::settings::Settings;

const BESIDE_PLAIN_MAX: f64 = 2.5;
const ORIGINAL_BY_OURS_MIN: f64 = 3.0;

fn creates<'a>(name: &'static str, process: &'a Process, class: &str) -> Turn<'a> {
    Turn { name, process, requests: requests::creates(&format!("/parse/classes/{class}")) }
}

/// On SQLite: the server's own time, in which the database's is.
pub(crate) fn hooked(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("save") {
        return Ok(());
    }
    let server = fixture.server(settings, "save")?;
    let turns = [creates("without", &server, PLAIN), creates("with beforeSave", &server, HOOKED)];
    let costs = measure::rounds(settings, &turns)?;
    measure::print("A create on SQLite", &turns, &costs);
    let ratio = costs[1].beside(&costs[0], |cost| cost.own_micros);
    let name = "create with beforeSave, CPU of the server beside one without, SQLite";
    report.add(name, ratio, "×", Wanted::AtMost(BESIDE_PLAIN_MAX));
    server.stop()
}

/// On PostgreSQL, beside the original on the same database.
pub(crate) fn beside_original(
    settings: &Settings,
    fixture: &Fixture,
    report: &mut Report,
) -> Outcome<()> {
    if !settings.wants("save") {
        return Ok(());
    }
    let Some(server) = fixture.server_beside_original(settings)? else { return Ok(()) };
    let Some(original) = fixture.original(settings)? else { return Ok(()) };
    let turns = [
        creates("parsimony, without", &server, PLAIN),
        creates("parsimony, with beforeSave", &server, HOOKED),
        creates("original, without", &original, PLAIN),
        creates("original, with beforeSave", &original, HOOKED),
    ];
    let costs = measure::rounds(settings, &turns)?;
    measure::print("A create on PostgreSQL", &turns, &costs);
    let ratio = costs[1].beside(&costs[0], |cost| cost.own_micros);
    let name = "create with beforeSave, CPU of the server beside one without, PostgreSQL";
    report.add(name, ratio, "×", Wanted::AtMost(BESIDE_PLAIN_MAX));
    let ratio = costs[3].beside(&costs[1], |cost| cost.all_micros());
    let name = "create with beforeSave, parse-server's CPU by the server's and the worker's";
    report.add(name, ratio, "×", Wanted::AtLeast(ORIGINAL_BY_OURS_MIN));
    let ratio = costs[3].beside(&costs[1], |cost| cost.own_micros);
    let name = "create with beforeSave, parse-server's CPU by the server's alone";
    report.add(name, ratio, "×", Wanted::Nothing);
    original.stop()?;
    server.stop()
}
