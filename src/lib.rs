//! Parsimony: a GraphQL-first backend server that speaks the Parse REST API.
//!
//! # The house
//!
//! A room is a module of this crate; its `//!` says what it is and what it never does. A room uses only rooms
//! above it in this list, and `tests/tidy.rs` holds that as a table.
//!
//! ```text
//! words     error < value < schema < query < access      pure: no I/O, no clock
//! settings  options  telemetry
//! ports     storage  adapters < cloud
//! state     auth  catalog
//! verbs     ops < live
//! doors     http < rest, graphql, livequery, pages
//!           server                                       composition
//! ```
//!
//! # Four ideas
//!
//! 1. **One resolver layer.** REST, batch and GraphQL all call [`ops`]. No door holds rules or permissions: it
//!    decodes a request into a typed call and encodes the answer.
//! 2. **Permission is a value.** [`access::Plan`] is compiled from a class, an operation and a principal. Only a
//!    plan makes an [`access::Allowed`] question, which is all that [`storage`] accepts; only a plan turns
//!    [`value::Stored`] rows into [`access::Objects`], which is all that doors encode. A forgotten check does not
//!    compile.
//! 3. **Snapshots instead of look-ups.** The classes in force are one immutable [`schema::Snapshot`]; the GraphQL
//!    schema is derived from it off the request path and swapped. A request takes one snapshot and keeps it.
//! 4. **Typed at the edge.** What a client sends becomes [`value::Fields`] and [`query::Filter`] at the door. A
//!    value never turns into an operator, a string never into an identifier.
//!
//! # The way of a request
//!
//! *Reading*: guards and caller give an [`ops::Ctx`]; the door decodes a [`query::FindRequest`];
//! [`ops::read`] answers the queries inside its conditions, resolves names and literals against the class, asks
//! storage once, follows pointers with one question per class and level, and reveals what the caller may see; the
//! door writes the answer from the driver's cells.
//!
//! *Writing*: **admit** → **ask** (hooks) → **draft** → **settle** → **store** → **answer** → **tell** (hooks), each a file
//! of [`ops::write`] or of [`ops`]'s hooks.
//!
//! *Cloud code*: a hook is a question with an answer. [`cloud`] knows what is registered and asks a Node worker, a host of
//! somebody else's, a closure or a webhook; what cloud code wants of the server comes back through
//! [`cloud::Gateway`] as a request like any other, inside the transaction that surrounds the hook. There is no second
//! way into the data.
//!
//! *Events*: a write to an object of a live class is told to the [`adapters::pubsub::Bus`] once it is lasting, with the row
//! before and the row after. [`live`] finds the questions that either row meets, holds the plan of everyone who asked
//! against both, and puts what became of the object for him into the queue of his connection; [`livequery`] and
//! [`graphql`] are two encoders of that one stream. Other processes hear of it through Redis.
//!
//! # In another program
//!
//! [`Server::builder`] makes a server that is part of an axum application, with cloud code in Rust. The types at the
//! root of this crate are for that; the rooms below are the program's own and may change with every version.

#[doc(hidden)]
pub mod access;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod query;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod value;

#[doc(hidden)]
pub mod options;
#[doc(hidden)]
pub mod telemetry;

#[doc(hidden)]
pub mod adapters;
#[doc(hidden)]
pub mod cloud;
#[doc(hidden)]
pub mod storage;

#[doc(hidden)]
pub mod auth;
#[doc(hidden)]
pub mod catalog;

#[doc(hidden)]
pub mod ops;

#[doc(hidden)]
pub mod live;

#[doc(hidden)]
pub mod graphql;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod livequery;
#[doc(hidden)]
pub mod pages;
#[doc(hidden)]
pub mod rest;

#[doc(hidden)]
pub mod server;

pub use adapters::clock::Clock;
pub use cloud::native::{
    Api, Call, Caller, Changes, Connecting, Created, Deletion, File, Found, GeoPoint, JobEnd,
    JobRun, LiveEvent, Login, Object, Pointer, Query, Save, Search, Subscribing, Tell, User,
};
pub use error::{Code, Error, Result};
pub use server::{Server, ServerBuilder};
pub use value::Date;
