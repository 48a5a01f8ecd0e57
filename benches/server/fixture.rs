//! The databases that are measured on: made once by the server itself, then copied.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::process::Process;
use crate::settings::Settings;
use crate::wire::Client;

/// Classes of the small database.
pub(crate) const FEW: usize = 10;
/// Classes of the large database.
pub(crate) const MANY: usize = 500;

/// Values of `category`; each has the same number of posts.
pub(crate) const CATEGORIES: usize = 50;
/// The largest value of `views` and one.
pub(crate) const VIEWS: usize = 1_000;

const AUTHORS: usize = 1_000;
const POSTS: usize = 10_000;
const COUNTERS: usize = 1_000;
const BATCH: usize = 50;

/// What the databases hold.
#[derive(Debug)]
pub(crate) struct Fixture {
    directory: TempDir,
    /// The ids of all posts.
    pub(crate) posts: Vec<String>,
    /// The ids of all counters.
    pub(crate) counters: Vec<String>,
}

impl Fixture {
    /// Makes a database with few classes and all objects.
    pub(crate) fn build(settings: &Settings) -> Outcome<Self> {
        let mut fixture =
            Self { directory: TempDir::new()?, posts: Vec::new(), counters: Vec::new() };
        let server = Process::server(settings, &fixture.path(FEW))?;
        let mut client = server.client()?;
        for class in classes() {
            client.master("POST", "/schemas", &class)?;
        }
        add_classes(&mut client, classes().len(), FEW)?;
        let authors = create(&mut client, "Author", AUTHORS, &author)?;
        fixture.posts = create(&mut client, "Post", POSTS, &|at| post(at, &authors))?;
        fixture.counters = create(
            &mut client,
            "Counter",
            COUNTERS,
            &|at| json!({ "name": format!("c{at}"), "n": 0 }),
        )?;
        server.stop()?;
        Ok(fixture)
    }

    /// A copy of the database with at least so many classes, under a name of its own.
    pub(crate) fn copy(&self, settings: &Settings, classes: usize, name: &str) -> Outcome<PathBuf> {
        let original = self.path(classes);
        if !original.exists() {
            copy_database(&self.path(FEW), &original)?;
            let server = Process::server(settings, &original)?;
            add_classes(&mut server.client()?, FEW, classes)?;
            server.stop()?;
        }
        let copy = self.directory.path().join(format!("{name}.db"));
        copy_database(&original, &copy)?;
        Ok(copy)
    }

    fn path(&self, classes: usize) -> PathBuf {
        self.directory.path().join(format!("classes-{classes}.db"))
    }
}

fn copy_database(from: &Path, to: &Path) -> Outcome<()> {
    for suffix in ["", "-wal", "-shm"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if beside(to).exists() {
            fs::remove_file(beside(to))?;
        }
        if suffix != "-shm" && beside(from).exists() {
            fs::copy(beside(from), beside(to))?;
        }
    }
    Ok(())
}

fn classes() -> [Value; 4] {
    let kind = |kind: &str| json!({ "type": kind });
    let fields = json!({
        "title": kind("String"), "text": kind("String"), "category": kind("String"), "views": kind("Number"),
        "published": kind("Boolean"), "publishedAt": kind("Date"), "tags": kind("Array"),
        "author": { "type": "Pointer", "targetClass": "Author" },
    });
    [
        json!({ "className": "Author", "fields": { "name": kind("String"), "city": kind("String"), "age": kind("Number") } }),
        json!({ "className": "Post", "fields": fields, "indexes": { "byCategory": { "category": 1, "views": 1 } } }),
        json!({ "className": "Entry", "fields": fields }),
        json!({ "className": "Counter", "fields": { "name": kind("String"), "n": kind("Number") } }),
    ]
}

/// Adds classes that nobody reads, until there are so many.
fn add_classes(client: &mut Client, from: usize, until: usize) -> Outcome<()> {
    for at in from..until {
        let fields = json!({
            "name": { "type": "String" }, "size": { "type": "Number" }, "done": { "type": "Boolean" },
            "due": { "type": "Date" }, "parts": { "type": "Array" }, "more": { "type": "Object" },
            "author": { "type": "Pointer", "targetClass": "Author" },
        });
        client.master(
            "POST",
            "/schemas",
            &json!({ "className": format!("Extra{at}"), "fields": fields }),
        )?;
    }
    Ok(())
}

fn author(at: usize) -> Value {
    json!({ "name": format!("Author {at}"), "city": format!("City {}", at % 97), "age": 20 + at % 60 })
}

/// The fields of a post.
pub(crate) fn post(at: usize, authors: &[String]) -> Value {
    let text = "All happy databases are alike; each slow query is slow in its own way. ".repeat(3);
    json!({
        "title": format!("Post number {at}"),
        "text": text,
        "category": category(at),
        "views": (at / CATEGORIES * 37) % VIEWS,
        "published": !at.is_multiple_of(3),
        "publishedAt": { "__type": "Date", "iso": format!("2026-0{}-1{}T0{}:30:00.{:03}Z", 1 + at % 9, at % 10, at % 7, at % 1_000) },
        "tags": [format!("tag{}", at % 11), format!("tag{}", at % 13), "all"],
        "author": { "__type": "Pointer", "className": "Author", "objectId": authors[at % authors.len()] },
    })
}

/// The category of a post.
pub(crate) fn category(at: usize) -> String {
    format!("category-{}", at % CATEGORIES)
}

/// The body of a batch that makes objects.
pub(crate) fn batch(class: &str, objects: impl Iterator<Item = Value>) -> Value {
    let path = format!("/parse/classes/{class}");
    let entries = objects.map(|body| json!({ "method": "POST", "path": path, "body": body }));
    json!({ "requests": entries.collect::<Vec<_>>() })
}

fn create(
    client: &mut Client,
    class: &str,
    count: usize,
    object: &dyn Fn(usize) -> Value,
) -> Outcome<Vec<String>> {
    let mut ids = Vec::with_capacity(count);
    for from in (0..count).step_by(BATCH) {
        let answer =
            client.master("POST", "/batch", &batch(class, (from..from + BATCH).map(object)))?;
        for entry in answer.as_array().into_iter().flatten() {
            let id = entry["success"]["objectId"].as_str();
            ids.push(id.ok_or_else(|| format!("an object was not made: {entry}"))?.to_owned());
        }
    }
    Ok(ids)
}
