//! Background jobs: they run after the answer, and `_JobStatus` tells of every one how it ended, whatever happened to
//! it or its server.

use std::sync::Arc;

use parsimony::{Error, JobRun, Result, ServerBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::embedded::{Embedded, Time};
use crate::support::{Answer, READ_ONLY_KEY, soon};

const STATUS_ID: &str = "x-parse-job-status-id";

/// The status that an answer names.
fn status_of(server: &Embedded, answer: &Answer) -> Value {
    let id = answer.header(STATUS_ID).expect("the id of a status");
    server.master().get(&format!("/classes/_JobStatus/{id}")).is(200).json()
}

/// The same when the job has ended.
fn end_of(server: &Embedded, answer: &Answer) -> Value {
    soon("the end of a job", || status_of(server, answer)["status"] != "running");
    status_of(server, answer)
}

/// A job that stops in its middle until it may go on.
fn gated(gate: &Arc<Semaphore>) -> impl Fn(JobRun<Value>) -> Waiting + Send + Sync + 'static {
    let gate = Arc::clone(gate);
    move |run| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            run.message("half-way").await?;
            gate.acquire().await.map_err(|_| Error::custom(9, "closed"))?.forget();
            Ok(())
        })
    }
}

type Waiting = std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

async fn echo(run: JobRun<Value>) -> Result<String> {
    let count = run.api().count(&parsimony::Query::of("_JobStatus")).await?;
    assert!(count > 0, "a job may look at statuses, its own among them");
    Ok(run.params.to_string())
}

async fn fail(_: JobRun<Value>) -> Result<()> {
    Err(Error::custom(99, "no more paper"))
}

async fn panic(_: JobRun<Value>) -> Result<()> {
    panic!("a job panics in this test")
}

#[derive(serde::Deserialize)]
struct Copies {
    copies: u32,
}

async fn print(run: JobRun<Copies>) -> Result<String> {
    Ok(format!("{} copies", run.params.copies))
}

fn jobs(server: ServerBuilder) -> ServerBuilder {
    server.job("echo", echo).job("fail", fail).job("panic", panic).job("print", print)
}

#[test]
fn a_status_tells_how_it_ended() {
    let server = Embedded::start(jobs);
    let master = server.master();
    let run = |job: &str, params: Value| {
        let answer = master.post(&format!("/jobs/{job}"), &params).is(200);
        assert_eq!(answer.json(), json!({}));
        end_of(&server, &answer)
    };
    let end = run("echo?q=7", json!({"a": 1}));
    assert_eq!((&end["status"], &end["source"]), (&json!("succeeded"), &json!("api")));
    assert_eq!((&end["jobName"], &end["message"]), (&json!("echo"), &json!(r#"{"a":1,"q":"7"}"#)));
    assert_eq!(end["finishedAt"]["__type"], "Date");
    assert_eq!((end.get("params"), &end["ACL"]), (None, &json!({})));
    let end = run("fail", json!({}));
    assert_eq!((&end["status"], &end["message"]), (&json!("failed"), &json!("no more paper")));
    let end = run("panic", json!({}));
    assert_eq!((&end["status"], &end["message"]), (&json!("failed"), &json!("The job panicked.")));
    assert_eq!(run("print", json!({"copies": 2}))["message"], "2 copies");
    let end = run("print", json!({"copies": "two"}));
    assert!(end["message"].as_str().unwrap().contains("invalid type"), "{end}");
    let named = master.post("/jobs", &json!({"jobName": "print", "copies": 3})).is(200);
    assert_eq!(end_of(&server, &named)["message"], "3 copies");
    let batch = json!({"requests": [{"method": "POST", "path": "/parse/jobs/fail", "body": {}}]});
    assert_eq!(master.post("/batch", &batch).is(200).json(), json!([{"success": {}}]));
    server.stop();
}

#[test]
fn a_job_runs_after_the_answer() {
    let gate = Arc::new(Semaphore::new(0));
    let server = Embedded::start(|server| server.job("wait", gated(&gate)));
    let answer = server.master().post("/jobs/wait", &json!({})).is(200);
    soon("the message of a job", || status_of(&server, &answer).get("message").is_some());
    let status = status_of(&server, &answer);
    assert_eq!((&status["status"], &status["message"]), (&json!("running"), &json!("half-way")));
    assert_eq!(status.get("finishedAt"), None);
    gate.add_permits(1);
    let end = end_of(&server, &answer);
    assert_eq!((&end["status"], &end["message"]), (&json!("succeeded"), &json!("half-way")));
    server.stop();
}

#[test]
fn only_the_master_starts_jobs() {
    let server = Embedded::start(|server| jobs(server).option("readOnlyMasterKey", READ_ONLY_KEY));
    let (public, master) = (server.public(), server.master());
    let read_only = public.with("X-Parse-Master-Key", READ_ONLY_KEY);
    for path in ["/jobs/echo", "/jobs", "/jobs/nothing", "/cloud_code/jobs"] {
        let refused = public.post(path, &json!({"jobName": "echo"})).is(403).json();
        assert_eq!(refused, json!({"error": "Permission denied"}), "{path}");
    }
    for path in ["/cloud_code/jobs", "/cloud_code/jobs/data"] {
        public.get(path).is(403);
        read_only.get(path).is(200);
    }
    public.put("/cloud_code/jobs/x", &json!({})).is(403);
    public.delete("/cloud_code/jobs/x").is(403);
    let schedule = json!({"job_schedule": {"jobName": "echo"}});
    assert_eq!(read_only.post("/jobs/echo", &json!({})).is(400).code(), Some(119));
    assert_eq!(read_only.post("/cloud_code/jobs", &schedule).is(400).code(), Some(119));
    for class in ["_JobStatus", "_JobSchedule"] {
        assert_eq!(public.find(class, &json!({})).is(400).code(), Some(119), "{class}");
        let made = public.post(&format!("/classes/{class}"), &json!({"jobName": "echo"}));
        assert_eq!(made.is(400).code(), Some(119), "{class}");
    }
    for name in ["nothing", "constructor", "__proto__", "toString", "%00", "a%2Fb"] {
        let answer = master.post(&format!("/jobs/{name}"), &json!({})).is(400).json();
        assert_eq!(answer, json!({"code": 141, "error": "Invalid job."}), "{name}");
    }
    for body in [json!({}), json!({"jobName": 1}), json!({"jobName": {"$ne": null}}), json!([])] {
        assert_eq!(master.post("/jobs", &body).is(400).code(), Some(141), "{body}");
    }
    assert_eq!(master.find("_JobStatus", &json!({})).results().len(), 0);
    server.stop();
}

#[test]
fn a_transaction_starts_no_job() {
    let server = Embedded::start(jobs);
    let entry = json!({"method": "POST", "path": "/parse/jobs/echo", "body": {}});
    let batch = json!({"transaction": true, "requests": [entry]});
    assert_eq!(server.master().post("/batch", &batch).is(400).code(), Some(119));
    assert_eq!(server.master().find("_JobStatus", &json!({})).results().len(), 0);
    server.stop();
}

#[test]
fn a_server_that_stops_says_so() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite:{}", directory.path().join("database.db").display());
    let gate = Arc::new(Semaphore::new(0));
    let server = Embedded::on(&database, |server| server.job("wait", gated(&gate)));
    let answer = server.master().post("/jobs/wait", &json!({})).is(200);
    soon("the message of a job", || status_of(&server, &answer).get("message").is_some());
    server.stop();

    let server = Embedded::on(&database, jobs);
    let end = status_of(&server, &answer);
    assert_eq!(
        (&end["status"], &end["message"]),
        (&json!("failed"), &json!("The server was stopped."))
    );
    server.stop();
}

#[test]
fn the_job_of_a_dead_server_has_failed() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite:{}", directory.path().join("database.db").display());
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let gate = Arc::new(Semaphore::new(0));
    let with = |server: ServerBuilder| server.job("wait", gated(&gate)).clock(time.clock());
    let dead = Embedded::on(&database, with);
    let answer = dead.master().post("/jobs/wait", &json!({})).is(200);
    soon("the message of a job", || status_of(&dead, &answer).get("message").is_some());
    drop(dead);

    let server = Embedded::on(&database, with);
    let later = server.master().post("/jobs/wait", &json!({})).is(200);
    assert_eq!(status_of(&server, &answer)["status"], "running");
    server.stop();
    time.pass(5);
    let server = Embedded::on(&database, with);
    let end = end_of(&server, &answer);
    let expected = "The server that ran this job is gone.";
    assert_eq!((&end["status"], &end["message"]), (&json!("failed"), &json!(expected)));
    assert_eq!(status_of(&server, &later)["message"], "The server was stopped.");
    server.stop();
}

#[test]
fn old_statuses_go() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite:{}", directory.path().join("database.db").display());
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let with = |server: ServerBuilder| jobs(server).clock(time.clock()).option("jobStatusDays", 7);
    let server = Embedded::on(&database, with);
    let old = server.master().post("/jobs/fail", &json!({})).is(200);
    end_of(&server, &old);
    time.pass(4 * 24 * 60);
    let new = server.master().post("/jobs/fail", &json!({})).is(200);
    end_of(&server, &new);
    server.stop();
    time.pass(4 * 24 * 60);
    let server = Embedded::on(&database, with);
    let left = || server.master().find("_JobStatus", &json!({})).each("objectId");
    soon("the end of a status", || left().len() < 2);
    assert_eq!(left(), [new.header(STATUS_ID).unwrap()]);
    server.stop();
}
