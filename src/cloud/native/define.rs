//! From a closure with types of its own to the one form that the registry keeps.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::Link;
use super::request::{Back, OfObject, parameters, typed};
use super::{
    Answer, Call, Caller, Changes, Found, JobEnd, JobRun, NativeFunction, NativeJob, NativeTrigger,
    Query, Save, Search,
};
use crate::cloud::Within;
use crate::cloud::hook::{
    FunctionRequest, HostValue, JobRequest, ObjectAnswer, ObjectState, Subject, TriggerAnswer,
    TriggerRequest,
};
use crate::error::{Error, Result};
use crate::value::{Json, Members};

/// A function.
pub(crate) fn function<P, R, E, F, Fut>(link: Link, closure: F) -> NativeFunction
where
    P: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    E: Into<Error>,
    F: Fn(Call<P>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<R, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: FunctionRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let FunctionRequest { name, asker, params } = request;
            let (params, caller) = (parameters(&params)?, Caller::new(asker));
            let back = Back { link, within };
            let returned =
                closure(Call { name, params, caller, back }).await.map_err(Into::into)?;
            // Through our own JSON, so that numbers look as everywhere.
            let json = serde_json::to_value(returned).map_err(Error::internal)?;
            Ok(Some(HostValue::from(&Json::from(json))))
        })
    })
}

/// A job.
pub(crate) fn job<P, R, E, F, Fut>(link: Link, closure: F) -> NativeJob
where
    P: DeserializeOwned + Send + 'static,
    R: JobEnd + Send + 'static,
    E: Into<Error>,
    F: Fn(JobRun<P>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<R, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: JobRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let params = parameters(&request.params)?;
            let back = Back { link, within };
            let run = JobRun { name: request.name, id: request.job_id.to_string(), params, back };
            let end = closure(run).await.map_err(Into::into)?;
            Ok(end.message().map(Json::from))
        })
    })
}

/// A trigger that runs before an object is saved.
pub(crate) fn before_save<E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    E: Into<Error>,
    F: Fn(Save) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<Changes, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let (save, asked) = save_of(request, Back { link, within })?;
            let id = save.object.id.clone();
            let changes = closure(save).await.map_err(Into::into)?;
            let object = ObjectAnswer { id, ops: changes.over(asked)?, data: None };
            Ok(TriggerAnswer { object: Some(object), ..TriggerAnswer::default() })
        })
    })
}

/// A trigger that runs after an object was saved.
pub(crate) fn save_trigger<E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    E: Into<Error>,
    F: Fn(Save) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<(), E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let (save, _) = save_of(request, Back { link, within })?;
            closure(save).await.map_err(Into::into)?;
            Ok(TriggerAnswer::default())
        })
    })
}

/// A trigger that is told of an object and changes nothing of it.
pub(crate) fn object_trigger<Q, E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    Q: OfObject,
    E: Into<Error>,
    F: Fn(Q) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<(), E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Object { object, .. } = request.subject else { return Err(mixed_up()) };
            let (caller, back) = (Caller::new(request.asker), Back { link, within });
            closure(Q::of(object, caller, back)).await.map_err(Into::into)?;
            Ok(TriggerAnswer::default())
        })
    })
}

/// A trigger that runs before objects are looked for.
pub(crate) fn before_find<E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    E: Into<Error>,
    F: Fn(Search) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<Query, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Query { query, count, is_get } = request.subject else {
                return Err(mixed_up());
            };
            let search = Search {
                query: Query::of_members(&request.class, &query),
                is_count: count,
                is_get,
                caller: Caller::new(request.asker),
                back: Back { link, within },
            };
            let query = closure(search).await.map_err(Into::into)?;
            let query = Some(query.into_members()?);
            Ok(TriggerAnswer { query, ..TriggerAnswer::default() })
        })
    })
}

/// A trigger that runs after objects were found.
pub(crate) fn after_find<T, E, F, Fut>(link: Link, closure: F) -> NativeTrigger
where
    T: DeserializeOwned + Serialize + Send + 'static,
    E: Into<Error>,
    F: Fn(Found<T>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<Vec<T>, E>> + Send + 'static,
{
    let closure = Arc::new(closure);
    Arc::new(move |request: TriggerRequest, within: Within| {
        let (closure, link) = (Arc::clone(&closure), link.clone());
        answer(async move {
            let Subject::Objects { objects, .. } = request.subject else { return Err(mixed_up()) };
            let objects: Result<Vec<T>> =
                objects.iter().map(|object: &ObjectState| typed(&object.data)).collect();
            let (caller, back) = (Caller::new(request.asker), Back { link, within });
            let found = Found { objects: objects?, caller, back };
            let shown = closure(found).await.map_err(Into::into)?;
            let objects: Result<Vec<Members>> = shown.iter().map(members_of).collect();
            Ok(TriggerAnswer { objects: Some(objects?), ..TriggerAnswer::default() })
        })
    })
}

fn answer<T>(future: impl Future<Output = Result<T>> + Send + 'static) -> Answer<T> {
    Box::pin(future)
}

/// The question to a trigger of saving, and the changes that were asked for.
fn save_of(request: TriggerRequest, back: Back) -> Result<(Save, Option<Members>)> {
    let Subject::Object { object, original } = request.subject else { return Err(mixed_up()) };
    let asked = object.ops.clone();
    let caller = Caller::new(request.asker);
    Ok((Save { object, original, caller, back }, asked))
}

fn members_of<T: Serialize>(object: &T) -> Result<Members> {
    let json = Json::from(serde_json::to_value(object).map_err(Error::internal)?);
    let members = json.as_object().cloned();
    members.ok_or_else(|| Error::internal(format!("{json} is no object")))
}

fn mixed_up() -> Error {
    Error::internal("a trigger was asked about something else")
}
