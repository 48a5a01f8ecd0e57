//! The server beside npm parse-server, both on PostgreSQL.

use serde_json::{Value, json};

use crate::driver::Outcome;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{median, quantile};
use crate::fixture::{Fixture, write};
use crate::measure::{Side, alternate};
use crate::settings::Settings;
use crate::sockets::Sockets;

/// The original's CPU per event by this server's.
const SAME_MIN: f64 = 5.0;
const DISTINCT_MIN: f64 = 10.0;

/// Sockets that ask the same, and sockets that ask each his own.
pub(crate) fn beside(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("original") {
        return Ok(());
    }
    let (Some(server), Some(original)) =
        (fixture.server_beside_original(settings)?, fixture.original(settings)?)
    else {
        return Ok(());
    };
    type Question = fn(usize, usize) -> Value;
    let same: Question = |_, _| json!({ "views": { "$gt": 0 } });
    let distinct: Question =
        |at, _| json!({ "views": { "$gt": 0 }, "category": { "$ne": format!("none-{at}") } });
    for (name, question, least) in
        [("one question", same, SAME_MIN), ("distinct questions", distinct, DISTINCT_MIN)]
    {
        let of_server = Sockets::open(server.address, settings.sockets, |_| json!({}))?;
        of_server.subscribe(1, question)?;
        let of_original = Sockets::open(original.address, settings.sockets, |_| json!({}))?;
        of_original.subscribe(1, question)?;
        let side = |name, process, sockets| Side {
            name,
            process,
            sockets,
            messages: settings.sockets,
            write: Box::new(|_| write(1, 1)),
        };
        let sides =
            [side("parse-server", &original, &of_original), side("server", &server, &of_server)];
        let title = format!("{} sockets, {name}", settings.sockets);
        let costs = alternate(settings, &title, &sides)?;
        let figure = format!("{name}: parse-server's CPU / the server's");
        report.add(figure, costs[0].beside(&costs[1]), "×", Wanted::AtLeast(least));
        for (who, costs) in [("parse-server", &costs[0]), ("server", &costs[1])] {
            let p50 = median(&costs.latencies_ms);
            let p99 = quantile(&costs.latencies_ms, 0.99);
            report.add(format!("{name}: {who}, p50"), p50, " ms", Wanted::Nothing);
            report.add(format!("{name}: {who}, p99"), p99, " ms", Wanted::Nothing);
        }
    }
    Ok(())
}
