//! How the database looks: as parse-server 9.10.0 would have made it, so that either server can go on where the other
//! one stopped.
//!
//! PostgreSQL is named by `PARSIMONY_TEST_POSTGRES`; parse-server is installed where `PARSIMONY_TEST_PARSE_SERVER`
//! says. Without them nothing is tested here.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "layout/catalogue.rs"]
mod catalogue;
#[path = "layout/foreign.rs"]
mod foreign;
#[path = "contract/http.rs"]
mod http;
#[path = "layout/locks.rs"]
mod locks;
mod postgres;
mod process;
#[path = "layout/server.rs"]
mod server;
