//! `/batch`: several requests in one, dispatched in process through the same route table
//! (`parse-server:src/batch.js`).

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};

use super::classes;
use super::route::{Request, Route, dispatch, route};
use crate::error::{Code, Error, Result};
use crate::http::Reply;
use crate::http::guard::{rate, routes};
use crate::ops::{Ctx, write};
use crate::value::Json;

/// One entry, ready to run.
struct Entry {
    route: Route,
    request: Request,
}

pub(super) async fn batch(ctx: &Ctx, request: Request) -> Result<Reply> {
    let mut members = request.into_members();
    let Some(Json::Array(requests)) = members.swap_remove("requests") else {
        return Err(invalid("requests must be an array".to_owned()));
    };
    let most = ctx
        .app
        .config
        .request_complexity
        .batch_request_limit
        .filter(|_| !ctx.principal.is_master());
    if let Some(most) = most
        && requests.len() as u64 > most
    {
        return Err(invalid(format!(
            "Batch request contains {} sub-requests, which exceeds the limit of {most}.",
            requests.len()
        )));
    }
    let entries: Result<Vec<Entry>> =
        requests.into_iter().map(|request| read_entry(ctx, request)).collect();
    let entries = entries?;
    let is_transaction = members.get("transaction") == Some(&Json::Bool(true));
    match is_transaction {
        true => {
            let entries = &entries;
            ctx.settled(|ctx| all_or_none(ctx, entries)).await
        }
        false => Ok(answers(&join_all(entries.into_iter().map(|entry| run(ctx, entry))).await)),
    }
}

fn invalid(text: String) -> Error {
    Error::new(Code::InvalidJson, text)
}

fn read_entry(ctx: &Ctx, mut request: Json) -> Result<Entry> {
    let path = request.get("path").and_then(Json::as_str);
    let path = path.ok_or_else(|| invalid("batch request path must be a string".to_owned()))?;
    let mount = ctx.app.config.mount_path.trim_end_matches('/');
    let below = path.strip_prefix(mount).filter(|below| below.starts_with('/'));
    let below = below.ok_or_else(|| invalid(format!("cannot route batch path {path}")))?;
    let method = match request.get("method") {
        None => "undefined".to_owned(),
        Some(method) => method.as_str().map_or_else(|| method.to_text(), str::to_owned),
    };
    routes::check(ctx, &method, below)?;
    rate::charge(ctx, &method, below)?;
    match route(&method, below) {
        Some(Route::Batch) => Err(invalid("nested batch requests are not allowed".to_owned())),
        Some(route) => {
            let body = match &mut request {
                Json::Object(members) => members.swap_remove("body"),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    None
                }
            };
            let body = body.unwrap_or_else(Json::empty);
            Ok(Entry { route, request: Request { body, ..Request::default() } })
        }
        None => Err(invalid(format!("cannot route {method} {below}"))),
    }
}

/// One entry; its failure is an answer. Each sees the classes that are in force when it begins.
async fn run(ctx: &Ctx, entry: Entry) -> (Outcome, Bytes) {
    match Box::pin(dispatch(&ctx.refreshed(), entry.route, entry.request)).await {
        Ok(reply) => (Outcome::Success, reply.body),
        Err(error) => {
            (Outcome::Error, Reply::of_error(&error, &ctx.app.config, &ctx.request_id).body)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Error,
}

fn answers(outcomes: &[(Outcome, Bytes)]) -> Reply {
    let mut out = vec![b'['];
    for (at, (outcome, body)) in outcomes.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(match outcome {
            Outcome::Success => b"{\"success\":",
            Outcome::Error => b"{\"error\":".as_slice(),
        });
        out.extend_from_slice(body);
        out.push(b'}');
    }
    out.push(b']');
    Reply::json(200, out)
}

/// The same as [`in_transaction`], with a name for its type: an entry could be a batch, as far as types go.
fn all_or_none(ctx: Ctx, entries: &[Entry]) -> BoxFuture<'_, Result<Reply>> {
    Box::pin(async move { in_transaction(&ctx, entries).await })
}

/// All entries or none, in order. What the entries need of their classes is made before the transaction
/// begins; the first failure ends it and is the answer.
async fn in_transaction(ctx: &Ctx, entries: &[Entry]) -> Result<Reply> {
    for entry in entries {
        if let Route::Create(class) = &entry.route {
            write::prepare_create(&ctx.refreshed(), class, &classes::read_fields(&entry.request)?)
                .await?;
        }
        if let Route::Update(class, id) = &entry.route {
            let fields = classes::read_fields(&entry.request)?;
            write::prepare_update(&ctx.refreshed(), class, id, &fields).await?;
        }
    }
    let ctx = ctx.refreshed();
    let inside = ctx.begin().await?;
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        match Box::pin(dispatch(&inside, entry.route.clone(), entry.request.clone())).await {
            Ok(reply) => outcomes.push((Outcome::Success, reply.body)),
            Err(error) => return Err(inside.rolled_back(error).await?),
        }
    }
    inside.commit().await?;
    Ok(answers(&outcomes))
}
