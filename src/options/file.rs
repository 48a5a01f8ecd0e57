//! The JSON configuration file.

use std::fs;

use serde_json::{Map, Value};

use crate::options::problems::Problems;
use crate::options::raw::{Input, Profile, Raw};
use crate::options::{live, table};

/// Takes over every option of a file.
pub(super) fn read(path: &str, raw: &mut Raw, problems: &mut Problems) {
    match fs::read_to_string(path) {
        Ok(text) => take(&text, path, raw, problems),
        Err(error) => problems.add(format!("configuration file `{path}`: {error}")),
    }
}

fn take(text: &str, name: &str, raw: &mut Raw, problems: &mut Problems) {
    let options = match parse(text) {
        Ok(options) => options,
        Err(problem) => return problems.add(format!("configuration file `{name}`: {problem}")),
    };
    set_all(options, name, raw, problems);
}

/// Takes over options by their names.
pub(super) fn set_all(
    options: Map<String, Value>,
    name: &str,
    raw: &mut Raw,
    problems: &mut Problems,
) {
    for (path, value) in options {
        let nested = if raw.profile() == Profile::Live { live::nested(&path) } else { None };
        let known = table::find(nested.as_deref().unwrap_or(&path));
        match known.filter(|option| option.is_settable()) {
            Some(option) => raw.set(option, Input::Json(value), name, problems),
            None => problems.unknown_option(&path, name),
        }
    }
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    unwrap(serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))?)
}

/// The options in a file, which may wrap them in a list of one application.
pub(super) fn unwrap(value: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(mut options) = value else {
        return Err("expected a JSON object".to_owned());
    };
    let Some(apps) = options.remove("apps") else { return Ok(options) };
    if let Some(name) = options.keys().next() {
        return Err(format!("`{name}` stands beside `apps`; it belongs into the application"));
    }
    let Value::Array(mut apps) = apps else {
        return Err("`apps` must be a list with one application".to_owned());
    };
    match (apps.pop(), apps.is_empty()) {
        (Some(Value::Object(app)), true) => Ok(app),
        (Some(_), false) => Err("`apps` holds several applications; only one is served".to_owned()),
        (_, true) | (None, false) => Err("`apps` must be a list with one application".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(text: &str) -> (Raw, Vec<String>) {
        let mut raw = Raw::new(Profile::Server);
        let mut problems = Problems::default();
        take(text, "a.json", &mut raw, &mut problems);
        let problems =
            problems.into_result().map_or_else(|error| error.problems().to_vec(), |()| Vec::new());
        (raw, problems)
    }

    fn check_problem(text: &str, expected: &str) {
        assert_eq!(run(text).1, [expected], "{text}");
    }

    #[test]
    fn both_forms() {
        for text in [r#"{"port": 80}"#, r#"{"apps": [{"port": 80}]}"#, "\u{feff}{\"port\":\"80\"}"]
        {
            let (raw, problems) = run(text);
            assert_eq!(problems, [""; 0], "{text}");
            assert_eq!(raw.value("port"), json!(80), "{text}");
            assert_eq!(raw.source("port"), "a.json", "{text}");
        }
    }

    #[test]
    fn problems() {
        check_problem(
            "{\"port\": 80,}",
            "configuration file `a.json`: not valid JSON: trailing comma at line 1 column 13",
        );
        check_problem("[]", "configuration file `a.json`: expected a JSON object");
        let several = "configuration file `a.json`: `apps` holds several applications; \
                       only one is served";
        check_problem(r#"{"apps": [{}, {}]}"#, several);
        let one = "configuration file `a.json`: `apps` must be a list with one application";
        check_problem(r#"{"apps": []}"#, one);
        check_problem(r#"{"apps": [1]}"#, one);
        check_problem(r#"{"apps": {}}"#, one);
        check_problem(
            r#"{"apps": [{}], "port": 1}"#,
            "configuration file `a.json`: `port` stands beside `apps`; \
             it belongs into the application",
        );
        check_problem(
            r#"{"prot": 1}"#,
            "unknown option `prot` (from a.json); did you mean `port`?",
        );
        check_problem(
            r#"{"port": "abc"}"#,
            "option `port` (from a.json): expected an integer, got `abc`",
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let mut problems = Problems::default();
        read("/nowhere/a.json", &mut Raw::new(Profile::Server), &mut problems);
        let text = problems.into_result().unwrap_err().to_string();
        assert!(text.starts_with("configuration file `/nowhere/a.json`: "), "{text}");
    }
}
