//! Which door answers which path, and what every request passes on the way in and out.

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, Response, header};
use axum::routing::any;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::abandoned::Abandoned;
use super::graphql::GraphQlSockets;
use super::live::LiveSockets;
use super::request_ids::RequestIds;
use super::tasks::{Stop, Tasks};
use super::upgrade::{self, Sockets};
use super::{address, playground};
use crate::error::{Error, Result};
use crate::graphql::{GraphQl, GraphQlBody};
use crate::http::guard::cors::CorsHeaders;
use crate::http::guard::routes;
use crate::http::{Caller, Incoming, Inside, Reply, TEXT, not_routable};
use crate::live::Live;
use crate::ops::{App, Ctx};
use crate::options::Config;
use crate::rest::FileRoute;
use crate::telemetry::{Door, EventTraffic};
use crate::value::Json;
use crate::{graphql, pages, rest};

/// The doors of an application.
pub(super) struct Server {
    app: Arc<App>,
    graphql: Option<Arc<GraphQl>>,
    live: Option<Arc<Live>>,
    live_sockets: Option<LiveSockets>,
    graphql_sockets: Option<GraphQlSockets>,
    cors: CorsHeaders,
    request_ids: RequestIds,
    abandoned: Abandoned,
}

impl Server {
    pub(super) fn new(
        app: Arc<App>,
        abandoned: Abandoned,
        sockets: &Arc<Sockets>,
        stop: Stop,
    ) -> Arc<Self> {
        let cors = CorsHeaders::new(&app.config.cors);
        let request_ids = RequestIds::new(&app);
        let live = app.events.bus().is_some().then(|| Live::new(Arc::clone(&app)));
        let graphql = match app.config.graphql.mount {
            true => Some(Arc::new(GraphQl::new(Arc::clone(&app), live.clone()))),
            false => None,
        };
        let is_served = app.config.live.server.is_served;
        let graphql_sockets = graphql.as_ref().filter(|_| live.is_some()).map(|graphql| {
            GraphQlSockets::new(Arc::clone(graphql), Arc::clone(sockets), stop.clone())
        });
        let live_sockets = live.as_ref().filter(|_| is_served);
        let live_sockets =
            live_sockets.map(|live| LiveSockets::new(Arc::clone(live), Arc::clone(sockets), stop));
        Arc::new(Self {
            app,
            graphql,
            live,
            live_sockets,
            graphql_sockets,
            cors,
            request_ids,
            abandoned,
        })
    }

    /// The sockets of LiveQuery, if they are served.
    pub(super) fn live_sockets(&self) -> Option<&LiveSockets> {
        self.live_sockets.as_ref()
    }

    /// The LiveQuery engine, if any class is live.
    pub(super) fn live(&self) -> Option<&Arc<Live>> {
        self.live.as_ref()
    }

    /// Loads the user's own GraphQL definitions, at start or again.
    pub(super) async fn load_definitions(&self) -> Result<()> {
        match &self.graphql {
            Some(graphql) => graphql.load_definitions().await,
            None => Ok(()),
        }
    }

    /// Starts what runs beside requests.
    pub(super) fn start(&self, tasks: &mut Tasks) {
        if let Some(graphql) = self.graphql.clone() {
            let stop = tasks.stop();
            tasks.spawn("graphql schema", async move { graphql.run(stop.wait()).await });
        }
    }

    /// One line for each mounted service.
    pub(super) fn services(&self, origin: &str) -> Vec<String> {
        let config = &self.app.config;
        let mut lines = vec![format!("rest {origin}{}", config.mount_path)];
        if self.graphql.is_some() {
            lines.push(format!("graphql {origin}{}", config.graphql.path));
        }
        if self.graphql.is_some() && config.graphql.mount_playground {
            lines.push(format!("playground {origin}{}", config.graphql.playground_path));
        }
        if let Some(sockets) = self.live_sockets.as_ref().filter(|it| it.is_at_main_port()) {
            lines.push(sockets.service(origin));
        }
        if config.metrics.mount {
            lines.push(format!("metrics {origin}{}", config.metrics.path));
        }
        lines
    }

    fn door(&self, path: &str) -> Target {
        let config = &self.app.config;
        if self.graphql.is_some() && path.trim_end_matches('/') == config.graphql.path {
            return Target::GraphQl;
        }
        if self.graphql.is_some()
            && config.graphql.mount_playground
            && path == config.graphql.playground_path
        {
            return Target::Playground;
        }
        if config.metrics.mount && path == config.metrics.path {
            return Target::Metrics;
        }
        match path.strip_prefix(config.mount_path.trim_end_matches('/')) {
            Some(below) if below.starts_with('/') || below.is_empty() => {
                let page = below.strip_prefix('/');
                match page.and_then(|page| page.strip_prefix(config.pages.endpoint.as_str())) {
                    Some(page) if page.starts_with('/') => Target::Pages(page.to_owned()),
                    Some(_) | None => Target::Rest(below.to_owned()),
                }
            }
            _ => Target::Nothing,
        }
    }
}

/// What a path leads to.
enum Target {
    Rest(String),
    Pages(String),
    GraphQl,
    Playground,
    Metrics,
    Nothing,
}

impl Target {
    fn name(&self) -> Door {
        match self {
            Self::Rest(_) => Door::Rest,
            Self::GraphQl => Door::Graphql,
            Self::Pages(_) | Self::Playground | Self::Metrics | Self::Nothing => Door::Other,
        }
    }
}

/// The router: one handler for all paths, because unknown paths have answers of their own.
pub(super) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(handle).with_state(server)
}

/// The same for a larger application: only the paths that the options name.
pub(super) fn paths(server: Arc<Server>) -> Router {
    let config = &server.app.config;
    let mut router = Router::new();
    let mut mounted: Vec<String> = Vec::new();
    let mut mount = |path: &str| {
        let path = path.trim_end_matches('/').to_owned();
        if !mounted.contains(&path) {
            mounted.push(path);
        }
    };
    mount(&config.mount_path);
    if server.graphql.is_some() {
        mount(&config.graphql.path);
        if config.graphql.mount_playground {
            mount(&config.graphql.playground_path);
        }
    }
    if config.metrics.mount {
        mount(&config.metrics.path);
    }
    for path in mounted {
        // What lies below the path of the API belongs to it.
        if path == config.mount_path.trim_end_matches('/') {
            router = router.route(&format!("{path}/{{*below}}"), any(handle));
        }
        router = router.route(&format!("{path}/"), any(handle));
        if !path.is_empty() {
            router = router.route(&path, any(handle));
        }
    }
    router.with_state(server)
}

/// A request from the first header to the last byte of its answer. A panic is caught, counted and answered.
pub(super) async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response<Body> {
    let in_flight = server.app.metrics.begin_request();
    // An application that does not tell who is there has clients without an address: no range of addresses has it.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or((Ipv4Addr::UNSPECIFIED, 0).into(), |ConnectInfo(peer)| *peer);
    let method = request.method().clone();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let target = server.door(request.uri().path());
    let door = target.name();
    let is_api = matches!(target, Target::Rest(_) | Target::Pages(_) | Target::GraphQl);
    let request_id = server.request_ids.of(request.headers().get("x-request-id"));
    if matches!(target, Target::GraphQl)
        && upgrade::is_asked(&request)
        && let Some(sockets) = &server.graphql_sockets
    {
        return sockets.open(&server.app, (peer, request), request_id, &in_flight);
    }
    if upgrade::is_asked(&request)
        && !matches!(target, Target::GraphQl)
        && let Some(sockets) = server.live_sockets.as_ref().filter(|it| it.is_at_main_port())
    {
        return sockets.open(peer, request, &in_flight);
    }
    let call = Call { peer, request, target, request_id: request_id.clone() };
    // Whoever only reads and hangs up wants nothing any more; what may write is finished.
    let mut response = match method {
        Method::GET | Method::HEAD if call.file().is_some() => {
            download_or_panic(&server, call).await
        }
        Method::GET if call.wants_stream(&server) => {
            stream_or_panic(Arc::clone(&server), call).await
        }
        Method::GET | Method::HEAD | Method::OPTIONS => {
            answer_or_panic(Arc::clone(&server), call).await.into_response()
        }
        Method::POST if call.wants_stream(&server) => {
            let streaming = stream_or_panic(Arc::clone(&server), call);
            server.abandoned.carried(streaming).await
        }
        _ => {
            let answering = answer_or_panic(Arc::clone(&server), call);
            server.abandoned.carried(answering).await.into_response()
        }
    };
    let status = response.status().as_u16();
    server.app.metrics.request_answered(door, method.as_str(), status, in_flight.elapsed());
    if is_api {
        server.cors.apply(origin.as_ref(), response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A request, and what its path leads to.
struct Call {
    peer: SocketAddr,
    request: Request,
    target: Target,
    request_id: String,
}

impl Call {
    /// What it means if it is about files.
    fn file(&self) -> Option<FileRoute> {
        match &self.target {
            Target::Rest(path) => FileRoute::of(self.request.method().as_str(), path),
            Target::Pages(_)
            | Target::GraphQl
            | Target::Playground
            | Target::Metrics
            | Target::Nothing => None,
        }
    }

    /// Whether it is one to the GraphQL API whose client wants server-sent events, and may get them.
    fn wants_stream(&self, server: &Server) -> bool {
        server.live.is_some()
            && matches!(self.target, Target::GraphQl)
            && graphql::wants_stream(self.request.headers())
    }

    /// The request as doors take it, and its body.
    fn open(self, config: &Config) -> (Incoming, Target, Body) {
        let (parts, body) = self.request.into_parts();
        let method = match (&parts.method, &self.target) {
            // To look at a page is not to follow its link.
            (&Method::HEAD, Target::Pages(_)) => Method::HEAD,
            (&Method::HEAD, _) => Method::GET,
            _ => parts.method,
        };
        let path = match &self.target {
            Target::Rest(path) => path.clone(),
            Target::Pages(_)
            | Target::GraphQl
            | Target::Playground
            | Target::Metrics
            | Target::Nothing => String::new(),
        };
        let incoming = Incoming {
            method: method.as_str().to_owned(),
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            address: address::client(self.peer, &parts.headers, &config.trust_proxy),
            headers: parts.headers,
            request_id: self.request_id,
            inside: Inside::No,
        };
        (incoming, self.target, body)
    }
}

async fn answer_or_panic(server: Arc<Server>, call: Call) -> Reply {
    let request_id = call.request_id.clone();
    let answered = AssertUnwindSafe(answer(&server, call)).catch_unwind().await;
    answered.unwrap_or_else(|_| panicked(&server, &request_id))
}

fn panicked(server: &Server, request_id: &str) -> Reply {
    server.app.metrics.panic_caught();
    Reply::of_error(&Error::internal("a request panicked"), &server.app.config, request_id)
}

/// A file, whose content is on its way after this.
async fn download_or_panic(server: &Server, call: Call) -> Response<Body> {
    let request_id = call.request_id.clone();
    let downloading = async {
        let file = call.file();
        let (incoming, _, _) = call.open(&server.app.config);
        match file {
            Some(file) => rest::download(&server.app, incoming, file).await,
            None => not_routable(&incoming.method, &incoming.path).into_response(),
        }
    };
    let answered = AssertUnwindSafe(Box::pin(downloading)).catch_unwind().await;
    answered.unwrap_or_else(|_| panicked(server, &request_id).into_response())
}

/// Answers of the GraphQL API as server-sent events; those of a subscription are on their way after this.
async fn stream_or_panic(server: Arc<Server>, call: Call) -> Response<Body> {
    let request_id = call.request_id.clone();
    let answered = AssertUnwindSafe(Box::pin(stream(&server, call))).catch_unwind().await;
    answered.unwrap_or_else(|_| panicked(&server, &request_id).into_response())
}

async fn stream(server: &Server, call: Call) -> Response<Body> {
    let config = &server.app.config;
    let (incoming, _, body) = call.open(config);
    let content_type = incoming.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let body = if content_type.is_some_and(GraphQlBody::has_parts) {
        GraphQlBody::Parts(rest::content_of(body))
    } else {
        match read_body(body, config.json_body_bytes_max).await {
            Ok(body) => GraphQlBody::Whole(body),
            Err(error) => {
                return Reply::of_error(&error, config, &incoming.request_id).into_response();
            }
        }
    };
    match admit_to_graphql(server, &incoming).await {
        Ok((graphql, ctx)) => graphql::stream(graphql, ctx, &incoming, body).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(server: &Server, call: Call) -> Reply {
    let config = &server.app.config;
    let uri_path = call.request.uri().path().to_owned();
    if call.request.method() == Method::OPTIONS
        && matches!(call.target, Target::Rest(_) | Target::Pages(_) | Target::GraphQl)
    {
        return Reply::text(200, TEXT, "OK");
    }
    let file = call.file();
    let (incoming, target, body) = call.open(config);
    if let Some(file) = file {
        let content = rest::content_of(body);
        return Box::pin(rest::change_file(&server.app, incoming, file, content, &uri_path)).await;
    }
    let content_type = incoming.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if matches!(target, Target::GraphQl) && content_type.is_some_and(GraphQlBody::has_parts) {
        let parts = GraphQlBody::Parts(rest::content_of(body));
        return Box::pin(answer_graphql(server, incoming, parts)).await;
    }
    let body = match read_body(body, config.json_body_bytes_max).await {
        Ok(body) => body,
        Err(error) => return Reply::of_error(&error, config, &incoming.request_id),
    };
    match target {
        Target::Rest(_) => rest::answer(&server.app, incoming, &body, &uri_path).await,
        Target::Pages(path) => Box::pin(pages::answer(&server.app, &incoming, &path, &body)).await,
        Target::GraphQl => {
            Box::pin(answer_graphql(server, incoming, GraphQlBody::Whole(body))).await
        }
        Target::Playground if incoming.method == "GET" => {
            playground::page(&config.keys.app_id, &config.graphql.path)
        }
        Target::Metrics if incoming.method == "GET" => metrics(&server.app, &incoming).await,
        Target::Playground | Target::Metrics | Target::Nothing => {
            not_routable(&incoming.method, &uri_path)
        }
    }
}

async fn read_body(body: Body, bytes_max: u64) -> Result<Bytes> {
    let limit = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => {
            Err(Error::plain(413, "request entity too large"))
        }
        Err(cause) => Err(Error::plain(400, "request aborted").with_cause(cause)),
    }
}

async fn answer_graphql(server: &Server, incoming: Incoming, body: GraphQlBody) -> Reply {
    match admit_to_graphql(server, &incoming).await {
        Ok((graphql, ctx)) => graphql::handle(graphql, ctx, &incoming, body).await,
        Err(refusal) => refusal,
    }
}

async fn admit_to_graphql<'a>(
    server: &'a Server,
    incoming: &Incoming,
) -> std::result::Result<(&'a Arc<GraphQl>, Ctx), Reply> {
    let config = &server.app.config;
    let Some(graphql) = &server.graphql else {
        return Err(not_routable(&incoming.method, &config.graphql.path));
    };
    let mut nothing = Json::empty();
    let caller = Caller::read(&incoming.headers, &mut nothing, &server.app);
    let ctx = caller.admit(&server.app, incoming).await?;
    match routes::check(&ctx, &incoming.method, &config.graphql.path) {
        Ok(()) => Ok((graphql, ctx)),
        Err(error) => Err(Reply::of_error(&error, config, &incoming.request_id)),
    }
}

/// Counters for Prometheus: for callers on this machine and for holders of the master key.
async fn metrics(app: &Arc<App>, incoming: &Incoming) -> Reply {
    let mut nothing = Json::empty();
    let caller = Caller::read(&incoming.headers, &mut nothing, app);
    let is_master = caller.admit(app, incoming).await.is_ok_and(|ctx| ctx.principal.is_master());
    app.metrics.statements_sent(app.storage.statements());
    app.metrics.passwords_hashed(app.auth.passwords.runs());
    if let Some(bus) = app.events.bus() {
        let traffic = bus.traffic();
        app.metrics.events_travelled(EventTraffic {
            connections: traffic.connections(),
            published: traffic.published_total(),
            received: traffic.received_total(),
            dropped: traffic.dropped_total(),
            refused: traffic.refused_total(),
        });
    }
    match is_master || incoming.address.is_loopback() {
        true => Reply::text(200, "text/plain; version=0.0.4; charset=utf-8", app.metrics.encode()),
        false => Reply::of_error(
            &Error::plain(403, "Permission denied"),
            &app.config,
            &incoming.request_id,
        ),
    }
}
