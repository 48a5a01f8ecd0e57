//! The floor: what a bare axum handler over the same driver costs that selects the same rows of the same tables.
//! No permissions, no schema, no choice of fields.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{Response, header};
use axum::routing::{get, post, put};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::postgres::{PgArguments, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, PgPool, Postgres};

use crate::binds::{Json, Time};
use crate::driver::Outcome;
use crate::driver::json;
use crate::rows::{self, Failure};

/// The word that makes this program the floor.
pub(crate) const COMMAND: &str = "floor";

/// As many as the original opens.
const CONNECTIONS: u32 = 10;

type Answer = Result<Vec<u8>, Failure>;
type Bound = sqlx::query::Query<'static, Postgres, PgArguments>;
type Write = fn(&PgRow, &mut Vec<u8>) -> Result<(), Failure>;

struct Floor {
    pool: PgPool,
    get: Arc<str>,
    find: Arc<str>,
    find_with_author: Arc<str>,
}

impl Floor {
    fn new(pool: PgPool) -> Self {
        let (post, both) = (rows::post_columns(), rows::post_and_author_columns());
        let condition =
            "WHERE o.\"category\" = $1 AND o.\"views\" >= $2 ORDER BY o.\"views\" DESC LIMIT $3";
        let join = "LEFT JOIN \"Author\" a ON a.\"objectId\" = o.\"author\"";
        Self {
            pool,
            get: format!("SELECT {post} FROM \"Post\" o WHERE o.\"objectId\" = $1").into(),
            find: format!("SELECT {post} FROM \"Post\" o {condition}").into(),
            find_with_author: format!("SELECT {both} FROM \"Post\" o {join} {condition}").into(),
        }
    }
}

fn statement(text: &Arc<str>) -> Bound {
    sqlx::query(AssertSqlSafe(Arc::clone(text)))
}

/// Serves until the process is killed.
pub(crate) fn serve(database: &str, port: &str) -> Outcome<()> {
    let port = port.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .connect(database)
            .await?;
        let router = Router::new()
            .route("/health", get(|| async { "ok" }))
            .route("/posts/{id}", get(get_post))
            .route("/posts", get(find_posts))
            .route("/entries", post(create_entry))
            .route("/entries/batch", post(create_entries))
            .route("/counters/{id}", put(increment))
            .with_state(Arc::new(Floor::new(pool)));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, router).await?)
    })
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
    let read = async {
        let row = statement(&floor.get).bind(id).fetch_one(&floor.pool).await?;
        let mut out = Vec::with_capacity(1_024);
        rows::write_post(&row, &mut out)?;
        Ok(out)
    };
    response(200, read.await)
}

#[derive(Deserialize)]
struct Find {
    category: String,
    views: f64,
    limit: i64,
    include: Option<String>,
}

async fn find_posts(State(floor): State<Arc<Floor>>, Query(find): Query<Find>) -> Response<Body> {
    let (text, write): (_, Write) = match find.include {
        None => (&floor.find, rows::write_post),
        Some(_) => (&floor.find_with_author, rows::write_post_and_author),
    };
    let read = async {
        let found = statement(text).bind(find.category).bind(find.views).bind(find.limit);
        let mut found = found.fetch(&floor.pool);
        let mut out = Vec::with_capacity(65_536);
        out.extend_from_slice(b"{\"results\":[");
        let start = out.len();
        while let Some(row) = found.try_next().await? {
            if out.len() > start {
                out.push(b',');
            }
            write(&row, &mut out)?;
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    };
    response(200, read.await)
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
    let write = async {
        let mut out = Vec::new();
        insert(&floor.pool, vec![serde_json::from_slice(&body)?], |made| {
            out.extend_from_slice(made);
        })
        .await?;
        Ok(out)
    };
    response(201, write.await)
}

async fn create_entries(State(floor): State<Arc<Floor>>, body: Bytes) -> Response<Body> {
    let write = async {
        let batch: Batch = serde_json::from_slice(&body)?;
        let entries = batch.requests.into_iter().map(|entry| entry.body).collect();
        let mut out = b"[".to_vec();
        insert(&floor.pool, entries, |made| {
            out.extend_from_slice(if out.len() > 1 { b",{\"success\":" } else { b"{\"success\":" });
            out.extend_from_slice(made);
            out.push(b'}');
        })
        .await?;
        out.push(b']');
        Ok(out)
    };
    response(200, write.await)
}

/// One statement inserts all entries.
async fn insert(
    pool: &PgPool,
    entries: Vec<Entry>,
    mut tell: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    const WIDTH: usize = 10;
    let mut text = "INSERT INTO \"Entry\" (\"objectId\", \"createdAt\", \"updatedAt\", \"title\", \"text\", \"category\", \
         \"views\", \"published\", \"publishedAt\", \"tags\", \"author\") VALUES "
        .to_owned();
    for at in 0..entries.len() {
        let first = at * WIDTH + 1;
        let [id, now] = [first, first + 1];
        let others: Vec<String> = (first + 2..first + WIDTH).map(|n| format!("${n}")).collect();
        let comma = if at > 0 { ", " } else { "" };
        text.push_str(&format!("{comma}(${id}, ${now}, ${now}, {})", others.join(", ")));
    }
    let mut statement = sqlx::query(AssertSqlSafe(text));
    for entry in entries {
        let (id, now) = (new_id(), now());
        let mut made = format!("{{\"objectId\":\"{id}\",\"createdAt\":\"").into_bytes();
        json::write_date(now, &mut made);
        made.extend_from_slice(b"\"}");
        tell(&made);
        let published_at = json::read_date(&entry.published_at.iso);
        statement = statement
            .bind(id)
            .bind(Time(now))
            .bind(entry.title)
            .bind(entry.text)
            .bind(entry.category)
            .bind(entry.views)
            .bind(entry.published)
            .bind(published_at.map(Time))
            .bind(Json(entry.tags.get().to_owned()))
            .bind(entry.author.object_id);
    }
    statement.execute(pool).await?;
    Ok(())
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
    let write = async {
        let amount = serde_json::from_slice::<Increment>(&body)?.n.amount;
        let now = now();
        let number: f64 = sqlx::query_scalar(
            "UPDATE \"Counter\" SET \"n\" = \"n\" + $1, \"updatedAt\" = $2 WHERE \"objectId\" = $3 RETURNING \"n\"",
        )
        .bind(amount)
        .bind(Time(now))
        .bind(id)
        .fetch_one(&floor.pool)
        .await?;
        let mut out = b"{\"updatedAt\":\"".to_vec();
        json::write_date(now, &mut out);
        out.extend_from_slice(b"\",\"n\":");
        json::write_number(number, &mut out);
        out.push(b'}');
        Ok(out)
    };
    response(200, write.await)
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
