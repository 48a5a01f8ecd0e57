//! How soon a server answers, and what many classes cost.

use crate::compare;
use crate::driver::Outcome;
use crate::driver::requests;
use crate::driver::table::{Table, largest, median, short};
use crate::fixture::{CLASSES, Fixture};
use crate::report::{Figure, Report, Wanted};
use crate::settings::Settings;
use crate::start::Side;

const START_MAX_MS: f64 = 200.0;
const GROWTH_MAX: f64 = 1.2;

/// From the start of the process to its first answer that comes from the database.
pub(crate) fn start(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("start") {
        return Ok(());
    }
    let firsts = [
        ("start to first REST get", &requests::gets(&fixture.ids)[0]),
        ("start to first GraphQL get", &requests::graphql_gets(&fixture.ids)[0]),
    ];
    let mut table =
        Table::new("Start to first answer, ms", &["first answer", "server", "median", "largest"]);
    for (name, first) in firsts {
        let mut of = [None, None];
        for (at, side) in [Side::Original, Side::Parsimony].into_iter().enumerate() {
            if !settings.sides.contains(&side) {
                continue;
            }
            let mut times = Vec::with_capacity(settings.starts);
            for _ in 0..settings.starts {
                let process = fixture.start_until(settings, side, first)?;
                times.push(process.first_answer_ms);
                process.stop()?;
            }
            let (middle, most) = (median(&times), largest(&times));
            table.row([name.to_owned(), side.name().to_owned(), short(middle), short(most)]);
            of[at] = Some(middle);
        }
        let [original, parsimony] = of;
        let wanted = Wanted::AtMost(START_MAX_MS);
        let name = name.to_owned();
        report.add(Figure { name, unit: "ms", original, parsimony, floor: None, wanted });
    }
    table.print();
    Ok(())
}

/// What a request costs with few and with many classes.
pub(crate) fn classes(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("classes") {
        return Ok(());
    }
    let kinds = [
        ("REST get", requests::gets(&fixture.ids)),
        ("GraphQL get", requests::graphql_gets(&fixture.ids)),
    ];
    let mut table = Table::new(
        "CPU µs by number of classes",
        &["classes", "server", "REST get", "GraphQL get"],
    );
    let mut fewest: [[Option<f64>; 2]; 2] = Default::default();
    let mut growth: [[Option<f64>; 2]; 2] = Default::default();
    let mut there = CLASSES;
    for &classes in &settings.classes {
        if classes > there {
            fixture.grow(settings, there, classes)?;
            there = classes;
        }
        for (column, side) in [Side::Original, Side::Parsimony].into_iter().enumerate() {
            if !settings.sides.contains(&side) {
                continue;
            }
            let process = fixture.start(settings, side)?;
            let mut cells = [0.0; 2];
            for (at, (_, requests)) in kinds.iter().enumerate() {
                let mut rounds = Vec::with_capacity(settings.rounds);
                for _ in 0..=settings.rounds {
                    rounds.push(compare::cost(settings, fixture, &process, requests)?.cpu_micros);
                }
                let least = rounds[1..].iter().copied().fold(f64::INFINITY, f64::min);
                let few = *fewest[at][column].get_or_insert(least);
                growth[at][column] = Some(least / few);
                cells[at] = least;
            }
            process.stop()?;
            let [rest, graphql] = cells.map(short);
            table.row([there.to_string(), side.name().to_owned(), rest, graphql]);
        }
    }
    table.print();
    for ((name, _), [original, parsimony]) in kinds.iter().zip(growth) {
        let wanted = Wanted::AtMost(GROWTH_MAX);
        let name = format!("{name}, CPU with {there} beside {CLASSES} classes");
        report.add(Figure { name, unit: "×", original, parsimony, floor: None, wanted });
    }
    Ok(())
}
