//! Whoever runs cloud code in JavaScript: a pool of Node workers that this server starts and replaces, or one host that
//! runs elsewhere and is connected to again whenever the connection breaks.

mod member;
mod pool;
mod serving;
mod starting;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use self::member::Member;
use self::pool::Pool;
use self::starting::Keeper;
use super::gateway::Within;
use super::hook::{
    FunctionRequest, HostValue, JobRequest, LiveNotice, TriggerAnswer, TriggerRequest,
};
use super::thrown::error_of;
use super::worker::{
    Call, Failure, ProcessSettings, Purpose, read_answer, read_value, write_notice,
};
use super::{Cloud, unavailable};
use crate::error::{Code, Error, Result};
use crate::options::{HostDescription, HostModule, Secret};
use crate::value::{Json, json};

/// What the host is told of the application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id.
    pub app_id: String,
    /// Its master key.
    pub master_key: Secret,
    /// Its maintenance key.
    pub maintenance_key: Option<Secret>,
    /// Its JavaScript key.
    pub javascript_key: Option<Secret>,
    /// The address of its API.
    pub server_url: String,
}

/// How cloud code is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where.
    pub place: Place,
    /// What it is told of the application.
    pub application: Application,
    /// Modules that options name.
    pub modules: Vec<HostModule>,
    /// How long a request waits for a host that is being started.
    pub host_timeout: Duration,
    /// How long a function or a trigger may take.
    pub function_timeout: Option<Duration>,
    /// How long a host may not react at all.
    pub hang_timeout: Duration,
    /// The longest line that a host may send, in bytes.
    pub line_bytes_max: usize,
}

/// Where cloud code runs.
#[derive(Clone, Debug)]
pub enum Place {
    /// In processes of this server.
    Workers {
        /// How many.
        count: usize,
        /// How they are started.
        process: ProcessSettings,
    },
    /// In a host that listens on a socket.
    Elsewhere(PathBuf),
}

/// An adapter that the host has loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct HostAdapter {
    /// The path of the option that names it.
    pub path: String,
    /// What it is.
    pub description: Arc<HostDescription>,
}

/// The host.
pub(super) struct Host {
    settings: Settings,
    pool: Arc<Pool>,
    keeper: Mutex<Option<Keeper>>,
    is_stopping: watch::Sender<bool>,
    adapters: Mutex<Vec<Arc<HostAdapter>>>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            pool: Arc::default(),
            keeper: Mutex::default(),
            is_stopping: watch::Sender::new(false),
            adapters: Mutex::default(),
        }
    }

    /// The processes of the workers that are ready.
    pub(super) fn processes(&self) -> Vec<u32> {
        let members = self.pool.members();
        let ready = members.iter().filter(|member| !member.connection.is_closed());
        ready.filter_map(|member| member.process).collect()
    }

    /// What the host said of the modules that options name.
    pub(super) fn adapter(&self, path: &str) -> Option<Arc<HostAdapter>> {
        let adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        adapters.iter().find(|adapter| adapter.path == path).cloned()
    }

    pub(super) fn hang_timeout(&self) -> Duration {
        self.settings.hang_timeout
    }

    fn remember(&self, adapters: &[Arc<HostAdapter>]) {
        *self.adapters.lock().unwrap_or_else(PoisonError::into_inner) = adapters.to_vec();
    }

    fn keeper(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn call_function(
        &self,
        request: &FunctionRequest,
        within: &Within,
    ) -> Result<Option<HostValue>> {
        let purpose = Purpose::Function(Arc::clone(&request.name));
        let call = Call::Function(request);
        let asked = self.ask("function.call", &purpose, &call, within);
        let answer = self.in_time(asked).await.map_err(|failure| failed(&failure, OF_SCRIPTS))?;
        read_value(&answer).map_err(|failure| failed(&failure, OF_SCRIPTS))
    }

    pub(super) async fn run_trigger(
        &self,
        request: &TriggerRequest,
        within: &Within,
    ) -> Result<TriggerAnswer> {
        self.asked_of_trigger("trigger.run", request, within, OF_SCRIPTS).await
    }

    pub(super) async fn validate_trigger(
        &self,
        request: &TriggerRequest,
        within: &Within,
    ) -> Result<TriggerAnswer> {
        self.asked_of_trigger("validator.run", request, within, OF_VALIDATORS).await
    }

    async fn asked_of_trigger(
        &self,
        method: &str,
        request: &TriggerRequest,
        within: &Within,
        place: Place141,
    ) -> Result<TriggerAnswer> {
        let purpose = Purpose::Trigger(request.kind, request.class.clone());
        let call = Call::Trigger(request);
        let asked = self.ask(method, &purpose, &call, within);
        let answer = self.in_time(asked).await.map_err(|failure| failed(&failure, place))?;
        read_answer(&answer).map_err(|failure| failed(&failure, place))
    }

    pub(super) async fn run_job(
        &self,
        request: &JobRequest,
        within: &Within,
    ) -> Result<Option<Json>> {
        let purpose = Purpose::Job(Arc::clone(&request.name));
        let asked = self.ask("job.run", &purpose, &Call::Job(request), within).await;
        let answer = asked.map_err(|failure| failed(&failure, OF_SCRIPTS))?;
        let value = read_value(&answer).map_err(|failure| failed(&failure, OF_SCRIPTS))?;
        Ok(value.map(|value| value.to_json()))
    }

    pub(super) async fn validate_function(
        &self,
        request: &FunctionRequest,
        within: &Within,
    ) -> Result<()> {
        let purpose = Purpose::Function(Arc::clone(&request.name));
        let call = Call::Function(request);
        let asked = self.ask("validator.run", &purpose, &call, within);
        let answered = self.in_time(asked).await;
        answered.map(|_| ()).map_err(|failure| failed(&failure, OF_VALIDATORS))
    }

    /// Tells the member that has least to do of something that happened to LiveQuery connections. Who is not there hears
    /// nothing of it.
    pub(super) fn tell_live(&self, handler: &Arc<str>, notice: &LiveNotice) {
        if let Some(member) = self.pool.choose(Some(&Purpose::LiveQueryEvent(Arc::clone(handler))))
        {
            let params = |out: &mut Vec<u8>| write_notice(handler, notice, out);
            member.connection.notify_with("liveQuery.event", params);
        }
    }

    pub(super) async fn callback(
        &self,
        path: &str,
        method: Option<&str>,
        args: Vec<Json>,
        within: Option<&Within>,
    ) -> Result<Option<Json>> {
        let asked = async {
            let member = self.member(None).await?;
            let _under_way = member.begin();
            let params = |out: &mut Vec<u8>| {
                out.extend_from_slice(b"{\"ref\":");
                json::write_string(path, out);
                out.extend_from_slice(b",\"path\":");
                json::write_string(path, out);
                if let Some(method) = method {
                    out.extend_from_slice(b",\"method\":");
                    json::write_string(method, out);
                }
                out.extend_from_slice(b",\"args\":");
                Json::Array(args).write(out);
                out.push(b'}');
            };
            member.connection.call("callback.call", within, params).await
        };
        let answer = self.in_time(asked).await.map_err(|failure| failed(&failure, OF_SCRIPTS))?;
        let value = read_value(&answer).map_err(|failure| failed(&failure, OF_SCRIPTS))?;
        Ok(value.map(|value| value.to_json()))
    }

    /// Asks the member that has least to do.
    async fn ask(
        &self,
        method: &str,
        purpose: &Purpose,
        call: &Call<'_>,
        within: &Within,
    ) -> std::result::Result<Box<serde_json::value::RawValue>, Failure> {
        let member = self.member(Some(purpose)).await?;
        let Some(handler) = member.handler(purpose, method == "validator.run") else {
            return Err(Failure::Refused("the host does not know what it is asked for".to_owned()));
        };
        let _under_way = member.begin();
        member.connection.call(method, Some(within), |out| call.write(&handler, out)).await
    }

    async fn member(&self, purpose: Option<&Purpose>) -> std::result::Result<Arc<Member>, Failure> {
        if let Some(member) = self.pool.choose(purpose) {
            return Ok(member);
        }
        let waiting = self.pool.wait_for(purpose);
        timeout(self.settings.host_timeout, waiting).await.map_err(|_| Failure::Closed)
    }

    /// Gives up what takes longer than functions and triggers may take.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = std::result::Result<T, Failure>>,
    ) -> std::result::Result<T, Failure> {
        match self.settings.function_timeout {
            Some(most) => timeout(most, asked).await.unwrap_or(Err(Failure::TimedOut)),
            None => asked.await,
        }
    }
}

/// The code of errors without one of their own, and the text of those that have none.
type Place141 = (Code, &'static str);
const OF_SCRIPTS: Place141 = (Code::ScriptFailed, "Script failed.");
const OF_VALIDATORS: Place141 = (Code::ValidationError, "Validation failed.");

/// What a client reads of a call without an answer; the log reads the rest.
fn failed(failure: &Failure, (code, nothing): Place141) -> Error {
    match failure {
        Failure::Thrown(thrown) => error_of(thrown, code, nothing),
        Failure::Closed => unavailable(),
        Failure::TimedOut => Error::new(Code::Timeout, "Cloud code took too long."),
        Failure::Refused(reason) => {
            tracing::error!(reason, "a host of cloud code failed");
            Error::new(Code::ScriptFailed, nothing)
        }
    }
}

/// A reference to the cloud code that does not keep it alive.
type Owner = Weak<Cloud>;

impl Settings {
    /// What a host is told first (section 2 of the host protocol).
    fn hello(&self) -> Json {
        let secret = |secret: &Option<Secret>| {
            secret.as_ref().map_or(Json::Null, |secret| Json::from(secret.expose()))
        };
        let application = &self.application;
        let modules = self.modules.iter().map(|module| {
            let options = module
                .options
                .clone()
                .map_or(Json::Null, |options| Json::from(serde_json::Value::Object(options)));
            Json::from([
                ("path", Json::from(module.path.as_str())),
                ("module", Json::from(module.module.as_str())),
                ("options", options),
            ])
        });
        Json::from([
            ("protocolVersion", Json::from(1.0)),
            ("role", Json::from("server")),
            (
                "server",
                Json::from([
                    ("name", Json::from("parsimony")),
                    ("version", Json::from(env!("CARGO_PKG_VERSION"))),
                ]),
            ),
            (
                "application",
                Json::from([
                    ("appId", Json::from(application.app_id.as_str())),
                    ("masterKey", Json::from(application.master_key.expose())),
                    ("maintenanceKey", secret(&application.maintenance_key)),
                    ("javascriptKey", secret(&application.javascript_key)),
                    ("serverURL", Json::from(application.server_url.as_str())),
                ]),
            ),
            ("encodeParseObjectInCloudFunction", Json::from(true)),
            ("adapters", Json::Array(modules.collect())),
        ])
    }
}
