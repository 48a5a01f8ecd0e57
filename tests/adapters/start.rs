//! What an operator reads when an adapter can not be loaded.

use serde_json::{Value, json};

use crate::app::{directory, options, run};

fn check(files: &[(&str, &str)], more: &Value, expected: &[&str]) {
    let config = options(more).to_string();
    let files: Vec<_> = files.iter().copied().chain([("config.json", config.as_str())]).collect();
    let Some(directory) = directory(&files) else { return };
    let (code, stdout, stderr) = run(directory.path(), &["config.json"]);
    assert!(code.is_some_and(|code| code != 0), "{stdout}{stderr}");
    assert!(!stdout.contains("ready"), "{stdout}");
    for text in expected {
        assert!(stderr.contains(text), "should say `{text}`: {stderr}");
    }
}

#[test]
fn a_module_that_is_missing_is_named_with_its_option() {
    let mail = json!({"emailAdapter": {"module": "parse-server-nobody-has-this"}});
    check(&[], &mail, &["emailAdapter", "parse-server-nobody-has-this"]);
    let provider = json!({"auth": {"mine": {"module": "./missing.js"}}});
    check(&[], &provider, &["auth.mine", "./missing.js"]);
}

#[test]
fn a_module_that_can_not_be_loaded_says_why() {
    let files = [(
        "mine.js",
        "module.exports = class { constructor() { throw new Error('no licence'); } };",
    )];
    let provider = json!({"auth": {"mine": {"module": "./mine.js"}}});
    check(&files, &provider, &["auth.mine", "no licence"]);
}

#[test]
fn an_adapter_may_refuse_its_settings() {
    let files = [(
        "mine.js",
        "module.exports = { validateAuthData() {}, validateOptions(options) { if (!options.key) throw new Error('mine needs a key'); } };",
    )];
    let provider = json!({"auth": {"mine": {"module": "./mine.js"}}});
    check(&files, &provider, &["auth.mine", "mine needs a key"]);
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_missing() {
    let config = options(&json!({
        "emailAdapter": {"module": "parse-server-nobody-has-this"},
        "auth": {"mine": {"module": "./mine.js"}, "gone": {"module": "./gone.js"}},
    }));
    let config = config.to_string();
    let files = [("config.json", config.as_str()), ("mine.js", "module.exports = {};")];
    let Some(directory) = directory(&files) else { return };
    let (code, stdout, stderr) = run(directory.path(), &["doctor", "config.json"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    for text in [
        "Node v",
        "loaded by Node: `auth.mine = ./mine.js`",
        "`auth.gone` names the module `./gone.js`, which is not there",
        "npm install parse-server-nobody-has-this",
    ] {
        assert!(stdout.contains(text), "should say `{text}`: {stdout}");
    }
}
