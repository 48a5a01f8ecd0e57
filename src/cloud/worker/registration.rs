//! What a host registers.

use std::sync::Arc;

use crate::cloud::{TriggerKind, Validator};
use crate::value::{ClassName, Json};

/// One thing that a host registers, and the name by which it wants to be asked for it.
#[derive(Clone, Debug)]
pub(in crate::cloud) enum Registration {
    Function {
        name: Arc<str>,
        handler: Arc<str>,
        validator: Option<HostValidator>,
    },
    Job {
        name: Arc<str>,
        handler: Arc<str>,
    },
    Trigger {
        kind: TriggerKind,
        class: ClassName,
        handler: Arc<str>,
        validator: Option<HostValidator>,
    },
    LiveQueryEvent {
        handler: Arc<str>,
    },
}

/// What is asked before, and the handler of it if the host is asked.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct HostValidator {
    pub validator: Validator,
    pub handler: Option<Arc<str>>,
}

/// What a registration is for; a host registers each only once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::cloud) enum Purpose {
    Function(Arc<str>),
    Job(Arc<str>),
    Trigger(TriggerKind, ClassName),
    LiveQueryEvent(Arc<str>),
}

impl Registration {
    /// Reads the form of the host protocol (section 2). The error says what is wrong.
    pub(in crate::cloud) fn read(json: &Json) -> Result<Self, String> {
        let text = |key: &str| {
            let text = json.get(key).and_then(Json::as_str);
            text.ok_or_else(|| format!("a registration without `{key}`: {json}"))
        };
        let handler: Arc<str> = text("handler").unwrap_or_default().into();
        match text("kind")? {
            "function" => Ok(Self::Function {
                name: text("name")?.into(),
                handler,
                validator: HostValidator::read(json.get("validator")),
            }),
            "job" => Ok(Self::Job { name: text("name")?.into(), handler }),
            "trigger" => {
                let kind = text("type")?;
                let kind = TriggerKind::named(kind)
                    .ok_or_else(|| format!("there is no trigger of the type `{kind}`"))?;
                let class = ClassName::from(text("className")?);
                let validator = HostValidator::read(json.get("validator"));
                Ok(Self::Trigger { kind, class, handler, validator })
            }
            "liveQueryEvent" => Ok(Self::LiveQueryEvent { handler }),
            other => Err(format!("nothing of the kind `{other}` can be registered")),
        }
    }

    /// Reads a list of them.
    pub(in crate::cloud) fn read_all(json: Option<&Json>) -> Result<Vec<Self>, String> {
        let list = json.and_then(Json::as_array).unwrap_or_default();
        list.iter().map(Self::read).collect()
    }

    pub(in crate::cloud) fn purpose(&self) -> Purpose {
        match self {
            Self::Function { name, .. } => Purpose::Function(Arc::clone(name)),
            Self::Job { name, .. } => Purpose::Job(Arc::clone(name)),
            Self::Trigger { kind, class, .. } => Purpose::Trigger(*kind, class.clone()),
            Self::LiveQueryEvent { handler } => Purpose::LiveQueryEvent(Arc::clone(handler)),
        }
    }

    /// The name by which the host is asked.
    pub(in crate::cloud) fn handler(&self) -> &Arc<str> {
        match self {
            Self::Function { handler, .. }
            | Self::Job { handler, .. }
            | Self::Trigger { handler, .. }
            | Self::LiveQueryEvent { handler } => handler,
        }
    }

    fn host_validator(&self) -> Option<&HostValidator> {
        match self {
            Self::Function { validator, .. } | Self::Trigger { validator, .. } => {
                validator.as_ref()
            }
            Self::Job { .. } | Self::LiveQueryEvent { .. } => None,
        }
    }

    /// What is asked before.
    pub(in crate::cloud) fn validator(&self) -> Option<&Validator> {
        self.host_validator().map(|validator| &validator.validator)
    }

    /// The name by which the host is asked for its validator.
    pub(in crate::cloud) fn validator_handler(&self) -> Option<&Arc<str>> {
        self.host_validator()?.handler.as_ref()
    }
}

/// Whether two lists register the same: the names by which a host is asked differ from process to process.
pub(in crate::cloud) fn same_meaning(one: &[Registration], other: &[Registration]) -> bool {
    let has = |list: &[Registration], wanted: &Registration| {
        list.iter().any(|known| {
            known.purpose() == wanted.purpose() && known.validator() == wanted.validator()
        })
    };
    one.len() == other.len() && one.iter().all(|registration| has(other, registration))
}

impl HostValidator {
    fn read(json: Option<&Json>) -> Option<Self> {
        let json = json?;
        if let Some(rules) = json.get("rules") {
            return Some(Self {
                validator: Validator::Rules(Arc::new(rules.clone())),
                handler: None,
            });
        }
        let handler = json.get("handler")?.as_str()?;
        Some(Self { validator: Validator::Host, handler: Some(handler.into()) })
    }
}
