//! There is no space left where the database writes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

use crate::client::{Client, Journal, wait_until};
use crate::cluster::Cluster;
use crate::serve;

const WRITERS: [&str; 4] = ["a", "b", "c", "d"];

/// Fills a file system to its end with a file, which can be removed again.
fn fill(place: &Path) -> PathBuf {
    let file = place.join("filler");
    let mut filler = File::create(&file).unwrap();
    let block = [0; 4096];
    while filler.write_all(&block).is_ok() {}
    file
}

#[test]
fn tables_without_space() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let Some(place) = cluster.mount("small", "24m") else { return };
    let small = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
    cluster.psql(&small).unwrap();
    cluster.psql("ALTER SYSTEM SET default_tablespace = small").unwrap();
    cluster.psql("SELECT pg_reload_conf()").unwrap();
    let server = serve(&format!("{}?max=4", cluster.uri()));
    let client = Client { origin: server.origin() };
    let journal = Journal::default();
    thread::scope(|scope| {
        journal.start_writers(scope, client, &WRITERS);
        journal.wait_for_made(40);
        let filler = fill(&place);
        wait_until("the database says that it is full", || {
            journal.wait_for_failed(1);
            client.create("full").error() == "The database has no space left."
        });
        assert_eq!(client.health(), (200, 200), "it can still be read");
        journal.wait_for_failed(8);
        fs::remove_file(filler).unwrap();
        journal.wait_for_made(40);
        journal.close();
    });
    journal.check(&client.ids());
    server.stop();
}

#[test]
fn a_database_without_space_for_its_log() {
    let settings = ["max_wal_size=32MB", "min_wal_size=32MB", "wal_recycle=off"];
    let Some(mut cluster) = Cluster::start_in("160m", &settings) else { return };
    let server = serve(&format!("{}?max=4&connect_timeout=1", cluster.uri()));
    let client = Client { origin: server.origin() };
    let journal = Journal::default();
    thread::scope(|scope| {
        journal.start_writers(scope, client, &WRITERS);
        journal.wait_for_made(40);
        let filler = fill(&cluster.data());
        // The database uses up the log that it has, and ends when it can not write more of it.
        wait_until("the log is full", || {
            let _ = cluster.psql("SELECT pg_switch_wal()");
            !client.ask_openly("/health/ready").body["status"].eq("ok")
                || client.create("full").status != 201
        });
        journal.wait_for_failed(8);
        fs::remove_file(filler).unwrap();
        cluster.stop_at_once();
        cluster.run();
        journal.wait_for_made(40);
        journal.close();
    });
    journal.check(&client.ids());
    server.stop();
}
