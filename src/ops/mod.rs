//! Every verb of the server, without HTTP, JSON, GraphQL or SQL: doors decode their requests into calls of
//! these functions and encode what they return. All rules and all permissions are below this line.

pub mod config;
mod ctx;
pub mod definitions;
mod denylist;
mod events;
pub mod files;
pub mod functions;
pub mod graphql_config;
pub mod health;
mod hooks;
pub mod jobs;
mod limits;
pub mod mail;
mod only_object;
pub mod rate;
pub mod read;
pub mod schemas;
pub mod users;
pub mod webhooks;
pub mod write;

pub use ctx::{App, Ctx};
pub use denylist::{Denylist, FilePlaces};
pub use events::Events;
pub use hooks::{Origin, live as live_hooks};
