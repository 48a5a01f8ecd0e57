//! Features and promises, asked of a whole server: every test starts a process of its own and talks HTTP to it.
//!
//! What holds for every answer is checked of every answer, in `support/caller.rs`: no request makes the server fail, and
//! no refusal shows text of the database. At the end of a test the server must still be up, without a caught panic.

#[path = "postgres/mod.rs"]
mod postgres;
#[path = "providers/slapd.rs"]
mod slapd;
#[path = "socket/mod.rs"]
mod socket;
#[path = "it/support/mod.rs"]
mod support;
mod web;

#[path = "it/batch.rs"]
mod batch;
#[path = "it/cloud/mod.rs"]
mod cloud;
#[path = "it/concurrency_identity.rs"]
mod concurrency_identity;
#[path = "it/files/mod.rs"]
mod files;
#[path = "it/fuzz.rs"]
mod fuzz;
#[path = "it/fuzz_graphql.rs"]
mod fuzz_graphql;
#[path = "it/fuzz_identity.rs"]
mod fuzz_identity;
#[path = "it/graphql_config.rs"]
mod graphql_config;
#[path = "it/graphql_http.rs"]
mod graphql_http;
#[path = "it/graphql_users.rs"]
mod graphql_users;
#[path = "it/health.rs"]
mod health;
#[path = "it/identity_providers.rs"]
mod identity_providers;
#[path = "it/lifecycle.rs"]
mod lifecycle;
#[path = "it/live/mod.rs"]
mod live;
#[path = "it/mails.rs"]
mod mails;
#[path = "it/options.rs"]
mod options;
#[path = "it/permissions/mod.rs"]
mod permissions;
#[path = "it/rest_details.rs"]
mod rest_details;
#[path = "it/roles.rs"]
mod roles;
#[path = "it/schema_changes.rs"]
mod schema_changes;
#[path = "it/second_factor.rs"]
mod second_factor;
#[path = "it/security_accounts.rs"]
mod security_accounts;
#[path = "it/security_addresses.rs"]
mod security_addresses;
#[path = "it/security_dos.rs"]
mod security_dos;
#[path = "it/security_enumeration.rs"]
mod security_enumeration;
#[path = "it/security_error_texts.rs"]
mod security_error_texts;
#[path = "it/security_graphql.rs"]
mod security_graphql;
#[path = "it/security_graphql_dos.rs"]
mod security_graphql_dos;
#[path = "it/security_hidden_fields.rs"]
mod security_hidden_fields;
#[path = "it/security_index.rs"]
mod security_index;
#[path = "it/security_injection.rs"]
mod security_injection;
#[path = "it/security_internal_classes.rs"]
mod security_internal_classes;
#[path = "it/security_limits.rs"]
mod security_limits;
#[path = "it/security_live.rs"]
mod security_live;
#[path = "it/security_live_hooks.rs"]
mod security_live_hooks;
#[path = "it/security_mails.rs"]
mod security_mails;
#[path = "it/security_malformed.rs"]
mod security_malformed;
#[path = "it/security_prototype_keys.rs"]
mod security_prototype_keys;
#[path = "it/security_read_only_key.rs"]
mod security_read_only_key;
#[path = "it/security_relations.rs"]
mod security_relations;
#[path = "it/security_sessions.rs"]
mod security_sessions;
#[path = "it/security_smuggling.rs"]
mod security_smuggling;
#[path = "it/servers/mod.rs"]
mod servers;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/statements.rs"]
mod statements;
