//! What closures are asked and told of LiveQuery.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::Link;
use super::request::{Back, typed};
use super::{Answer, Api, Caller, NativeTrigger, Query};
use crate::cloud::Within;
use crate::cloud::hook::{EventAnswer, ObjectState, Scene, Subject, TriggerAnswer, TriggerRequest};
use crate::error::{Error, Result};
use crate::value::{Json, Members};

/// Somebody who is going to be connected to LiveQuery.
#[derive(Clone, Debug)]
pub struct Connecting {
    /// Who.
    pub caller: Caller,
    scene: Scene,
    back: Back,
}

impl Connecting {
    /// How many connections there are.
    pub fn clients(&self) -> usize {
        self.scene.clients
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        self.scene.subscriptions
    }

    /// The API for whoever connects.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// A subscription that is going to be.
#[derive(Clone, Debug)]
pub struct Subscribing {
    /// The question. The closure returns it, changed or not.
    pub query: Query,
    /// Who asks.
    pub caller: Caller,
    back: Back,
}

impl Subscribing {
    /// The API for whoever asks.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// An event that a subscriber is going to be told, with the object as a type of the program.
#[derive(Clone, Debug)]
pub struct LiveEvent<T> {
    /// What became of the object: `create`, `enter`, `update`, `leave` or `delete`.
    pub event: String,
    /// The object.
    pub object: T,
    /// The object before; nothing if it is new or gone.
    pub original: Option<T>,
    /// Who is going to be told.
    pub caller: Caller,
    back: Back,
}

impl<T> LiveEvent<T> {
    /// The API for whoever is going to be told.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Tell<T> {
    /// It is told as it is.
    AsItIs,
    /// It is told to nobody.
    Nothing,
    /// It is told with these in the place of the object, and of the object before if there is one.
    This {
        /// The object.
        object: T,
        /// The object before.
        original: Option<T>,
    },
}

/// A trigger that runs before somebody is connected.
pub(crate) fn before_connect<E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    E: Into<Error>,
    F: Fn(Connecting) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<(), E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Connection(scene) = request.subject else { return Err(mixed_up()) };
            let (caller, back) = (Caller::new(request.asker), Back { link, within });
            closure(Connecting { caller, scene, back }).await.map_err(Into::into)?;
            Ok(TriggerAnswer::default())
        })
    })
}

/// A trigger that runs before somebody subscribes.
pub(crate) fn before_subscribe<E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    E: Into<Error>,
    F: Fn(Subscribing) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<Query, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Subscription { query, .. } = request.subject else {
                return Err(mixed_up());
            };
            let watch = query.get("watch").cloned();
            let subscribing = Subscribing {
                query: Query::of_members(&request.class, &query),
                caller: Caller::new(request.asker),
                back: Back { link, within },
            };
            let asked = closure(subscribing).await.map_err(Into::into)?;
            let mut query = asked.into_members()?;
            query.extend(watch.map(|watch| ("watch".to_owned(), watch)));
            Ok(TriggerAnswer { query: Some(query), ..TriggerAnswer::default() })
        })
    })
}

/// A trigger that runs before somebody is told of an event.
pub(crate) fn after_event<T, E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    T: DeserializeOwned + Serialize + Send + 'static,
    E: Into<Error>,
    F: Fn(LiveEvent<T>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<Tell<T>, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Event(state) = request.subject else { return Err(mixed_up()) };
            let event = LiveEvent {
                event: state.event,
                object: typed(&whole(state.object))?,
                original: state.original.map(|state| typed(&whole(state))).transpose()?,
                caller: Caller::new(request.asker),
                back: Back { link, within },
            };
            let told = match closure(event).await.map_err(Into::into)? {
                Tell::AsItIs => EventAnswer::default(),
                Tell::Nothing => EventAnswer { is_withheld: true, ..EventAnswer::default() },
                Tell::This { object, original } => EventAnswer {
                    object: Some(members_of(&object)?),
                    original: original.as_ref().map(members_of).transpose()?,
                    ..EventAnswer::default()
                },
            };
            Ok(TriggerAnswer { event: Some(told), ..TriggerAnswer::default() })
        })
    })
}

/// All fields, the id among them.
fn whole(state: ObjectState) -> Members {
    let mut fields = state.data;
    fields.extend(state.id.map(|id| ("objectId".to_owned(), Json::from(id.as_str()))));
    fields
}

fn answer<T>(future: impl Future<Output = Result<T>> + Send + 'static) -> Answer<T> {
    Box::pin(future)
}

fn members_of<T: Serialize>(object: &T) -> Result<Members> {
    let json = Json::from(serde_json::to_value(object).map_err(Error::internal)?);
    let members = json.as_object().cloned();
    members.ok_or_else(|| Error::internal(format!("{json} is no object")))
}

fn mixed_up() -> Error {
    Error::internal("a trigger was asked about something else")
}
