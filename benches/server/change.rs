//! Classes that change while the server runs: how soon it shows, what others notice, what it leaves behind.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::driver::data::{FEW, MANY};
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::table::{Table, largest, median, quantile, short};
use crate::driver::wire::{Caller, Client, graphql};
use crate::driver::{Outcome, load, requests};
use crate::fixture::Fixture;
use crate::settings::Settings;

const VISIBLE_MAX: Duration = Duration::from_secs(10);
/// Pause between changes while others ask.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that ask while classes change.
const OTHERS: usize = 4;
/// Memory is compared with that after this part of all changes: by then every cache is full.
const WARM: usize = 10;

/// From the answer to a class change until GraphQL knows it, with many classes; and what requests notice.
pub(crate) fn visible(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("visible") {
        return Ok(());
    }
    let process = Process::server(settings, &fixture.copy(settings, MANY, "visible")?)?;
    let mut client = process.client()?;
    let (mut answered, mut seen) = (Vec::new(), Vec::new());
    for at in 0..settings.changes {
        let begun = Instant::now();
        add_field(&mut client, at)?;
        answered.push(millis(begun));
        let query = format!(
            "{{ extra{}s(first: 1) {{ edges {{ node {{ added{at} }} }} }} }}",
            MANY - 1 - at
        );
        seen.push(until_known(&mut client, &query)?);
    }
    let mut created = Vec::new();
    for at in 0..settings.changes {
        let mutation = format!(
            "mutation {{ createClass(input: {{ name: \"Made{at}\", schemaFields: {{ addStrings: [{{ name: \"word\" }}] }} }}) {{ class {{ name }} }} }}"
        );
        client.ask(&graphql(Caller::Master, &mutation, &json!({})))?;
        created.push(until_known(
            &mut client,
            &format!("{{ made{at}s(first: 1) {{ edges {{ node {{ word }} }} }} }}"),
        )?);
    }
    let mut table = Table::new("A class change with 500 classes, ms", &["", "median", "largest"]);
    for (title, times) in [
        ("answer to PUT /schemas", &answered),
        ("then until GraphQL knows it", &seen),
        ("the same after createClass", &created),
    ] {
        table.row([title.to_owned(), short(median(times)), short(largest(times))]);
    }
    report.add(
        "class change visible, median (500 classes)",
        median(&seen),
        " ms",
        Wanted::AtMost(50.0),
    );
    report.add(
        "class change visible, largest (500 classes)",
        largest(&seen),
        " ms",
        Wanted::AtMost(50.0),
    );
    report.add(
        "new class visible, largest (500 classes)",
        largest(&created),
        " ms",
        Wanted::AtMost(50.0),
    );
    table.print();
    others(settings, fixture, &process, report)?;
    process.stop()
}

/// How long GraphQL requests take while nothing changes, and while classes change all the time.
fn others(
    settings: &Settings,
    fixture: &Fixture,
    process: &Process,
    report: &mut Report,
) -> Outcome<()> {
    let gets = requests::graphql_gets(&fixture.ids);
    let lasting = PAUSE * u32::try_from(settings.changes)?;
    let quiet = load::run(process.address, &gets, OTHERS, lasting)?;
    let changing = std::thread::scope(|scope| {
        let changes = scope.spawn(|| -> Outcome<()> {
            let mut client = process.client()?;
            for at in 0..settings.changes {
                add_field(&mut client, settings.changes + at)?;
                sleep(PAUSE);
            }
            Ok(())
        });
        let load = load::run(process.address, &gets, OTHERS, lasting);
        changes.join().map_err(|_| "the changes panicked")??;
        load
    })?;
    let mut table =
        Table::new("GraphQL gets beside class changes, ms", &["", "median", "p99", "largest"]);
    for (title, load) in [("nothing changes", &quiet), ("classes change", &changing)] {
        let times = &load.latencies_ms;
        table.row([
            title.to_owned(),
            short(median(times)),
            short(quantile(times, 0.99)),
            short(largest(times)),
        ]);
    }
    table.print();
    report.add(
        "GraphQL get beside class changes, p99",
        quantile(&changing.latencies_ms, 0.99),
        " ms",
        Wanted::Nothing,
    );
    report.add(
        "GraphQL get beside class changes, largest",
        largest(&changing.latencies_ms),
        " ms",
        Wanted::Nothing,
    );
    Ok(())
}

/// Memory before and after many changes.
pub(crate) fn memory(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("memory") {
        return Ok(());
    }
    let process = Process::server(settings, &fixture.copy(settings, FEW, "memory")?)?;
    let mut client = process.client()?;
    let get = &requests::graphql_gets(&fixture.ids)[0];
    let mut table =
        Table::new("Memory while a field is added and removed, MiB", &["changes", "resident"]);
    let (every, mut warm) = (settings.memory_changes.div_ceil(WARM), None);
    let begun = Instant::now();
    for at in 0..settings.memory_changes {
        let field = match at % 2 {
            0 => json!({ "type": "String" }),
            _ => json!({ "__op": "Delete" }),
        };
        client.master(
            "PUT",
            "/schemas/Author",
            &json!({ "className": "Author", "fields": { "sometimes": field } }),
        )?;
        if at % 50 == 0 {
            client.ask(get)?;
        }
        if (at + 1) % every == 0 {
            let resident = process.memory()?.resident;
            warm.get_or_insert(resident);
            table.row([(at + 1).to_string(), short(resident)]);
        }
    }
    let per_change = millis(begun) / settings.memory_changes as f64;
    table.print();
    let resident = process.memory()?.resident;
    let growth = resident - warm.unwrap_or(resident);
    let count = settings.memory_changes;
    report.add(format!("memory after {count} class changes"), resident, " MiB", Wanted::Nothing);
    report.add(format!("its growth since the first {every}"), growth, " MiB", Wanted::AtMost(2.0));
    report.add("a class change (10 classes)", per_change, " ms", Wanted::Nothing);
    process.stop()
}

fn add_field(client: &mut Client, at: usize) -> Outcome<()> {
    let class = format!("Extra{}", MANY - 1 - at);
    let body =
        json!({ "className": class, "fields": { format!("added{at}"): { "type": "String" } } });
    client.master("PUT", &format!("/schemas/{class}"), &body)?;
    Ok(())
}

/// Asks until the answer has no errors; says how many milliseconds that took.
fn until_known(client: &mut Client, query: &str) -> Outcome<f64> {
    let request = graphql(Caller::Public, query, &json!({}));
    let begun = Instant::now();
    loop {
        let (_, body) = client.send(&request)?;
        let answer: serde_json::Value = serde_json::from_slice(&body)?;
        match answer.get("errors") {
            None => return Ok(millis(begun)),
            Some(errors) if begun.elapsed() > VISIBLE_MAX => {
                return Err(format!("still unknown: {errors}").into());
            }
            Some(_) => {}
        }
    }
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}
