//! A server that stands in for all providers, and what tests ask of [`Providers`].

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use parsimony::auth::Providers;
use parsimony::auth::providers::{Accepted, Outbound, Purpose};
use parsimony::error::{Code, Error};
use parsimony::options::{self, Config, Outside, Start};
use parsimony::value::{Date, Json, Members};
use serde_json::{Value, json};

/// Every host that a provider names by itself.
const HOSTS: [&str; 28] = [
    "accounts.spotify.com",
    "api.github.com",
    "api.instagram.com",
    "api.line.me",
    "api.linkedin.com",
    "api.meetup.com",
    "api.spotify.com",
    "api.twitter.com",
    "api.vk.com",
    "api.weibo.com",
    "api.weixin.qq.com",
    "appleid.apple.com",
    "cacerts.digicert.com",
    "github.com",
    "graph.facebook.com",
    "graph.instagram.com",
    "graph.microsoft.com",
    "graph.qq.com",
    "login.microsoftonline.com",
    "oauth.vk.com",
    "oauth2.googleapis.com",
    "phantauth.net",
    "rpxnow.com",
    "static.gc.apple.com",
    "www.facebook.com",
    "www.googleapis.com",
    "www.linkedin.com",
    // Named by the settings of tests.
    "id.example.com",
];

/// When requests of tests are made: 2026-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_767_225_600;

/// The present, so many seconds after [`NOW`].
pub(crate) fn after(seconds: i64) -> Date {
    Date::from_millis((NOW + seconds) * 1_000).unwrap()
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

#[derive(Default)]
struct Board {
    replies: Mutex<HashMap<String, Reply>>,
    seen: Mutex<Vec<Seen>>,
}

/// The server. Whatever it was not told to answer is 404.
#[derive(Clone)]
pub(crate) struct Fake {
    address: SocketAddr,
    board: Arc<Board>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let board = Arc::new(Board::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&board));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, board }
    }

    /// Answers `host/path` with JSON.
    pub(crate) fn on(&self, place: &str, body: &Value) -> &Self {
        self.on_text(place, 200, &body.to_string())
    }

    pub(crate) fn on_text(&self, place: &str, status: u16, body: &str) -> &Self {
        self.reply(place, status, Vec::new(), body.as_bytes().to_vec())
    }

    pub(crate) fn on_bytes(&self, place: &str, max_age: &str, body: Vec<u8>) -> &Self {
        self.reply(place, 200, vec![("cache-control", max_age.to_owned())], body)
    }

    /// Sends `host/path` elsewhere.
    pub(crate) fn redirect(&self, place: &str, to: &str) -> &Self {
        self.reply(place, 302, vec![("location", to.to_owned())], Vec::new())
    }

    fn reply(
        &self,
        place: &str,
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> &Self {
        let reply = Reply { status, headers, body };
        self.board.replies.lock().unwrap().insert(place.to_owned(), reply);
        self
    }

    /// All requests to `host/path` so far.
    pub(crate) fn seen(&self, place: &str) -> Vec<Seen> {
        let seen = self.board.seen.lock().unwrap();
        seen.iter().filter(|seen| format!("{}{}", seen.host, seen.path) == place).cloned().collect()
    }

    /// How many requests came in, whatever they were for.
    pub(crate) fn requests(&self) -> usize {
        self.board.seen.lock().unwrap().len()
    }

    /// Providers of these settings whose hosts all lead here.
    pub(crate) fn providers(&self, auth: &Value) -> Providers {
        providers_at(self.address, auth)
    }
}

async fn answer(State(board): State<Arc<Board>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let seen = Seen {
        host: header("host"),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    };
    let place = format!("{}{}", seen.host, seen.path);
    board.seen.lock().unwrap().push(seen);
    let reply = board.replies.lock().unwrap().get(&place).cloned();
    let reply = reply.unwrap_or(Reply { status: 404, headers: Vec::new(), body: Vec::new() });
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

fn providers_at(address: SocketAddr, auth: &Value) -> Providers {
    let outbound = Outbound::routed(HOSTS.map(|host| (host.to_owned(), address)));
    Providers::with_outbound(&config(auth), outbound).unwrap()
}

/// Providers of these settings of which none answers: nobody listens where their hosts lead.
pub(crate) fn unreachable_providers(auth: &Value) -> Providers {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    providers_at(listener.local_addr().unwrap(), auth)
}

/// Options with these settings of `auth`; insecure providers may be switched on.
pub(crate) fn config(auth: &Value) -> Config {
    config_of(&json!({ "auth": auth, "enableInsecureAuthAdapters": true }))
}

/// Options as JSON has them.
pub(crate) fn config_of(options: &Value) -> Config {
    let mut args = vec![OsString::from("dev")];
    for (name, value) in options.as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        args.extend([format!("--{name}").into(), text.into()]);
    }
    match options::load(
        &args,
        std::iter::empty(),
        &Outside { master_key: &|| "key".to_owned(), ..Outside::nobody() },
    )
    .unwrap()
    {
        Start::Run(config) => *config,
        Start::Examine(_) | Start::Help(_) | Start::Version => panic!("not a start"),
    }
}

/// JSON as a client sends it.
pub(crate) fn members(data: &Value) -> Members {
    Json::from(data.clone()).as_object().expect("an object").clone()
}

/// Signs up.
pub(crate) async fn sign_up(
    providers: &Providers,
    name: &str,
    data: &Value,
) -> Result<Accepted, Error> {
    sign_up_at(providers, name, data, after(0)).await
}

pub(crate) async fn sign_up_at(
    providers: &Providers,
    name: &str,
    data: &Value,
    now: Date,
) -> Result<Accepted, Error> {
    providers.validate(name, Purpose::SetUp, &members(data), None, now).await
}

/// The data is accepted, and exactly this is stored.
pub(crate) async fn accepts(providers: &Providers, name: &str, data: &Value, stored: &Value) {
    let accepted = sign_up(providers, name, data).await;
    let accepted = accepted.unwrap_or_else(|error| panic!("{name}: {data}: {}", error.log_text()));
    assert_eq!(accepted.store, Some(members(stored)), "{name}: {data}");
    assert_eq!(accepted.response, None, "{name}: {data}");
}

/// The data is refused with this code and text.
pub(crate) async fn refuses(
    providers: &Providers,
    name: &str,
    data: &Value,
    code: Code,
    text: &str,
) {
    match sign_up(providers, name, data).await {
        Ok(accepted) => panic!("{name}: {data} is accepted: {accepted:?}"),
        Err(error) => assert_eq!((error.code(), error.text()), (code, text), "{name}: {data}"),
    }
}
