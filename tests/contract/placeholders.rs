//! Placeholders of the transcripts: bound when they first appear in an answer, put into later requests.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use regex::Regex;
use serde_json::Value;

/// What the server generated so far, by placeholder name (`objectId:1`).
#[derive(Clone)]
pub(crate) struct Bindings {
    server_url: String,
    origin: String,
    webhook_url: String,
    values: BTreeMap<String, String>,
    syntax: Regex,
}

/// A part of an expected text.
enum Part<'t> {
    Literal(&'t str),
    /// `<objectId:1>` and its like: name and shape of the value.
    Generated(String, &'static str),
    /// `<globalId:Class:1>`: class and name of the object id.
    GlobalId(&'t str, String),
    /// `<timestamp>`
    Timestamp,
    ServerUrl,
    Origin,
    WebhookUrl,
    /// `<any>`, and what nothing is known about.
    Any,
}

/// What a group of the pattern captures: a value, or the global id of an object of a class.
struct Capture<'t> {
    name: String,
    class: Option<&'t str>,
}

const TIMESTAMP: &str = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z";
const OBJECT_ID: &str = "[A-Za-z0-9]{10}";
const CLIENT_ID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

fn shape(kind: &str) -> &'static str {
    match kind {
        "objectId" => OBJECT_ID,
        "timestamp" => TIMESTAMP,
        "sessionToken" => "r:[0-9a-f]{32}",
        "fileHash" => "[0-9a-f]{32}",
        "randomUsername" => "[A-Za-z0-9]{25}",
        "clientId" => CLIENT_ID,
        unknown => panic!("no such placeholder: {unknown}"),
    }
}

impl Bindings {
    /// Nothing is bound but the server's addresses. The mount path is that of all recordings.
    pub(crate) fn new(origin: &str, webhook_url: &str) -> Self {
        let syntax = "<(?:(objectId|timestamp|sessionToken|fileHash|randomUsername|clientId):([0-9]+)\
                      |globalId:([A-Za-z0-9_]+):([0-9]+)\
                      |(timestamp|serverURL|origin|webhookURL|any))>";
        let syntax = Regex::new(syntax).expect("the pattern is constant");
        let (server_url, origin) = (format!("{origin}/parse"), origin.to_owned());
        let webhook_url = webhook_url.to_owned();
        Self { server_url, origin, webhook_url, values: BTreeMap::new(), syntax }
    }

    /// Takes a binding back, so that the next appearance binds anew.
    pub(crate) fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The text with every bound placeholder replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains('<') {
            return text.to_owned();
        }
        self.syntax
            .replace_all(text, |found: &regex::Captures<'_>| {
                let whole = found.get(0).map_or("", |whole| whole.as_str());
                self.literal(&part_of(found)).unwrap_or_else(|| whole.to_owned())
            })
            .into_owned()
    }

    /// The value with every bound placeholder replaced, in keys too.
    pub(crate) fn fill_json(&self, value: &Value) -> Value {
        if let Some(text) = value.as_str() {
            Value::from(self.fill(text))
        } else if let Some(elements) = value.as_array() {
            elements.iter().map(|element| self.fill_json(element)).collect()
        } else if let Some(members) = value.as_object() {
            members.iter().map(|(key, member)| (self.fill(key), self.fill_json(member))).collect()
        } else {
            value.clone()
        }
    }

    /// Whether the value has a placeholder that is not bound yet.
    pub(crate) fn has_unbound(&self, value: &Value) -> bool {
        let text = self.fill_json(value).to_string();
        self.syntax.captures_iter(&text).any(|found| match part_of(&found) {
            Part::Generated(..) | Part::GlobalId(..) => true,
            Part::Literal(_)
            | Part::Timestamp
            | Part::ServerUrl
            | Part::Origin
            | Part::WebhookUrl
            | Part::Any => false,
        })
    }

    /// Whether a text is as expected; binds what the expectation has and was not bound.
    pub(crate) fn matches(&mut self, expected: &str, actual: &str) -> bool {
        if !expected.contains('<') {
            return expected == actual;
        }
        let (pattern, captures) = self.pattern(expected);
        let pattern = Regex::new(&pattern).expect("parts of the pattern are escaped");
        let Some(found) = pattern.captures(actual) else { return false };
        let mut fresh = BTreeMap::new();
        for (group, capture) in captures.iter().enumerate() {
            let text = found.get(group + 1).map_or("", |group| group.as_str());
            let value = match capture.class {
                Some(class) => object_id_of(class, text),
                None => Some(text.to_owned()),
            };
            let Some(value) = value else { return false };
            if fresh.get(&capture.name).is_some_and(|known| *known != value) {
                return false;
            }
            fresh.insert(capture.name.clone(), value);
        }
        self.values.append(&mut fresh);
        true
    }

    /// The text of a part that is known already.
    fn literal(&self, part: &Part<'_>) -> Option<String> {
        match part {
            Part::Literal(text) => Some((*text).to_owned()),
            Part::Generated(name, _) => self.values.get(name).cloned(),
            Part::GlobalId(class, name) => {
                let id = self.values.get(name)?;
                Some(BASE64_STANDARD.encode(format!("{class}:{id}")))
            }
            Part::ServerUrl => Some(self.server_url.clone()),
            Part::Origin => Some(self.origin.clone()),
            Part::WebhookUrl => Some(self.webhook_url.clone()),
            Part::Timestamp | Part::Any => None,
        }
    }

    fn pattern<'t>(&self, expected: &'t str) -> (String, Vec<Capture<'t>>) {
        let mut pattern = String::from("(?s)^");
        let mut captures = Vec::new();
        let mut after = 0;
        for found in self.syntax.captures_iter(expected) {
            let Some(whole) = found.get(0) else { continue };
            pattern.push_str(&regex::escape(&expected[after..whole.start()]));
            after = whole.end();
            let part = part_of(&found);
            if let Some(literal) = self.literal(&part) {
                pattern.push_str(&regex::escape(&literal));
                continue;
            }
            match part {
                Part::Generated(name, shape) => {
                    pattern.push_str(&format!("({shape})"));
                    captures.push(Capture { name, class: None });
                }
                Part::GlobalId(class, name) => {
                    pattern.push_str("([A-Za-z0-9+/]+=*)");
                    captures.push(Capture { name, class: Some(class) });
                }
                Part::Timestamp => pattern.push_str(TIMESTAMP),
                Part::Literal(_)
                | Part::ServerUrl
                | Part::Origin
                | Part::WebhookUrl
                | Part::Any => {
                    pattern.push_str(".*");
                }
            }
        }
        pattern.push_str(&regex::escape(&expected[after..]));
        pattern.push('$');
        (pattern, captures)
    }
}

fn part_of<'t>(found: &regex::Captures<'t>) -> Part<'t> {
    let group = |at: usize| found.get(at).map(|group| group.as_str());
    if let (Some(kind), Some(number)) = (group(1), group(2)) {
        return Part::Generated(format!("{kind}:{number}"), shape(kind));
    }
    if let (Some(class), Some(number)) = (group(3), group(4)) {
        return Part::GlobalId(class, format!("objectId:{number}"));
    }
    match group(5) {
        Some("timestamp") => Part::Timestamp,
        Some("serverURL") => Part::ServerUrl,
        Some("origin") => Part::Origin,
        Some("webhookURL") => Part::WebhookUrl,
        Some(_) => Part::Any,
        None => Part::Literal(""),
    }
}

/// The object id in a global id of a class.
fn object_id_of(class: &str, global_id: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(global_id).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let id = text.strip_prefix(class)?.strip_prefix(':')?;
    let is_id = id.len() == 10 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| id.to_owned())
}
