//! Two servers that get the same requests, and the comparison of their answers.

use std::sync::LazyLock;
use std::thread;

use regex::Regex;
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::explained::Explained;
use crate::names::{Names, Side};
use crate::request::{Body, Request};
use crate::servers::Servers;

/// Headers that are compared, besides those with these beginnings.
const HEADERS: [&str; 4] = ["content-type", "location", "retry-after", "allow"];
const HEADER_BEGINNINGS: [&str; 2] = ["x-parse-", "access-control-"];
/// Fields whose values are sets: their stored order means nothing.
const SETS: [&str; 2] = ["tags", "marks"];
/// After so many differences there is nothing to learn from more.
const FAILURES_MAX: usize = 40;
const HISTORY_MAX: usize = 6;
const SHOWN_MAX: usize = 1_500;

/// An answer in which generated values have names.
#[derive(Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Named {
    /// Status and body in one line.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.status, self.body)
    }

    /// An internal error: nobody has thought of this input.
    pub(crate) fn is_crash(&self) -> bool {
        let in_graphql = self.body["errors"].as_array().is_some_and(|errors| {
            errors.iter().any(|error| {
                error["extensions"]["code"] == 1
                    || error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
            })
        });
        self.status >= 500 || in_graphql
    }
}

/// A request with both answers.
pub(crate) struct Exchange {
    pub(crate) line: String,
    pub(crate) theirs: Named,
    pub(crate) ours: Named,
}

/// What a scene learns from an answer.
pub(crate) struct Outcome {
    /// Both answered alike.
    pub(crate) agreed: bool,
    /// The original's answer.
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) ours: u16,
}

impl Outcome {
    pub(crate) fn is_ok(&self) -> bool {
        self.agreed && self.status < 300
    }

    /// A text member of the body.
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// The two servers.
pub(crate) struct Twins {
    scene: &'static str,
    seed: u64,
    servers: Servers,
    theirs: Client,
    ours: Client,
    names: Names,
    explained: Explained,
    history: Vec<String>,
    failures: Vec<String>,
    sent: usize,
}

impl Twins {
    pub(crate) fn new(scene: &'static str, seed: u64, servers: Servers) -> Self {
        let [theirs, ours] = servers.origins();
        Self {
            scene,
            seed,
            theirs: Client::new(theirs),
            ours: Client::new(ours),
            names: Names::new(theirs, ours),
            servers,
            explained: Explained::of(scene),
            history: Vec::new(),
            failures: Vec::new(),
            sent: 0,
        }
    }

    /// How many requests were sent to each and compared.
    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// Whether there is no use in going on.
    pub(crate) fn is_lost(&self) -> bool {
        self.failures.len() >= FAILURES_MAX
    }

    /// Sends a request to both and compares the answers.
    pub(crate) fn send(&mut self, request: &Request) -> Outcome {
        self.sent += 1;
        let exchange = self.exchange(request);
        let agreed = exchange.theirs == exchange.ours;
        if !agreed && !self.explained.explains(&exchange) {
            self.fail(&exchange);
        }
        if request.method != "GET" && exchange.theirs.status < 300 {
            self.history.push(exchange.line);
        }
        Outcome {
            agreed,
            status: exchange.theirs.status,
            body: exchange.theirs.body,
            ours: exchange.ours.status,
        }
    }

    /// Sends a request to both without a look at the answers: preparation, or repair after a difference.
    pub(crate) fn tell(&mut self, request: &Request) -> Outcome {
        let exchange = self.exchange(request);
        if request.method != "GET" {
            self.history.push(exchange.line);
        }
        Outcome {
            agreed: exchange.theirs == exchange.ours,
            status: exchange.theirs.status,
            body: exchange.theirs.body,
            ours: exchange.ours.status,
        }
    }

    fn exchange(&mut self, request: &Request) -> Exchange {
        let (theirs, ours) = self.ask_both(request);
        let (mut their_body, mut our_body) = (body_of(&theirs), body_of(&ours));
        if !request.ordered {
            sort_results(&mut their_body, &|value| self.sorted_by(Side::Theirs, value));
            sort_results(&mut our_body, &|value| self.sorted_by(Side::Ours, value));
        }
        self.names.bind(&their_body, &our_body);
        Exchange {
            line: request.line(),
            theirs: self.named(Side::Theirs, &theirs, &their_body, request.ordered),
            ours: self.named(Side::Ours, &ours, &our_body, request.ordered),
        }
    }

    fn ask_both(&mut self, request: &Request) -> (Answer, Answer) {
        let names = &self.names;
        let ask = |client: &mut Client, side: Side| {
            let fill = |text: &str| names.fill(side, text);
            let body = request.body.as_ref().map(|body| match body {
                Body::Json(json) => fill(&json.to_string()),
                Body::Text(text) => (*text).to_owned(),
            });
            let body = body.as_deref().map(str::as_bytes);
            client.send(request.method, &request.target(fill), &request.all_headers(fill), body)
        };
        let (theirs, ours) = (&mut self.theirs, &mut self.ours);
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| ask(theirs, Side::Theirs));
            let ours = ask(ours, Side::Ours);
            (theirs.join().expect("the client does not panic"), ours)
        });
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => (theirs, ours),
            (theirs, ours) => {
                let (theirs, ours) = (theirs.err(), ours.err());
                self.servers.fail(&format!(
                    "did not answer: {} seed {} number {}: original {theirs:?}, ours {ours:?}\n{}",
                    self.scene,
                    self.seed,
                    self.sent,
                    request.line(),
                ))
            }
        }
    }

    /// A key for rows without an order: new ids count alike.
    fn sorted_by(&self, side: Side, value: &Value) -> String {
        let named = self.names.named(side, value).to_string();
        let masked = IDS.replace_all(&named, "?");
        masked.into_owned()
    }

    fn named(&self, side: Side, answer: &Answer, body: &Value, ordered: bool) -> Named {
        let mut body = self.names.named(side, body);
        sort_sets(&mut body);
        if !ordered {
            sort_results(&mut body, &|value: &Value| value.to_string());
        }
        let is_compared = |name: &str| {
            HEADERS.contains(&name) || HEADER_BEGINNINGS.iter().any(|start| name.starts_with(start))
        };
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| is_compared(name))
            .map(|(name, value)| (name.clone(), self.names.named_text(side, value)))
            .collect();
        headers.sort();
        Named { status: answer.status, headers, body }
    }

    fn fail(&mut self, exchange: &Exchange) {
        let Exchange { line, theirs, ours } = exchange;
        let mut text = format!(
            "--- {} seed {} number {}\n> {line}\n< theirs {}\n< ours   {}\n",
            self.scene,
            self.seed,
            self.sent,
            shown(&theirs.line()),
            shown(&ours.line()),
        );
        let only = |some: &Named, other: &Named| -> Vec<(String, String)> {
            let mut headers = some.headers.clone();
            headers.retain(|header| !other.headers.contains(header));
            headers
        };
        if theirs.headers != ours.headers {
            let (theirs, ours) = (only(theirs, ours), only(ours, theirs));
            text.push_str(&format!("= headers: {theirs:?} | {ours:?}\n"));
        }
        if let Some((place, theirs, ours)) = first_difference("", &theirs.body, &ours.body) {
            text.push_str(&format!("= {place}: {} | {}\n", shown(&theirs), shown(&ours)));
        }
        for line in self.related(line) {
            text.push_str(&format!("  after {}\n", shown(line)));
        }
        self.failures.push(text);
    }

    /// The last changes of what a request names: classes and ids.
    fn related(&self, line: &str) -> Vec<&String> {
        let named = |line: &str| -> Vec<String> {
            let found = WORDS.captures_iter(line);
            found
                .filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().to_owned()))
                .collect()
        };
        let names = named(line);
        let touches = |known: &&String| named(known).iter().any(|name| names.contains(name));
        let is_schema = |known: &&String| known.contains(" schemas/");
        let mut changes = self.history.iter().rev().filter(touches);
        let mut related: Vec<&String> = changes.clone().filter(is_schema).take(2).collect();
        related.reverse();
        let mut others: Vec<&String> =
            changes.by_ref().filter(|known| !is_schema(known)).take(HISTORY_MAX).collect();
        others.reverse();
        related.append(&mut others);
        related
    }

    /// Ends the servers and panics if anything differed without a reason.
    pub(crate) fn finish(self, is_default: bool) {
        eprintln!("{}: {} requests\n{}", self.scene, self.sent, self.explained.report());
        let idle = self.explained.idle();
        self.servers.stop();
        assert!(
            self.failures.is_empty(),
            "{} of {} requests of {} differ (seed {})\n{}",
            self.failures.len(),
            self.sent,
            self.scene,
            self.seed,
            self.failures.join("\n")
        );
        assert!(!is_default || idle.is_empty(), "{}: not needed any more: {idle:#?}", self.scene);
    }
}

fn body_of(answer: &Answer) -> Value {
    if answer.body.is_empty() {
        return Value::Null;
    }
    let text = String::from_utf8_lossy(&answer.body);
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

/// Sorts the rows of a find, wherever they are.
fn sort_results(value: &mut Value, key: &dyn Fn(&Value) -> String) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                sort_results(member, key);
                if matches!(name.as_str(), "results" | "edges")
                    && let Value::Array(rows) = member
                {
                    rows.sort_by_cached_key(key);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|one| sort_results(one, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sort_sets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SETS.contains(&name.as_str())
                    && let Value::Array(elements) = member
                {
                    elements.sort_by_cached_key(Value::to_string);
                }
                sort_sets(member);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(sort_sets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn first_difference(place: &str, theirs: &Value, ours: &Value) -> Option<(String, String, String)> {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let absent = Value::from("<absent>");
            let keys = theirs.keys().chain(ours.keys().filter(|key| !theirs.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let theirs = theirs.get(key).unwrap_or(&absent);
                first_difference(
                    &format!("{place}/{key}"),
                    theirs,
                    ours.get(key).unwrap_or(&absent),
                )
            })
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            let mut pairs = theirs.iter().zip(ours).enumerate();
            pairs.find_map(|(at, (theirs, ours))| {
                first_difference(&format!("{place}/{at}"), theirs, ours)
            })
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            let only = |some: &[Value], other: &[Value]| {
                let only = some.iter().filter(|value| !other.contains(value));
                format!("{}, of them only here {}", some.len(), only.cloned().collect::<Value>())
            };
            Some((place.to_owned(), only(theirs, ours), only(ours, theirs)))
        }
        (theirs, ours) => {
            (theirs != ours).then(|| (place.to_owned(), theirs.to_string(), ours.to_string()))
        }
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Unnamed ids, for keys of sorting.
static IDS: LazyLock<Regex> = LazyLock::new(|| {
    let ids = r#""[A-Za-z0-9]{10}"|r:[0-9a-f]{32}|"[A-Za-z0-9+/]{16,}=*""#;
    Regex::new(ids).expect("the pattern is constant")
});

/// What a request is about: named values and classes.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"(<[a-z]+:[A-Za-z0-9_:]+>)|(?:classes|schemas)/([A-Za-z0-9_]+)";
    Regex::new(words).expect("the pattern is constant")
});
