//! Replays a scenario: all exchanges in order, then all that went wrong at once.

use std::fs::OpenOptions;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::compare::{Comparison, Mismatch, Rules};
use crate::http;
use crate::placeholders::Bindings;
use crate::process::Process;
use crate::request::encode;
use crate::server;
use crate::transcript::{Difference, Exchange, LeftOut, Multiset, Response, Transcript, read_json};
use crate::webhooks;

/// Headers that are compared, besides those with these beginnings.
const HEADERS: [&str; 4] = ["content-type", "location", "retry-after", "allow"];
const HEADER_BEGINNINGS: [&str; 2] = ["x-parse-", "access-control-"];
/// Objects created one after the other must differ in time, as many orders rest on that.
const PAUSE: Duration = Duration::from_millis(2);
/// Where a transcript says to wait, the answer may come that much later.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(25);

/// The environment variable that names a file to which a line per scenario is added.
const REPORT: &str = "PARSIMONY_TEST_CONTRACT_REPORT";

struct Failure {
    title: String,
    mismatches: Vec<Mismatch>,
}

/// Replays a scenario on an empty database and panics with everything that is not as expected.
pub(crate) fn run(scenario: &str, database: &str) {
    let transcript = Transcript::read(scenario);
    let left_out: LeftOut = read_json("left-out.json");
    let differences: Vec<Difference> = read_json("differences.json");
    let multisets: Vec<Multiset> = read_json("multisets.json");
    let options = &transcript.options;

    let Some(mut server) = server::start(options, database) else { return };
    let webhooks = webhooks::serve(&transcript.webhook_answers);
    let mut bindings = Bindings::new(server.origin(), webhooks.origin());
    let mut failures = Vec::new();
    let mut replayed = 0;
    for (index, exchange) in transcript.exchanges.iter().enumerate() {
        if left_out.exchanges.iter().any(|left| left.place.is(scenario, index, exchange)) {
            continue;
        }
        replayed += 1;
        let mut expected = exchange.response.clone();
        let difference = differences.iter().find(|ours| ours.place.is(scenario, index, exchange));
        if let Some(ours) = difference {
            ours.rebinds.iter().for_each(|name| bindings.forget(name));
            expected = replaced(expected, &ours.response);
        }
        for (name, value) in &transcript.common_response_headers {
            expected.headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for other in multisets.iter().filter(|other| other.place.is(scenario, index, exchange)) {
            expected.unordered.extend(other.pointers.iter().cloned());
        }
        let mut mismatches = play(&server, exchange, &expected, &mut bindings);
        let asked = webhooks.take();
        if let Some(expected) = &exchange.webhook_request {
            let rules = Rules::default();
            let mut comparison =
                Comparison { bindings: &mut bindings, rules: &rules, mismatches: Vec::new() };
            webhooks::compare(&mut comparison, expected, &asked);
            mismatches.append(&mut comparison.mismatches);
        }
        if !mismatches.is_empty() {
            failures.push(Failure { title: title(index, exchange, &bindings), mismatches });
        }
    }
    report(
        scenario,
        &json!({
            "scenario": scenario,
            "passed": replayed - failures.len(),
            "failed": failures.len(),
            "leftOut": transcript.exchanges.len() - replayed,
        }),
    );
    if !failures.is_empty() {
        server.fail(&describe(scenario, replayed, &failures));
    }
    server.stop();
}

/// What is expected instead of what was recorded.
fn replaced(recorded: Response, ours: &Response) -> Response {
    let mut expected = ours.clone();
    for (name, value) in recorded.headers {
        expected.headers.entry(name).or_insert(value);
    }
    expected
}

/// Sends one request, again and again where the transcript waited, and compares the answer.
fn play(
    server: &Process,
    exchange: &Exchange,
    expected: &Response,
    bindings: &mut Bindings,
) -> Vec<Mismatch> {
    let request = encode(&exchange.request, bindings);
    let waits = exchange.note.as_deref().is_some_and(|note| note.starts_with("wait "));
    assert!(!waits || request.method == "GET", "only reading can be tried again");
    let deadline = Instant::now() + PATIENCE;
    thread::sleep(PAUSE);
    loop {
        let mut bound = bindings.clone();
        let mismatches = match http::send(server.origin(), &request) {
            Ok(got) => compare(expected, &got, &mut bound),
            Err(cause) => vec![Mismatch {
                pointer: "/".to_owned(),
                expected: "an answer".to_owned(),
                got: cause.to_string(),
            }],
        };
        if mismatches.is_empty() || !waits || Instant::now() >= deadline {
            *bindings = bound;
            return mismatches;
        }
        thread::sleep(POLL);
    }
}

fn compare(expected: &Response, got: &http::Response, bindings: &mut Bindings) -> Vec<Mismatch> {
    let rules =
        Rules { unordered: expected.unordered.clone(), unstable: expected.unstable.clone() };
    let mut comparison = Comparison { bindings, rules: &rules, mismatches: Vec::new() };
    if got.status != expected.status {
        let found = format!("{} {}", got.status, got.text());
        comparison.mismatch("/status", expected.status.to_string(), found);
    }
    for (name, value) in &expected.headers {
        if is_compared(name) {
            comparison.text(&format!("/headers/{name}"), value, got.header(name));
        }
    }
    if let Some(body) = &expected.body {
        match serde_json::from_slice(&got.body) {
            Ok(found) => comparison.json("/body", body, &found),
            Err(_) => comparison.mismatch("/body", body.to_string(), got.text()),
        }
    }
    if let Some(text) = &expected.body_text {
        comparison.text("/bodyText", text, Some(&got.text()));
    }
    if let Some(bytes) = &expected.body_base64 {
        comparison.text("/bodyBase64", bytes, Some(&BASE64_STANDARD.encode(&got.body)));
    }
    if expected.body_omitted {
        let title = expected.html_title.as_deref().unwrap_or("<any>");
        comparison.text("/htmlTitle", title, html_title(&got.text()));
    }
    comparison.mismatches
}

fn is_compared(header: &str) -> bool {
    HEADERS.contains(&header) || HEADER_BEGINNINGS.iter().any(|start| header.starts_with(start))
}

fn html_title(page: &str) -> Option<&str> {
    let (_, after) = page.split_once("<title>")?;
    Some(after.split_once("</title>")?.0.trim())
}

fn title(index: usize, exchange: &Exchange, bindings: &Bindings) -> String {
    let request = encode(&exchange.request, bindings);
    let body = exchange.request.body.as_ref().map(|body| bindings.fill_json(body).to_string());
    let line = format!("{} {} {}", request.method, request.target, body.unwrap_or_default());
    let line: String = line.chars().take(400).collect();
    format!("{index} [{}]\n      {line}", exchange.name)
}

fn describe(scenario: &str, replayed: usize, failures: &[Failure]) -> String {
    let mut text = format!("{scenario}: {} of {replayed} exchanges differ\n", failures.len());
    for failure in failures {
        text.push_str(&format!("  {}\n", failure.title));
        let Some(first) = failure.mismatches.first() else { continue };
        text.push_str(&format!("      {}: expected {}\n", first.pointer, first.expected));
        text.push_str(&format!("      {}: got      {}\n", first.pointer, first.got));
        if failure.mismatches.len() > 1 {
            text.push_str(&format!("      and {} more\n", failure.mismatches.len() - 1));
        }
    }
    text
}

fn report(scenario: &str, line: &Value) {
    let Some(path) = std::env::var_os(REPORT) else { return };
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap_or_else(|cause| panic!("{scenario}: {REPORT}: {cause}"));
    // One write, so that lines of tests that run at the same time do not mix.
    file.write_all(format!("{line}\n").as_bytes()).expect("the report is written");
}
