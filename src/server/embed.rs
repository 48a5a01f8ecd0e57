//! The server as a part of another program.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::mount;
use super::running::{Parts, Running};
use crate::adapters::clock::Clock;
use crate::cloud::hook::LiveNotice;
use crate::cloud::native::{
    self, Api, Call, Changes, Connecting, Deletion, Found, JobEnd, JobRun, Link, LiveEvent, Login,
    Query, Save, Search, Subscribing, Tell,
};
use crate::cloud::{
    CONNECT, Function, FunctionTarget, Job, JobTarget, Listener, Trigger, TriggerKind,
    TriggerTarget,
};
use crate::error::{Code, Error, Result};
use crate::options;
use crate::value::ClassName;

/// A server inside another program: an axum router for its doors, and its API without HTTP.
///
/// ```no_run
/// use parsimony::{Call, Result, Server};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Greeting {
///     name: String,
/// }
///
/// async fn hello(call: Call<Greeting>) -> Result<String> {
///     Ok(format!("Hello {}!", call.params.name))
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let server = Server::builder()
///     .app_id("example")
///     .master_key("secret")
///     .database("sqlite::memory:")
///     .function("hello", hello)
///     .start()
///     .await?;
/// let app = axum::Router::new()
///     .route("/", axum::routing::get(|| async { "an application of its own" }))
///     .merge(server.router());
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:1337").await?;
/// let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
/// axum::serve(listener, service).await?;
/// server.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    running: Running,
    api: Api,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.running.app.server_url).finish_non_exhaustive()
    }
}

impl Server {
    /// Begins with the options of a server that has none.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The doors, to be merged into the router of the application: the REST API, GraphQL and whatever else the options
    /// mount, at the paths that the options name.
    ///
    /// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, as the server reads there who its clients
    /// are. Without that no client has an address, and none may use the master key unless `masterKeyIps` allows all.
    pub fn router(&self) -> axum::Router {
        mount::paths(Arc::clone(&self.running.doors))
    }

    /// The API for anybody; [`Api::master`] and [`Api::session`] are those for others.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Finishes what is under way, jobs too if they end soon, and closes the database. Stop listening before, so that no
    /// request comes any more.
    pub async fn stop(self) -> Result<()> {
        self.running.stop().await
    }
}

/// Options and cloud code of a server that is to be.
#[derive(Default)]
pub struct ServerBuilder {
    options: Map<String, Value>,
    parts: Parts,
    taken: Option<String>,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        let names: Vec<&String> = self.options.keys().collect();
        f.debug_struct("ServerBuilder")
            .field("options", &names)
            .field("cloud", &self.parts.native)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// Sets an option by the name that it has in a configuration file (`parsimony --help` lists them all).
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options.insert(name.to_owned(), value.into());
        self
    }

    /// The application id.
    #[must_use]
    pub fn app_id(self, id: &str) -> Self {
        self.option("appId", id)
    }

    /// The master key.
    #[must_use]
    pub fn master_key(self, key: &str) -> Self {
        self.option("masterKey", key)
    }

    /// The database: `sqlite:<file>`, `sqlite::memory:` or `postgres://user:password@host/name`.
    #[must_use]
    pub fn database(self, uri: &str) -> Self {
        self.option("databaseURI", uri)
    }

    /// Where clients reach the REST API, for the links that the server writes. Without it they begin at `localhost`.
    #[must_use]
    pub fn server_url(self, url: &str) -> Self {
        self.option("serverURL", url)
    }

    /// Where the time comes from: a program's tests may set it.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.parts.clock = clock;
        self
    }

    /// Adds a function of cloud code. Its parameters and its result are types of the program; what does not fit the type
    /// of the parameters is refused with error 142. An [`Error`] reaches the caller; of any other error, boxed as
    /// `Box<dyn Error + Send + Sync>`, only the log hears more than that the script failed (error 141).
    #[must_use]
    pub fn function<P, R, E, F, Fut>(mut self, name: &str, closure: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        E: Into<Error>,
        F: Fn(Call<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let target = FunctionTarget::Native(native::function(self.link(), closure));
        let function = Function { name: Arc::from(name), target, validator: None };
        if self.parts.native.functions.iter().any(|known| *known.name == *name) {
            self.taken.get_or_insert_with(|| format!("function {name}"));
        }
        self.parts.native.functions.push(Arc::new(function));
        self
    }

    /// Adds a job, which the master starts (`POST /jobs/<name>`) or a schedule. What it returns is the message of its
    /// status.
    #[must_use]
    pub fn job<P, R, E, F, Fut>(mut self, name: &str, closure: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        R: JobEnd + Send + 'static,
        E: Into<Error>,
        F: Fn(JobRun<P>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let target = JobTarget::Native(native::job(self.link(), closure));
        if self.parts.native.jobs.iter().any(|known| *known.name == *name) {
            self.taken.get_or_insert_with(|| format!("job {name}"));
        }
        self.parts.native.jobs.push(Arc::new(Job { name: Arc::from(name), target }));
        self
    }

    /// Adds what happens before an object of a class is saved: it returns what it changes itself, or refuses.
    #[must_use]
    pub fn before_save<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Save) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Changes, E>> + Send + 'static,
    {
        let trigger = native::before_save(self.link(), closure);
        self.trigger(TriggerKind::BeforeSave, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens after an object of a class was saved.
    #[must_use]
    pub fn after_save<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Save) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::save_trigger(self.link(), closure);
        self.trigger(TriggerKind::AfterSave, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens before an object of a class is deleted, or refuses that.
    #[must_use]
    pub fn before_delete<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Deletion) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::object_trigger(self.link(), closure);
        self.trigger(TriggerKind::BeforeDelete, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens after an object of a class was deleted.
    #[must_use]
    pub fn after_delete<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Deletion) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::object_trigger(self.link(), closure);
        self.trigger(TriggerKind::AfterDelete, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens before objects of a class are looked for: it returns the question that is asked.
    #[must_use]
    pub fn before_find<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Search) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Query, E>> + Send + 'static,
    {
        let trigger = native::before_find(self.link(), closure);
        self.trigger(TriggerKind::BeforeFind, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens after objects of a class were found: it returns those that are shown.
    #[must_use]
    pub fn after_find<T, E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        T: DeserializeOwned + Serialize + Send + 'static,
        E: Into<Error>,
        F: Fn(Found<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<T>, E>> + Send + 'static,
    {
        let trigger = native::after_find(self.link(), closure);
        self.trigger(TriggerKind::AfterFind, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens before a user is logged in, or refuses that.
    #[must_use]
    pub fn before_login<E, F, Fut>(self, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Login) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::object_trigger(self.link(), closure);
        self.trigger(TriggerKind::BeforeLogin, "_User", TriggerTarget::Native(trigger))
    }

    /// Adds what happens after a user was logged in.
    #[must_use]
    pub fn after_login<E, F, Fut>(self, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Login) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::object_trigger(self.link(), closure);
        self.trigger(TriggerKind::AfterLogin, "_User", TriggerTarget::Native(trigger))
    }

    /// Adds what happens before somebody is connected to LiveQuery, or refuses that.
    #[must_use]
    pub fn before_connect<E, F, Fut>(self, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Connecting) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let trigger = native::before_connect(self.link(), closure);
        self.trigger(TriggerKind::BeforeConnect, CONNECT, TriggerTarget::Native(trigger))
    }

    /// Adds what happens before somebody subscribes to a class: it returns the question that he subscribes to, or refuses.
    #[must_use]
    pub fn before_subscribe<E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        E: Into<Error>,
        F: Fn(Subscribing) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Query, E>> + Send + 'static,
    {
        let trigger = native::before_subscribe(self.link(), closure);
        self.trigger(TriggerKind::BeforeSubscribe, class, TriggerTarget::Native(trigger))
    }

    /// Adds what happens before a subscriber is told of an event of a class: it says what he is told. It sees fields that he
    /// may not see; they are left out of what he is told.
    #[must_use]
    pub fn after_event<T, E, F, Fut>(self, class: &str, closure: F) -> Self
    where
        T: DeserializeOwned + Serialize + Send + 'static,
        E: Into<Error>,
        F: Fn(LiveEvent<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Tell<T>, E>> + Send + 'static,
    {
        let trigger = native::after_event(self.link(), closure);
        self.trigger(TriggerKind::AfterEvent, class, TriggerTarget::Native(trigger))
    }

    /// Adds what is told of LiveQuery connections, by the name of what happened (`connect`, `subscribe`, `unsubscribe`,
    /// `ws_connect`, `ws_disconnect`, `ws_disconnect_error`), with how many connections and how many subscriptions there
    /// are. The connection waits for it: what takes long belongs elsewhere.
    #[must_use]
    pub fn on_live_query_event(
        mut self,
        closure: impl Fn(&str, usize, usize) + Send + Sync + 'static,
    ) -> Self {
        let listener: native::NativeListener = Arc::new(move |notice: LiveNotice| {
            closure(notice.moment.name(), notice.scene.clients, notice.scene.subscriptions);
        });
        self.parts.native.listeners.push(Listener::Native(listener));
        self
    }

    /// Opens the database, loads cloud code and starts everything but listening. Every option that is wrong is named by
    /// the error.
    pub async fn start(self) -> Result<Server> {
        let wrong = |text: String| Error::new(Code::Other, text);
        if let Some(taken) = self.taken {
            return Err(wrong(format!("{taken} is added twice")));
        }
        let config = options::of_program(self.options).map_err(|cause| wrong(cause.to_string()))?;
        let problems = super::problems(&config);
        if !problems.is_empty() {
            return Err(wrong(problems.join("\n")));
        }
        let server_url = config.server_url.clone();
        let server_url =
            server_url.unwrap_or_else(|| format!("http://localhost{}", config.mount_path));
        let api = self.parts.link.public();
        let running = Box::pin(Running::start(config, &server_url, self.parts)).await?;
        Ok(Server { running, api })
    }

    fn link(&self) -> Link {
        self.parts.link.clone()
    }

    fn trigger(mut self, kind: TriggerKind, class: &str, target: TriggerTarget) -> Self {
        let class = ClassName::from(class);
        let trigger = Trigger { kind, class, target, validator: None };
        self.parts.native.triggers.push(Arc::new(trigger));
        self
    }
}

#[cfg(test)]
mod tests;
