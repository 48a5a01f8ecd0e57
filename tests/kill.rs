//! A process that is killed loses nothing that it acknowledged, and leaves a sound file.
//!
//! The test starts itself again as a child that writes and prints what was acknowledged; then it kills the child in the
//! middle of that and looks at the file.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use parsimony::access::{Plan, WriteAccess};
use parsimony::query::{Query, Where};
use parsimony::schema::{Assign, ClassChange, ClassSchema, Field, FieldType, Row};
use parsimony::storage::sqlite::{Location, SqliteOptions, SqliteStorage, Synchronous};
use parsimony::storage::{Change, Insert, Storage, Verbs};
use parsimony::value::{ClassName, Date, FieldName, ObjectId, Value};

/// Tells the child which file to write, and how.
const FILE: &str = "PARSIMONY_TEST_KILL_FILE";
const SYNCHRONOUS: &str = "PARSIMONY_TEST_KILL_SYNCHRONOUS";
const TASKS: usize = 8;

fn open(file: &Path, synchronous: Synchronous) -> Arc<SqliteStorage> {
    SqliteStorage::open(SqliteOptions {
        location: Location::File(file.to_owned()),
        readers: 1,
        synchronous,
    })
    .unwrap()
}

async fn class(storage: &SqliteStorage) -> Arc<ClassSchema> {
    let snapshot = storage.load().await.unwrap();
    if let Some(class) = snapshot.class("Item") {
        return Arc::clone(class);
    }
    let fields = vec![(FieldName::from("text"), Field::plain(FieldType::String))];
    let change = ClassChange::create_with(&ClassName::from("Item"), fields);
    storage.change_class(snapshot.version(), Arc::new(change)).await.unwrap();
    Arc::clone(storage.load().await.unwrap().class("Item").unwrap())
}

fn insert(class: &Arc<ClassSchema>, id: &str) -> Change {
    let text = Value::String(id.repeat(40));
    let row =
        Row { columns: vec![(FieldName::from("text"), Assign::Set(text))], relations: Vec::new() };
    let insert = Insert { class: Arc::clone(class), id: ObjectId::from(id), now: Date::EPOCH, row };
    Change::Insert(Plan::server(class).allow_change(insert, WriteAccess::of_server()))
}

/// Not a test of its own: what the child does, until it is killed.
#[tokio::test]
async fn child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let synchronous = if std::env::var_os(SYNCHRONOUS).is_some() {
        Synchronous::Full
    } else {
        Synchronous::Normal
    };
    let storage = open(&PathBuf::from(file), synchronous);
    let class = class(&storage).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (storage, class) = (Arc::clone(&storage), Arc::clone(&class));
        tasks.spawn(async move {
            for number in 0.. {
                let id = format!("{task}x{number}");
                let changes = vec![insert(&class, &id), insert(&class, &format!("{id}twin"))];
                if storage.write(changes).await.is_err() {
                    return;
                }
                let mut out = std::io::stdout().lock();
                if writeln!(out, "acknowledged {id}").and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        });
    }
    tasks.join_all().await;
}

/// Starts a child, kills it after so many acknowledgements, and says which it had printed.
fn acknowledged(file: &Path, synchronous: Synchronous, after: usize) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if synchronous == Synchronous::Full {
        command.env(SYNCHRONOUS, "full");
    }
    let mut child = command.spawn().unwrap();
    let mut ids = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((_, id)) = line.split_once("acknowledged ") {
            ids.push(id.to_owned());
        }
        if ids.len() == after {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    ids
}

async fn check(synchronous: Synchronous, after: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let ids = acknowledged(&file, synchronous, after);
    assert!(ids.len() >= after, "the child wrote {} of {after}", ids.len());
    let storage = open(&file, synchronous);
    let class = class(&storage).await;
    let columns = vec![FieldName::from("objectId")];
    let filter = Where::Everything;
    let query = Query {
        class: Arc::clone(&class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns,
        hint: None,
    };
    let rows = storage.find(Plan::server(&class).allow(query).unwrap()).await.unwrap();
    let found: HashSet<&str> = rows.rows().map(|row| row.id()).collect();
    let lost: Vec<&String> = ids.iter().filter(|id| !found.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let lonely: Vec<&&str> = found
        .iter()
        .filter(|id| !id.ends_with("twin") && !found.contains(format!("{id}twin").as_str()))
        .collect();
    assert!(lonely.is_empty(), "written by half: {lonely:?}");
    storage.write(vec![insert(&class, "after")]).await.unwrap();
    storage.close().await.unwrap();
    let connection = rusqlite::Connection::open(&file).unwrap();
    let sound: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn what_was_acknowledged_survives() {
    for after in [1, 100, 700] {
        check(Synchronous::Normal, after).await;
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_with_full_synchronisation() {
    check(Synchronous::Full, 150).await;
}
