//! Jobs written in JavaScript: what they are told, what becomes of what they return or throw, and of those whose
//! worker dies.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{TestServer, soon};

const JOBS: &str = r"
Parse.Cloud.job('text', () => 'done');
Parse.Cloud.job('number', () => 42);
Parse.Cloud.job('nothing', () => {});
Parse.Cloud.job('object', () => ({ a: 1 }));
Parse.Cloud.job('told', async request => { await request.message('half-way'); });
Parse.Cloud.job('toldMuch', async request => { await request.message({ a: 1 }); await request.message('text'); });
Parse.Cloud.job('error', () => { throw new Error('plain'); });
Parse.Cloud.job('parseError', () => { throw new Parse.Error(99, 'no paper'); });
Parse.Cloud.job('string', () => { throw 'just a text'; });
Parse.Cloud.job('rejected', () => Promise.reject(new Error('later')));
Parse.Cloud.job('request', request => JSON.stringify({
  name: request.jobName, id: request.jobId, params: request.params, header: request.headers['x-custom'], ip: request.ip,
  date: request.params.date instanceof Date, log: typeof request.log.info, user: typeof request.user,
}));
Parse.Cloud.job('hang', async request => {
  await request.message(String(process.pid));
  await new Promise(() => {});
});
Parse.Cloud.job('save', async () => {
  await new Parse.Object('Made').save({ by: 'a job' }, { useMasterKey: true });
});
Parse.Cloud.define('start', request => Parse.Cloud.startJob(request.params.job, { x: 1 }));
";

fn start(server: &TestServer, job: &str, params: &Value) -> String {
    let answer = server.master().with("X-Custom", "yes").post(&format!("/jobs/{job}"), params);
    answer.is(200).header("x-parse-job-status-id").expect("the id of a status").to_owned()
}

fn status(server: &TestServer, id: &str) -> Value {
    server.master().get(&format!("/classes/_JobStatus/{id}")).is(200).json()
}

fn end(server: &TestServer, id: &str) -> Value {
    soon("the end of a job", || status(server, id)["status"] != "running");
    status(server, id)
}

#[test]
fn what_jobs_return_and_throw() {
    let Some(server) = TestServer::with_cloud(JOBS, &json!({})) else { return };
    for (job, expected, message) in [
        ("text", "succeeded", Some("done")),
        ("number", "succeeded", None),
        ("nothing", "succeeded", None),
        ("object", "succeeded", None),
        ("told", "succeeded", Some("half-way")),
        ("toldMuch", "succeeded", Some("text")),
        ("error", "failed", Some("plain")),
        ("parseError", "failed", Some("no paper")),
        ("string", "failed", Some("just a text")),
        ("rejected", "failed", Some("later")),
        ("save", "succeeded", None),
    ] {
        let end = end(&server, &start(&server, job, &json!({})));
        assert_eq!(end["status"], expected, "{job}");
        assert_eq!(end.get("message").and_then(Value::as_str), message, "{job}");
    }
    assert_eq!(server.master().find("Made", &json!({})).each("by"), ["a job"]);
}

#[test]
fn what_jobs_are_told() {
    let Some(server) = TestServer::with_cloud(JOBS, &json!({})) else { return };
    let date = json!({"__type": "Date", "iso": "2020-01-02T03:04:05.678Z"});
    let id = start(&server, "request?q=7", &json!({"date": date, "__proto__": {"polluted": true}}));
    let told = end(&server, &id)["message"].as_str().unwrap().to_owned();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["name"], &told["id"]), (&json!("request"), &json!(id)));
    assert_eq!((&told["header"], &told["ip"]), (&json!("yes"), &json!("127.0.0.1")));
    assert_eq!((&told["date"], &told["params"]["q"]), (&json!(true), &json!("7")));
    assert_eq!((&told["log"], &told["user"]), (&json!("function"), &json!("undefined")));
    assert_eq!(told["params"].get("polluted"), None);
}

#[test]
fn cloud_code_starts_jobs() {
    let Some(server) = TestServer::with_cloud(JOBS, &json!({})) else { return };
    let call = |job: &str| server.public().post("/functions/start", &json!({"job": job}));
    let id = call("text").is(200).json()["result"].as_str().expect("the id of a status").to_owned();
    assert_eq!(end(&server, &id)["message"], "done");
    assert_eq!(call("missing").is(400).json()["error"], "Invalid job.");
}

#[test]
fn a_job_ends_with_its_worker() {
    let Some(server) = TestServer::with_cloud(JOBS, &json!({})) else { return };
    let id = start(&server, "hang", &json!({}));
    soon("the message of a job", || status(&server, &id).get("message").is_some());
    let worker = status(&server, &id)["message"].as_str().unwrap().to_owned();
    assert!(Command::new("kill").args(["-KILL", &worker]).status().expect("kill runs").success());
    let end_of_it = end(&server, &id);
    assert_eq!(end_of_it["status"], "failed");
    let next = start(&server, "text", &json!({}));
    assert_eq!(end(&server, &next)["message"], "done");
}

#[test]
fn a_stop_does_not_wait_for_a_job_for_ever() {
    let Some(server) = TestServer::with_cloud(JOBS, &json!({})) else { return };
    let id = start(&server, "hang", &json!({}));
    soon("the message of a job", || status(&server, &id).get("message").is_some());
    server.stop();
}
