//! Generated values of two servers under one name: the n-th new id of one is the n-th of the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use regex::{Captures, Regex};
use serde_json::{Map, Value};

static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let tokens = r"r:[0-9a-f]{32}|\b[A-Za-z0-9]{25}\b|\b[A-Za-z0-9]{10}\b";
    Regex::new(&format!("{tokens}|{TIME}")).expect("the pattern is constant")
});
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"<(gid:)?([A-Za-z0-9_]+):([0-9]+)>").expect("the pattern is constant")
});
static GLOBAL_IDS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[A-Za-z0-9+/]{12,}={0,2}").expect("the pattern is constant"));
/// Times of now and of the sessions that end in a year; generated dates are of other years.
const TIME: &str = r"20(?:2[6-9])-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z";

/// The values of one side, both ways.
#[derive(Default)]
struct Known {
    name_of: HashMap<String, String>,
    value_of: HashMap<String, String>,
    origin: String,
}

/// The names of generated values.
pub(crate) struct Names {
    theirs: Known,
    ours: Known,
    next: usize,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    Theirs,
    Ours,
}

impl Names {
    pub(crate) fn new(theirs: &str, ours: &str) -> Self {
        let known = |origin: &str| Known { origin: origin.to_owned(), ..Known::default() };
        Self { theirs: known(theirs), ours: known(ours), next: 1 }
    }

    fn known(&self, side: Side) -> &Known {
        match side {
            Side::Theirs => &self.theirs,
            Side::Ours => &self.ours,
        }
    }

    /// The text with the values of one side for the names.
    pub(crate) fn fill(&self, side: Side, text: &str) -> String {
        if !text.contains('<') {
            return text.to_owned();
        }
        let known = self.known(side);
        NAMED
            .replace_all(text, |found: &Captures<'_>| {
                let name = |kind: &str| format!("<{kind}:{}>", &found[3]);
                let value = match found.get(1) {
                    Some(_) => known
                        .value_of
                        .get(&name("id"))
                        .map(|id| BASE64_STANDARD.encode(format!("{}:{id}", &found[2]))),
                    None => known.value_of.get(&name(&found[2])).cloned(),
                };
                value.unwrap_or_else(|| found[0].to_owned())
            })
            .into_owned()
    }

    /// Names new values that stand at the same place of both answers.
    pub(crate) fn bind(&mut self, theirs: &Value, ours: &Value) {
        match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                for (key, theirs) in theirs {
                    if let Some(ours) = ours.get(key) {
                        self.bind(theirs, ours);
                    }
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                theirs.iter().zip(ours).for_each(|(theirs, ours)| self.bind(theirs, ours));
            }
            (Value::String(theirs), Value::String(ours)) if theirs != ours => {
                self.bind_text(theirs, ours);
            }
            _ => {}
        }
    }

    fn bind_text(&mut self, theirs: &str, ours: &str) {
        if let (Some((_, theirs)), Some((_, ours))) = (global_id(theirs), global_id(ours)) {
            return self.bind_text(&theirs, &ours);
        }
        let (Some(kind), Some(same)) = (kind_of(theirs), kind_of(ours)) else { return };
        let is_known =
            self.theirs.name_of.contains_key(theirs) || self.ours.name_of.contains_key(ours);
        if kind != same || is_known {
            return;
        }
        let name = format!("<{kind}:{}>", self.next);
        self.next += 1;
        for (known, value) in [(&mut self.theirs, theirs), (&mut self.ours, ours)] {
            known.name_of.insert(value.to_owned(), name.clone());
            known.value_of.insert(name.clone(), value.to_owned());
        }
    }

    /// The answer of one side with names for its values.
    pub(crate) fn named(&self, side: Side, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.named_text(side, text)),
            Value::Array(elements) => {
                elements.iter().map(|element| self.named(side, element)).collect()
            }
            Value::Object(members) => {
                // The order of keys means nothing; sorted, rows can be compared as texts.
                let named: BTreeMap<String, Value> = members
                    .iter()
                    .map(|(key, member)| (self.named_text(side, key), self.named(side, member)))
                    .collect();
                Value::Object(named.into_iter().collect::<Map<_, _>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// The text with names for the values of one side.
    pub(crate) fn named_text(&self, side: Side, text: &str) -> String {
        let known = self.known(side);
        let text = text.replace(&known.origin, "<origin>");
        let text = GLOBAL_IDS.replace_all(&text, |found: &Captures<'_>| {
            let name = global_id(&found[0]).and_then(|(class, id)| {
                let name = known.name_of.get(&id)?;
                Some(format!("<gid:{class}:{}", &name["<id:".len()..]))
            });
            name.unwrap_or_else(|| found[0].to_owned())
        });
        TOKENS
            .replace_all(&text, |found: &Captures<'_>| {
                let token = &found[0];
                let name = known.name_of.get(token).cloned();
                name.unwrap_or_else(|| {
                    if token.len() == 24 && token.ends_with('Z') { "<time>" } else { token }
                        .to_owned()
                })
            })
            .into_owned()
    }
}

/// What kind of generated value this may be.
fn kind_of(text: &str) -> Option<&'static str> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.len() {
        10 if is_word => Some("id"),
        25 if is_word => Some("name"),
        34 if text.starts_with("r:") => Some("token"),
        _ => None,
    }
}

/// Class and id of a global id.
fn global_id(text: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let (class, id) = decoded.split_once(':')?;
    (kind_of(id) == Some("id")).then(|| (class.to_owned(), id.to_owned()))
}
