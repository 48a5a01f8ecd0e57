//! `parsimony live-query-server`: what parse-server's program of that name calls its options, which are those of the group
//! `liveQueryServerOptions` (`parse-server:src/cli/definitions/parse-live-query-server.js`).

use serde_json::Value;

use crate::options::problems::Problems;
use crate::options::raw::{Input, Raw};
use crate::options::table;

/// What such a server lets clients subscribe to if nothing says otherwise: whatever others tell of.
pub(super) const ALL_CLASSES: &str = ".*";
const GROUP: &str = "liveQueryServerOptions";

/// The full name of an option that is not known by the one it has inside the group.
pub(super) fn nested(name: &str) -> Option<String> {
    let nested = format!("{GROUP}.{name}");
    (table::find(name).is_none() && table::find(&nested).is_some()).then_some(nested)
}

/// Gives flags their full names.
pub(super) fn nest_flags(arguments: &mut [String]) {
    for argument in arguments {
        let Some(flag) = argument.strip_prefix("--") else { continue };
        let end = flag.find('=').unwrap_or(flag.len());
        if let Some(nested) = nested(&flag[..end]) {
            *argument = format!("--{nested}{}", &flag[end..]);
        }
    }
}

/// Takes over what is said inside the group only, and leaves out what such a server does not do.
pub(super) fn complete(raw: &mut Raw, problems: &mut Problems) {
    let mut set = |raw: &mut Raw, path: &str, value: Value, source: &str| {
        if let Some(option) = table::find(path) {
            raw.set(option, Input::Json(value), source, problems);
        }
    };
    for path in ["appId", "masterKey", "serverURL", "port", "logLevel"] {
        let nested = format!("{GROUP}.{path}");
        // Only its port is another one than that of the API.
        let is_wanted = path == "port" || !raw.is_given(path);
        if is_wanted && raw.is_given(&nested) {
            let value = raw.value(&nested);
            set(raw, path, value, &nested);
        }
    }
    // The levels are written in capital letters there, and nothing is called so.
    if let Value::String(level) = raw.value("logLevel") {
        let source = raw.source("logLevel").to_owned();
        match level.to_lowercase().as_str() {
            "none" => {
                set(raw, "silent", Value::Bool(true), &source);
                set(raw, "logLevel", Value::from("error"), &source);
            }
            level => set(raw, "logLevel", Value::from(level), &source),
        }
    }
    for path in ["mountGraphQL", "mountPlayground", "jobSchedules"] {
        set(raw, path, Value::Bool(false), LIVE);
    }
}

const LIVE: &str = "live-query-server";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::options::raw::Profile;

    #[test]
    fn flags_of_parse_servers_program() {
        let mut arguments: Vec<String> =
            ["--keyPairs", "{}", "--port=1", "--websocketTimeout=5", "--appId", "a"]
                .map(str::to_owned)
                .into();
        nest_flags(&mut arguments);
        assert_eq!(
            arguments,
            [
                "--liveQueryServerOptions.keyPairs",
                "{}",
                "--port=1",
                "--liveQueryServerOptions.websocketTimeout=5",
                "--appId",
                "a"
            ]
        );
    }

    #[test]
    fn what_is_said_in_the_group_counts() {
        let (mut raw, mut problems) = (Raw::new(Profile::Live), Problems::default());
        let given = json!({"appId": "a", "masterKey": "m", "port": 7, "logLevel": "VERBOSE"});
        let group = table::find(GROUP).unwrap();
        raw.set(group, Input::Json(given), "a.json", &mut problems);
        let app = table::find("appId").unwrap();
        raw.set(app, Input::Json(json!("b")), "a.json", &mut problems);
        complete(&mut raw, &mut problems);
        problems.into_result().unwrap();
        for (path, expected) in
            [("appId", json!("b")), ("masterKey", json!("m")), ("port", json!(7))]
        {
            assert_eq!(raw.value(path), expected, "{path}");
        }
        assert_eq!(raw.value("logLevel"), "verbose");
        assert_eq!(raw.value("mountGraphQL"), false);
    }
}
