//! Requests that become web sockets: the handshake (RFC 6455, section 4.2), how many sockets an address may have, and
//! the task of each.

use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use futures_util::FutureExt;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::tasks::{Spawned, Spawner};
use crate::http::{Reply, Socket, SocketSettings, TEXT};
use crate::ops::App;
use crate::telemetry::Door;

/// How long a client may take to read what is written.
const WRITE_MAX: Duration = Duration::from_secs(20);

/// All sockets.
pub(super) struct Sockets {
    /// Nothing when the server stops.
    spawner: Mutex<Option<Spawner>>,
    by_address: Arc<Addresses>,
}

/// How many sockets each address has.
#[derive(Default)]
struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// A socket of an address, until this is dropped.
struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

/// Whether a request wants to become a web socket.
pub(super) fn is_asked(request: &Request) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && has_token(request.headers(), header::CONNECTION.as_str(), "upgrade")
        && has_token(request.headers(), header::UPGRADE.as_str(), "websocket")
}

fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// The first sub-protocol that the client offers.
pub(super) fn first_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(offered.split(',').next()?.trim()).ok().filter(|it| !it.is_empty())
}

impl Sockets {
    /// Room for sockets, and what waits for the end of all of them.
    pub(super) fn new() -> (Arc<Self>, Spawned) {
        let (spawner, spawned) = Spawner::new();
        let by_address = Arc::new(Addresses::default());
        (Arc::new(Self { spawner: Mutex::new(Some(spawner)), by_address }), spawned)
    }

    /// From now on there are no new ones.
    pub(super) fn close(&self) {
        self.spawner.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Makes a socket of a request, which a task of its own serves. The answer says that the connection is a socket now, or
    /// why not.
    pub(super) fn open<F>(
        &self,
        app: &Arc<App>,
        mut request: Request,
        (door, address): (Door, IpAddr),
        protocol: Option<HeaderValue>,
        serve: impl FnOnce(Socket) -> F + Send + 'static,
    ) -> Response<Body>
    where
        F: Future<Output = ()> + Send,
    {
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
        let version = request.headers().get(header::SEC_WEBSOCKET_VERSION);
        if version.is_none_or(|version| version != "13") {
            let refusal = refuse(StatusCode::UPGRADE_REQUIRED, "only version 13 is spoken here");
            return refusal.with(header::SEC_WEBSOCKET_VERSION, "13".to_owned()).into_response();
        }
        let Some(key) = key.filter(|key| key.len() == KEY_LENGTH) else {
            return refuse(StatusCode::BAD_REQUEST, "the key is malformed").into_response();
        };
        let Some(place) =
            self.by_address.take(address, app.config.live.limits.connections_per_address)
        else {
            return refuse(StatusCode::TOO_MANY_REQUESTS, "too many connections from this address")
                .into_response();
        };
        let spawner = self.spawner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(spawner) = spawner else {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "the server stops").into_response();
        };
        let upgrading = hyper::upgrade::on(&mut request);
        let accept = derive_accept_key(key.as_bytes());
        drop(request);
        let metrics = Arc::clone(&app.metrics);
        let settings = settings(app);
        spawner.spawn(async move {
            let _place = place;
            let Ok(upgraded) = upgrading.await else { return };
            let counts = metrics.socket_opened(door);
            let socket = Socket::new(upgraded, settings, counts).await;
            if AssertUnwindSafe(serve(socket)).catch_unwind().await.is_err() {
                metrics.panic_caught();
                tracing::error!("a web socket panicked");
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

/// Sixteen bytes in base64.
const KEY_LENGTH: usize = 24;

fn refuse(status: StatusCode, text: &'static str) -> Reply {
    Reply::text(status.as_u16(), TEXT, text)
}

fn settings(app: &App) -> SocketSettings {
    let live = &app.config.live;
    SocketSettings {
        message_bytes_max: live.limits.message_bytes_max,
        ping_every: Duration::from_millis(live.server.ping_ms),
        write_max: WRITE_MAX,
    }
}

impl Addresses {
    fn take(self: &Arc<Self>, address: IpAddr, most: Option<usize>) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if most.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Place { addresses: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}
