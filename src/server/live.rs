//! Where LiveQuery is served: at the port of the API, under any path that is not another door's, or at a port of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, header};

use super::address;
use super::mount::{self, Server};
use super::tasks::Stop;
use super::upgrade::{self, Sockets};
use crate::http::{Reply, TEXT, origin_of};
use crate::live::{Live, Profile};
use crate::livequery;
use crate::ops::App;
use crate::telemetry::{Door, InFlight};

/// The sockets of LiveQuery.
pub(super) struct LiveSockets {
    live: Arc<Live>,
    sockets: Arc<Sockets>,
    stop: Stop,
}

impl LiveSockets {
    pub(super) fn new(live: Arc<Live>, sockets: Arc<Sockets>, stop: Stop) -> Self {
        Self { live, sockets, stop }
    }

    /// Whether they are served at the port of the API.
    pub(super) fn is_at_main_port(&self) -> bool {
        self.live.app().config.live.server.port.is_none()
    }

    /// The line that announces them.
    pub(super) fn service(&self, origin: &str) -> String {
        let origin = origin.strip_prefix("http").unwrap_or(origin);
        format!("livequery ws{origin}")
    }

    /// Makes a socket of a request.
    pub(super) fn open(
        &self,
        peer: SocketAddr,
        request: Request,
        in_flight: &InFlight,
    ) -> Response<Body> {
        let app = self.live.app();
        let address = address::client(peer, request.headers(), &app.config.trust_proxy);
        // Only cloud code wants to know what else the request said.
        let origin =
            (!app.cloud.is_silent()).then(|| origin_of(request.headers().clone(), address));
        let profile = Profile { address, installation_id: None, origin };
        let protocol = upgrade::first_protocol(request.headers());
        let (live, stop) = (Arc::clone(&self.live), self.stop.clone());
        let door = (Door::Livequery, address);
        let response = self.sockets.open(app, request, door, protocol, move |socket| {
            livequery::serve(live, socket, profile, stop.wait())
        });
        let status = response.status().as_u16();
        app.metrics.request_answered(Door::Livequery, "GET", status, in_flight.elapsed());
        response
    }
}

/// A port that has only LiveQuery.
pub(super) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(handle).with_state(server)
}

async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let Some(sockets) = server.live_sockets() else {
        return Reply::text(404, TEXT, "Not found").into_response();
    };
    let in_flight = sockets.live.app().metrics.begin_request();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or((Ipv4Addr::UNSPECIFIED, 0).into(), |ConnectInfo(peer)| *peer);
    if upgrade::is_asked(&request) {
        return sockets.open(peer, request, &in_flight);
    }
    if is_watched(sockets.live.app(), request.uri().path()) {
        return mount::handle(State(server), request).await;
    }
    let reply = match request.uri().path().trim_end_matches('/') {
        "/health" => Reply::json(200, br#"{"status":"ok"}"#.to_vec()),
        _ => Reply::text(426, TEXT, "Only web sockets are served here")
            .with(header::UPGRADE, "websocket".to_owned()),
    };
    reply.into_response()
}

/// Whether a path is one of those that tell how the server is.
fn is_watched(app: &App, path: &str) -> bool {
    let config = &app.config;
    let below = path.strip_prefix(config.mount_path.trim_end_matches('/'));
    config.metrics.mount && path == config.metrics.path
        || matches!(below, Some("/health" | "/health/ready"))
}
