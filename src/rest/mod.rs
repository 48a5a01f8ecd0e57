//! The thin REST door: one file per family of routes, each decoding a request into one verb and encoding
//! its answer. It knows no rules and no storage.

mod aggregate;
mod batch;
mod classes;
mod cloud_code;
mod config;
mod door;
mod features;
mod files;
mod functions;
mod graphql_config;
mod health;
mod hooks;
mod jobs;
mod mails;
mod range;
mod read_request;
mod route;
mod schemas;
mod sessions;
mod users;

pub use door::answer;
pub use files::{FileRoute, change as change_file, content_of, download};
pub use route::{Request, Route, dispatch, route};
