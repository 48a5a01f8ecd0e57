//! What was given and where, merged from all sources, before it has types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use crate::options::host::{self, JavaScriptFile};
use crate::options::problems::Problems;
use crate::options::table::{self, Display, Effect, Kind, OptionSpec, Preset};
use crate::options::values;

/// Longest part of a bad value that an error text repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// What the server is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// To serve an application.
    Server,
    /// To try things out on this machine: `parsimony dev`.
    Development,
    /// To serve LiveQuery and nothing else: `parsimony live-query-server`.
    Live,
}

/// The values of all options, given or default, in the form of JSON.
#[derive(Clone)]
pub struct Raw {
    profile: Profile,
    given: BTreeMap<&'static str, Given>,
    /// Variables that only describe values of other options.
    without_effect: BTreeSet<&'static str>,
    /// The file in JavaScript that values refer to.
    javascript: Option<JavaScriptFile>,
    /// What is to be said of where the options come from.
    remarks: Vec<String>,
}

#[derive(Clone)]
struct Given {
    value: Value,
    source: String,
}

/// A value as a source has it.
pub(super) enum Input {
    /// From a flag or a variable.
    Text(String),
    /// From a file.
    Json(Value),
}

impl Raw {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            given: BTreeMap::new(),
            without_effect: BTreeSet::new(),
            javascript: None,
            remarks: Vec::new(),
        }
    }

    /// Notes that values refer to something in a file that is written in JavaScript.
    pub(super) fn set_javascript(&mut self, file: JavaScriptFile) {
        self.javascript = Some(file);
    }

    /// The file in JavaScript that values refer to.
    pub(super) fn javascript_file(&self) -> Option<&JavaScriptFile> {
        self.javascript.as_ref()
    }

    /// Notes something that the operator should be told at start.
    pub(super) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// What the operator should be told of where the options come from.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The value of an option: the one given, else the default, else null.
    pub fn value(&self, path: &str) -> Value {
        match self.given.get(path) {
            Some(given) => given.value.clone(),
            None => self.default(path),
        }
    }

    /// Tells whether any source gave the option, rather than its default.
    pub fn is_given(&self, path: &str) -> bool {
        self.given.contains_key(path)
    }

    /// What the server is started for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Where the value of an option comes from, for error texts.
    pub(super) fn source(&self, path: &str) -> &str {
        self.given.get(path).map_or("default", |given| &given.source)
    }

    /// Takes a value over from a source; a later call replaces an earlier one.
    pub(super) fn set(
        &mut self,
        option: &'static OptionSpec,
        input: Input,
        source: &str,
        problems: &mut Problems,
    ) {
        if matches!(input, Input::Json(Value::Null)) {
            return;
        }
        let shown = shown(option, &input);
        let input = match input {
            // The cloud code may be a function of a configuration in JavaScript, too.
            Input::Json(ref value) if option.path == "cloud" && host::is_function(value) => {
                return self.insert(option, value.clone(), source);
            }
            Input::Text(_) | Input::Json(_) => input,
        };
        let Some(value) = read(option.kind, input) else {
            let expected = option.kind.expected();
            problems.add(bad_value(option.path, source, expected, &shown));
            return;
        };
        match (option.kind, value) {
            (Kind::Group, Value::Object(fields)) => {
                self.set_group(option, fields, source, problems);
            }
            (Kind::ListOf, Value::Array(entries)) => {
                let read = |(index, entry)| entry_of(option, index, entry, source, problems);
                let entries = entries.into_iter().enumerate().map(read).collect();
                self.insert(option, Value::Array(entries), source);
            }
            (_, value) => self.insert(option, value, source),
        }
    }

    /// Notes a variable that is known but says something only inside another option.
    pub(super) fn set_without_effect(&mut self, variable: &'static str) {
        self.without_effect.insert(variable);
    }

    /// The one warning about options that were given and change nothing.
    pub(super) fn warning(&self) -> Option<String> {
        let given = table::all().filter(|option| self.is_given(option.path));
        let mut names: Vec<&str> = given
            .filter(|option| option.effect == Effect::NotYet)
            .map(|option| option.path)
            .chain(self.without_effect.iter().copied())
            .collect();
        names.sort_unstable();
        if names.is_empty() {
            return None;
        }
        Some(format!("these options are known but have no effect yet: {}", names.join(", ")))
    }

    fn insert(&mut self, option: &'static OptionSpec, value: Value, source: &str) {
        self.given.insert(option.path, Given { value, source: source.to_owned() });
    }

    fn set_group(
        &mut self,
        group: &'static OptionSpec,
        fields: Map<String, Value>,
        source: &str,
        problems: &mut Problems,
    ) {
        for (name, value) in fields {
            let path = format!("{}.{name}", group.path);
            match table::find(&path) {
                Some(option) => self.set(option, Input::Json(value), source, problems),
                None => problems.unknown_option(&path, source),
            }
        }
    }

    fn default(&self, path: &str) -> Value {
        if let (Profile::Development, Some(value)) = (self.profile, development_default(path)) {
            return value;
        }
        let as_9_10 = path != "compat" && self.is_given("compat");
        match table::find(path) {
            Some(option) if as_9_10 => preset_value(option.compat_default()),
            Some(option) => preset_value(option.default()),
            None => Value::Null,
        }
    }
}

/// Prints names only: values may be secret.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

/// The text of a problem with a value.
pub(super) fn bad_value(path: &str, source: &str, expected: &str, shown: &str) -> String {
    format!("option `{path}` (from {source}): expected {expected}{shown}")
}

/// How an error text repeats a value: not at all if it may be secret.
pub(super) fn shown_value(option: &OptionSpec, value: &Value) -> String {
    match (option.display, value) {
        (Display::Secret, _) => String::new(),
        (Display::Open, Value::String(text)) => shown_text(text),
        (Display::Open, value) => shown_text(&value.to_string()),
    }
}

/// A default in the form of JSON.
pub(super) fn preset_value(preset: Preset) -> Value {
    match preset {
        Preset::Absent => Value::Null,
        Preset::Flag(flag) => Value::Bool(flag),
        Preset::Integer(number) => Value::from(number),
        Preset::Text(text) => Value::from(text),
        Preset::Json(text) => serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

/// What `parsimony dev` presets, apart from the generated master key.
fn development_default(path: &str) -> Option<Value> {
    match path {
        "appId" => Some(Value::from("myAppId")),
        "host" => Some(Value::from("127.0.0.1")),
        "allowClientClassCreation" | "mountPlayground" => Some(Value::Bool(true)),
        _ => None,
    }
}

fn read(kind: Kind, input: Input) -> Option<Value> {
    match input {
        Input::Text(text) => values::from_text(kind, &text),
        Input::Json(value) => values::from_json(kind, value),
    }
}

/// Reads one entry of a list of objects.
fn entry_of(
    list: &'static OptionSpec,
    index: usize,
    entry: Value,
    source: &str,
    problems: &mut Problems,
) -> Value {
    let Value::Object(fields) = entry else { return entry };
    let mut read_fields = Map::new();
    for (name, value) in fields {
        let here = format!("{}[{index}].{name}", list.path);
        let Some(option) = table::find(&format!("{}[].{name}", list.path)) else {
            problems.add(unknown_field(list, &here, &name, source));
            continue;
        };
        let shown = shown_value(option, &value);
        match values::from_json(option.kind, value) {
            Some(value) => {
                read_fields.insert(name, value);
            }
            None => problems.add(bad_value(&here, source, option.kind.expected(), &shown)),
        }
    }
    Value::Object(read_fields)
}

fn unknown_field(list: &OptionSpec, here: &str, name: &str, source: &str) -> String {
    let prefix = format!("{}[].", list.path);
    let names: Vec<&str> =
        table::all().filter_map(|option| option.path.strip_prefix(&prefix)).collect();
    let hint = match crate::options::nearest::word(name, &names) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; known are {}", names.join(", ")),
    };
    format!("unknown option `{here}` (from {source}){hint}")
}

fn shown(option: &OptionSpec, input: &Input) -> String {
    match input {
        Input::Text(_) if option.display == Display::Secret => String::new(),
        Input::Text(text) => shown_text(text),
        Input::Json(value) => shown_value(option, value),
    }
}

fn shown_text(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!(", got `{}…`", &text[..end]),
        None => format!(", got `{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(raw: &mut Raw, path: &str, value: Value, source: &str) -> Vec<String> {
        let mut problems = Problems::default();
        let option = table::find(path).unwrap();
        raw.set(option, Input::Json(value), source, &mut problems);
        problems.into_result().map_or_else(|error| error.problems().to_vec(), |()| Vec::new())
    }

    fn raw() -> Raw {
        Raw::new(Profile::Server)
    }

    #[test]
    fn a_later_source_wins_name_by_name() {
        let mut raw = raw();
        let from_file = json!({"includeDepth": 1, "queryDepth": 2});
        assert!(set(&mut raw, "requestComplexity", from_file, "a.json").is_empty());
        assert!(set(&mut raw, "requestComplexity", json!({"includeDepth": 3}), "--x").is_empty());
        assert_eq!(raw.value("requestComplexity.includeDepth"), json!(3));
        assert_eq!(raw.value("requestComplexity.queryDepth"), json!(2));
        assert_eq!(raw.source("requestComplexity.queryDepth"), "a.json");
        assert_eq!(raw.source("requestComplexity.includeDepth"), "--x");
        assert_eq!(raw.source("port"), "default");
    }

    #[test]
    fn defaults_follow_the_profile_and_the_release() {
        let mut raw = raw();
        assert_eq!(raw.value("mountGraphQL"), json!(true));
        assert_eq!(raw.value("readOnlyMasterKeyIps"), json!(["127.0.0.1", "::1"]));
        assert!(set(&mut raw, "compat", json!("9.10"), "a.json").is_empty());
        assert_eq!(raw.value("mountGraphQL"), json!(false));
        assert_eq!(raw.value("readOnlyMasterKeyIps"), json!(["0.0.0.0/0", "::0"]));
        assert_eq!(raw.value("databaseURI"), json!("sqlite:parsimony.db"));
        assert_eq!(raw.value("host"), json!("0.0.0.0"));
        assert_eq!(Raw::new(Profile::Development).value("host"), json!("127.0.0.1"));
        assert_eq!(raw.value("nothing"), Value::Null);
    }

    #[test]
    fn problems_name_option_source_and_value() {
        let check = |path: &str, value: Value, expected: &str| {
            assert_eq!(set(&mut raw(), path, value, "a.json"), [expected]);
        };
        check("port", json!("abc"), "option `port` (from a.json): expected an integer, got `abc`");
        check("masterKey", json!(1), "option `masterKey` (from a.json): expected a text");
        check(
            "schema",
            json!({"strct": true}),
            "unknown option `schema.strct` (from a.json); did you mean `schema.strict`?",
        );
        check(
            "rateLimit",
            json!([{"requestPath": "/a"}, {"requestCount": "many"}]),
            "option `rateLimit[1].requestCount` (from a.json): expected an integer, got `many`",
        );
        check(
            "rateLimit",
            json!([{"requestPth": "/a"}]),
            "unknown option `rateLimit[0].requestPth` (from a.json); did you mean `requestPath`?",
        );
    }

    #[test]
    fn null_is_not_given() {
        let mut raw = raw();
        assert!(set(&mut raw, "port", Value::Null, "a.json").is_empty());
        assert!(!raw.is_given("port"));
    }

    #[test]
    fn one_warning_lists_what_has_no_effect() {
        let mut raw = raw();
        assert_eq!(raw.warning(), None);
        set(&mut raw, "port", json!(1), "a.json");
        set(&mut raw, "push", json!({}), "a.json");
        set(&mut raw, "idempotencyOptions", json!({"paths": ["a"]}), "a.json");
        assert_eq!(
            raw.warning().unwrap(),
            "these options are known but have no effect yet: idempotencyOptions.paths, push"
        );
    }
}
