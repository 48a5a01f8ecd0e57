//! There are too few connections: others have them, or slow requests do.

use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::client::{Client, wait_until};
use crate::cluster::Cluster;
use crate::{HOLD, serve};

const BUSY: (u16, i64, &str) = (503, 155, "The database is busy.");
const END_WAITS: &str =
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

fn count_waits(cluster: &Cluster) -> String {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    cluster.psql(count).unwrap()
}

/// Sessions of somebody else. They end with the test.
struct Others(Vec<Child>);

impl Others {
    /// Takes every connection that is left for users without privileges.
    fn take_all(cluster: &Cluster) -> Self {
        let uri = cluster.uri().replace("postgres@", "other@");
        let mut others = Self(Vec::new());
        loop {
            let before = others.count(cluster);
            let session = Command::new("psql")
                .args(["--no-psqlrc", "--quiet", "--dbname", &uri])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            others.0.push(session.unwrap());
            while others.count(cluster) == before {
                if others.0.last_mut().unwrap().try_wait().unwrap().is_some() {
                    return others;
                }
            }
        }
    }

    fn count(&self, cluster: &Cluster) -> String {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'other'";
        cluster.psql(count).unwrap()
    }

    fn end(&mut self) {
        for mut session in self.0.drain(..) {
            session.kill().unwrap();
            session.wait().unwrap();
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn connections_that_others_have() {
    let Some(cluster) = Cluster::start(&["max_connections=14"]) else { return };
    let users = "CREATE ROLE app LOGIN; CREATE ROLE other LOGIN; GRANT ALL ON SCHEMA public TO app;
        GRANT CREATE ON DATABASE postgres TO app";
    cluster.psql(users).unwrap();
    let uri = cluster.uri().replace("postgres@", "app@");
    let server = serve(&format!("{uri}?connect_timeout=1&max=4"));
    let client = Client { origin: server.origin() };
    cluster.psql(HOLD).unwrap();
    let mut others = Others::take_all(&cluster);
    assert_eq!(client.create("with the one that is open").status, 201);
    thread::scope(|scope| {
        // The server's open connections are taken, one by one, until it needs one that the database refuses.
        let mut held = Vec::new();
        let refused = loop {
            let number = held.len();
            held.push(scope.spawn(move || client.create(&format!("hold{number}"))));
            wait_until("a request is held or refused", || {
                count_waits(&cluster) == (number + 1).to_string() || held[number].is_finished()
            });
            if held[number].is_finished() {
                break held.remove(number).join().unwrap();
            }
        };
        assert_eq!(refused.failure(), BUSY);
        assert_eq!(client.health(), (200, 503));
        others.end();
        wait_until("the server is ready again", || client.health() == (200, 200));
        assert_eq!(client.create("with a new one").status, 201);
        cluster.psql(END_WAITS).unwrap();
        for held in held {
            assert_eq!(held.join().unwrap().failure().1, 124);
        }
    });
    assert_eq!(client.ids().len(), 3);
    server.stop();
}

#[test]
fn connections_that_slow_requests_have() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?connect_timeout=1&max=2", cluster.uri()));
    let client = Client { origin: server.origin() };
    cluster.psql(HOLD).unwrap();
    thread::scope(|scope| {
        let held = ["hold0", "hold1"].map(|id| {
            let waits = count_waits(&cluster);
            let held = scope.spawn(move || client.create(id));
            wait_until("a request is held", || count_waits(&cluster) != waits);
            held
        });
        assert_eq!(client.create("third").failure(), BUSY);
        assert_eq!(client.ask("GET", "/classes/Item/first", &Value::Null).failure(), BUSY);
        assert_eq!(client.health(), (200, 503));
        cluster.psql(END_WAITS).unwrap();
        for held in held {
            assert_eq!(held.join().unwrap().failure(), (400, 124, "The database took too long."));
        }
    });
    assert_eq!(client.health(), (200, 200));
    assert_eq!(client.create("fourth").status, 201);
    assert_eq!(client.ids().len(), 2);
    server.stop();
}

#[test]
fn a_client_that_hangs_up_frees_what_it_had() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let server = serve(&format!("{}?connect_timeout=1&max=1", cluster.uri()));
    let client = Client { origin: server.origin() };
    // Reads of this class wait.
    let slow = r#"ALTER TABLE "Item" RENAME TO "ItemOf"; CREATE VIEW "Item" AS SELECT i.* FROM "ItemOf" i,
        (SELECT pg_sleep(3600)) s"#;
    cluster.psql(slow).unwrap();
    let address = server.origin().strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = "GET /parse/classes/Item HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: app\r\nX-Parse-Master-Key: master\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    wait_until("the request is held", || count_waits(&cluster) == "1");
    drop(stream);
    wait_until("the place is free again", || client.health() == (200, 200));
    wait_until("the database has ended the statement", || count_waits(&cluster) == "0");
    server.stop();
}
