//! Taking over: a database that parse-server 9.10.0 wrote is served by this server, and back.
//!
//! parse-server is installed where `PARSIMONY_TEST_PARSE_SERVER` says, PostgreSQL is named by
//! `PARSIMONY_TEST_POSTGRES`. Without them nothing is tested here.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "takeover/beside.rs"]
mod beside;
#[path = "takeover/client.rs"]
mod client;
#[path = "contract/http.rs"]
mod http;
mod postgres;
mod process;
#[path = "takeover/questions.rs"]
mod questions;
#[path = "takeover/world.rs"]
mod world;

use std::path::{Path, PathBuf};

use client::{Client, Question, Who, ask_all, assert_alike};
use postgres::TestDatabase;
use process::Process;
use serde_json::{Value, json};
use world::{User, World};

/// A database and the original server that writes to it.
struct Place {
    installed: PathBuf,
    database: TestDatabase,
    cloud: tempfile::NamedTempFile,
}

const CLOUD: &str = "
Parse.Cloud.job('quick', request => { request.message('done'); });
Parse.Cloud.define('greet', () => 'hello');
";

impl Place {
    fn find() -> Option<Self> {
        let installed = process::parse_server()?;
        let database = TestDatabase::create()?;
        // The original's queries by distance need it; it does not make it by itself.
        database.psql("CREATE EXTENSION postgis").unwrap();
        let cloud = tempfile::Builder::new().suffix(".cjs").tempfile().unwrap();
        std::fs::write(cloud.path(), CLOUD).unwrap();
        Some(Self { installed, database, cloud })
    }

    fn original(&self) -> Process {
        Process::original(&self.installed, &self.database.uri(), &self.their_options())
    }

    fn their_options(&self) -> Value {
        let mail = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/mail/capture.js");
        let mut options = options();
        options["cloud"] = json!(self.cloud.path());
        options["emailAdapter"] = json!({ "module": mail });
        options["databaseOptions"] = json!({ "enableSchemaHooks": true });
        options
    }

    /// The doctor reads the configuration of the original, says what is in the way, and changes nothing.
    fn check_doctor(&self) {
        let mut config = self.their_options();
        config["appId"] = json!(process::APP_ID);
        config["masterKey"] = json!("hunter2");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config.to_string()).unwrap();
        let before = self.everything();
        let (status, told) =
            doctor(&[file.path().to_str().unwrap(), "--databaseURI", &self.database.uri()]);
        assert_eq!(self.everything(), before);
        assert_eq!(status, Some(1), "{told}");
        for expected in [
            "FIRST    the npm package `parse` is not installed",
            "ok       loaded by Node: `emailAdapter = ",
            "differs  jobs are scheduled",
            "ok       PostgreSQL ",
            "encoding UTF8",
            "may read, write and change every table of schema `public`",
            "Before taking over: 1 FIRST above.",
        ] {
            assert!(told.contains(expected), "{expected}:\n{told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }

    /// All tables and indexes, with a sum of all rows and of the transactions that wrote them.
    fn everything(&self) -> String {
        let script = "SELECT c.relname, c.relkind, c.relnatts, CASE c.relkind WHEN 'r' THEN md5(query_to_xml( \
                format('SELECT t.xmin, t.* FROM %I AS t ORDER BY t.ctid', c.relname), true, false, '')::text) END \
            FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1";
        self.database.psql(script).unwrap()
    }

    /// The link in a mail of one server is good for the other.
    fn verify_address(&self, client: Client<'_>, user: &User) {
        let script =
            format!("SELECT _email_verify_token FROM \"_User\" WHERE \"objectId\" = '{}'", user.id);
        let token = self.database.psql(&script).unwrap();
        let link = format!("/apps/{}/verify_email?token={token}", process::APP_ID);
        client.ask(&Question::new(&Who::Nobody, "GET", &link, Value::Null));
        let known = client.master("GET", &format!("/users/{}", user.id), Value::Null);
        assert_eq!(known["emailVerified"], true, "{known}");
    }

    /// Rows of classes that this server only keeps.
    fn rows_aside(&self) -> String {
        let tables = [
            "_Hooks",
            "_JobStatus",
            "_JobSchedule",
            "_Audience",
            "_Installation",
            "_GraphQLConfig",
        ];
        let rows = |table: &str| {
            // Columns that every class has may have come to a table that the original made without.
            let script = format!(
                "SELECT jsonb_strip_nulls(to_jsonb(t) - 'objectId') FROM \"{table}\" AS t ORDER BY 1"
            );
            format!("{table}\n{}\n", self.database.psql(&script).unwrap())
        };
        tables.map(rows).concat()
    }

    fn ours(&self) -> Process {
        let mut options = options();
        options["compat"] = json!("9.10");
        options["mountGraphQL"] = json!(true);
        options["emailAdapter"] = json!("memory");
        Process::parsimony(&self.database.uri(), &options)
    }
}

/// How `parsimony doctor` ends, and what it says.
fn doctor(arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_parsimony"))
        .arg("doctor")
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Users log in with their passwords.
fn log_in(client: Client<'_>, world: &World) {
    for user in [&world.anna, &world.bert, &world.cora] {
        let body = json!({"username": user.name, "password": user.password});
        let found = client.done(&Who::Nobody, "POST", "/login", body);
        assert_eq!(found["objectId"], json!(user.id));
    }
}

fn options() -> Value {
    json!({
        "appName": "takeover", "verifyUserEmails": true, "publicServerURL": "http://example.com/parse",
        "allowClientClassCreation": false, "protectedFields": {"_User": {"*": ["phone"]}},
    })
}

#[test]
fn a_database_changes_hands() {
    let Some(place) = Place::find() else { return };
    let original = place.original();
    let client = Client::new(original.origin());
    let old = world::write(client, "Old");
    world::write_what_the_original_has(client);
    let mut asked = questions::of(&old);
    asked.extend(questions::of_the_server());
    let theirs = ask_all(client, &asked);
    let asked_of_them = questions::of_the_original();
    let before = ask_all(client, &asked_of_them);
    original.stop();
    let aside = place.rows_aside();
    place.check_doctor();

    let ours = place.ours();
    let client = Client::new(ours.origin());
    let answers = ask_all(client, &asked);
    assert_alike(&asked, ("the original", &theirs), ("this server", &answers));
    log_in(client, &old);

    let new = world::write(client, "New");
    world::change(client, &old, &new);
    place.verify_address(client, &old.cora);
    let mut asked = questions::of(&old);
    asked.extend(questions::of(&new));
    asked.extend(questions::of_the_server());
    let answers = ask_all(client, &asked);
    ours.stop();
    assert_eq!(place.rows_aside(), aside);

    let original = place.original();
    let client = Client::new(original.origin());
    let theirs = ask_all(client, &asked);
    assert_alike(&asked, ("this server", &answers), ("the original", &theirs));
    place.verify_address(client, &new.cora);
    let after = ask_all(client, &asked_of_them);
    assert_alike(&asked_of_them, ("the original before", &before), ("the original after", &after));
    log_in(client, &old);
    log_in(client, &new);
    original.stop();
}

#[test]
fn the_doctor_says_when_it_could_not_look() {
    let keys = ["--appId", "a", "--masterKey", "m", "--databaseURI"];
    let nowhere = "postgres://nobody:hunter2@127.0.0.1:1/nothing";
    let (status, told) = doctor(&[&keys[..], &[nowhere]].concat());
    assert_eq!(status, Some(2), "{told}");
    assert!(
        told.contains("UNSEEN   the database can not be read") && !told.contains("hunter2"),
        "{told}"
    );
    let (status, told) = doctor(&[&keys[..], &["sqlite::memory:"]].concat());
    assert_eq!(status, Some(0), "{told}");
}

#[test]
fn an_empty_database_can_be_taken_over() {
    let Some(database) = TestDatabase::create() else { return };
    let (status, told) =
        doctor(&["--appId", "a", "--masterKey", "m", "--databaseURI", &database.uri()]);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("the database holds no classes yet"), "{told}");
}

#[test]
fn both_servers_serve_one_database() {
    let Some(place) = Place::find() else { return };
    let original = place.original();
    let theirs = Client::new(original.origin());
    let ours_running = place.ours();
    let ours = Client::new(ours_running.origin());
    for (first, second, name) in [(theirs, ours, "ByThem"), (ours, theirs, "ByUs")] {
        beside::objects(first, second, name);
        beside::people(first, second, name);
        beside::classes(first, second, name);
    }
    ours_running.stop();
    original.stop();
}
