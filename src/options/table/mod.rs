//! Every option, once, as data: name, environment variable, type, default, effect and one sentence.
//!
//! What an option means is decided in `config.rs`; this room of tables never reads a value.

mod cloud;
mod data;
mod database;
mod files;
mod graphql;
mod keys;
mod live;
mod logs;
mod pages;
mod push;
mod server;
mod users;

/// The sections of the table, in the order of the help text.
pub const SECTIONS: &[Section] = &[
    Section { title: "Application and keys", options: keys::OPTIONS },
    Section { title: "Listening, addresses, limits and proxies", options: server::OPTIONS },
    Section { title: "Database", options: database::OPTIONS },
    Section { title: "Classes, objects and queries", options: data::OPTIONS },
    Section { title: "GraphQL", options: graphql::OPTIONS },
    Section { title: "Cloud code", options: cloud::OPTIONS },
    Section { title: "Users, sessions and passwords", options: users::OPTIONS },
    Section { title: "Pages", options: pages::OPTIONS },
    Section { title: "Files", options: files::OPTIONS },
    Section { title: "LiveQuery", options: live::OPTIONS },
    Section { title: "Push and installations", options: push::OPTIONS },
    Section { title: "Logs, metrics and checks", options: logs::OPTIONS },
];

/// Options that belong together.
#[derive(Debug)]
pub struct Section {
    /// Heading in the help text.
    pub title: &'static str,
    /// The options, in the order of the help text.
    pub options: &'static [OptionSpec],
}

/// One option.
#[derive(Debug)]
pub struct OptionSpec {
    /// Name in a JSON file, with the names of the enclosing options and dots: `schema.strict`.
    ///
    /// `[]` stands for an entry of a list and `*` for any key: such options describe values and
    /// can not be set by themselves.
    pub path: &'static str,
    /// Environment variable, or nothing.
    pub env: Option<&'static str>,
    /// What a value looks like.
    pub kind: Kind,
    /// Default of parse-server 9.10.
    pub preset: Preset,
    /// Our default.
    pub ours: Ours,
    /// Whether this server heeds the option.
    pub effect: Effect,
    /// Whether a value may be shown.
    pub display: Display,
    /// What the option is for, in one sentence.
    pub doc: &'static str,
}

/// What the value of an option looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An integer.
    Integer,
    /// True or false.
    Flag,
    /// A list: JSON, or texts between commas.
    List,
    /// A JSON object with keys of any name.
    Object,
    /// Any JSON value.
    Json,
    /// A JSON object whose keys are options of the table.
    Group,
    /// A list of JSON objects whose keys are options of the table.
    ListOf,
    /// The name of a module, or an object that names one and holds its options.
    Adapter,
    /// A function, which only JavaScript can supply.
    Function,
    /// A text or a list of texts.
    TextOrList,
    /// An integer, true or false.
    IntegerOrFlag,
    /// An integer or a text.
    IntegerOrText,
    /// A text or a function.
    TextOrFunction,
    /// True, false or a function.
    FlagOrFunction,
}

/// A default value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// No default.
    Absent,
    /// True or false.
    Flag(bool),
    /// An integer.
    Integer(i64),
    /// A text.
    Text(&'static str),
    /// A list or an object, as JSON.
    Json(&'static str),
}

/// How our default relates to that of parse-server 9.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// It is the same.
    Same,
    /// It differs, and `compat` restores the one of 9.10.
    UnlessCompat(Preset),
    /// It differs always.
    Always(Preset),
}

/// Whether this server heeds an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It works.
    Now,
    /// It is known and changes nothing; setting it is worth a warning.
    NotYet,
}

/// Whether the value of an option may be shown in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// It may.
    Open,
    /// It is or may hold a secret.
    Secret,
}

impl OptionSpec {
    const fn new(path: &'static str, env: &'static str, kind: Kind, doc: &'static str) -> Self {
        let env = if env.is_empty() { None } else { Some(env) };
        let (preset, ours) = (Preset::Absent, Ours::Same);
        let (effect, display) = (Effect::NotYet, Display::Open);
        Self { path, env, kind, preset, ours, effect, display, doc }
    }

    const fn preset(self, preset: Preset) -> Self {
        Self { preset, ..self }
    }

    const fn stricter(self, preset: Preset) -> Self {
        Self { ours: Ours::UnlessCompat(preset), ..self }
    }

    const fn ours(self, preset: Preset) -> Self {
        Self { ours: Ours::Always(preset), ..self }
    }

    const fn now(self) -> Self {
        Self { effect: Effect::Now, ..self }
    }

    const fn secret(self) -> Self {
        Self { display: Display::Secret, ..self }
    }

    /// Tells whether the option can be set by itself, by flag or variable.
    pub fn is_settable(&self) -> bool {
        !self.path.contains(['*', '['])
    }

    /// Our default when no release is named in `compat`.
    pub fn default(&self) -> Preset {
        match self.ours {
            Ours::Same => self.preset,
            Ours::UnlessCompat(preset) | Ours::Always(preset) => preset,
        }
    }

    /// Our default under `compat`.
    pub fn compat_default(&self) -> Preset {
        match self.ours {
            Ours::Same | Ours::UnlessCompat(_) => self.preset,
            Ours::Always(preset) => preset,
        }
    }
}

impl Kind {
    /// What a value must be, for error and help texts.
    pub fn expected(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Integer => "an integer",
            Kind::Flag => "true or false",
            Kind::List => "a list (JSON or comma-separated)",
            Kind::Object | Kind::Group => "a JSON object",
            Kind::Json => "a JSON value",
            Kind::ListOf => "a JSON list of objects",
            Kind::Adapter => "a module name or a JSON object",
            Kind::Function => "a function, which only JavaScript can supply",
            Kind::TextOrList => "a text or a list",
            Kind::IntegerOrFlag => "an integer, true or false",
            Kind::IntegerOrText => "an integer or a text",
            Kind::TextOrFunction => "a text",
            Kind::FlagOrFunction => "true or false",
        }
    }

    /// Tells whether a flag of this kind may stand alone, meaning true.
    pub fn may_stand_alone(self) -> bool {
        match self {
            Kind::Flag | Kind::FlagOrFunction | Kind::IntegerOrFlag => true,
            Kind::Text
            | Kind::Integer
            | Kind::List
            | Kind::Object
            | Kind::Json
            | Kind::Group
            | Kind::ListOf
            | Kind::Adapter
            | Kind::Function
            | Kind::TextOrList
            | Kind::IntegerOrText
            | Kind::TextOrFunction => false,
        }
    }
}

/// Every option of every section.
pub fn all() -> impl Iterator<Item = &'static OptionSpec> {
    SECTIONS.iter().flat_map(|section| section.options)
}

/// The option with this path.
pub fn find(path: &str) -> Option<&'static OptionSpec> {
    all().find(|option| option.path == path)
}

const fn text(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Text, doc)
}

const fn integer(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Integer, doc)
}

const fn flag(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Flag, doc)
}

const fn list(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::List, doc)
}

const fn object(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Object, doc)
}

const fn json(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Json, doc)
}

const fn group(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Group, doc)
}

const fn list_of(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::ListOf, doc)
}

const fn adapter(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Adapter, doc)
}

const fn function(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::Function, doc)
}

const fn text_or_list(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::TextOrList, doc)
}

const fn integer_or_flag(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::IntegerOrFlag, doc)
}

const fn integer_or_text(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::IntegerOrText, doc)
}

const fn text_or_function(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::TextOrFunction, doc)
}

const fn flag_or_function(path: &'static str, env: &'static str, doc: &'static str) -> OptionSpec {
    OptionSpec::new(path, env, Kind::FlagOrFunction, doc)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;
    use crate::options::raw::preset_value;

    const CONTRACT: &str = include_str!("../../../tests/contract/options.json");

    /// Options that parse-server does not have.
    const OWN: &[&str] = &[
        "cloudDepthMax",
        "cloudFunctionTimeout",
        "cloudHangTimeout",
        "cloudHost",
        "cloudHostTimeout",
        "cloudNode",
        "cloudWorkerMemory",
        "cloudWorkers",
        "compat",
        "jobSchedules",
        "jobSchedulesInterval",
        "jobSchedulesMissedMax",
        "jobStatusDays",
        "jsonBodyLimit",
        "liveQuery.connectionsPerAddress",
        "liveQuery.logEvents",
        "liveQuery.logSize",
        "liveQuery.maxMessageSize",
        "liveQuery.queueLength",
        "liveQuery.subscriptionsPerConnection",
        "metricsPath",
        "mountMetrics",
        "sqliteReaders",
        "sqliteSynchronous",
        "transactionTimeoutMs",
        "watch",
        "webhookAnswerLimit",
        "webhookTimeoutMs",
    ];

    fn contract() -> BTreeMap<String, Value> {
        fn collect(groups: &Value, group: &str, prefix: &str, found: &mut BTreeMap<String, Value>) {
            for option in groups[group].as_array().unwrap() {
                let path = format!("{prefix}{}", option["name"].as_str().unwrap());
                if let Some(inner) = option["group"].as_str() {
                    let joint = if option["type"] == "array" { "[]." } else { "." };
                    collect(groups, inner, &format!("{path}{joint}"), found);
                }
                found.insert(path, option.clone());
            }
        }
        let file: Value = serde_json::from_str(CONTRACT).unwrap();
        let mut found = BTreeMap::new();
        collect(&file["groups"], "ParseServerOptions", "", &mut found);
        collect(&file["groups"], "AuthAdapter", "auth.*.", &mut found);
        collect(&file["groups"], "LogLevel", "logLevel.*.", &mut found);
        let total: usize =
            file["groups"].as_object().unwrap().values().map(|g| g.as_array().unwrap().len()).sum();
        assert_eq!(found.len(), total, "a group of the contract is not reached");
        found
    }

    fn type_name(kind: Kind) -> &'static str {
        match kind {
            Kind::Text => "string",
            Kind::Integer => "int",
            Kind::Flag => "bool",
            Kind::List | Kind::ListOf => "array",
            Kind::Object | Kind::Json | Kind::Group => "object",
            Kind::Adapter => "adapter",
            Kind::Function => "function",
            Kind::TextOrList => "string|array",
            Kind::IntegerOrFlag => "int|bool",
            Kind::IntegerOrText => "int|string",
            Kind::TextOrFunction => "string|function",
            Kind::FlagOrFunction => "bool|function",
        }
    }

    #[test]
    fn every_option_of_the_contract_is_in_the_table() {
        for (path, option) in contract() {
            let spec = find(&path).unwrap_or_else(|| panic!("`{path}` is missing"));
            assert_eq!(spec.env, option["env"].as_str(), "variable of `{path}`");
            assert_eq!(type_name(spec.kind), option["type"], "type of `{path}`");
            assert_eq!(preset_value(spec.preset), option["default"], "default of `{path}`");
            let groups = matches!(spec.kind, Kind::Group | Kind::ListOf);
            assert_eq!(groups, !option["group"].is_null(), "nesting of `{path}`");
        }
    }

    #[test]
    fn the_table_has_nothing_else_but_our_own() {
        let contract = contract();
        let others: BTreeSet<_> =
            all().map(|option| option.path).filter(|path| !contract.contains_key(*path)).collect();
        assert_eq!(others, OWN.iter().copied().collect());
    }

    #[test]
    fn names_and_variables_are_unique() {
        let paths: BTreeSet<_> = all().map(|option| option.path).collect();
        assert_eq!(paths.len(), all().count());
        let variables: BTreeSet<_> = all().filter_map(|option| option.env).collect();
        assert_eq!(variables.len(), all().filter(|option| option.env.is_some()).count());
    }

    #[test]
    fn nested_options_have_a_parent_that_nests() {
        for option in all().filter(|option| option.is_settable()) {
            if let Some((parent, _)) = option.path.rsplit_once('.') {
                let parent = find(parent).unwrap_or_else(|| panic!("parent of {}", option.path));
                assert_eq!(parent.kind, Kind::Group, "parent of {}", option.path);
            }
        }
    }

    #[test]
    fn every_sentence_ends() {
        for option in all() {
            assert!(option.doc.ends_with('.'), "{}", option.path);
        }
    }
}
