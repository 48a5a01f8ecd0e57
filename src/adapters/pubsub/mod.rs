//! Events: what became of objects of live classes. A write tells the bus once it is lasting; the bus numbers what it is
//! told and hands it to the LiveQuery engine of this process, and by Redis to other processes, parse-server's among them.
//!
//! Nothing here waits: a write never does for whoever listens. An event that finds no room is dropped, and since events
//! are numbered, whoever misses one knows. What comes from other processes is believed as to what happened, and read
//! within bounds.

mod backlog;
mod backoff;
mod bus;
mod link;
mod message;
mod publisher;
mod queue;
mod subscriber;
mod traffic;

use std::sync::Arc;

use crate::value::{ClassName, Members, ObjectId, Stored};

pub use backoff::Dice;
pub use bus::{Bus, Fleet, Notices, Relay};
pub use message::Described;
pub use traffic::Traffic;

/// What became of an object.
#[derive(Debug)]
pub struct Event {
    /// Its class.
    pub class: ClassName,
    /// Its id.
    pub id: ObjectId,
    /// The row before, with all columns of its class; nothing if the object is new.
    pub before: Option<Stored>,
    /// The row after; nothing if the object is gone.
    pub after: Option<Stored>,
    /// Where it stands among the events.
    pub position: Position,
}

/// Where an event stands among those of the process that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The process, by a name that no other process has or had.
    pub server: Arc<str>,
    /// The number of the event there; the first is 1, and none is left out.
    pub number: u64,
}

/// An event of another process, whose classes may differ from ours: objects in wire form, with their ids and without
/// the name of their class.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The class.
    pub class: ClassName,
    /// The object before.
    pub before: Option<Members>,
    /// The object after.
    pub after: Option<Members>,
    /// Where it stands; nothing if the process does not number its events (parse-server).
    pub position: Option<Position>,
}

/// What the engine is told.
#[derive(Debug)]
pub enum Notice {
    /// An event of this process.
    Event(Arc<Event>),
    /// An event of another process.
    Message(Message),
    /// Another process says that what is known of a user is void.
    Forget(ObjectId),
    /// Something may have happened that nobody was told of: there was no room for it here, or no way from the others.
    Missed,
}
