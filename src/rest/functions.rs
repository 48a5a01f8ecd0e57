//! `/functions`

use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::{Ctx, functions};

/// `POST /functions/:name`. Parameters come from the body and from the query string, where they are texts.
pub(super) async fn call(ctx: &Ctx, name: &str, mut request: Request) -> Result<Reply> {
    let texts = std::mem::take(&mut request.texts);
    let mut params = request.into_members();
    params.extend(texts);
    let Some(value) = functions::call(ctx, name, params).await? else { return Ok(Reply::empty()) };
    let value = value.as_text();
    let mut out = Vec::with_capacity(value.len() + 11);
    out.extend_from_slice(b"{\"result\":");
    out.extend_from_slice(value.as_bytes());
    out.push(b'}');
    Ok(Reply::json(200, out))
}
