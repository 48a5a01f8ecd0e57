//! From an HTTP request to a GraphQL request and back.

use super::decode::{GraphQlBody, decode};
use super::serve::{GraphQl, answer};
use super::uploads::UploadLimits;
use crate::http::{Incoming, Reply};
use crate::ops::Ctx;

/// Answers a request to the GraphQL API.
pub async fn handle(graphql: &GraphQl, ctx: Ctx, incoming: &Incoming, body: GraphQlBody) -> Reply {
    let limits = UploadLimits::of(&ctx.app.config);
    match decode(incoming, body, limits).await {
        Ok(request) => answer(graphql, ctx, request).await,
        Err(refusal) => refusal,
    }
}
