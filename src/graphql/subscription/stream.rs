//! Operations over server-sent events, one connection for each
//! (`enisdenjo/graphql-sse:PROTOCOL.md`, distinct connections mode).
//!
//! Every event of a subscription has its sequence as its id, so that a client that comes back with `Last-Event-ID` gets
//! what it missed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Answer, Prepared, who};
use crate::error::Error;
use crate::graphql::decode::{GraphQlBody, Media, decode_for};
use crate::graphql::errors::{Kind, Refusal};
use crate::graphql::serve::{GraphQl, Outlet, reply};
use crate::graphql::uploads::UploadLimits;
use crate::http::{Incoming, Reply};
use crate::live::{Client, Delivery, Fate, Inbox, Profile};
use crate::ops::Ctx;
use crate::telemetry::{Door, SubscriptionCount};

const EVENT_STREAM: &str = "text/event-stream";
/// The only subscription of its connection.
const NAME: u64 = 1;
/// Tells proxies and clients that somebody is there.
const COMMENT: &[u8] = b":\n\n";
const COMMENT_EVERY: Duration = Duration::from_secs(10);
/// What was queued is written at once up to this many events.
const BATCH_MAX: usize = 256;

/// Whether a client wants answers as server-sent events.
pub fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let types = accept.unwrap_or_default().split(',');
    types
        .filter_map(|range| range.split(';').next())
        .any(|media| media.trim().eq_ignore_ascii_case(EVENT_STREAM))
}

/// Answers a request whose client takes server-sent events. If it takes JSON too, only subscriptions are answered that way:
/// some clients name all that they can read with every request.
pub async fn stream(
    graphql: &Arc<GraphQl>,
    ctx: Ctx,
    incoming: &Incoming,
    body: GraphQlBody,
) -> Response<Body> {
    let limits = UploadLimits::of(&ctx.app.config);
    let accept = incoming.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let plain = Media::accepted(accept);
    let answer = |answered: Result<Bytes, Refusal>| match plain {
        Some(media) => reply(answered, media).into_response(),
        None => once(&answered.unwrap_or_else(|refusal| refusal.body())),
    };
    let request = match decode_for(incoming, body, limits, plain.unwrap_or_default()).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    let ready = match graphql.ready(ctx, request, Outlet::Stream).await {
        Ok(ready) => ready,
        Err(refusal) => return answer(Err(refusal)),
    };
    if !ready.operation().is_ok_and(|known| known.operation_type.is_subscription()) {
        return answer(graphql.run_once(ready).await);
    }
    let (ctx, prepared) = match graphql.prepare(ready) {
        Ok(prepared) => prepared,
        Err(refusal) => return answer(Err(refusal)),
    };
    match Box::pin(Subscriber::new(graphql, &ctx, incoming, prepared)).await {
        Ok(subscriber) => {
            let frames = stream::unfold(subscriber, |mut subscriber| async move {
                let frames = subscriber.next().await?;
                Some((Ok::<_, std::convert::Infallible>(frames), subscriber))
            });
            respond(Body::from_stream(Box::pin(frames)))
        }
        Err(Unable::Refused(refusal)) => answer(Err(refusal)),
        Err(Unable::Full(error)) => {
            let reply = Reply::of_error(&error, &ctx.app.config, &ctx.request_id);
            Reply { status: 429, ..reply }.into_response()
        }
    }
}

/// An answer that is there already, and its end.
fn once(body: &[u8]) -> Response<Body> {
    let mut out = Vec::with_capacity(64 + body.len());
    next(None, body, &mut out);
    complete(&mut out);
    respond(Body::from(out))
}

fn respond(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Some proxies collect answers otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Appends an answer, in one line: in JSON, a line break that is not escaped is mere space.
fn next(id: Option<&str>, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: next\n");
    if let Some(id) = id {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend(body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    out.extend_from_slice(b"\n\n");
}

/// Appends the end. Without data, `EventSource` would not tell of it.
fn complete(out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: complete\ndata: \n\n");
}

/// Why a stream ends, for whoever looks at it.
fn farewell(fate: Fate) -> &'static [u8] {
    match fate {
        Fate::Stopped => b": the server stops\n\n",
        Fate::TooSlow => b": too slow\n\n",
    }
}

/// Why there is no subscription.
enum Unable {
    Refused(Refusal),
    /// There are too many connections.
    Full(Error),
}

/// A connection with its only subscription.
struct Subscriber {
    graphql: Arc<GraphQl>,
    client: Client,
    inbox: Inbox,
    prepared: Arc<Prepared>,
    schemas: watch::Receiver<u64>,
    comments: Interval,
    _count: SubscriptionCount,
    /// What is to be written first.
    first: Option<Bytes>,
    is_over: bool,
}

impl Subscriber {
    async fn new(
        graphql: &Arc<GraphQl>,
        ctx: &Ctx,
        incoming: &Incoming,
        prepared: Arc<Prepared>,
    ) -> Result<Self, Unable> {
        let Some(live) = &graphql.live else {
            let message = "Nothing can be subscribed to.";
            return Err(Unable::Refused(Refusal::new(400, Kind::BadRequest, message)));
        };
        let profile = Profile {
            address: incoming.address,
            installation_id: ctx.installation_id.clone(),
            origin: ctx.origin.clone(),
        };
        let (client, inbox) = live.connect(profile).map_err(Unable::Full)?;
        let refuse = |error| Unable::Refused(prepared.refusal(&error, graphql.openness()));
        client.admitted(&who(ctx).map_err(refuse)?).await.map_err(refuse)?;
        let last = incoming.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        let last = last.filter(|last| !last.is_empty());
        let schemas = graphql.schemas.watch();
        let missed = graphql.subscribe(ctx, &prepared, (&client, NAME), last).await;
        let mut first = COMMENT.to_vec();
        if let Some((sequence, body)) = missed.map_err(Unable::Refused)? {
            next(Some(&sequence), &body, &mut first);
        }
        let mut comments = interval(COMMENT_EVERY);
        comments.reset();
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = graphql.app.metrics.subscriptions(Door::Graphql);
        count.set(1);
        Ok(Self {
            graphql: Arc::clone(graphql),
            client,
            inbox,
            prepared,
            schemas,
            comments,
            _count: count,
            first: Some(Bytes::from(first)),
            is_over: false,
        })
    }

    /// What is written next; nothing if the connection is over.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let mut out = Vec::new();
        while out.is_empty() && !self.is_over {
            tokio::select! {
                delivery = self.inbox.next() => match delivery {
                    Ok(delivery) => self.deliver(delivery, &mut out).await,
                    // Whoever can come back does: the stream ends without its proper end.
                    Err(fate) => {
                        self.is_over = true;
                        out.extend_from_slice(farewell(fate));
                    }
                },
                _ = self.comments.tick() => out.extend_from_slice(COMMENT),
                changed = self.schemas.changed() => match changed {
                    Ok(()) => self.follow_schema(&mut out).await,
                    Err(_) => self.is_over = true,
                },
            }
        }
        (!out.is_empty()).then(|| out.into())
    }

    /// Writes what came out of the inbox, and what else is there.
    async fn deliver(&mut self, first: Delivery, out: &mut Vec<u8>) {
        let mut waiting = Some(first);
        let mut delivered = 0;
        while let Some(delivery) = waiting {
            match self.graphql.answer(&self.prepared, &self.client, delivery).await {
                Some(Answer::Next(sequence, body)) => next(sequence.as_deref(), &body, out),
                Some(Answer::End(refusal)) => return self.end(&refusal, out),
                None => {}
            }
            delivered += 1;
            waiting = if delivered < BATCH_MAX { self.inbox.try_next() } else { None };
        }
    }

    /// The schema has changed, and so may what is written.
    async fn follow_schema(&mut self, out: &mut Vec<u8>) {
        match self.graphql.renewed(&self.prepared).await {
            Ok(prepared) => self.prepared = prepared,
            Err(refusal) => self.end(&refusal, out),
        }
    }

    fn end(&mut self, refusal: &Refusal, out: &mut Vec<u8>) {
        next(None, &refusal.body(), out);
        complete(out);
        self.client.unsubscribe(NAME);
        self.is_over = true;
    }
}
