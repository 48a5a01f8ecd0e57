//! The database stops, is killed, stands still, and starts again.

use std::thread;

use serde_json::{Value, json};

use crate::client::{Client, Journal, wait_until};
use crate::cluster::Cluster;
use crate::{HOLD, fail_to_start, serve};

const WRITERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const UNAVAILABLE: (u16, i64, &str) = (503, 1, "The database is not available.");

#[test]
fn stops_under_load_lose_nothing_that_was_acknowledged() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?connect_timeout=1&max=4", cluster.uri()));
    let client = Client { origin: server.origin() };
    let journal = Journal::default();
    thread::scope(|scope| {
        journal.start_writers(scope, client, &WRITERS);
        for end in [Cluster::stop_at_once, Cluster::kill, Cluster::stop_at_once] {
            journal.wait_for_made(60);
            end(&mut cluster);
            journal.wait_for_failed(12);
            assert_eq!(client.health(), (200, 503));
            let answer = client.ask("GET", "/classes/Item/first", &Value::Null);
            assert_eq!(answer.failure(), UNAVAILABLE);
            let answer = client.ask("POST", "/graphql", &json!({"query": "{ items { count } }"}));
            assert_eq!(answer.body["errors"][0]["extensions"]["code"], 1, "{answer:?}");
            cluster.run();
            wait_until("the server is ready again", || client.health() == (200, 200));
        }
        journal.wait_for_made(60);
        journal.close();
    });
    journal.check(&client.ids());
    server.stop();
}

#[test]
fn a_restart_that_is_short_enough_is_waited_for() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?connect_timeout=60", cluster.uri()));
    let client = Client { origin: server.origin() };
    cluster.stop_at_once();
    thread::scope(|scope| {
        let read = scope.spawn(|| client.ask("GET", "/classes/Item/first", &Value::Null));
        let write = scope.spawn(|| client.create("second"));
        cluster.run();
        assert_eq!(read.join().unwrap().status, 200);
        let write = write.join().unwrap();
        // Of a connection that seemed to live, nobody can say what it did.
        assert!(write.status == 201 || write.failure().0 == 500, "{write:?}");
    });
    server.stop();
}

#[test]
fn a_killed_connection_leaves_nothing_half() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let server = serve(&cluster.uri());
    let client = Client { origin: server.origin() };
    cluster.psql(HOLD).unwrap();
    let kill =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let kill_the_one_that_waits = || {
        wait_until("a connection is killed", || cluster.psql(kill).unwrap() == "t");
    };
    thread::scope(|scope| {
        let batch = scope.spawn(|| client.create_all(&["before", "hold", "after"]));
        kill_the_one_that_waits();
        assert_eq!(batch.join().unwrap().failure(), UNAVAILABLE);
        let single = scope.spawn(|| client.create("hold"));
        kill_the_one_that_waits();
        let single = single.join().unwrap();
        assert!(single.error().ends_with("is not known."), "{single:?}");
    });
    assert_eq!(client.ids().into_iter().collect::<Vec<_>>(), ["first"]);

    // Whoever reads on a connection that is gone does not notice.
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'parsimony'";
    cluster.psql(all).unwrap();
    assert_eq!(client.ask("GET", "/classes/Item/first", &Value::Null).status, 200);
    assert_eq!(client.create_all(&["before", "after"]).status, 200);
    server.stop();
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?query_timeout=300&max=2", cluster.uri()));
    let client = Client { origin: server.origin() };
    cluster.psql(HOLD).unwrap();
    let late = (400, 124, "The database took too long.");
    assert_eq!(client.create("hold").failure(), late);
    assert_eq!(client.create_all(&["before", "hold"]).failure(), late);
    assert_eq!(client.ids().len(), 1);
    server.stop();
}

#[test]
fn a_database_that_stands_still_is_given_up() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?query_timeout=100&connect_timeout=1&max=2", cluster.uri()));
    let client = Client { origin: server.origin() };
    assert_eq!(client.health(), (200, 200));
    cluster.freeze(true);
    let write = client.create("second");
    assert!(write.error().ends_with("is not known."), "{write:?}");
    assert_eq!(client.ask("GET", "/classes/Item/first", &Value::Null).failure(), UNAVAILABLE);
    assert_eq!(client.health(), (200, 503));
    cluster.freeze(false);
    wait_until("the server is ready again", || client.health() == (200, 200));
    assert_eq!(client.create("third").status, 201);
    server.stop();
}

#[test]
fn a_database_that_is_not_there_ends_the_start() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let uri = cluster.uri().replace("postgres@", "postgres:hush@");
    let (server, _) = uri.rsplit_once('/').unwrap();
    let (code, complaint) = fail_to_start(&format!("{server}/nothing"));
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("database \"nothing\" does not exist"), "{complaint}");
    let (code, complaint) = fail_to_start(&uri.replace("//postgres:", "//nobody:"));
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("role \"nobody\" does not exist"), "{complaint}");
    cluster.stop_at_once();
    let (code, complaint) = fail_to_start(&format!("{uri}?connect_timeout=1"));
    assert_eq!(code, Some(1), "{complaint}");
    let place = format!("127.0.0.1:{}", cluster.port());
    assert!(complaint.contains(&place), "{complaint}");
    assert!(complaint.contains("The database is not available"), "{complaint}");
    assert!(!complaint.contains("hush"), "the password shows: {complaint}");
}

#[test]
fn a_start_waits_for_a_database_that_starts() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    cluster.stop_at_once();
    let uri = format!("{}?connect_timeout=60", cluster.uri());
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(&uri));
        cluster.run();
        server.join().unwrap().stop();
    });
}
