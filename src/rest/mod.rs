//! The thin REST door: one file per family of routes, each decoding a request into one verb and encoding
//! its answer. It knows no rules and no storage.

mod aggregate;
mod batch;
mod classes;
mod config;
mod door;
mod encode;
mod features;
mod health;
mod mails;
mod read_request;
mod route;
mod schemas;
mod sessions;
mod users;

pub use door::answer;
pub use route::{Request, Route, dispatch, route};
