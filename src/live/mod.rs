//! The LiveQuery engine: from what became of an object to what each subscriber is told.
//!
//! An event comes from the bus with the row before and the row after. The index of its class gives the questions that
//! either row may meet; each is held against both rows, and so is the plan of everyone who asked it. What is left is a
//! transition (create, enter, update, leave, delete), made visible once for all who see the same of it, and put into the
//! bounded queue of each subscriber. What events cost follows the subscriptions that match, not those that are there.
//!
//! The engine knows no sockets and no wire: a door takes a [`Client`] and an [`Inbox`] for each of its connections, and
//! encodes what comes out of the inbox. It never waits for a subscriber: one that does not read fast enough is cut off.

mod audience;
mod class;
mod client;
mod engine;
mod hub;
mod index;
mod log;
mod rows;
mod shown;
mod telling;
mod terms;
mod triggers;

pub use crate::cloud::hook::Asked;
pub use audience::Audience;
pub use client::{Client, Delivery, Fate, Inbox, Profile, Told};
pub use engine::Live;
pub use log::Sequence;
pub use shown::{Kind, Shown};
pub use terms::{Kinds, Subscribed, Terms, Who};
