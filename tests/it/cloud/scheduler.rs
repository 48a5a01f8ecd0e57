//! Schedules: their jobs run when they are due, once, whoever of several servers sees it first.

use std::sync::Arc;

use parsimony::{JobRun, Result, ServerBuilder};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::embedded::{Embedded, Time};
use crate::support::{Shared, soon};

async fn sweep(run: JobRun<Value>) -> Result<String> {
    Ok(format!("swept {}", run.params["what"].as_str().unwrap_or("everything")))
}

/// A server that looks at its schedules all the time, by the test's clock.
fn follower(time: &Time) -> impl FnOnce(ServerBuilder) -> ServerBuilder {
    let clock = time.clock();
    move |server| server.job("sweep", sweep).clock(clock).option("jobSchedulesInterval", 20)
}

fn schedule(server: &Embedded, fields: &Value) -> String {
    let body = json!({"job_schedule": fields});
    let answer = server.master().post("/cloud_code/jobs", &body).is(201);
    answer.json()["objectId"].as_str().expect("an id").to_owned()
}

/// The runs that have ended, the oldest first.
fn ended(server: &Embedded) -> Vec<Value> {
    let asked = json!({"where": {"status": {"$ne": "running"}}, "order": "createdAt"});
    server.master().find("_JobStatus", &asked).is(200).results()
}

fn wait_for(server: &Embedded, count: usize) -> Vec<Value> {
    soon("a run of a scheduled job", || ended(server).len() >= count);
    ended(server)
}

/// Has the server look at all schedules once more: what is due for sure runs after it.
fn look_again(server: &Embedded) {
    let before = ended(server).len();
    let probe = json!({"jobName": "sweep", "params": "{\"what\": \"probe\"}"});
    let id = schedule(server, &probe);
    wait_for(server, before + 1);
    server.master().delete(&format!("/cloud_code/jobs/{id}")).is(200);
}

fn messages(runs: &[Value]) -> Vec<&str> {
    runs.iter().map(|run| run["message"].as_str().unwrap_or_default()).collect()
}

const NIGHTLY: &str = "2024-05-01T10:00:00.000Z";

fn nightly() -> Value {
    json!({
        "jobName": "sweep", "description": "every night", "params": "{\"what\": \"the floor\"}",
        "startAfter": NIGHTLY, "timeOfDay": "03:00:00.000Z", "repeatMinutes": 1440,
        "daysOfWeek": [1, 1, 1, 1, 1, 1, 1],
    })
}

#[test]
fn a_job_runs_when_it_is_due() {
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let server = Embedded::start(follower(&time));
    let id = schedule(&server, &nightly());
    look_again(&server);
    assert_eq!(messages(&ended(&server)), ["swept probe"]);
    time.pass(17 * 60);
    let runs = wait_for(&server, 2);
    assert_eq!(messages(&runs), ["swept probe", "swept the floor"]);
    let run = &runs[1];
    assert_eq!((&run["source"], &run["status"]), (&json!("schedule"), &json!("succeeded")));
    assert_eq!(run["params"], json!({"what": "the floor"}));
    let stored = server.master().get(&format!("/classes/_JobSchedule/{id}")).is(200).json();
    let last_run = stored["lastRun"].as_i64().unwrap();
    let due = 1_714_618_800;
    assert!((due..due + 60).contains(&last_run), "{stored}");
    look_again(&server);
    assert_eq!(ended(&server).len(), 3);
    // Three nights pass, while nobody looks: one run.
    time.pass(3 * 24 * 60);
    wait_for(&server, 4);
    look_again(&server);
    let runs = ended(&server);
    assert_eq!(messages(&runs[3..]), ["swept the floor", "swept probe"]);
    server.stop();
}

#[test]
fn what_was_missed_for_too_long_is_not_made_up_for() {
    let time = Time::at("2024-05-02T12:00:00.000Z");
    let server = Embedded::start(|server| {
        follower(&time)(server).option("jobSchedulesMissedMax", 60 * 60 * 1_000)
    });
    schedule(&server, &nightly());
    schedule(&server, &json!({"jobName": "sweep", "startAfter": "2018-01-01T00:00:00.000Z"}));
    look_again(&server);
    assert_eq!(messages(&ended(&server)), ["swept probe"]);
    time.pass(15 * 60 + 30);
    wait_for(&server, 2);
    assert_eq!(messages(&ended(&server)), ["swept probe", "swept the floor"]);
    server.stop();
}

#[test]
fn a_job_is_not_started_while_it_runs() {
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let slow = move |_: JobRun<Value>| {
        let gate = Arc::clone(&waiting);
        async move {
            gate.acquire().await.expect("it is never closed").forget();
            Ok::<_, parsimony::Error>(())
        }
    };
    let server = Embedded::start(|server| follower(&time)(server).job("slow", slow));
    let every_minute = json!({"jobName": "slow", "startAfter": NIGHTLY, "repeatMinutes": 1});
    schedule(&server, &every_minute);
    let running = || server.master().find("_JobStatus", &json!({"where": {"status": "running"}}));
    soon("a run", || running().results().len() == 1);
    time.pass(10);
    look_again(&server);
    assert_eq!(running().results().len(), 1);
    gate.add_permits(1);
    soon("the next run", || ended(&server).iter().any(|run| run["jobName"] == "slow"));
    soon("the next run", || running().results().len() == 1);
    gate.add_permits(1);
    server.stop();
}

#[test]
fn schedules_may_be_switched_off_and_may_be_nonsense() {
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let off = Embedded::start(|server| follower(&time)(server).option("jobSchedules", false));
    schedule(&off, &json!({"jobName": "sweep"}));
    off.master().post("/jobs/sweep", &json!({"what": "the yard"})).is(200);
    assert_eq!(messages(&wait_for(&off, 1)), ["swept the yard"]);
    off.stop();

    let server = Embedded::start(follower(&time));
    for nonsense in [
        json!({"jobName": "sweep", "params": "[1]"}),
        json!({"jobName": "sweep", "startAfter": "soon"}),
        json!({"jobName": "sweep", "timeOfDay": "25:99"}),
        json!({"jobName": "sweep", "daysOfWeek": [true]}),
        json!({"jobName": "sweep", "repeatMinutes": -1e300, "startAfter": "2030-01-01"}),
        json!({"jobName": "sweep", "repeatMinutes": 1e300, "startAfter": "2030-01-01"}),
    ] {
        schedule(&server, &nonsense);
    }
    server.master().create("_JobSchedule", &json!({"jobName": "not deployed"}));
    look_again(&server);
    assert_eq!(messages(&ended(&server)), ["swept probe"]);
    for body in [json!({}), json!({"job_schedule": []}), json!({"job_schedule": {"jobName": "no"}})]
    {
        server.master().post("/cloud_code/jobs", &body).is(400);
    }
    server.stop();
}

#[expect(clippy::needless_pass_by_value, reason = "the database goes when its test is over")]
fn of_several_servers_one_runs_it(shared: Shared) {
    let time = Time::at("2024-05-01T10:00:00.000Z");
    let servers: Vec<Embedded> =
        (0..3).map(|_| Embedded::on(&shared.uri(), follower(&time))).collect();
    let [one, other, third] = &servers[..] else { panic!("three servers") };
    let hourly = json!({"jobName": "sweep", "startAfter": NIGHTLY, "repeatMinutes": 60});
    schedule(one, &hourly);
    for hour in 1..=5 {
        // Another one of them is asked each time.
        wait_for([one, other, third][hour % 3], hour);
        time.pass(60);
    }
    wait_for(other, 6);
    for server in &servers {
        look_again(server);
    }
    let runs = ended(other);
    let scheduled = runs.iter().filter(|run| run["message"] == "swept everything").count();
    assert_eq!((scheduled, runs.len()), (6, 9), "{runs:?}");
    servers.into_iter().for_each(Embedded::stop);
}

mod one_leader {
    use super::Shared;

    #[test]
    fn on_sqlite() {
        Shared::sqlite().into_iter().for_each(super::of_several_servers_one_runs_it);
    }

    #[test]
    fn on_postgres() {
        Shared::postgres().into_iter().for_each(super::of_several_servers_one_runs_it);
    }
}
