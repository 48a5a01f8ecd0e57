//! Every verb of the server, without HTTP, JSON, GraphQL or SQL: doors decode their requests into calls of
//! these functions and encode what they return. All rules and all permissions are below this line.

pub mod config;
mod ctx;
pub mod definitions;
mod denylist;
pub mod health;
mod limits;
pub mod read;
pub mod schemas;
pub mod users;
pub mod write;

pub use ctx::{App, Ctx};
pub use denylist::Denylist;
