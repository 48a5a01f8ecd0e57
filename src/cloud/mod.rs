//! Cloud code: functions, triggers and jobs that an app adds to the server, and who answers them: a Node worker that this
//! server starts, a host of somebody else's, a closure of the program that embeds the server, or a webhook.
//!
//! A hook is a question with an answer: [`Registry`] says what there is to ask, [`hook`] what is asked and answered. What
//! cloud code wants of the server comes through the [`Gateway`]. This room never decides when a hook is asked or what its
//! answer means, and it never touches the data.

mod callback;
mod files;
mod gateway;
pub mod hook;
mod host;
mod mail;
pub mod native;
mod registry;
mod thrown;
mod webhook;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

pub use callback::{Callbacks, Nobody};
pub use files::HostFiles;
pub use gateway::{ApiReply, ApiRequest, Gateway, Within};
pub use host::{Application, HostAdapter, Place, Settings};
pub use mail::HostMail;
pub use registry::{
    CONFIG, CONNECT, FILE, Function, FunctionTarget, Job, JobTarget, Listener, Registry, Sources,
    Trigger, TriggerKind, TriggerTarget, Validator, Webhook, WebhookOf,
};
pub use thrown::{Thrown, error_of};
pub use webhook::WebhookLine;
pub use worker::{Evaluated, ProcessSettings, evaluate};

use crate::error::{Code, Error, Result};
use crate::value::Json;
use hook::{FunctionRequest, HostValue, JobRequest, LiveNotice, TriggerAnswer, TriggerRequest};
use host::Host;

/// Everything that is registered, and whoever answers it.
#[derive(Debug)]
pub struct Cloud {
    registry: ArcSwap<Registry>,
    sources: Mutex<Sources>,
    changed: watch::Sender<u64>,
    host: Option<Host>,
}

impl Cloud {
    /// Cloud code of the program that embeds the server, and of a host if there is to be one. Nothing is started yet.
    pub fn new(native: Sources, settings: Option<Settings>) -> Self {
        let registry = Registry::of(&native, 1);
        Self {
            registry: ArcSwap::from_pointee(registry),
            sources: Mutex::new(native),
            changed: watch::Sender::new(1),
            host: settings.map(Host::new),
        }
    }

    /// What is registered now. A request takes it once and keeps it.
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    /// Whether a class has triggers of a kind. It costs next to nothing to ask.
    pub fn has_triggers(&self, kind: TriggerKind, class: &str) -> bool {
        let registry = self.registry.load();
        registry.has_triggers() && registry.triggers(kind, class).next().is_some()
    }

    /// Whether anything at all may be asked: whoever runs without cloud code prepares nothing for it.
    pub fn is_silent(&self) -> bool {
        self.registry.load().is_empty()
    }

    /// Whether anybody wants to hear of LiveQuery connections. It costs next to nothing to ask.
    pub fn hears_live_notices(&self) -> bool {
        !self.registry.load().listeners().is_empty()
    }

    /// Tells of something that happened to LiveQuery connections. Nobody waits for what becomes of it.
    pub fn tell_live(&self, notice: &LiveNotice) {
        for listener in self.registry.load().listeners() {
            match (listener, &self.host) {
                (Listener::Host(handler), Some(host)) => host.tell_live(handler, notice),
                (Listener::Host(_), None) => {}
                (Listener::Native(native), _) => native(notice.clone()),
            }
        }
    }

    /// Tells of every change of the registry by its new version.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Changes what is registered: `change` gets all sources and leaves them as they are from now on.
    pub fn register(&self, change: impl FnOnce(&mut Sources)) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut sources);
        self.publish(&sources);
    }

    /// Changes what the host has registered: `change` gets what it had and gives what it has from now on, or nothing if that
    /// is the same.
    fn register_host(
        &self,
        change: impl FnOnce(&[worker::Registration]) -> Option<Vec<worker::Registration>>,
    ) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = change(&sources.host) {
            sources.host = host;
            self.publish(&sources);
        }
    }

    fn publish(&self, sources: &Sources) {
        let version = self.registry.load().version() + 1;
        self.registry.store(Arc::new(Registry::of(sources, version)));
        self.changed.send_replace(version);
    }

    fn hang_timeout(&self) -> Option<std::time::Duration> {
        self.host.as_ref().map(Host::hang_timeout)
    }

    /// Starts the host, if there is to be one, and waits until its code is loaded. `gateway` answers what it asks.
    /// An error of code 1 if the code can not be loaded; its cause says why.
    pub async fn start(self: &Arc<Self>, gateway: Arc<dyn Gateway>) -> Result<()> {
        match &self.host {
            Some(host) => host.start(self, gateway).await,
            None => Ok(()),
        }
    }

    /// Loads the code again: new workers take over when they have loaded it, and the old ones finish what they began. If it
    /// can not be loaded, everything stays as it is and the error says why.
    pub async fn reload(self: &Arc<Self>) -> Result<()> {
        match &self.host {
            Some(host) => host.reload(self).await,
            None => Ok(()),
        }
    }

    /// Ends the host: what it runs may finish within a few seconds.
    pub fn stop(&self) {
        if let Some(host) = &self.host {
            host.stop();
        }
    }

    /// Process ids of the workers that this server has started and that are ready: for tests and for metrics.
    pub fn workers(&self) -> Vec<u32> {
        self.host.as_ref().map(Host::processes).unwrap_or_default()
    }

    /// What the host said of an adapter that an option names; nothing while it is not known.
    pub fn adapter(&self, path: &str) -> Option<Arc<HostAdapter>> {
        self.host.as_ref()?.adapter(path)
    }

    /// Calls a function. `None` if it returned nothing.
    ///
    /// What user code threw comes back with its code and text, everything else as 141.
    pub async fn call_function(
        &self,
        function: &Function,
        request: FunctionRequest,
        within: &Within,
    ) -> Result<Option<HostValue>> {
        match &function.target {
            FunctionTarget::Host => self.host()?.call_function(&request, within).await,
            FunctionTarget::Native(native) => native(request, within.clone()).await,
            FunctionTarget::Webhook(hook) => hook.call_function(request).await,
        }
    }

    /// Runs a trigger.
    pub async fn run_trigger(
        &self,
        trigger: &Trigger,
        request: &TriggerRequest,
        within: &Within,
    ) -> Result<TriggerAnswer> {
        match &trigger.target {
            TriggerTarget::Host => self.host()?.run_trigger(request, within).await,
            TriggerTarget::Native(native) => native(request.clone(), within.clone()).await,
            TriggerTarget::Webhook(hook) => hook.run_trigger(request).await,
        }
    }

    /// Runs a job to its end, which may be far away. What it returns is the last message of its status.
    pub async fn run_job(
        &self,
        job: &Job,
        request: JobRequest,
        within: &Within,
    ) -> Result<Option<Json>> {
        match &job.target {
            JobTarget::Host => self.host()?.run_job(&request, within).await,
            JobTarget::Native(native) => native(request, within.clone()).await,
        }
    }

    /// Asks the validator function of a function. What it throws is an error 142.
    pub async fn validate_function(
        &self,
        request: &FunctionRequest,
        within: &Within,
    ) -> Result<()> {
        self.host()?.validate_function(request, within).await
    }

    /// Asks the validator function of a trigger, which may change the object as the trigger may. What it throws is an
    /// error 142.
    pub async fn validate_trigger(
        &self,
        request: &TriggerRequest,
        within: &Within,
    ) -> Result<TriggerAnswer> {
        self.host()?.validate_trigger(request, within).await
    }

    fn host(&self) -> Result<&Host> {
        self.host.as_ref().ok_or_else(unavailable)
    }
}

/// Nobody is there to answer.
fn unavailable() -> Error {
    Error::new(Code::ScriptFailed, "Cloud code host is not available.")
}
