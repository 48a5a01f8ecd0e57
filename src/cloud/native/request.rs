//! What closures are asked: typed views of the questions to hooks.

use std::any::TypeId;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::api::{Link, Who};
use super::{Api, Query};
use crate::cloud::Within;
use crate::cloud::hook::{Asker, ObjectState};
use crate::error::{Code, Error, Result};
use crate::value::{Json, Members};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    asker: Arc<Asker>,
    user: Option<User>,
}

impl Caller {
    pub(super) fn new(asker: Asker) -> Self {
        let user = asker.user.as_ref().map(|state| User { state: Arc::clone(state) });
        Self { asker: Arc::new(asker), user }
    }

    /// Whether he holds the master key.
    pub fn is_master(&self) -> bool {
        self.asker.master
    }

    /// The user, if he is logged in.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// The user. Error 209 if nobody is logged in.
    pub fn demand_user(&self) -> Result<&User> {
        self.user()
            .ok_or_else(|| Error::new(Code::InvalidSessionToken, "Please log in to continue."))
    }

    /// The installation that the request comes from.
    pub fn installation_id(&self) -> Option<&str> {
        self.asker.installation_id.as_deref()
    }

    /// A header of the request; its name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.asker.headers.get(name).and_then(Json::as_str)
    }

    /// The address of the client; empty if the request did not come over a network.
    pub fn ip(&self) -> &str {
        &self.asker.ip
    }

    pub(super) fn who(&self) -> Who {
        let token = self.user.as_ref().and_then(User::session_token);
        match token {
            _ if self.asker.master => Who::Master,
            Some(token) => Who::Session(Arc::from(token)),
            None => Who::Public,
        }
    }
}

/// A user who is logged in.
#[derive(Clone, Debug)]
pub struct User {
    state: Arc<ObjectState>,
}

impl User {
    /// His id.
    pub fn id(&self) -> &str {
        self.state.id.as_deref().unwrap_or_default()
    }

    /// The token of his session.
    pub fn session_token(&self) -> Option<&str> {
        self.state.data.get("sessionToken").and_then(Json::as_str)
    }

    /// His fields as a type of the program.
    pub fn fields<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.state.data)
    }
}

/// The way back to the server, and who goes it.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    pub(super) link: Link,
    pub(super) within: Within,
}

impl Back {
    pub(super) fn api(&self, who: Who) -> Api {
        self.link.api(who, Some(self.within.clone()))
    }
}

/// A call of a function with parameters of type `P`.
#[derive(Clone, Debug)]
pub struct Call<P> {
    /// The name of the function.
    pub name: Arc<str>,
    /// The parameters.
    pub params: P,
    /// Who calls.
    pub caller: Caller,
    pub(super) back: Back,
}

impl<P> Call<P> {
    /// The API for whoever calls: what he may not do fails.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// An object that is going to be saved, or was saved.
#[derive(Clone, Debug)]
pub struct Save {
    pub(super) object: ObjectState,
    pub(super) original: Option<ObjectState>,
    /// Who saves.
    pub caller: Caller,
    pub(super) back: Back,
}

impl Save {
    /// The name of the class.
    pub fn class_name(&self) -> &str {
        &self.object.class
    }

    /// The id; nothing before a new object is stored.
    pub fn id(&self) -> Option<&str> {
        self.object.id.as_deref()
    }

    /// Whether the object is new.
    pub fn is_new(&self) -> bool {
        self.original.is_none()
    }

    /// Whether the request changes a field.
    pub fn changes(&self, field: &str) -> bool {
        let names = self.object.ops.iter().flat_map(Members::keys);
        names.into_iter().any(|name| name.split('.').next() == Some(field))
    }

    /// The fields of the object as they are going to be, or as they are stored now.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&super::changes::applied(&self.object))
    }

    /// The fields of the object as they were before; nothing if it is new.
    pub fn original<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.original.as_ref().map(|original| typed(&original.data)).transpose()
    }

    /// The API for whoever saves.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// A question that is about one object and changes nothing of it.
pub(crate) trait OfObject: Send + 'static {
    fn of(object: ObjectState, caller: Caller, back: Back) -> Self;
}

impl OfObject for Deletion {
    fn of(object: ObjectState, caller: Caller, back: Back) -> Self {
        Self { object, caller, back }
    }
}

impl OfObject for Login {
    fn of(object: ObjectState, caller: Caller, back: Back) -> Self {
        Self { user: User { state: Arc::new(object) }, caller, back }
    }
}

/// A user who is going to be logged in, or was.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: User,
    /// Who asks for it: nobody yet, or the master.
    pub caller: Caller,
    back: Back,
}

impl Login {
    /// The API for whoever asks.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// An object that is going to be deleted, or was.
#[derive(Clone, Debug)]
pub struct Deletion {
    object: ObjectState,
    /// Who does it.
    pub caller: Caller,
    back: Back,
}

impl Deletion {
    /// The name of the class.
    pub fn class_name(&self) -> &str {
        &self.object.class
    }

    /// The id.
    pub fn id(&self) -> &str {
        self.object.id.as_deref().unwrap_or_default()
    }

    /// The fields of the object.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T> {
        typed(&self.object.data)
    }

    /// The API for whoever does it.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// A question that is going to be asked.
#[derive(Clone, Debug)]
pub struct Search {
    /// The question. The closure returns it, changed or not.
    pub query: Query,
    /// Whether objects are only counted.
    pub is_count: bool,
    /// Whether one object is got by its id.
    pub is_get: bool,
    /// Who asks.
    pub caller: Caller,
    pub(super) back: Back,
}

impl Search {
    /// The API for whoever asks.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// Objects that were found.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The objects. The closure returns those that are to be shown.
    pub objects: Vec<T>,
    /// Who asked.
    pub caller: Caller,
    pub(super) back: Back,
}

impl<T> Found<T> {
    /// The API for whoever asked.
    pub fn api(&self) -> Api {
        self.back.api(self.caller.who())
    }
}

/// A run of a job with parameters of type `P`.
#[derive(Clone, Debug)]
pub struct JobRun<P> {
    /// The name of the job.
    pub name: Arc<str>,
    /// The id of its status, an object of `_JobStatus`.
    pub id: String,
    /// The parameters.
    pub params: P,
    pub(super) back: Back,
}

impl<P> JobRun<P> {
    /// Says how far the job is: the message of its status.
    pub async fn message(&self, text: &str) -> Result<()> {
        self.api().tell(&self.id, text).await
    }

    /// The API for the holder of the master key: jobs belong to nobody else.
    pub fn api(&self) -> Api {
        self.back.api(Who::Master)
    }
}

/// What a job may return: nothing, or the last message of its status.
pub trait JobEnd {
    /// The message.
    fn message(self) -> Option<String>;
}

impl JobEnd for () {
    fn message(self) -> Option<String> {
        None
    }
}

impl JobEnd for String {
    fn message(self) -> Option<String> {
        Some(self)
    }
}

impl JobEnd for &str {
    fn message(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl JobEnd for Option<String> {
    fn message(self) -> Option<String> {
        self
    }
}

/// Parameters as a type of the program. Any fit `()`, and none fit an `Option`.
pub(super) fn parameters<T: DeserializeOwned + 'static>(members: &Members) -> Result<T> {
    let is_unit = TypeId::of::<T>() == TypeId::of::<()>();
    typed(members).or_else(|error| match is_unit || members.is_empty() {
        true => serde_json::from_str("null").map_err(|_| error),
        false => Err(error),
    })
}

/// JSON members as a type of the program. Error 142 with what does not fit.
pub(super) fn typed<T: DeserializeOwned>(members: &Members) -> Result<T> {
    serde_json::from_str(&Json::Object(members.clone()).to_text())
        .map_err(|cause| Error::new(Code::ValidationError, format!("Validation failed: {cause}.")))
}
