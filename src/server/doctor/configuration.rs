//! The options: which are understood, which are not heeded yet, which defaults are others.

use super::report::{Finding, Section, Weight, listed};
use crate::auth::Providers;
use crate::options::Examination;
use crate::options::table::{OptionSpec, Preset};

/// What to do about options that are known and change nothing: by their name or, with a dot at the end, by what it
/// begins with. The first entry that fits counts.
const UNHEEDED: &[(&str, Weight, &str)] = &[
    (
        "idempotencyOptions.",
        Weight::First,
        "a request that is sent twice is carried out twice: clients must not repeat writes",
    ),
    ("push", Weight::First, "pushes are not sent here: keep parse-server for sending them"),
    (
        "scheduledPush",
        Weight::First,
        "pushes are not sent here: keep parse-server for sending them",
    ),
    ("middleware", Weight::First, "do in the proxy in front of the server what this does"),
    (
        "requestContextMiddleware",
        Weight::First,
        "do in the proxy in front of the server what this does",
    ),
    ("collectionPrefix", Weight::First, "tables with a prefix are not found: rename them"),
    ("databaseAdapter", Weight::First, "leave it out and name the database in `databaseURI`"),
    (
        "databaseOptions.enableSchemaHooks",
        Weight::Missing,
        "what other servers do to classes is always followed: leave it out",
    ),
    ("databaseOptions.", Weight::Missing, "a setting of another driver: leave it out"),
    ("cluster", Weight::Missing, "one process uses all cores: leave it out"),
    ("directAccess", Weight::Missing, "cloud code always calls inside the server: leave it out"),
    ("customPages.", Weight::Missing, "the server's own pages are shown"),
    ("pages.", Weight::Missing, "the server's own pages are shown"),
    (
        "enableExpressErrorHandler",
        Weight::Missing,
        "there is no application around this server: leave it out",
    ),
];
const OTHERWISE: (Weight, &str) = (Weight::Missing, "known, and without effect yet: leave it out");

/// What the options say.
pub(super) fn section(examination: &Examination) -> Section {
    let mut section = Section::new("Configuration");
    for problem in &examination.problems {
        section.say(Weight::First, problem);
    }
    if examination.problems.is_empty() {
        for problem in Providers::new(&examination.config).err().unwrap_or_default() {
            section.say(Weight::First, problem);
        }
    }
    // What has no effect is told below, each with what to do about it.
    let warnings = examination.config.warnings.iter();
    for warning in warnings.filter(|text| !text.starts_with("these options are known")) {
        section.say(Weight::Differs, warning);
    }
    unheeded(examination, &mut section);
    other_defaults(examination, &mut section);
    let heeded: Vec<&str> = examination.heeded().map(|option| option.path).collect();
    if !heeded.is_empty() {
        section.say(Weight::Fine, format!("understood: {}", heeded.join(", ")));
    }
    section
}

/// One finding for all options about which the same is to be done.
fn unheeded(examination: &Examination, section: &mut Section) {
    let mut groups: Vec<(Weight, &str, Vec<&str>)> = Vec::new();
    for option in examination.unheeded() {
        let (weight, advice) = advice(option.path);
        match groups.iter_mut().find(|group| group.1 == advice) {
            Some(group) => group.2.push(option.path),
            None => groups.push((weight, advice, vec![option.path])),
        }
    }
    for (weight, advice, paths) in groups {
        let what = format!("no effect yet: {}", listed(&paths));
        section.add(Finding::new(weight, what).advice(advice));
    }
}

fn advice(path: &str) -> (Weight, &'static str) {
    let fits = |name: &str| path == name || name.ends_with('.') && path.starts_with(name);
    let entry = UNHEEDED.iter().find(|(name, _, _)| fits(name));
    entry.map_or(OTHERWISE, |(_, weight, advice)| (*weight, *advice))
}

fn other_defaults(examination: &Examination, section: &mut Section) {
    let differing: Vec<String> = examination.other_defaults().map(both_defaults).collect();
    if differing.is_empty() {
        return;
    }
    let what = format!("other defaults than those of parse-server 9.10: {}", differing.join("; "));
    let advice =
        "`compat: \"9.10\"` (--compat 9.10) restores them, an option of its own each of them";
    section.add(Finding::new(Weight::Differs, what).advice(advice));
}

fn both_defaults(option: &OptionSpec) -> String {
    format!("{} is {}, was {}", option.path, shown(option.default()), shown(option.preset))
}

fn shown(preset: Preset) -> String {
    match preset {
        Preset::Absent => "absent".to_owned(),
        Preset::Flag(flag) => flag.to_string(),
        Preset::Integer(-1) => "unlimited".to_owned(),
        Preset::Integer(number) => number.to_string(),
        Preset::Text(text) | Preset::Json(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use super::*;
    use crate::options::{Outside, Start, load, table};

    fn found(config: &str) -> Section {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), config).unwrap();
        let args = [OsString::from("doctor"), file.path().into()];
        match load(&args, std::iter::empty(), &Outside::nobody()).unwrap() {
            Start::Examine(examination) => section(&examination),
            Start::Run(_) | Start::Help(_) | Start::Version => panic!("not an examination"),
        }
    }

    fn check(config: &str, expected: &[(Weight, &str)]) {
        let section = found(config);
        for (weight, text) in expected {
            let fits =
                |finding: &&Finding| finding.weight == *weight && finding.what.contains(text);
            assert!(section.findings.iter().any(|finding| fits(&finding)), "{text}: {section:#?}");
        }
    }

    #[test]
    fn a_plain_configuration_is_fine() {
        let section = found(
            r#"{"appId": "a", "masterKey": "m", "compat": "9.10", "databaseURI": "sqlite:x.db"}"#,
        );
        let weights: Vec<Weight> = section.findings.iter().map(|finding| finding.weight).collect();
        assert_eq!(weights, [Weight::Fine], "{section:#?}");
    }

    #[test]
    fn what_is_unknown_or_not_heeded_is_told() {
        check(
            r#"{"appId": "a", "masterKey": "m", "push": {"ios": {}}, "cluster": 2, "directAccess": true, "prot": 1,
                "cacheAdapter": {"module": "./own-cache.js"}, "databaseOptions": {"retryWrites": true}}"#,
            &[
                (Weight::First, "no effect yet: `push`"),
                (Weight::Missing, "no effect yet: `cluster`"),
                (Weight::Missing, "no effect yet: `databaseOptions.retryWrites`"),
                (Weight::First, "unknown option `prot`"),
                (Weight::First, "the module `./own-cache.js` can not be used here"),
                (Weight::Differs, "protectedFieldsOwnerExempt is false, was true"),
                (Weight::Fine, "understood: appId, masterKey"),
            ],
        );
    }

    #[test]
    fn secrets_are_not_printed() {
        let section = found(
            r#"{"appId": "a", "masterKey": "hunter2", "databaseURI": "mongodb://u:hunter2@h/d", "webhookKey": "hunter2",
                "push": {"ios": {"key": "hunter2"}}, "auth": {"github": {"clientSecret": "hunter2"}}}"#,
        );
        assert!(!format!("{section:?}").contains("hunter2"), "{section:#?}");
    }

    #[test]
    fn every_advice_is_about_an_option() {
        for (name, _, _) in UNHEEDED {
            let fits = |option: &OptionSpec| option.path == *name || option.path.starts_with(name);
            assert!(table::all().any(fits), "{name}");
        }
    }
}
