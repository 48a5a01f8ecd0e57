//! Servers inside this process, as programs embed them, with a page of their own and requests over HTTP.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parsimony::{Api, Clock, Date, Server, ServerBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::support::{APP_ID, Caller, MASTER_KEY};

/// A server inside this process. Dropped, it ends without a good-bye, as in a crash.
pub(super) struct Embedded {
    runtime: Option<Runtime>,
    server: Option<Server>,
    origin: String,
    stop: Option<oneshot::Sender<()>>,
    api: Api,
}

impl Embedded {
    /// A server on a database in memory.
    pub(super) fn start(build: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        Self::on("sqlite::memory:", build)
    }

    /// A server on a database.
    pub(super) fn on(database: &str, build: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let builder = Server::builder().option("allowClientClassCreation", true);
        Self::of(builder, database, build)
    }

    /// A server that a program has begun to build, on a database.
    pub(super) fn of(
        builder: ServerBuilder,
        database: &str,
        build: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(8 << 20)
            .enable_all()
            .build()
            .expect("a runtime");
        let builder = builder.app_id(APP_ID).master_key(MASTER_KEY).database(database);
        let server = runtime.block_on(build(builder).start()).expect("the server starts");
        let page = axum::routing::get(|| async { "a page of the application" });
        let app = axum::Router::new().route("/", page).merge(server.router());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(async move {
            let service = app.into_make_service_with_connect_info::<SocketAddr>();
            let serving = axum::serve(listener, service);
            let stopped = async { stopped.await.unwrap_or_default() };
            serving.with_graceful_shutdown(stopped).await.expect("requests are answered");
        });
        let api = server.api().clone();
        Self { runtime: Some(runtime), server: Some(server), origin, stop: Some(stop), api }
    }

    /// The API in process, for anybody.
    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// Waits for something.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("the server runs").block_on(future)
    }

    pub(super) fn nobody(&self) -> Caller {
        Caller::new(&self.origin)
    }

    pub(super) fn public(&self) -> Caller {
        self.nobody().with("X-Parse-Application-Id", APP_ID)
    }

    pub(super) fn master(&self) -> Caller {
        self.public().with("X-Parse-Master-Key", MASTER_KEY)
    }

    /// Ends the server in good order.
    pub(super) fn stop(mut self) {
        drop(self.stop.take());
        if let (Some(server), Some(runtime)) = (self.server.take(), &self.runtime) {
            runtime.block_on(server.stop()).expect("the server ends well");
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A clock that a test sets.
pub(super) struct Time(Arc<AtomicI64>);

impl Time {
    pub(super) fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(Date::parse(text).expect("a date").millis())))
    }

    /// The clock for a server.
    pub(super) fn clock(&self) -> Clock {
        Clock::Mock(Arc::clone(&self.0))
    }

    /// Moves the clock on.
    pub(super) fn pass(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }
}
