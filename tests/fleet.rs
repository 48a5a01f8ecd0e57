//! Several processes that serve one application: events go from one to the other by Redis, also to and from
//! parse-server 9.10.0.
//!
//! `redis-server` is on the PATH or named by `PARSIMONY_TEST_REDIS_SERVER`; PostgreSQL is named by
//! `PARSIMONY_TEST_POSTGRES`, and parse-server installed where `PARSIMONY_TEST_PARSE_SERVER` says. What needs one of
//! them is not tested without it.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "fleet/bus.rs"]
mod bus;
#[path = "fleet/client.rs"]
mod client;
#[path = "contract/http.rs"]
mod http;
#[path = "fleet/loss.rs"]
mod loss;
mod postgres;
mod process;
#[path = "fleet/secure.rs"]
mod secure;
#[path = "fleet/servers.rs"]
mod servers;

mod redis;
mod socket;
