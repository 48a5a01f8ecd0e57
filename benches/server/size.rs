//! How soon a process answers, how much memory it holds when nobody asks, and what many classes cost.

use std::thread::sleep;
use std::time::Duration;

use crate::compare;
use crate::driver::data::{FEW, MANY};
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{Table, largest, median, short};
use crate::driver::wire::{Caller, request};
use crate::driver::{Outcome, requests};
use crate::fixture::Fixture;
use crate::settings::Settings;

const IDLE: Duration = Duration::from_secs(2);

/// From the start of the process to its first answer.
pub(crate) fn start(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("start") {
        return Ok(());
    }
    let health = request(Caller::Public, "GET", "/parse/health", "");
    let get = &requests::gets(&fixture.ids)[0];
    let graphql = &requests::graphql_gets(&fixture.ids)[0];
    let few = fixture.copy(settings, FEW, "start-few")?;
    let many = fixture.copy(settings, MANY, "start-many")?;
    let new = few.with_file_name("start-new.db");
    let firsts = [
        ("health, new database", &new, &health),
        ("health, 10 classes", &few, &health),
        ("REST get, 10 classes", &few, get),
        ("GraphQL get, 10 classes", &few, graphql),
        ("health, 500 classes", &many, &health),
        ("REST get, 500 classes", &many, get),
        ("GraphQL get, 500 classes", &many, graphql),
    ];
    let mut table = Table::new("Start to first answer, ms", &["first answer", "median", "largest"]);
    for (title, database, first) in firsts {
        let mut times = Vec::with_capacity(settings.starts);
        for _ in 0..settings.starts {
            if *database == new && new.exists() {
                std::fs::remove_file(&new)?;
            }
            let process = Process::server_until(settings, database, first)?;
            times.push(process.first_answer_ms);
            process.stop()?;
        }
        table.row([title.to_owned(), short(median(&times)), short(largest(&times))]);
        report.add(
            format!("start to first answer ({title})"),
            median(&times),
            " ms",
            Wanted::AtMost(100.0),
        );
    }
    table.print();
    Ok(())
}

/// Memory of a server that has nothing to do.
pub(crate) fn idle(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("idle") {
        return Ok(());
    }
    for (title, classes, wanted) in
        [("10 classes", FEW, Wanted::AtMost(30.0)), ("500 classes", MANY, Wanted::Nothing)]
    {
        let process = Process::server(settings, &fixture.copy(settings, classes, "idle")?)?;
        sleep(IDLE);
        report.add(format!("idle memory ({title})"), process.memory()?.resident, " MiB", wanted);
        let mut client = process.client()?;
        for first in [&requests::gets(&fixture.ids)[0], &requests::graphql_gets(&fixture.ids)[0]] {
            client.ask(first)?;
        }
        report.add(
            format!("idle memory after two requests ({title})"),
            process.memory()?.resident,
            " MiB",
            wanted,
        );
        process.stop()?;
    }
    Ok(())
}

/// What a request costs with few and with many classes.
pub(crate) fn classes(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("classes") {
        return Ok(());
    }
    let mut table = Table::new(
        "CPU µs per request by number of classes",
        &["classes", "REST get", "GraphQL get"],
    );
    let mut few: Option<[f64; 2]> = None;
    for classes in [FEW, 100, MANY] {
        let process = Process::server(settings, &fixture.copy(settings, classes, "classes")?)?;
        let mut micros = [0.0; 2];
        for (at, requests) in
            [requests::gets(&fixture.ids), requests::graphql_gets(&fixture.ids)].iter().enumerate()
        {
            let mut rounds = Vec::with_capacity(settings.rounds);
            for _ in 0..settings.rounds {
                rounds
                    .push(compare::cost(settings, &process, requests, settings.round)?.cpu_micros);
            }
            micros[at] = median(&rounds);
        }
        process.stop()?;
        table.row([classes.to_string(), short(micros[0]), short(micros[1])]);
        let few = few.get_or_insert(micros);
        if classes == MANY {
            for (at, name) in ["REST get", "GraphQL get"].iter().enumerate() {
                let growth = micros[at] / few[at];
                report.add(
                    format!("{name}, CPU time with 500 beside 10 classes"),
                    growth,
                    "×",
                    Wanted::AtMost(1.2),
                );
            }
        }
    }
    table.print();
    Ok(())
}
