//! What an app brings in JavaScript besides its cloud code: adapters of identity providers and of mail, functions of a
//! configuration, configurations that are JavaScript themselves, and the `index.js` of an Express application. Each
//! test starts the server as an operator does, with real files and a real Node.
//!
//! The packages that an app has (`parse`, `express`) are those of `PARSIMONY_TEST_PARSE_SERVER`; without it there is
//! nothing to test, which only continuous integration may not lack.

#[path = "adapters/app.rs"]
mod app;
#[path = "adapters/configuration.rs"]
mod configuration;
#[path = "contract/http.rs"]
mod http;
#[path = "adapters/identities.rs"]
mod identities;
#[path = "adapters/mails.rs"]
mod mails;
#[path = "adapters/operation.rs"]
mod operation;
#[path = "adapters/passwords.rs"]
mod passwords;
#[path = "process/mod.rs"]
mod process;
#[path = "adapters/start.rs"]
mod start;
