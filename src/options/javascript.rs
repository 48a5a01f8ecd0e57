//! Options that are written in JavaScript: a configuration file, or a program that makes a parse-server. The host
//! of the cloud code evaluates them and prints what they are as JSON.

use serde_json::{Map, Value};

use crate::options::file;
use crate::options::host::{JavaScriptFile, MARK};
use crate::options::problems::Problems;
use crate::options::raw::Raw;

/// Takes over what the host says of a file.
pub(super) fn read(
    name: &str,
    file: JavaScriptFile,
    evaluate: &dyn Fn(&JavaScriptFile) -> Result<String, String>,
    raw: &mut Raw,
    problems: &mut Problems,
) {
    let said = evaluate(&file).and_then(|text| {
        Said::parse(&text, file.is_program).map_err(|problem| format!("the host: {problem}"))
    });
    match said {
        Ok(said) => {
            // A program may hold cloud code besides the server that it makes.
            if file.is_program || refers(&said.options) {
                raw.set_javascript(file);
            }
            said.warnings.into_iter().for_each(|warning| raw.remark(warning));
            file::set_all(said.options, name, raw, problems);
        }
        Err(problem) => problems.add(format!("configuration file `{name}`: {problem}")),
    }
}

/// What the host prints of a file, brought into the form of a JSON file.
#[derive(Debug)]
struct Said {
    options: Map<String, Value>,
    warnings: Vec<String>,
}

impl Said {
    fn parse(text: &str, is_program: bool) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|cause| cause.to_string())?;
        let Value::Object(mut said) = value else { return Err("expected an object".to_owned()) };
        let mut options = file::unwrap(said.remove("options").unwrap_or_default())?;
        options.values_mut().for_each(plain);
        if is_program {
            place(&mut options, &mut said);
        }
        let warnings = said.remove("warnings").unwrap_or_default();
        let warnings = warnings.as_array().into_iter().flatten();
        let warnings = warnings.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { options, warnings })
    }
}

/// What counts is where the program puts the server it makes, whatever the options of the server say.
fn place(options: &mut Map<String, Value>, said: &mut Map<String, Value>) {
    for name in ["port", "host", "mountPath"] {
        if let Some(value) = said.remove(name).filter(|value| !value.is_null()) {
            options.insert(name.to_owned(), value);
        }
    }
    if said.remove("liveQueryServer") == Some(Value::Bool(true)) {
        options.insert("startLiveQueryServer".to_owned(), Value::Bool(true));
    }
    let Some(Value::Object(mut graphql)) = said.remove("graphQL") else { return };
    options.insert("mountGraphQL".to_owned(), Value::Bool(true));
    for (name, mounts) in [("graphQLPath", None), ("playgroundPath", Some("mountPlayground"))] {
        let Some(path) = graphql.remove(name).filter(Value::is_string) else { continue };
        options.insert(name.to_owned(), path);
        if let Some(mounts) = mounts {
            options.insert(mounts.to_owned(), Value::Bool(true));
        }
    }
}

/// Puts what JSON can not hold into the form that options have for it: a regular expression is a text with its
/// flags in front, a date is a text, what is undefined is absent.
fn plain(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(plain),
        Value::Object(fields) => match special(fields) {
            Some(text) => *value = text,
            // What the host describes is for the host.
            None if fields.contains_key(MARK) => {}
            None => fields.values_mut().for_each(plain),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn special(fields: &Map<String, Value>) -> Option<Value> {
    let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    match name.as_str() {
        "$undefined" => Some(Value::Null),
        "$date" => Some(value.clone()),
        "$regexp" => {
            let parts = value.as_array()?;
            let source = parts.first()?.as_str()?;
            let flags = parts.get(1).and_then(Value::as_str).unwrap_or_default();
            Some(Value::String(with_flags(source, flags)))
        }
        _ => None,
    }
}

/// The flags that change what matches; the others say how a program uses the expression.
fn with_flags(source: &str, flags: &str) -> String {
    let flags: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    if flags.is_empty() { source.to_owned() } else { format!("(?{flags}){source}") }
}

fn refers(options: &Map<String, Value>) -> bool {
    options.values().any(refers_value)
}

fn refers_value(value: &Value) -> bool {
    match value {
        Value::Array(entries) => entries.iter().any(refers_value),
        Value::Object(fields) => fields.contains_key(MARK) || fields.values().any(refers_value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::options::raw::Profile;

    fn run(said: &Value, is_program: bool) -> (Raw, Vec<String>) {
        let (mut raw, mut problems) = (Raw::new(Profile::Server), Problems::default());
        let file = JavaScriptFile { path: "/app/config.js".into(), is_program };
        let evaluate = |_: &JavaScriptFile| Ok(said.to_string());
        read("config.js", file, &evaluate, &mut raw, &mut problems);
        let problems =
            problems.into_result().map_or_else(|error| error.problems().to_vec(), |()| Vec::new());
        (raw, problems)
    }

    #[test]
    fn a_configuration_is_read_like_a_file_of_json() {
        let said =
            json!({"options": {"appId": "a", "port": 80, "prot": 1}, "port": 1, "warnings": ["w"]});
        let (raw, problems) = run(&said, false);
        assert_eq!((raw.value("appId"), raw.value("port")), (json!("a"), json!(80)));
        assert_eq!(raw.source("port"), "config.js");
        assert_eq!(raw.remarks(), ["w"]);
        assert!(raw.javascript_file().is_none(), "nothing in it is needed later");
        assert_eq!(problems, ["unknown option `prot` (from config.js); did you mean `port`?"]);
    }

    #[test]
    fn functions_and_objects_are_kept_where_they_belong() {
        let made = json!({"$host": "emailAdapter", "kind": "object", "methods": ["sendMail"], "data": {"a": {"$date": "2020"}}});
        let judge = json!({"$host": "passwordPolicy.validatorCallback", "kind": "function"});
        let said = json!({"options": {
            "emailAdapter": made,
            "passwordPolicy": {"validatorCallback": judge, "validatorPattern": {"$regexp": ["^a.b$", "is"]}},
            "cloud": {"$host": "cloud", "kind": "function"},
        }});
        let (raw, problems) = run(&said, false);
        assert_eq!(problems, [""; 0]);
        assert_eq!(raw.value("emailAdapter"), made);
        assert_eq!(raw.value("passwordPolicy.validatorCallback"), judge);
        assert_eq!(raw.value("passwordPolicy.validatorPattern"), "(?is)^a.b$");
        assert_eq!(raw.javascript_file().unwrap().path, Path::new("/app/config.js"));
        let misplaced = json!({"options": {"port": judge}});
        assert_eq!(run(&misplaced, false).1.len(), 1);
    }

    #[test]
    fn a_program_says_where_its_server_is() {
        let said = json!({
            "options": {"appId": "a", "mountPath": "/elsewhere"},
            "port": 1338, "mountPath": "/parse",
            "graphQL": {"graphQLPath": "/gql", "playgroundPath": "/try"},
            "liveQueryServer": true,
            "warnings": [],
        });
        let (raw, problems) = run(&said, true);
        assert_eq!(problems, [""; 0]);
        assert_eq!((raw.value("port"), raw.value("mountPath")), (json!(1338), json!("/parse")));
        assert_eq!(raw.value("graphQLPath"), "/gql");
        assert_eq!(raw.value("mountPlayground"), json!(true));
        assert_eq!(raw.value("startLiveQueryServer"), json!(true));
        assert!(raw.javascript_file().unwrap().is_program);
    }

    #[test]
    fn what_goes_wrong_is_told_with_the_file() {
        let (mut raw, mut problems) = (Raw::new(Profile::Server), Problems::default());
        let file = JavaScriptFile { path: "/app/config.js".into(), is_program: false };
        let evaluate = |_: &JavaScriptFile| Err("no Node".to_owned());
        read("config.js", file, &evaluate, &mut raw, &mut problems);
        let text = problems.into_result().unwrap_err().to_string();
        assert_eq!(text, "configuration file `config.js`: no Node");
        let (_, problems) = run(&json!([]), false);
        assert_eq!(problems, ["configuration file `config.js`: the host: expected an object"]);
        let (_, problems) = run(&json!({"options": {"apps": [{}, {}]}}), false);
        assert!(problems[0].contains("several applications"), "{problems:?}");
    }
}
