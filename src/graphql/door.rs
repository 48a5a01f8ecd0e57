//! From an HTTP request to a GraphQL request and back.

use bytes::Bytes;

use super::decode::decode;
use super::serve::{GraphQl, answer};
use crate::http::{Incoming, Reply};
use crate::ops::Ctx;

/// Answers a request to the GraphQL API.
pub async fn handle(graphql: &GraphQl, ctx: Ctx, incoming: &Incoming, body: &Bytes) -> Reply {
    match decode(incoming, body).await {
        Ok(request) => answer(graphql, ctx, request).await,
        Err(refusal) => refusal,
    }
}
