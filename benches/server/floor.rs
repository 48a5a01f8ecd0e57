//! The floor: what a bare axum handler over rusqlite costs that selects the same rows of the same tables. No
//! permissions, no schema, no choice of fields.

use std::net::Ipv4Addr;
use std::path::Path as FilePath;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{Response, header};
use axum::routing::{get, post, put};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Row, params};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::driver::{Outcome, json};
use crate::rows;

/// The word that makes this program the floor.
pub(crate) const COMMAND: &str = "floor";

/// How reading connections are used: by the handlers themselves, or by threads of their own.
pub(crate) const FORMS: [&str; 2] = ["handler", "threads"];

/// Changes that share a commit at most.
const GROUP: usize = 64;

type Answer = rusqlite::Result<Vec<u8>>;
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Queue = Sender<(Job, oneshot::Sender<Answer>)>;

enum Readers {
    Handler(Vec<Mutex<Connection>>),
    Threads(Vec<Queue>, AtomicUsize),
}

struct Floor {
    readers: Readers,
    writer: Queue,
    statements: Arc<Statements>,
}

struct Statements {
    get: String,
    find: String,
    find_with_author: String,
}

impl Statements {
    fn new() -> Self {
        let (post, both) = (rows::post_columns(), rows::post_and_author_columns());
        let condition =
            "WHERE o.\"category\" = ?1 AND o.\"views\" >= ?2 ORDER BY o.\"views\" DESC LIMIT ?3";
        let join = "LEFT JOIN \"Author\" a ON a.\"objectId\" = o.\"author\"";
        Self {
            get: format!("SELECT {post} FROM \"Post\" o WHERE o.\"objectId\" = ?1"),
            find: format!("SELECT {post} FROM \"Post\" o {condition}"),
            find_with_author: format!("SELECT {both} FROM \"Post\" o {join} {condition}"),
        }
    }
}

/// Serves until the process is killed.
pub(crate) fn serve(form: &str, database: &FilePath, port: &str) -> Outcome<()> {
    let readers = std::thread::available_parallelism()?.get();
    let connections = (0..readers).map(|_| open(database)).collect::<rusqlite::Result<Vec<_>>>()?;
    let readers = match form {
        "threads" => {
            let queues = connections.into_iter().map(|connection| on_thread(connection, read_all));
            Readers::Threads(queues.collect(), AtomicUsize::new(0))
        }
        _ => Readers::Handler(connections.into_iter().map(Mutex::new).collect()),
    };
    let statements = Arc::new(Statements::new());
    let floor =
        Arc::new(Floor { readers, writer: on_thread(open(database)?, write_all), statements });
    let router = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/posts/{id}", get(get_post))
        .route("/posts", get(find_posts))
        .route("/entries", post(create_entry))
        .route("/entries/batch", post(create_entries))
        .route("/counters/{id}", put(increment))
        .with_state(floor);
    let port = port.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, router).await?)
    })
}

fn open(database: &FilePath) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Without this, SQLite prepares a statement with a bound limit again whenever it is bound anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

type Work = fn(&Connection, &Receiver<(Job, oneshot::Sender<Answer>)>);

fn on_thread(connection: Connection, work: Work) -> Queue {
    let (queue, jobs) = channel();
    std::thread::spawn(move || work(&connection, &jobs));
    queue
}

fn read_all(connection: &Connection, jobs: &Receiver<(Job, oneshot::Sender<Answer>)>) {
    for (job, reply) in jobs {
        // Who does not wait any more needs no answer.
        let _ = reply.send(job(connection));
    }
}

/// Changes that wait together share a transaction.
fn write_all(connection: &Connection, jobs: &Receiver<(Job, oneshot::Sender<Answer>)>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1));
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        let answers: Vec<_> = group.map(|(job, reply)| (job(connection), reply)).collect();
        let ended = begun.and_then(|()| connection.execute_batch("COMMIT"));
        for (answer, reply) in answers {
            let answer = if ended.is_ok() { answer } else { Err(rusqlite::Error::InvalidQuery) };
            let _ = reply.send(answer);
        }
    }
}

impl Floor {
    async fn read(
        &self,
        job: impl FnOnce(&Connection) -> Answer + Send + 'static,
    ) -> Response<Body> {
        match &self.readers {
            Readers::Handler(connections) => {
                let free = connections.iter().find_map(|connection| connection.try_lock().ok());
                response(
                    200,
                    free.ok_or(rusqlite::Error::InvalidQuery)
                        .and_then(|connection| job(&connection)),
                )
            }
            Readers::Threads(queues, next) => {
                let at = next.fetch_add(1, Ordering::Relaxed) % queues.len();
                response(200, ask(&queues[at], Box::new(job)).await)
            }
        }
    }

    async fn write(
        &self,
        status: u16,
        job: impl FnOnce(&Connection) -> Answer + Send + 'static,
    ) -> Response<Body> {
        response(status, ask(&self.writer, Box::new(job)).await)
    }
}

async fn ask(queue: &Queue, job: Job) -> Answer {
    let (reply, answer) = oneshot::channel();
    queue.send((job, reply)).map_err(|_| rusqlite::Error::InvalidQuery)?;
    answer.await.map_err(|_| rusqlite::Error::InvalidQuery)?
}

fn response(status: u16, answer: Answer) -> Response<Body> {
    let (status, body) = match answer {
        Ok(body) => (status, body),
        Err(cause) => (500, cause.to_string().into_bytes()),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    response.body(Body::from(body)).expect("status and header are valid")
}

async fn get_post(State(floor): State<Arc<Floor>>, Path(id): Path<String>) -> Response<Body> {
    let statements = Arc::clone(&floor.statements);
    let job = move |connection: &Connection| {
        let mut out = Vec::with_capacity(1_024);
        let mut statement = connection.prepare_cached(&statements.get)?;
        statement.query_row([id], |row| rows::write_post(row, &mut out))?;
        Ok(out)
    };
    floor.read(job).await
}

type Write = fn(&Row<'_>, &mut Vec<u8>) -> rusqlite::Result<()>;

#[derive(Deserialize)]
struct Find {
    category: String,
    views: f64,
    limit: u32,
    include: Option<String>,
}

async fn find_posts(State(floor): State<Arc<Floor>>, Query(find): Query<Find>) -> Response<Body> {
    let statements = Arc::clone(&floor.statements);
    let job = move |connection: &Connection| {
        let (text, write): (_, Write) = match find.include {
            None => (&statements.find, rows::write_post),
            Some(_) => (&statements.find_with_author, rows::write_post_and_author),
        };
        let mut statement = connection.prepare_cached(text)?;
        let mut found = statement.query(params![find.category, find.views, find.limit])?;
        let mut out = Vec::with_capacity(65_536);
        out.extend_from_slice(b"{\"results\":[");
        let start = out.len();
        while let Some(row) = found.next()? {
            if out.len() > start {
                out.push(b',');
            }
            write(row, &mut out)?;
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    };
    floor.read(job).await
}

#[derive(Deserialize)]
struct Entry {
    title: String,
    text: String,
    category: String,
    views: f64,
    published: bool,
    #[serde(rename = "publishedAt")]
    published_at: Date,
    tags: Box<RawValue>,
    author: Pointer,
}

#[derive(Deserialize)]
struct Date {
    iso: String,
}

#[derive(Deserialize)]
struct Pointer {
    #[serde(rename = "objectId")]
    object_id: String,
}

#[derive(Deserialize)]
struct Batch {
    requests: Vec<BatchEntry>,
}

#[derive(Deserialize)]
struct BatchEntry {
    body: Entry,
}

async fn create_entry(State(floor): State<Arc<Floor>>, body: Bytes) -> Response<Body> {
    match serde_json::from_slice::<Entry>(&body) {
        Ok(entry) => floor.write(201, move |connection| insert(connection, &entry)).await,
        Err(cause) => response(400, Ok(cause.to_string().into_bytes())),
    }
}

async fn create_entries(State(floor): State<Arc<Floor>>, body: Bytes) -> Response<Body> {
    let batch = match serde_json::from_slice::<Batch>(&body) {
        Ok(batch) => batch,
        Err(cause) => return response(400, Ok(cause.to_string().into_bytes())),
    };
    let job = move |connection: &Connection| {
        let mut out = b"[".to_vec();
        for (at, entry) in batch.requests.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",{\"success\":" } else { b"{\"success\":" });
            out.extend_from_slice(&insert(connection, &entry.body)?);
            out.push(b'}');
        }
        out.push(b']');
        Ok(out)
    };
    floor.write(200, job).await
}

fn insert(connection: &Connection, entry: &Entry) -> Answer {
    let (id, now) = (new_id(), now());
    let mut statement = connection.prepare_cached(
        "INSERT INTO \"Entry\" (\"objectId\", \"createdAt\", \"updatedAt\", \"title\", \"text\", \"category\", \"views\", \
         \"published\", \"publishedAt\", \"tags\", \"author\") VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let (published_at, tags) = (json::read_date(&entry.published_at.iso), entry.tags.get());
    let Entry { title, text, category, views, published, author, .. } = entry;
    statement.execute(params![
        id,
        now,
        title,
        text,
        category,
        views,
        published,
        published_at,
        tags,
        author.object_id
    ])?;
    let mut out = format!("{{\"objectId\":\"{id}\",\"createdAt\":\"").into_bytes();
    json::write_date(now, &mut out);
    out.extend_from_slice(b"\"}");
    Ok(out)
}

#[derive(Deserialize)]
struct Increment {
    n: Amount,
}

#[derive(Deserialize)]
struct Amount {
    amount: f64,
}

async fn increment(
    State(floor): State<Arc<Floor>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let amount = match serde_json::from_slice::<Increment>(&body) {
        Ok(increment) => increment.n.amount,
        Err(cause) => return response(400, Ok(cause.to_string().into_bytes())),
    };
    let job = move |connection: &Connection| {
        let now = now();
        let mut statement = connection.prepare_cached(
            "UPDATE \"Counter\" SET \"n\" = \"n\" + ?1, \"updatedAt\" = ?2 WHERE \"objectId\" = ?3 RETURNING \"n\"",
        )?;
        let number: f64 = statement.query_row(params![amount, now, id], |row| row.get(0))?;
        let mut out = b"{\"updatedAt\":\"".to_vec();
        json::write_date(now, &mut out);
        out.extend_from_slice(b"\",\"n\":");
        json::write_number(number, &mut out);
        out.push(b'}');
        Ok(out)
    };
    floor.write(200, job).await
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

fn new_id() -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0; 10];
    // Ids that are not random collide, and the insert fails.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 62)])).collect()
}
