//! The GraphQL door: for every class the generated types, queries and mutations of Parse Server's GraphQL
//! API, over the same verbs as every other door.
//!
//! A request's way: `decode` reads it; `schema_store` has the schema of the classes in force (`build` makes
//! it); `document` has the document parsed, measured and validated, mostly from its cache; `values` types
//! the variables; `plan` says what each root field needs; `resolve` calls the verbs; `answer` writes the
//! bytes. A subscription goes the same way up to its plan; `subscription` asks the engine for what happens, and has
//! `answer` write every event of it. The compiler (`apollo_compiler`) parses, validates and answers questions about the schema; it
//! never runs anything.
//!
//! This room holds no rule about data and no permission, never talks to storage, and never builds a schema
//! while a request waits on the same thread.

mod answer;
mod build;
mod complexity;
mod custom;
mod decode;
mod document;
mod door;
mod errors;
mod global_id;
mod introspection;
mod names;
mod plan;
mod plural;
mod resolve;
mod sanitize;
mod schema_store;
mod serve;
mod subscription;
mod suggest;
mod syntax;
mod uploads;
mod validation;
mod values;

pub use decode::GraphQlBody;
pub use door::handle;
pub use serve::GraphQl;
pub use subscription::{Greeting, PROTOCOL, converse, greet, stream, wants_stream};
