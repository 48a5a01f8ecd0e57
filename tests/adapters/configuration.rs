//! Configurations that are JavaScript, and the program of an app that makes a parse-server.

use std::net::TcpListener;

use serde_json::json;

use crate::app::{App, directory, options, run};

#[test]
fn a_configuration_may_be_a_module_a_function_or_a_promise() {
    let given = options(&json!({"cloud": "./main.js"})).to_string();
    let cloud = "Parse.Cloud.define('hello', () => 'world');";
    for (name, text) in [
        ("config.cjs", format!("module.exports = {given};")),
        ("config.mjs", format!("console.log('noise'); export default {given};")),
        ("config.js", format!("module.exports = async () => ({given});")),
        ("config.js", format!("module.exports = Promise.resolve({{ apps: [{given}] }});")),
    ] {
        let Some(directory) = directory(&[(name, &text), ("main.js", cloud)]) else { return };
        let app = App::started(directory, &[name]);
        assert_eq!(app.post("/functions/hello", &json!({})).is(200), json!({"result": "world"}));
        app.stop();
    }
}

#[test]
fn flags_win_over_a_configuration_in_javascript() {
    let text = format!("module.exports = {};", options(&json!({"appId": "other"})));
    let Some(directory) = directory(&[("config.js", &text)]) else { return };
    let app = App::started(directory, &["config.js", "--appId", "app"]);
    app.send("GET", "/classes/A", None, &[]).is(200);
    app.stop();
}

#[test]
fn cloud_code_may_be_a_function_of_the_configuration() {
    let text = options(&json!({})).to_string();
    let text = format!(
        "module.exports = {{ ...{text}, cloud: Parse => Parse.Cloud.define('hello', () => 'inside') }};"
    );
    let Some(directory) = directory(&[("config.js", &text)]) else { return };
    let app = App::started(directory, &["config.js"]);
    assert_eq!(app.post("/functions/hello", &json!({})).is(200), json!({"result": "inside"}));
    app.stop();
}

/// The form that parse-server's own example has.
#[test]
fn the_program_of_an_express_application_is_understood() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let program = r#"
const express = require('express');
const { ParseServer, ParseGraphQLServer } = require('parse-server');
const path = require('path');

const api = new ParseServer({
  databaseURI: process.env.DATABASE_URI || 'sqlite::memory:',
  cloud: path.join(__dirname, 'main.js'),
  appId: 'app',
  masterKey: 'master',
  serverURL: 'http://127.0.0.1:PORT/parse',
  allowClientClassCreation: true,
  auth: { mine: { module: require('./mine'), option: 1 } },
});

async function main() {
  await api.start();
  const app = express();
  app.use('/public', express.static(path.join(__dirname, '/public')));
  app.use('/parse', api.app);
  app.get('/', (req, res) => res.status(200).send('I dream of being a website.'));
  const graphQL = new ParseGraphQLServer(api, { graphQLPath: '/graphql', playgroundPath: '/playground' });
  graphQL.applyGraphQL(app);
  const httpServer = require('http').createServer(app);
  httpServer.listen(PORT, () => console.log('running on port PORT'));
}
main();
"#;
    let program = program.replace("PORT", &port.to_string());
    let mine = "exports.validateAuthData = async (data, options) => { if (data.token !== options.option) throw new Error('no'); };";
    let cloud = "Parse.Cloud.define('hello', () => 'from cloud code');";
    let files = [("index.js", program.as_str()), ("mine.js", mine), ("main.js", cloud)];
    let Some(directory) = directory(&files) else { return };
    let app = App::started(directory, &["run", "index.js", "--host", "127.0.0.1"]);
    let hello = app.post("/functions/hello", &json!({})).is(200);
    assert_eq!(hello, json!({"result": "from cloud code"}));
    let sign_up = |token: i64| {
        app.post("/users", &json!({"authData": {"mine": {"id": "1", "token": token}}}))
    };
    sign_up(2).refuses(141, "no");
    sign_up(1).is(201);
    app.stop();
}

#[test]
fn what_is_wrong_with_a_configuration_is_said() {
    let files = [
        ("broken.js", "module.exports = {"),
        ("throws.js", "throw new Error('no key in the environment');"),
        ("unknown.js", "module.exports = { appId: 'a', masterKey: 'm', prot: 1 };"),
        ("misplaced.js", "module.exports = { appId: 'a', masterKey: 'm', port: () => 1 };"),
        ("text.js", "module.exports = 'text';"),
    ];
    let Some(directory) = directory(&files) else { return };
    let check = |arguments: &[&str], expected: &[&str]| {
        let (code, stdout, stderr) = run(directory.path(), arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        for text in expected {
            assert!(stderr.contains(text), "{arguments:?} should say `{text}`: {stderr}");
        }
    };
    check(&["broken.js"], &["configuration file `broken.js`: ", "broken.js"]);
    check(&["throws.js"], &["configuration file `throws.js`: ", "no key in the environment"]);
    check(&["unknown.js"], &["unknown option `prot` (from unknown.js); did you mean `port`?"]);
    check(&["misplaced.js"], &["option `port` (from misplaced.js): expected an integer"]);
    check(&["text.js"], &["configuration file `text.js`: "]);
    check(&["missing.js"], &["configuration file `missing.js`: ", "does not exist"]);
    check(&["run"], &["`parsimony run` needs the path of the program"]);
    check(
        &["unknown.js", "--cloudNode", "/nowhere/node"],
        &[
            "options written in JavaScript need Node.js 20 or newer, but `/nowhere/node` is not there: install it from https://nodejs.org or your system's packages",
        ],
    );
}

#[test]
fn the_doctor_reads_a_configuration_in_javascript() {
    let text = format!(
        "module.exports = {{ ...{}, verifyUserEmails: () => true, appName: 'a', publicServerURL: 'http://a', emailAdapter: {{ sendMail() {{}} }} }};",
        options(&json!({"databaseURI": "sqlite:missing.db"}))
    );
    let Some(directory) = directory(&[("config.js", &text)]) else { return };
    let (_, stdout, stderr) = run(directory.path(), &["doctor", "config.js"]);
    assert!(stdout.contains("verifyUserEmails"), "{stdout}{stderr}");
    assert!(!stdout.contains("unknown option"), "{stdout}");
}
