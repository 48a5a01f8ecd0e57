//! What is registered: an immutable snapshot, made anew with every change.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::WebhookLine;
use super::native::{NativeFunction, NativeJob, NativeListener, NativeTrigger};
use super::worker::Registration;
use crate::value::{ClassName, Json};

macro_rules! trigger_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// When a trigger runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum TriggerKind {
            $($(#[$doc])* $kind,)*
        }

        impl TriggerKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The name in the API of cloud code and in that of webhooks.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

trigger_kinds! {
    /// Before an object is stored.
    BeforeSave = "beforeSave",
    /// After an object was stored.
    AfterSave = "afterSave",
    /// Before an object is deleted.
    BeforeDelete = "beforeDelete",
    /// After an object was deleted.
    AfterDelete = "afterDelete",
    /// Before objects are looked for.
    BeforeFind = "beforeFind",
    /// After objects were found.
    AfterFind = "afterFind",
    /// Before somebody is logged in.
    BeforeLogin = "beforeLogin",
    /// After somebody was logged in.
    AfterLogin = "afterLogin",
    /// After somebody was logged out.
    AfterLogout = "afterLogout",
    /// Before a mail for a new password is sent.
    BeforePasswordResetRequest = "beforePasswordResetRequest",
    /// Before a LiveQuery client is connected.
    BeforeConnect = "beforeConnect",
    /// Before a LiveQuery client subscribes.
    BeforeSubscribe = "beforeSubscribe",
    /// Before a LiveQuery client is told of an event.
    AfterEvent = "afterEvent",
}

impl TriggerKind {
    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The class under which triggers of files are registered.
pub const FILE: &str = "@File";
/// The class under which triggers of the configuration are registered.
pub const CONFIG: &str = "@Config";
/// The class under which triggers of LiveQuery connections are registered.
pub const CONNECT: &str = "@Connect";

/// What is asked before a function or trigger runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Validator {
    /// Rules in the form of the host protocol (`validator.rules`); the server judges them.
    Rules(Arc<Json>),
    /// A function of the host.
    Host,
}

/// A function of cloud code.
#[derive(Debug)]
pub struct Function {
    /// Its name; it may contain dots.
    pub name: Arc<str>,
    /// Who answers.
    pub target: FunctionTarget,
    /// What is asked before.
    pub validator: Option<Validator>,
}

/// Who answers a function.
#[derive(Clone)]
pub enum FunctionTarget {
    /// The host.
    Host,
    /// This program.
    Native(NativeFunction),
    /// A web server.
    Webhook(Arc<Webhook>),
}

/// A trigger of a class.
#[derive(Debug)]
pub struct Trigger {
    /// When it runs.
    pub kind: TriggerKind,
    /// The class; `@File` and `@Config` stand for files and the configuration.
    pub class: ClassName,
    /// Who answers.
    pub target: TriggerTarget,
    /// What is asked before.
    pub validator: Option<Validator>,
}

/// Who answers a trigger.
#[derive(Clone)]
pub enum TriggerTarget {
    /// The host.
    Host,
    /// This program.
    Native(NativeTrigger),
    /// A web server.
    Webhook(Arc<Webhook>),
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub name: Arc<str>,
    /// Who runs it.
    pub target: JobTarget,
}

/// Who runs a job.
#[derive(Clone)]
pub enum JobTarget {
    /// The host.
    Host,
    /// This program.
    Native(NativeJob),
}

/// Who wants to hear of LiveQuery connections.
#[derive(Clone)]
pub enum Listener {
    /// The host, by the name that it wants to be called by.
    Host(Arc<str>),
    /// This program.
    Native(NativeListener),
}

macro_rules! debug_targets {
    ($($target:ty: $($variant:ident)|*;)*) => {
        $(impl fmt::Debug for $target {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant { .. } => stringify!($variant),)*
                })
            }
        })*
    };
}

debug_targets! {
    FunctionTarget: Host | Native | Webhook;
    TriggerTarget: Host | Native | Webhook;
    JobTarget: Host | Native;
    Listener: Host | Native;
}

/// Where everything that is registered comes from.
#[derive(Debug, Default)]
pub struct Sources {
    /// Functions of this program.
    pub functions: Vec<Arc<Function>>,
    /// Triggers of this program.
    pub triggers: Vec<Arc<Trigger>>,
    /// Jobs of this program.
    pub jobs: Vec<Arc<Job>>,
    /// Who of this program wants to hear of LiveQuery connections.
    pub listeners: Vec<Listener>,
    /// What the host has registered.
    pub(super) host: Vec<Registration>,
    /// Webhooks.
    pub webhooks: Vec<Arc<Webhook>>,
}

/// All that is registered at one time.
#[derive(Debug, Default)]
pub struct Registry {
    version: u64,
    functions: BTreeMap<Arc<str>, Arc<Function>>,
    jobs: BTreeMap<Arc<str>, Arc<Job>>,
    triggers: HashMap<ClassName, Vec<Arc<Trigger>>>,
    listeners: Vec<Listener>,
}

impl Registry {
    /// What the sources give. Of functions with the same name a webhook comes before the host, as in parse-server, and the
    /// host before this program. Triggers of one class and kind all run: those of this program, that of the host, then
    /// the webhook, each on what the one before it made of the object.
    pub(super) fn of(sources: &Sources, version: u64) -> Self {
        let listeners = sources.listeners.clone();
        let mut registry = Self { version, listeners, ..Self::default() };
        for function in &sources.functions {
            registry.functions.insert(Arc::clone(&function.name), Arc::clone(function));
        }
        for job in &sources.jobs {
            registry.jobs.insert(Arc::clone(&job.name), Arc::clone(job));
        }
        for trigger in &sources.triggers {
            registry.add(Arc::clone(trigger));
        }
        sources.host.iter().for_each(|registration| registry.register(registration));
        for hook in &sources.webhooks {
            match &hook.of {
                WebhookOf::Function(name) => {
                    let target = FunctionTarget::Webhook(Arc::clone(hook));
                    let function = Function { name: Arc::clone(name), target, validator: None };
                    registry.functions.insert(Arc::clone(name), Arc::new(function));
                }
                WebhookOf::Trigger(kind, class) => registry.add(Arc::new(Trigger {
                    kind: *kind,
                    class: class.clone(),
                    target: TriggerTarget::Webhook(Arc::clone(hook)),
                    validator: None,
                })),
            }
        }
        registry
    }

    fn add(&mut self, trigger: Arc<Trigger>) {
        self.triggers.entry(trigger.class.clone()).or_default().push(trigger);
    }

    fn register(&mut self, registration: &Registration) {
        let validator = registration.validator().cloned();
        match registration {
            Registration::Function { name, .. } => {
                let target = FunctionTarget::Host;
                let function = Function { name: Arc::clone(name), target, validator };
                self.functions.insert(Arc::clone(name), Arc::new(function));
            }
            Registration::Job { name, .. } => {
                let job = Job { name: Arc::clone(name), target: JobTarget::Host };
                self.jobs.insert(Arc::clone(name), Arc::new(job));
            }
            Registration::Trigger { kind, class, .. } => self.add(Arc::new(Trigger {
                kind: *kind,
                class: class.clone(),
                target: TriggerTarget::Host,
                validator,
            })),
            Registration::LiveQueryEvent { handler } => {
                self.listeners.push(Listener::Host(Arc::clone(handler)));
            }
        }
    }

    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
            && self.jobs.is_empty()
            && self.triggers.is_empty()
            && self.listeners.is_empty()
    }

    /// Whether there is any trigger.
    pub fn has_triggers(&self) -> bool {
        !self.triggers.is_empty()
    }

    /// Who wants to hear of LiveQuery connections.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The function of a name.
    pub fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name)
    }

    /// The names of all functions, in order.
    pub fn function_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.functions.keys()
    }

    /// The job of a name.
    pub fn job(&self, name: &str) -> Option<&Arc<Job>> {
        self.jobs.get(name)
    }

    /// The names of all jobs, in order.
    pub fn job_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.jobs.keys()
    }

    /// The triggers of a kind that a class has, in the order in which they run.
    pub fn triggers(&self, kind: TriggerKind, class: &str) -> impl Iterator<Item = &Arc<Trigger>> {
        let all = self.triggers.get(class).map_or(&[][..], Vec::as_slice);
        all.iter().filter(move |trigger| trigger.kind == kind)
    }
}

/// A web server that answers a function or a trigger.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it answers.
    pub of: WebhookOf,
    /// Where it is asked.
    pub url: Arc<str>,
    pub(super) line: Arc<WebhookLine>,
}

/// What a webhook answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookOf {
    /// The function of this name.
    Function(Arc<str>),
    /// Triggers of this kind of this class.
    Trigger(TriggerKind, ClassName),
}
