//! What goes wrong with cloud code: workers that die, hang or grow, code that can not be loaded, hosts that talk nonsense.
//! Each is a clear error for whoever asked, and for nobody else.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{APP_ID, Answer, MASTER_KEY, TestServer, run};

const CODE: &str = r#"
let open; let gate = new Promise(resolve => { open = resolve; });
Parse.Cloud.define('pid', () => process.pid);
Parse.Cloud.define('hello', () => 'Hello');
Parse.Cloud.define('wait', async () => { console.log('waits in', process.pid); await gate; return process.pid; });
Parse.Cloud.define('open', () => { open(); });
Parse.Cloud.define('forever', () => { console.log('waits in', process.pid); return new Promise(() => {}); });
Parse.Cloud.define('killed', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });
Parse.Cloud.define('exit', () => process.exit(0));
Parse.Cloud.define('throwsLater', () => new Promise(() => { setTimeout(() => { throw new Error('out of reach'); }); }));
Parse.Cloud.define('rejectsLater', () => { Promise.reject(new Error('nobody waits')); return 'fine'; });
Parse.Cloud.define('spin', request => { const end = Date.now() + request.params.milliseconds; while (Date.now() < end); return 'spun'; });
Parse.Cloud.define('stops', () => { process.kill(process.pid, 'SIGSTOP'); return 'went on'; });
Parse.Cloud.define('grows', () => { const kept = []; for (;;) kept.push(new Array(10000).fill(kept.length)); });
Parse.Cloud.define('length', request => request.params.text.length);
Parse.Cloud.define('echo', request => request.params);
Parse.Cloud.define('prints', () => { for (let i = 0; i < 20000; i++) console.log('line', i); return 'printed'; });
const unsendable = {
  cycle: () => { const a = {}; a.a = a; return a; },
  big: () => 10n,
  date: () => new Date(NaN),
  unsaved: () => new Parse.Object('A'),
  deep: () => { let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a; },
  json: () => ({ toJSON() { throw new Error('in toJSON'); } }),
  thrownProxy: () => { throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } }); },
};
for (const [name, make] of Object.entries(unsendable)) Parse.Cloud.define(name, make);
Parse.Cloud.beforeSave('Fragile', request => { if (request.object.get('kill')) process.kill(process.pid, 'SIGKILL'); return new Promise(resolve => setImmediate(resolve)); });
Parse.Cloud.afterSave('Late', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });
Parse.Cloud.job('dies', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });
"#;

/// Longer than a worker may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(options: &Value) -> Option<TestServer> {
    TestServer::with_cloud(CODE, options)
}

fn call(server: &TestServer, name: &str) -> Answer {
    server.public().post(&format!("/functions/{name}"), &json!({}))
}

fn result_of(server: &TestServer, name: &str) -> Value {
    call(server, name).is(200).json()["result"].clone()
}

fn signal(signal: &str, process: &Value) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until as many calls wait in cloud code.
fn until_waiting(server: &TestServer, count: usize) {
    until("calls wait", || server.logged().matches("waits in").count() >= count);
}

#[test]
fn a_worker_that_is_killed_fails_its_callers_and_is_replaced() {
    let Some(server) = start(&json!({})) else { return };
    let first = result_of(&server, "pid");
    let answers: Vec<Answer> = thread::scope(|scope| {
        let waiting: Vec<_> = (0..3).map(|_| server.public()).collect();
        let waiting: Vec<_> = waiting
            .into_iter()
            .map(|caller| scope.spawn(move || caller.post("/functions/forever", &json!({}))))
            .collect();
        until_waiting(&server, 3);
        signal("-KILL", &first);
        waiting.into_iter().map(|call| call.join().expect("an answer came")).collect()
    });
    for answer in answers {
        answer.is(400).is_refused_with(&[141]);
    }
    assert_ne!(result_of(&server, "pid"), first);
}

#[test]
fn a_worker_may_die_in_many_ways() {
    let Some(server) = start(&json!({})) else { return };
    for way in ["killed", "exit", "throwsLater", "killed"] {
        call(&server, way).is(400).is_refused_with(&[141]);
        assert_eq!(result_of(&server, "hello"), "Hello", "after {way}");
    }
    assert!(server.logged().contains("out of reach"), "{}", server.logged());
    assert_eq!(result_of(&server, "rejectsLater"), "fine");
    until("the rejection is logged", || server.logged().contains("nobody waits"));
}

#[test]
fn the_other_workers_of_a_pool_go_on() {
    let Some(server) = start(&json!({"cloudWorkers": 2})) else { return };
    let (killed, survived) = thread::scope(|scope| {
        // Each goes to the worker that has less to do.
        let calls: Vec<_> = (0..2)
            .map(|_| {
                let caller = server.public();
                scope.spawn(move || caller.post("/functions/wait", &json!({})))
            })
            .collect();
        until_waiting(&server, 2);
        let log = server.logged();
        let process = log.split("waits in ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let digits: String =
            process.expect("it said so").chars().take_while(char::is_ascii_digit).collect();
        signal("-KILL", &digits.parse().expect("a process id"));
        until("a worker is gone", || server.logged().contains("a worker of cloud code ended"));
        // It stands alone now, or beside a new one that does not know the gate: all are opened.
        for _ in 0..20 {
            call(&server, "open").is(200);
        }
        let answers = calls.into_iter().map(|call| call.join().expect("an answer came"));
        answers.partition::<Vec<_>, _>(Answer::is_refusal)
    });
    assert_eq!((killed.len(), survived.len()), (1, 1));
    killed[0].is_refused_with(&[141]);
    until("the pool is whole again", || {
        let mut seen: Vec<Value> = (0..8).map(|_| result_of(&server, "pid")).collect();
        seen.sort_by_key(Value::to_string);
        seen.dedup();
        !seen.is_empty()
    });
}

#[test]
fn a_save_is_refused_when_its_trigger_dies() {
    let Some(server) = start(&json!({})) else { return };
    server.public().post("/classes/Fragile", &json!({"kill": true})).is_refused_with(&[141]);
    assert_eq!(server.master().find("Fragile", &json!({})).results(), Vec::<Value>::new());
    server.public().post("/classes/Fragile", &json!({"kill": false})).is(201);
    server.public().post("/classes/Late", &json!({"x": 1})).is(201);
    assert_eq!(server.master().find("Late", &json!({})).results().len(), 1);
    assert_eq!(result_of(&server, "hello"), "Hello");
}

#[test]
fn a_job_whose_worker_dies_has_failed() {
    let Some(server) = start(&json!({})) else { return };
    let answer = server.master().post("/jobs/dies", &json!({})).is(200);
    let id = answer.header("x-parse-job-status-id").expect("a status id").to_owned();
    let status = || server.master().get(&format!("/classes/_JobStatus/{id}")).is(200).json();
    until("the job has ended", || status()["status"] != "running");
    assert_eq!(status()["status"], "failed");
}

#[test]
fn a_worker_that_stands_still_is_given_up_and_replaced() {
    let options = json!({"cloudFunctionTimeout": 1_000, "cloudHangTimeout": 2_000});
    let Some(server) = start(&options) else { return };
    let first = result_of(&server, "pid");
    call(&server, "stops").is_refused_with(&[124]);
    until("another worker answers", || {
        let answer = call(&server, "pid");
        !answer.is_refusal() && answer.json()["result"] != first
    });
}

#[test]
fn a_worker_that_spins_stops_nobody_but_its_callers() {
    let Some(server) = start(&json!({"cloudHangTimeout": 2_000})) else { return };
    server.class("Thing", &json!({"x": {"type": "Number"}}));
    let first = result_of(&server, "pid");
    thread::scope(|scope| {
        let caller = server.public();
        let spinning =
            scope.spawn(move || caller.post("/functions/spin", &json!({"milliseconds": 600_000})));
        let mut reads = 0;
        while !spinning.is_finished() {
            server.public().get("/classes/Thing").is(200);
            reads += 1;
        }
        spinning.join().expect("an answer came").is_refused_with(&[141]);
        assert!(reads > 0, "nobody could read");
    });
    assert_ne!(result_of(&server, "pid"), first);
}

#[test]
fn a_worker_may_not_grow_without_end() {
    let Some(server) = start(&json!({"cloudWorkerMemory": 64})) else { return };
    call(&server, "grows").is(400).is_refused_with(&[141]);
    assert_eq!(result_of(&server, "hello"), "Hello");
}

#[test]
fn what_can_not_be_sent_is_an_error_of_its_call() {
    let Some(server) = start(&json!({})) else { return };
    let first = result_of(&server, "pid");
    for name in ["cycle", "big", "date", "unsaved", "deep", "json", "thrownProxy"] {
        let answer = call(&server, name).is(400);
        answer.is_refused_with(&[141]);
        assert!(answer.json()["error"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    }
    assert_eq!(result_of(&server, "prints"), "printed");
    assert_eq!(result_of(&server, "pid"), first, "the worker is the same");
}

#[test]
fn fifty_megabytes_of_parameters() {
    let Some(server) = start(&json!({"maxUploadSize": "60mb"})) else { return };
    let text = "x".repeat(50 * 1024 * 1024);
    let body = json!({"text": text}).to_string();
    let send = |name: &str| {
        let target = format!("/parse/functions/{name}");
        server.public().send("POST", &target, Some(body.as_bytes())).is(200).json()
    };
    assert_eq!(send("length")["result"], text.len());
    assert_eq!(send("echo")["result"]["text"].as_str().map(str::len), Some(text.len()));
}

/// SECURITY: prototype pollution, by what triggers get.
#[test]
fn objects_pollute_nothing() {
    let code = r#"
const merge = (into, from) => { for (const key in from) { if (from[key] && typeof from[key] === 'object') { into[key] = into[key] || {}; merge(into[key], from[key]); } else into[key] = from[key]; } return into; };
Parse.Cloud.define('isClean', () => ({}).polluted === undefined && [].polluted === undefined);
Parse.Cloud.beforeSave('A', request => { merge({}, request.object.toJSON()); merge({}, request.context); merge({}, request.headers); if (request.original) merge({}, request.original.toJSON()); });
Parse.Cloud.afterFind('A', request => { request.objects.forEach(object => merge({}, object.toJSON())); });
Parse.Cloud.beforeFind('A', request => { merge({}, request.query.toJSON()); });
"#;
    let options = json!({"requestKeywordDenylist": []});
    let Some(server) = TestServer::with_cloud(code, &options) else { return };
    for value in [
        r#"{"__proto__":{"polluted":1}}"#,
        r#"{"constructor":{"prototype":{"polluted":1}}}"#,
        r#"{"\u005f_proto__":{"polluted":1}}"#,
        r#"[{"__proto__":{"polluted":1}}]"#,
    ] {
        let caller = server.public().with("X-Parse-Cloud-Context", &format!("{{\"c\":{value}}}"));
        // Whether it is taken or refused does not matter here.
        let body = format!("{{\"x\":{value}}}");
        caller.send("POST", "/parse/classes/A", Some(body.as_bytes()));
        caller.find("A", &json!({}));
        caller.send(
            "GET",
            &format!(
                "/parse/classes/A?where=%7B%22x%22:{}%7D",
                crate::support::percent_encode(value)
            ),
            None,
        );
        assert_eq!(result_of(&server, "isClean"), true, "{value}");
    }
}

// --------------------------------------------------------------------------------------------------- at the start

/// Runs a server on cloud code that it must refuse: its exit code and what it said.
fn refused(files: &[(&str, &str)], options: &[&str]) -> Option<(Option<i32>, String)> {
    let installed = std::env::var_os("PARSIMONY_TEST_PARSE_SERVER")?;
    let directory = TempDir::new().expect("a temporary directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a file is written");
    }
    let packages = Path::new(&installed).join("node_modules");
    std::os::unix::fs::symlink(packages, directory.path().join("node_modules"))
        .expect("a link to the packages");
    let cloud = directory.path().join(files[0].0);
    let cloud = cloud.to_str().expect("a path of letters");
    let mut arguments = vec!["--appId", APP_ID, "--masterKey", MASTER_KEY, "--port", "0"];
    arguments.extend(["--databaseURI", "sqlite::memory:", "--cloud", cloud]);
    arguments.extend(options);
    let (code, _, errors) = run(&arguments, &[]);
    Some((code, errors))
}

#[test]
fn code_that_can_not_be_loaded_is_refused_with_its_place() {
    for (files, told) in [
        (&[("main.js", "const a = 1;\nconst b = ;\n")][..], "main.js:2: SyntaxError"),
        (&[("main.mjs", "const a = 1;\nconst b = ;\n")], "main.mjs:2: SyntaxError"),
        (
            &[("main.js", "require('./other');"), ("other.js", "\n\nnull.x;")],
            "other.js:3: TypeError",
        ),
        (&[("main.js", "Parse.Cloud.beforeLogin('Foo', () => {});")], "Only the _User class"),
        (&[("main.js", "process.exit(3);")], "exit status: 3"),
        (&[("main.js", "throw undefined;")], "main.js"),
    ] {
        let Some((code, errors)) = refused(files, &[]) else { return };
        assert_ne!(code, Some(0), "{errors}");
        assert!(errors.contains(told), "not told {told:?}: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let main = [("main.js", "")];
    let Some((code, errors)) = refused(&main, &["--cloudNode", "/no/such/node"]) else { return };
    assert_ne!(code, Some(0));
    assert!(errors.contains("/no/such/node") && errors.contains("Node.js"), "{errors}");
}

#[test]
fn the_sdk_that_is_not_there_is_named() {
    let directory = TempDir::new().unwrap();
    let cloud = directory.path().join("main.js");
    fs::write(&cloud, "").unwrap();
    let cloud = cloud.to_str().expect("a path of letters");
    let mut arguments = vec!["--appId", APP_ID, "--masterKey", MASTER_KEY, "--port", "0"];
    arguments.extend(["--databaseURI", "sqlite::memory:", "--cloud", cloud]);
    let (code, _, errors) = run(&arguments, &[]);
    assert_ne!(code, Some(0));
    assert!(errors.contains("npm install parse"), "{errors}");
}

// ------------------------------------------------------------------------------------------------ a host elsewhere

/// What a host does when it is asked for its function: answer with bytes, in which `ID` is the id of the call.
type Script = Arc<Mutex<VecDeque<Vec<u8>>>>;

/// A host of the tests. It follows its script, and answers well when that is at its end.
struct FakeHost {
    directory: TempDir,
    script: Script,
}

impl FakeHost {
    fn start() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let listener = UnixListener::bind(directory.path().join("host.sock")).expect("a socket");
        let script = Script::default();
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = Arc::clone(&shared);
                thread::spawn(move || Self::serve(&stream, &script));
            }
        });
        Self { directory, script }
    }

    fn serve(mut stream: &UnixStream, script: &Script) {
        let reader = BufReader::new(stream.try_clone().expect("a stream"));
        for line in reader.lines().map_while(Result::ok) {
            let message: Value = serde_json::from_str(&line).expect("a message");
            let result = match message["method"].as_str() {
                Some("initialize") => json!({
                    "protocolVersion": 1, "host": {"name": "fake"},
                    "registrations": [{"kind": "function", "name": "f", "handler": "1"}],
                }),
                Some("function.call") => json!({"value": "well"}),
                _ => json!({}),
            };
            let id = &message["id"];
            let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
            let mut bytes = format!("{answer}\n").into_bytes();
            if message["method"] == "function.call"
                && let Some(scripted) = script.lock().expect("nobody panicked").pop_front()
            {
                bytes = replaced(&scripted, &id.to_string());
            }
            let is_told = message.get("id").is_none() || stream.write_all(&bytes).is_ok();
            if !is_told || bytes.is_empty() {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    fn server(&self) -> TestServer {
        let address = format!("unix:{}", self.directory.path().join("host.sock").display());
        TestServer::with(&json!({"cloudHost": address, "cloudFunctionTimeout": 2_000}))
    }

    /// What the caller gets when the host does this. The host may not hear of a call that begins while the last
    /// connection ends; that caller gets a refusal too.
    fn answered(&self, server: &TestServer, bytes: &[u8]) -> Answer {
        self.script.lock().expect("nobody panicked").push_back(bytes.to_vec());
        let mut answer = call(server, "f");
        while !self.script.lock().expect("nobody panicked").is_empty() {
            answer.is(400).is_refused_with(&[141]);
            answer = call(server, "f");
        }
        answer
    }

    fn until_well(&self, server: &TestServer) {
        until("the host answers", || {
            let answer = call(server, "f");
            !answer.is_refusal() && answer.json()["result"] == "well"
        });
    }
}

/// The bytes with the id in its place. They need not be text.
fn replaced(bytes: &[u8], id: &str) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("ID", id).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

#[test]
fn a_host_that_talks_nonsense_fails_its_callers_only() {
    let host = FakeHost::start();
    let server = host.server();
    host.until_well(&server);
    let no_message: [&[u8]; 11] = [
        b"no json at all\n",
        b"{\"jsonrpc\":\"2.0\"\n",
        b"[]\n",
        b"5\n",
        b"{}\n",
        b"\"text\"\n",
        b"null\n",
        b"{\"id\":\"x\",\"result\":{}}\n",
        b"{\"method\":5}\n",
        b"\x00\x01\n",
        b"\xff\xfe\n",
    ];
    for nonsense in no_message {
        host.answered(&server, nonsense).is(400).is_refused_with(&[141]);
        host.until_well(&server);
    }
    let no_answer = [
        "\"result\":5",
        "\"error\":5",
        "\"error\":{}",
        "\"error\":{\"code\":\"x\"}",
        "\"error\":{\"code\":-32000}",
        "\"error\":{\"code\":-32000,\"data\":{\"thrown\":5}}",
        "\"error\":{\"code\":-32000,\"data\":{\"thrown\":{\"kind\":\"error\",\"message\":{}}}}",
        "\"error\":{\"code\":-32603,\"message\":\"inner\"}",
        "\"nothing\":1",
    ];
    for nonsense in no_answer {
        let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":ID,{nonsense}}}\n");
        host.answered(&server, line.as_bytes()).is(400).hides("inner").is_refused_with(&[141]);
        assert_eq!(call(&server, "f").is(200).json(), json!({"result": "well"}), "{nonsense}");
    }
    // Nobody waits for these.
    let strangers = "{\"id\":987654,\"result\":{}}\n{\"method\":\"no.such\"}\n{\"id\":5,\"method\":\"no.such\"}\n";
    let well = format!("{strangers}{{\"id\":ID,\"result\":{{\"value\":\"well\"}}}}\n");
    assert_eq!(host.answered(&server, well.as_bytes()).is(200).json()["result"], "well");
}

#[test]
fn a_host_that_hangs_up_fails_its_callers_and_is_found_again() {
    let host = FakeHost::start();
    let server = host.server();
    for _ in 0..3 {
        host.until_well(&server);
        host.answered(&server, b"").is(400).is_refused_with(&[141]);
    }
    host.until_well(&server);
}

#[test]
fn a_host_that_says_nothing_is_given_up() {
    let host = FakeHost::start();
    let server = host.server();
    host.until_well(&server);
    host.answered(&server, b" ").is_refused_with(&[124]);
    host.until_well(&server);
}
