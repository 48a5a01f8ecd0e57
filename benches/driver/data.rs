//! The classes and objects that are measured on.

use serde_json::{Value, json};

use super::Outcome;
use super::wire::Client;

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

/// The ids of what was made.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// All posts.
    pub(crate) posts: Vec<String>,
    /// All counters.
    pub(crate) counters: Vec<String>,
}

/// Makes few classes and all objects.
pub(crate) fn make(client: &mut Client) -> Outcome<Ids> {
    for class in classes() {
        client.master("POST", "/schemas", &class)?;
    }
    add_classes(client, classes().len(), FEW)?;
    let authors = create(client, "Author", AUTHORS, &author)?;
    let posts = create(client, "Post", POSTS, &|at| post(at, &authors))?;
    let counters =
        create(client, "Counter", COUNTERS, &|at| json!({ "name": format!("c{at}"), "n": 0 }))?;
    Ok(Ids { posts, counters })
}

fn classes() -> [Value; 4] {
    let kind = |kind: &str| json!({ "type": kind });
    let fields = fields_of_post();
    [
        json!({ "className": "Author", "fields": { "name": kind("String"), "city": kind("String"), "age": kind("Number") } }),
        json!({ "className": "Post", "fields": fields, "indexes": { "byCategory": { "category": 1, "views": 1 } } }),
        json!({ "className": "Entry", "fields": fields }),
        json!({ "className": "Counter", "fields": { "name": kind("String"), "n": kind("Number") } }),
    ]
}

/// The fields that [`post`] fills, as a class has them.
pub(crate) fn fields_of_post() -> Value {
    let kind = |kind: &str| json!({ "type": kind });
    json!({
        "title": kind("String"), "text": kind("String"), "category": kind("String"), "views": kind("Number"),
        "published": kind("Boolean"), "publishedAt": kind("Date"), "tags": kind("Array"),
        "author": { "type": "Pointer", "targetClass": "Author" },
    })
}

/// Adds classes that nobody reads, until there are so many.
pub(crate) fn add_classes(client: &mut Client, from: usize, until: usize) -> Outcome<()> {
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

/// Makes objects, many at a time.
pub(crate) fn create(
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
