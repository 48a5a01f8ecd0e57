//! What cloud code asks of the server: requests that enter without HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::tasks::Spawner;
use crate::cloud::{ApiReply, ApiRequest, Gateway};
use crate::error::{Error, Result};
use crate::http::{Incoming, Inside, Reply};
use crate::ops::{App, jobs, mail};
use crate::rest;
use crate::value::Json;

/// The way in for cloud code.
pub(super) struct Inner {
    app: Weak<App>,
    spawner: Spawner,
}

impl Inner {
    pub(super) fn new(app: &Arc<App>, spawner: Spawner) -> Self {
        Self { app: Arc::downgrade(app), spawner }
    }

    fn app(&self) -> Result<Arc<App>> {
        self.app.upgrade().ok_or_else(|| Error::internal("the server has ended"))
    }
}

#[async_trait]
impl Gateway for Inner {
    async fn api(&self, request: ApiRequest) -> ApiReply {
        let Ok(app) = self.app() else {
            return ApiReply { status: 500, headers: Vec::new(), body: Bytes::new() };
        };
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let request_id = match &request.within {
            Some(within) => within.request_id.to_string(),
            None => "cloud".to_owned(),
        };
        let incoming = Incoming {
            method: request.method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers(&request.headers),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: request_id.clone(),
            inside: Inside::Cloud(request.within),
        };
        let uri_path = format!("{}{path}", app.config.mount_path);
        let answering = rest::answer(&app, incoming, &request.body, &uri_path);
        let answered = std::panic::AssertUnwindSafe(answering).catch_unwind().await;
        let reply = answered.unwrap_or_else(|_| {
            app.metrics.panic_caught();
            Reply::of_error(&Error::internal("a request panicked"), &app.config, &request_id)
        });
        told(reply)
    }

    fn job_message(&self, job_id: &str, message: Json) -> BoxFuture<'static, Result<()>> {
        match self.app() {
            Ok(app) => jobs::tell(app, job_id, message),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    async fn send_email(&self, message: Json) -> Result<Option<Json>> {
        mail::send(&*self.app()?, message).await
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.spawner.spawn(work);
    }
}

fn headers(given: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn told(reply: Reply) -> ApiReply {
    let mut headers: Vec<(String, String)> =
        reply.headers.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
    if let Some(content_type) = reply.content_type {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    ApiReply { status: reply.status, headers, body: reply.body }
}
