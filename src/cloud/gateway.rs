//! What cloud code asks of the server: the way back in.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::value::Json;

/// What a hook runs within: how deep cloud code has called itself, and the transaction that surrounds it.
#[derive(Clone)]
pub struct Within {
    /// How many hooks are waiting for this one, itself included.
    pub depth: u32,
    /// Names the request in the log.
    pub request_id: Arc<str>,
    /// The open transaction; only whoever opened it knows what it is.
    pub transaction: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_open = self.transaction.is_some();
        f.debug_struct("Within").field("depth", &self.depth).field("transaction", &is_open).finish()
    }
}

/// A request to the API of this server that does not come over HTTP.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// The method, in upper case.
    pub method: String,
    /// The path below the mount path, with a query string if there is one.
    pub path: String,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON text; empty if there is none.
    pub body: Bytes,
    /// The hook that asks; nothing if it is not known.
    pub within: Option<Within>,
}

/// The answer to such a request.
#[derive(Clone, Debug)]
pub struct ApiReply {
    /// The HTTP status.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; JSON unless the request was for something else.
    pub body: Bytes,
}

/// Answers what cloud code asks.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Answers a request to the API.
    async fn api(&self, request: ApiRequest) -> ApiReply;

    /// Sets the message of a job that runs.
    ///
    /// The end of the job knows of it as soon as this returns; the future writes it down.
    fn job_message(&self, job_id: &str, message: Json) -> BoxFuture<'static, Result<()>>;

    /// Sends a mail through the configured adapter.
    async fn send_email(&self, message: Json) -> Result<Option<Json>>;

    /// Runs something beside everything else, to its end or to that of the server.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}
