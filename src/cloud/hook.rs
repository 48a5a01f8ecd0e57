//! What hooks are asked and what they answer.

use std::sync::Arc;

use super::TriggerKind;
use crate::error::{Error, Result};
use crate::value::{ClassName, Json, Members, ObjectId};

/// Who asks, as hooks see him.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// Whether he holds the master key.
    pub master: bool,
    /// Whether it is the one that may only read.
    pub read_only: bool,
    /// The user, with the token of his session among his data.
    pub user: Option<Arc<ObjectState>>,
    /// The installation that the request comes from.
    pub installation_id: Option<Arc<str>>,
    /// The headers of the request, with names in lower case.
    pub headers: Arc<Members>,
    /// The address of the client.
    pub ip: Arc<str>,
    /// What one hook of an operation hands to the next: an object.
    pub context: Json,
}

/// An object as hooks see it.
#[derive(Clone, Debug)]
pub struct ObjectState {
    /// Its class.
    pub class: ClassName,
    /// Its id; nothing before it is stored.
    pub id: Option<ObjectId>,
    /// What is stored, in wire form.
    pub data: Members,
    /// What is to change, in wire form: values and `__op` objects.
    pub ops: Option<Members>,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct FunctionRequest {
    /// The function.
    pub name: Arc<str>,
    /// Who calls.
    pub asker: Asker,
    /// The parameters, in wire form.
    pub params: Members,
}

/// A run of a job.
#[derive(Clone, Debug)]
pub struct JobRequest {
    /// The job.
    pub name: Arc<str>,
    /// The id of the `_JobStatus` object.
    pub job_id: ObjectId,
    /// The parameters, in wire form.
    pub params: Members,
    /// The headers of the request that started it.
    pub headers: Arc<Members>,
    /// The address of whoever started it.
    pub ip: Arc<str>,
}

/// A question to a trigger.
#[derive(Clone, Debug)]
pub struct TriggerRequest {
    /// When it runs.
    pub kind: TriggerKind,
    /// The class that it is registered for.
    pub class: ClassName,
    /// Who asks.
    pub asker: Asker,
    /// What it is about.
    pub subject: Subject,
}

/// What a trigger is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// An object that is saved, deleted or logged in.
    Object {
        /// The object: what is stored, and what is to change.
        object: ObjectState,
        /// What was stored before, if it is an update.
        original: Option<ObjectState>,
    },
    /// A question that is going to be asked.
    Query {
        /// The question, as `Parse.Query` writes it.
        query: Members,
        /// Whether objects are only counted.
        count: bool,
        /// Whether one object is got by its id.
        is_get: bool,
    },
    /// Objects that were found.
    Objects {
        /// The objects.
        objects: Vec<ObjectState>,
        /// The question.
        query: Members,
        /// Whether they were counted, too.
        count: bool,
        /// Whether one object was got by its id.
        is_get: bool,
    },
    /// A file.
    File {
        /// The file.
        file: FileState,
        /// Its length in bytes, where it is known.
        size: Option<u64>,
    },
    /// The configuration.
    Config {
        /// The parameters as they are going to be, or as they are.
        now: Members,
        /// The parameters as they were.
        before: Members,
    },
    /// A LiveQuery connection that is going to be.
    Connection(Scene),
    /// A LiveQuery subscription that is going to be.
    Subscription {
        /// The connection.
        scene: Scene,
        /// How the client asked for it, where there is more than one way.
        asked: Option<Asked>,
        /// The question, as `Parse.Query` writes it.
        query: Members,
    },
    /// An event that a LiveQuery subscriber is going to be told.
    Event(Box<EventState>),
}

/// LiveQuery, as hooks see it from one of its connections.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// How many connections there are.
    pub clients: usize,
    /// How many subscriptions there are.
    pub subscriptions: usize,
    /// The token that the connection or the subscription came with.
    pub session_token: Option<Arc<str>>,
}

/// How a client of the LiveQuery protocol asked for a subscription.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The number that he gave to it.
    pub number: f64,
    /// Whether it is to replace another one.
    pub is_update: bool,
}

impl Asked {
    /// The name of the message.
    pub fn op(self) -> &'static str {
        match self.is_update {
            true => "update",
            false => "subscribe",
        }
    }
}

/// An event that a subscriber is going to be told, as hooks see it.
#[derive(Clone, Debug)]
pub struct EventState {
    /// The connection.
    pub scene: Scene,
    /// What became of the object: `create`, `enter`, `update`, `leave` or `delete`.
    pub event: String,
    /// The object.
    pub object: ObjectState,
    /// The object before.
    pub original: Option<ObjectState>,
}

/// Something that happened to LiveQuery connections (`Parse.Cloud.onLiveQueryEvent`).
#[derive(Clone, Debug)]
pub struct LiveNotice {
    /// What happened.
    pub moment: LiveMoment,
    /// How many connections and subscriptions there are; and the token of the connection.
    pub scene: Scene,
    /// Whose connection it is, if he said who he is.
    pub asker: Option<Asker>,
    /// What went wrong.
    pub error: Option<String>,
}

/// What can happen to LiveQuery connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveMoment {
    /// A socket was opened.
    SocketOpened,
    /// A client said who he is, and may stay.
    Connected,
    /// He subscribed.
    Subscribed,
    /// He ended a subscription.
    Unsubscribed,
    /// The socket of a client was closed.
    SocketClosed,
    /// A socket was closed before anybody said who he is.
    SocketLost,
}

impl LiveMoment {
    /// Its name in the API of cloud code.
    pub fn name(self) -> &'static str {
        match self {
            Self::SocketOpened => "ws_connect",
            Self::Connected => "connect",
            Self::Subscribed => "subscribe",
            Self::Unsubscribed => "unsubscribe",
            Self::SocketClosed => "ws_disconnect",
            Self::SocketLost => "ws_disconnect_error",
        }
    }
}

/// A file as hooks see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileState {
    /// Its name.
    pub name: String,
    /// Its address, once it is stored.
    pub url: Option<String>,
    /// Its content; in an answer nothing if that did not change.
    pub base64: Option<String>,
    /// Where its content is to be fetched, as a trigger said.
    pub uri: Option<String>,
    /// Its content type.
    pub content_type: Option<String>,
    /// Its metadata.
    pub metadata: Members,
    /// Its tags.
    pub tags: Members,
    /// Whether a browser is to save it, whatever it is.
    pub force_download: bool,
    /// Headers that are sent with it.
    pub response_headers: Members,
}

/// What a trigger answered.
#[derive(Clone, Debug, Default)]
pub struct TriggerAnswer {
    /// What the handler returned; nothing for `undefined`.
    pub value: Option<Json>,
    /// The object after it ran.
    pub object: Option<ObjectAnswer>,
    /// The context after it ran.
    pub context: Option<Json>,
    /// The question that is to be asked, as `Parse.Query` writes it: changed, or another one.
    pub query: Option<Members>,
    /// The objects that are to be shown, in wire form.
    pub objects: Option<Vec<Members>>,
    /// The file after it ran, or in its place.
    pub file: Option<FileState>,
    /// The parameters of the configuration after it ran.
    pub config: Option<Members>,
    /// The event after it ran.
    pub event: Option<EventAnswer>,
}

/// An event after a trigger ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventAnswer {
    /// Whether nobody is told of it.
    pub is_withheld: bool,
    /// What became of the object, as the trigger wants it told.
    pub event: Option<String>,
    /// The object that is to be shown, in wire form.
    pub object: Option<Members>,
    /// The object before that is to be shown, in wire form.
    pub original: Option<Members>,
}

/// An object after a trigger ran.
#[derive(Clone, Debug, Default)]
pub struct ObjectAnswer {
    /// Its id.
    pub id: Option<ObjectId>,
    /// All that is to change: it replaces what the trigger was told.
    pub ops: Members,
    /// Stored fields that changed because the trigger saved or fetched the object itself.
    pub data: Option<Members>,
}

/// What cloud code returned: JSON in wire form, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostValue(Box<str>);

impl HostValue {
    /// The value of a JSON text. The error is for the log: a host sent what is no JSON.
    pub fn from_text(text: &str) -> Result<Self> {
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Ok(Self(text.into())),
            Err(cause) => Err(Error::internal(cause)),
        }
    }

    /// A text that came out of a JSON document and so is JSON.
    pub(super) fn from_raw(raw: &serde_json::value::RawValue) -> Self {
        Self(raw.get().into())
    }

    /// The JSON text.
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// The value as a tree.
    pub fn to_json(&self) -> Json {
        Json::parse(self.0.as_bytes()).unwrap_or(Json::Null)
    }
}

impl From<&Json> for HostValue {
    fn from(json: &Json) -> Self {
        Self(json.to_text().into_boxed_str())
    }
}

/// JSON of a client as a host takes it where any value may stand (section 3.5 of the host protocol): what looks like one of
/// the protocol's own forms, such as `{"$host": …}`, is marked to be taken as it is. Nothing that a client sends ever
/// becomes a reference, an error or another thing of the host.
pub fn plain(json: Json) -> Json {
    match looks_special(&json) {
        true => Json::from([("$plain", json)]),
        false => json,
    }
}

fn looks_special(json: &Json) -> bool {
    match json {
        Json::Object(members) => {
            members.keys().any(|key| key.starts_with('$')) || members.values().any(looks_special)
        }
        Json::Array(elements) => elements.iter().any(looks_special),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
