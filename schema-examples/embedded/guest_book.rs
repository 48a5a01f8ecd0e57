//! A guest book: what an entry must look like, a function, a job, and a page.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use parsimony::{
    Call, Changes, Code, Error, JobRun, Object, Query, Result, Save, Server, ServerBuilder,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An entry of the guest book.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    text: String,
    stars: u8,
    #[serde(default)]
    words: usize,
}

#[derive(Debug, Deserialize)]
struct Since {
    stars: u8,
}

#[derive(Debug, Serialize)]
struct Summary {
    entries: u64,
    praise: Vec<String>,
}

/// Before an entry is saved: it must make sense, and its words are counted.
async fn check_entry(save: Save) -> Result<Changes> {
    let entry: Entry = save.object()?;
    if !(1..=5).contains(&entry.stars) {
        return Err(Error::new(Code::ValidationError, "An entry has one to five stars."));
    }
    Ok(Changes::none().set("words", entry.text.split_whitespace().count()))
}

/// `POST /parse/functions/summary`: how many entries there are, and the best of them.
async fn summary(call: Call<Since>) -> Result<Summary> {
    let api = call.api();
    let best = Query::of("Entry")
        .filter(json!({"stars": {"$gte": call.params.stars}}))
        .order("-stars,-createdAt")
        .limit(10);
    let best: Vec<Object<Entry>> = api.find(&best).await?;
    let entries = api.count(&Query::of("Entry")).await?;
    Ok(Summary { entries, praise: best.into_iter().map(|entry| entry.fields.text).collect() })
}

/// `POST /parse/jobs/forget`, with the master key: removes entries that say next to nothing.
async fn forget(job: JobRun<Value>) -> Result<String> {
    let api = job.api();
    let short = Query::of("Entry").filter(json!({"words": {"$lt": 2}})).limit(1_000);
    let short: Vec<Object<Entry>> = api.find(&short).await?;
    for (done, entry) in short.iter().enumerate() {
        api.delete("Entry", &entry.id).await?;
        job.message(&format!("{} of {} entries", done + 1, short.len())).await?;
    }
    Ok(format!("{} entries forgotten", short.len()))
}

/// The application's own page. It asks the server without HTTP.
async fn page(State(server): State<Arc<Server>>) -> Html<String> {
    let entries = server.api().count(&Query::of("Entry")).await.unwrap_or_default();
    Html(format!("<h1>Guest book</h1><p>{entries} entries</p>"))
}

fn schema() -> Value {
    json!({"definitions": [{
        "className": "Entry",
        "fields": {
            "text": {"type": "String", "required": true},
            "stars": {"type": "Number", "required": true},
            "words": {"type": "Number"},
        },
        "classLevelPermissions": {
            "find": {"*": true}, "get": {"*": true}, "count": {"*": true}, "create": {"*": true},
            "update": {}, "delete": {}, "addField": {},
        },
    }]})
}

/// The server, with everything but a database and its keys.
pub(crate) fn server() -> ServerBuilder {
    Server::builder()
        .option("schema", schema())
        .before_save("Entry", check_entry)
        .function("summary", summary)
        .job("forget", forget)
}

/// The application: its own page, and the server.
pub(crate) fn application(server: &Arc<Server>) -> Router {
    Router::new().route("/", get(page)).with_state(Arc::clone(server)).merge(server.router())
}
