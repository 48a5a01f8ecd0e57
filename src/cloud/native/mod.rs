//! Cloud code in Rust: closures of the program that embeds the server.
//!
//! What a program writes is typed: parameters and results are its own serde types. Behind that is one form for all
//! closures, that of `NativeFunction` and its like, which the registry keeps beside the functions of a host.

mod api;
mod changes;
mod define;
mod live;
mod query;
mod request;
mod values;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Within;
use super::hook::{
    FunctionRequest, HostValue, JobRequest, LiveNotice, TriggerAnswer, TriggerRequest,
};
use crate::error::Result;
use crate::value::Json;

pub use api::{Api, Created};
pub(crate) use api::{Keys, Link};
pub use changes::Changes;
pub(crate) use define::{
    after_find, before_find, before_save, function, job, object_trigger, save_trigger,
};
pub use live::{Connecting, LiveEvent, Subscribing, Tell};
pub(crate) use live::{after_event, before_connect, before_subscribe};
pub use query::Query;
pub use request::{Call, Caller, Deletion, Found, JobEnd, JobRun, Login, Save, Search, User};
pub use values::{File, GeoPoint, Object, Pointer};

/// What a closure returns.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
/// A function.
pub(crate) type NativeFunction =
    Arc<dyn Fn(FunctionRequest, Within) -> Answer<Option<HostValue>> + Send + Sync>;
/// A trigger.
pub(crate) type NativeTrigger =
    Arc<dyn Fn(TriggerRequest, Within) -> Answer<TriggerAnswer> + Send + Sync>;
/// A job.
pub(crate) type NativeJob = Arc<dyn Fn(JobRequest, Within) -> Answer<Option<Json>> + Send + Sync>;
/// What is told of LiveQuery connections. Whatever tells it waits until it returns.
pub(crate) type NativeListener = Arc<dyn Fn(LiveNotice) + Send + Sync>;
