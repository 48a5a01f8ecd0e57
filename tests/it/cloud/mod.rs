//! Cloud code, asked of whole servers.

mod app;
mod custom_schema;
mod embedded;
mod example;
mod faults;
mod functions;
mod jobs;
mod jobs_in_node;
mod native;
mod rates;
mod reload;
mod scheduler;
mod trigger_finds;
mod trigger_saves;
mod trigger_transactions;
mod trigger_users;
mod validators;
mod webhooks;
