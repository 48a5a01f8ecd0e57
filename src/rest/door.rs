//! From an HTTP request to a route and back.

use std::sync::Arc;

use bytes::Bytes;

use super::files::{self, FileRoute};
use super::health;
use super::route::{Request, dispatch, route};
use crate::http::guard::{rate, routes};
use crate::http::{Caller, Incoming, Reply, decode_query, not_routable, parse_body, query_texts};
use crate::ops::App;
use crate::ops::files::whole;
use crate::value::Json;

/// Answers a request to the REST API. `uri_path` is the whole path, for the page of an unknown one.
pub async fn answer(app: &Arc<App>, mut incoming: Incoming, body: &[u8], uri_path: &str) -> Reply {
    if let Some(reply) = health::answer(app, &incoming).await {
        return reply;
    }
    if let Some(route) = FileRoute::of(&incoming.method, &incoming.path) {
        let content = whole(Bytes::copy_from_slice(body));
        return Box::pin(files::change(app, incoming, route, content, uri_path)).await;
    }
    let content_type = incoming.headers.get("content-type").and_then(|value| value.to_str().ok());
    let mut body = match parse_body(content_type, body) {
        Ok(body) => body,
        Err(error) => return Reply::of_error(&error, &app.config, &incoming.request_id),
    };
    override_method(&mut incoming, &mut body);
    let caller = Caller::read(&incoming.headers, &mut body, app);
    let ctx = match caller.admit(app, &incoming).await {
        Ok(ctx) => ctx,
        Err(refusal) => return refusal,
    };
    if let Err(error) = routes::check(&ctx, &incoming.method, &incoming.path) {
        return Reply::of_error(&error, &app.config, &incoming.request_id);
    }
    let standing = match rate::charge(&ctx, &incoming.method, &incoming.path) {
        Ok(standing) => standing,
        Err(error) => return Reply::of_error(&error, &app.config, &incoming.request_id),
    };
    let Some(route) = route(&incoming.method, &incoming.path) else {
        return not_routable(&incoming.method, uri_path);
    };
    let query = &incoming.query;
    let request = Request { body, query: decode_query(query), texts: query_texts(query) };
    let reply = match dispatch(&ctx, route, request).await {
        Ok(reply) => reply,
        Err(error) => Reply::of_error(&error, &app.config, &incoming.request_id),
    };
    rate::told(reply, standing)
}

/// SDKs post everything and say in the body what they mean.
fn override_method(incoming: &mut Incoming, body: &mut Json) {
    let Json::Object(members) = body else { return };
    let Some(Json::String(method)) = members.shift_remove("_method") else { return };
    if incoming.method == "POST" {
        incoming.method = method.to_uppercase();
    }
}
