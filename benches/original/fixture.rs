//! The database that is measured on: a fresh one, filled through the first of the measured servers.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Outcome;
use crate::driver::data::{self, FEW, Ids};
use crate::driver::process::{CpuTimes, Process, nanos};
use crate::driver::wire::{Caller, Client, request};
use crate::postgres::TestDatabase;
use crate::settings::Settings;
use crate::start::Side;

/// The name of the user.
pub(crate) const USER: &str = "bench-user";
/// His password.
pub(crate) const PASSWORD: &str = "bench-password";

/// Values of `topic`; each has the same number of notes.
pub(crate) const TOPICS: usize = 20;

const NOTES: usize = 4_000;
const ROLES: usize = 10;
/// Roles that the user has; each may read a tenth of the notes.
const ROLES_OF_USER: usize = 3;

/// What the database holds, and where.
pub(crate) struct Fixture {
    database: TestDatabase,
    directory: TempDir,
    /// The ids of posts and counters.
    pub(crate) ids: Ids,
    /// A session of a user in three roles.
    pub(crate) session: String,
}

impl Fixture {
    /// Makes it.
    pub(crate) fn build(settings: &Settings) -> Outcome<Self> {
        let database = TestDatabase::create().ok_or("there is no server for databases")?;
        database.psql("CREATE EXTENSION IF NOT EXISTS postgis")?;
        let (ids, session) = (Ids::default(), String::new());
        let mut fixture = Self { database, directory: TempDir::new()?, ids, session };
        let server = fixture.start(settings, fixture.maker(settings))?;
        let mut client = server.client()?;
        fixture.ids = data::make(&mut client)?;
        fixture.session = user(&mut client)?;
        notes(&mut client)?;
        server.stop()?;
        fixture.database.psql("VACUUM ANALYZE")?;
        Ok(fixture)
    }

    /// The server that makes classes: this project's is quicker.
    fn maker(&self, settings: &Settings) -> Side {
        match settings.sides.contains(&Side::Parsimony) {
            true => Side::Parsimony,
            false => Side::Original,
        }
    }

    /// Starts a server on it.
    pub(crate) fn start(&self, settings: &Settings, side: Side) -> Outcome<Process> {
        self.start_until(settings, side, &side.health())
    }

    /// Starts a server on it and waits until it answers a request.
    pub(crate) fn start_until(
        &self,
        settings: &Settings,
        side: Side,
        first: &[u8],
    ) -> Outcome<Process> {
        side.start(settings, &self.database.uri(), self.directory.path(), first)
    }

    /// Adds classes until there are so many.
    pub(crate) fn grow(&self, settings: &Settings, from: usize, classes: usize) -> Outcome<()> {
        let server = self.start(settings, self.maker(settings))?;
        data::add_classes(&mut server.client()?, from, classes)?;
        server.stop()
    }

    /// What the connections to it have run in the database. Those that end in between are not seen; servers keep theirs
    /// while they are asked.
    pub(crate) fn database_times(&self) -> Outcome<CpuTimes> {
        let own = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut each = HashMap::new();
        for pid in self.database.psql(own)?.lines() {
            if let Some(nanos) = nanos(Path::new(&format!("/proc/{pid}")))? {
                each.insert(pid.to_owned(), nanos);
            }
        }
        Ok(CpuTimes { each, all: 0.0 })
    }
}

/// A user in three of ten roles; gives the token of his session.
fn user(client: &mut Client) -> Outcome<String> {
    let user = json!({ "username": USER, "password": PASSWORD });
    let made = client.ask(&request(Caller::Public, "POST", "/parse/users", &user.to_string()))?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).ok_or("no session");
    let pointer =
        json!({ "__type": "Pointer", "className": "_User", "objectId": text("objectId")? });
    for at in 0..ROLES {
        let objects = if at < ROLES_OF_USER { vec![&pointer] } else { Vec::new() };
        let users = json!({ "__op": "AddRelation", "objects": objects });
        let mut role = json!({ "name": format!("role{at}"), "ACL": {} });
        if at < ROLES_OF_USER {
            role["users"] = users;
        }
        client.master("POST", "/roles", &role)?;
    }
    Ok(text("sessionToken")?)
}

/// Notes that one role each may read.
fn notes(client: &mut Client) -> Outcome<()> {
    let kind = |kind: &str| json!({ "type": kind });
    let fields = json!({ "topic": kind("String"), "text": kind("String"), "size": kind("Number") });
    let indexes = json!({ "byTopic": { "topic": 1, "size": 1 } });
    let class = json!({ "className": "Note", "fields": fields, "indexes": indexes });
    client.master("POST", "/schemas", &class)?;
    data::create(client, "Note", NOTES, &note)?;
    Ok(())
}

fn note(at: usize) -> Value {
    json!({
        "topic": topic(at),
        "text": format!("Note number {at}, which only some may read."),
        "size": at / TOPICS,
        "ACL": { format!("role:role{}", at / TOPICS % ROLES): { "read": true, "write": true } },
    })
}

/// The topic of a note.
pub(crate) fn topic(at: usize) -> String {
    format!("topic-{}", at % TOPICS)
}

/// The number of classes that are there after [`Fixture::build`], without those of the system.
pub(crate) const CLASSES: usize = FEW + 1;
