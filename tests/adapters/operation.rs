//! What concerns the server as a whole: its log, its classes, its keys, its end.

use std::fs;

use serde_json::{Value, json};

use crate::app::{App, RECORD, directory, options, run};

#[test]
fn log_lines_go_to_the_logger_of_the_app() {
    let logger = r#"
module.exports = class Logger {
  log(level, text, about) {
    console.log('the logger writes to its console, which is not logged again');
    record('log', level, text, about);
  }
};"#;
    let logger = format!("{RECORD}{logger}");
    let cloud = "Parse.Cloud.define('hello', request => { request.log.warn('from cloud code'); return 1; });";
    let more = json!({"loggerAdapter": "./logger.js", "cloud": "./main.js"});
    let files = [("logger.js", logger.as_str()), ("main.js", cloud)];
    let Some(app) = App::with(&files, &more) else { return };
    app.post("/functions/hello", &json!({})).is(200);
    let is_ours = |call: &Value| call[1] == "warn" && call[2] == "from cloud code";
    let mut times = 1;
    while !app.wait_for("log", times).iter().any(is_ours) {
        times += 1;
    }
    let texts: Vec<Value> = app.calls_of("log").into_iter().map(|call| call[2].clone()).collect();
    assert!(texts.iter().all(|text| !text.to_string().contains("not logged again")), "{texts:?}");
    app.stop();
}

#[test]
fn functions_run_around_the_change_of_classes() {
    let configuration = r#"
const known = () => new Parse.Schema('Thing').get().then(() => true, () => false);
module.exports = {
  ...OPTIONS,
  masterKey: async () => 'master',
  serverCloseComplete: () => record('closed'),
  schema: {
    definitions: [{ className: 'Thing', fields: { name: { type: 'String' } } }],
    beforeMigration: async () => record('before', await known()),
    afterMigration: async () => {
      record('after', await known());
      await new Parse.Object('Thing', { name: 'first' }).save(null, { useMasterKey: true });
    },
  },
};"#;
    let configuration = configuration.replace("OPTIONS", &options(&json!({})).to_string());
    let files = [("config.js", format!("{RECORD}{configuration}"))];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let Some(directory) = directory(&files) else { return };
    let app = App::started(directory, &["config.js"]);
    assert_eq!(app.calls(), [json!(["before", false]), json!(["after", true])]);
    let master = [("X-Parse-Master-Key", "master")];
    let found = app.send("GET", "/classes/Thing", None, &master).is(200);
    assert_eq!(found["results"][0]["name"], "first");
    let calls = app.stop_and_keep();
    let calls = fs::read_to_string(calls.path().join("calls.jsonl")).unwrap();
    assert!(calls.ends_with("[\"closed\"]\n"), "{calls}");
}

#[test]
fn what_a_migration_throws_keeps_the_server_from_starting() {
    let configuration = format!(
        "module.exports = {{ ...{}, schema: {{ beforeMigration: () => {{ throw new Error('not today'); }} }} }};",
        options(&json!({}))
    );
    let Some(directory) = directory(&[("config.js", configuration.as_str())]) else { return };
    let (code, stdout, stderr) = run(directory.path(), &["config.js"]);
    assert!(code.is_some_and(|code| code != 0) && !stdout.contains("ready"), "{stdout}");
    assert!(stderr.contains("schema.beforeMigration") && stderr.contains("not today"), "{stderr}");
}
