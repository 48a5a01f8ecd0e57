//! Environment variables, handed in by the caller.

use crate::options::nearest;
use crate::options::problems::Problems;
use crate::options::raw::{Input, Raw};
use crate::options::table::{self, OptionSpec};

/// Variables with these beginnings are meant for this server.
const PREFIXES: [&str; 3] = ["PARSE_SERVER_", "PARSE_LIVE_QUERY_SERVER_", "PARSIMONY_"];

/// Variables with these beginnings are for building, testing and measuring this server, not for the server.
const TOOLS: [&str; 3] = ["PARSIMONY_BUILD_", "PARSIMONY_TEST_", "PARSIMONY_BENCH"];

/// Takes over every variable that belongs to an option; an empty one counts as not set.
pub(super) fn read(
    variables: impl Iterator<Item = (String, String)>,
    raw: &mut Raw,
    problems: &mut Problems,
) {
    let mut given: Vec<(&'static str, &'static OptionSpec, String)> = Vec::new();
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        let option = table::all().find(|option| option.env == Some(name.as_str()));
        match option.and_then(|option| Some((option.env?, option))) {
            Some((variable, option)) if option.is_settable() => {
                given.push((variable, option, value));
            }
            Some((variable, _)) => raw.set_without_effect(variable),
            None if is_ours(&name) && !is_service_link(&name, &value) => {
                problems.add(unknown(&name))
            }
            None => {}
        }
    }
    // A whole group comes before its parts, so that the parts win.
    given.sort_by_key(|(_, option, _)| option.path.matches('.').count());
    for (variable, option, value) in given {
        raw.set(option, Input::Text(value), variable, problems);
    }
}

fn is_ours(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(*prefix);
    PREFIXES.iter().any(begins) && !TOOLS.iter().any(begins)
}

/// Kubernetes sets such variables in every container when a service is called `parse-server`
/// or `parsimony`.
fn is_service_link(name: &str, value: &str) -> bool {
    let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) else {
        return false;
    };
    let is_port = |text: &str| {
        text.split('_').next().is_some_and(|port| {
            !port.is_empty() && port.chars().all(|digit| digit.is_ascii_digit())
        })
    };
    rest == "SERVICE_HOST"
        || (rest == "PORT" && value.contains("://"))
        || rest.starts_with("SERVICE_PORT")
        || rest.strip_prefix("PORT_").is_some_and(is_port)
}

fn unknown(name: &str) -> String {
    match nearest::variable(name).and_then(|option| option.env) {
        Some(nearest) => {
            format!("unknown environment variable `{name}`; did you mean `{nearest}`?")
        }
        None => format!("unknown environment variable `{name}`; --help lists all variables"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::options::raw::Profile;

    fn run(variables: &[(&str, &str)]) -> (Raw, Vec<String>) {
        let mut raw = Raw::new(Profile::Server);
        let mut problems = Problems::default();
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read(variables, &mut raw, &mut problems);
        let problems =
            problems.into_result().map_or_else(|error| error.problems().to_vec(), |()| Vec::new());
        (raw, problems)
    }

    fn check(variables: &[(&str, &str)], path: &str, expected: &Value) {
        let (raw, problems) = run(variables);
        assert_eq!(problems, [""; 0], "{variables:?}");
        assert_eq!(&raw.value(path), expected, "{variables:?}");
    }

    fn check_problem(name: &str, value: &str, expected: &str) {
        assert_eq!(run(&[(name, value)]).1, [expected]);
    }

    #[test]
    fn variables() {
        check(&[("PORT", "80")], "port", &json!(80));
        check(&[("PORT", "")], "port", &json!(1337));
        check(&[("VERBOSE", "1")], "verbose", &json!(true));
        check(&[("HOME", "/root"), ("PATH", "/bin")], "port", &json!(1337));
        check(
            &[("PARSE_SERVER_MASTER_KEY_IPS", "::1,10.0.0.1")],
            "masterKeyIps",
            &json!(["::1", "10.0.0.1"]),
        );
        check(
            &[("PARSE_SERVER_REQUEST_COMPLEXITY_INCLUDE_DEPTH", "3")],
            "requestComplexity.includeDepth",
            &json!(3),
        );
        check(
            &[
                ("PARSE_SERVER_REQUEST_COMPLEXITY_INCLUDE_DEPTH", "3"),
                ("PARSE_SERVER_REQUEST_COMPLEXITY", r#"{"includeDepth": 4}"#),
            ],
            "requestComplexity.includeDepth",
            &json!(3),
        );
    }

    #[test]
    fn problems() {
        check_problem("PORT", "abc", "option `port` (from PORT): expected an integer, got `abc`");
        check_problem(
            "PARSE_SERVER_PORT",
            "80",
            "unknown environment variable `PARSE_SERVER_PORT`; did you mean `PORT`?",
        );
        check_problem(
            "PARSE_SERVER_REQUEST_COMPLEXITY",
            r#"{"depth":1}"#,
            "unknown option `requestComplexity.depth` (from PARSE_SERVER_REQUEST_COMPLEXITY); \
             did you mean `requestComplexity.queryDepth`?",
        );
    }

    #[test]
    fn service_links_are_not_ours() {
        let links = [
            ("PARSE_SERVER_SERVICE_HOST", "10.0.0.1"),
            ("PARSE_SERVER_SERVICE_PORT_HTTP", "1337"),
            ("PARSE_SERVER_PORT", "tcp://10.0.0.1:1337"),
            ("PARSE_SERVER_PORT_1337_TCP_ADDR", "10.0.0.1"),
        ];
        assert_eq!(run(&links).1, [""; 0]);
    }

    #[test]
    fn variables_inside_lists_are_warned_about() {
        let (raw, problems) = run(&[("PARSE_SERVER_RATE_LIMIT_ZONE", "ip")]);
        assert_eq!(problems, [""; 0]);
        assert!(raw.warning().unwrap().ends_with(": PARSE_SERVER_RATE_LIMIT_ZONE"));
    }
}
