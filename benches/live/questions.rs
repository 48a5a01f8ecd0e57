//! What an event costs among many questions of which few are met.

use serde_json::{Value, json};

use crate::driver::Outcome;
use crate::driver::report::{Report, Wanted};
use crate::fixture::{Fixture, write};
use crate::measure::{Side, alternate};
use crate::settings::Settings;
use crate::sockets::Sockets;

const SOCKETS: usize = 10;
/// Questions that every event meets.
const MET: usize = 100;
/// So many times as many are there.
const TIMES: usize = 100;
const RATIO_MAX: f64 = 3.0;

/// 10,000 questions of which 100 are met, beside 100 that are all met.
pub(crate) fn many(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("questions") {
        return Ok(());
    }
    // No two questions are the same, so that each is asked by itself.
    let equal = |of: usize, number: usize| json!({ "category": format!("category-{of}"), "title": { "$ne": format!("{number}") } });
    let between = |of: usize, number: usize| json!({ "views": { "$gte": of * 10, "$lt": of * 10 + 10 }, "title": { "$ne": format!("{number}") } });
    type Question = fn(usize, usize) -> Value;
    let kinds: [(&str, Question); 2] = [("equality", equal), ("ranges", between)];
    for (name, question) in kinds {
        let few = fixture.server(settings, &format!("few-{name}"))?;
        let many = fixture.server(settings, &format!("many-{name}"))?;
        let of_few = Sockets::open(few.address, SOCKETS, |_| json!({}))?;
        of_few.subscribe(MET / SOCKETS, |at, id| question(0, at * MET + id))?;
        let of_many = Sockets::open(many.address, SOCKETS, |_| json!({}))?;
        of_many
            .subscribe(MET * TIMES / SOCKETS, |at, id| question(id % TIMES, at * 10_000 + id))?;
        let side = |name, process, sockets| Side {
            name,
            process,
            sockets,
            messages: MET,
            write: Box::new(|_| write(0, 5)),
        };
        let sides =
            [side("100 questions", &few, &of_few), side("10,000 questions", &many, &of_many)];
        let costs =
            alternate(settings, &format!("An event that meets 100 questions: {name}"), &sides)?;
        let ratio = costs[1].beside(&costs[0]);
        let figure = format!("{name}: 10,000 questions, 100 met / 100 questions");
        report.add(figure, ratio, "×", Wanted::AtMost(RATIO_MAX));
    }
    Ok(())
}
