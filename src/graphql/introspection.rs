//! Questions about the schema itself: who may ask them, and their answers, which the compiler gives.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::parser::SourceMap;
use apollo_compiler::request::RequestError;
use apollo_compiler::response::JsonMap;
use apollo_compiler::response::serde_json_bytes::Value;
use apollo_compiler::validation::Valid;
use arc_swap::ArcSwapOption;
use bytes::Bytes;

use super::errors::{GraphQlError, Kind, Place, Refusal};
use super::resolve::Run;
use crate::error::{Error, Result};
use crate::value::{Json, Members};

/// Answers about the schema, by their keys, as JSON texts.
pub(crate) type Types = HashMap<String, Vec<u8>>;

/// Whether a caller may look at the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// He may.
    Open,
    /// He may not, and errors do not tell of it either.
    Closed,
}

impl View {
    /// Refuses a caller who asks for what he may not see
    /// (`parse-server:src/GraphQL/ParseGraphQLServer.js`, `IntrospectionControlPlugin`).
    pub(crate) fn demand_open(self) -> std::result::Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::Closed => {
                Err(Refusal::new(403, Kind::InternalServerError, "Introspection is not allowed"))
            }
        }
    }
}

/// Refuses questions whose answers grow without bound.
pub(crate) fn check_depth(run: &Run, operation: Option<&str>) -> std::result::Result<(), Refusal> {
    let document = &run.document.executable;
    let Ok(operation) = document.operations.get(operation) else { return Ok(()) };
    check_max_depth(document, operation).map_err(|error| refusal(&error, &document.sources))
}

fn refusal(error: &RequestError, sources: &SourceMap) -> Refusal {
    let mut told = GraphQlError::new(Kind::ValidationFailed, error.message().to_string());
    told.places.extend(Place::of(error.location(), sources));
    Refusal { status: 400, errors: vec![told] }
}

/// Answers the questions of an operation about the schema. A large schema makes this long work.
pub(crate) fn types(run: &Run, operation: Option<&str>) -> Result<Types> {
    let document = &run.document.executable;
    let failed = |error: &RequestError| Error::internal(error.message().to_string());
    let operation = document.operations.get(operation).map_err(|error| failed(&error))?;
    let variables = Valid::assume_valid(to_bytes(&run.variables));
    let schema = &run.schema;
    let response =
        partial_execute(schema.types(), schema.implementers(), document, operation, &variables);
    let data = response.map_err(|error| failed(&error))?.data.unwrap_or_default();
    let mut types = Types::with_capacity(data.len());
    for (key, value) in &data {
        types.insert(key.as_str().to_owned(), serde_json::to_vec(value).map_err(Error::internal)?);
    }
    Ok(types)
}

fn to_bytes(variables: &Members) -> JsonMap {
    variables.iter().map(|(name, value)| (name.as_str().into(), to_value(value))).collect()
}

fn to_value(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            serde_json::Number::from_f64(*number).map_or(Value::Null, Value::Number)
        }
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(elements) => Value::Array(elements.iter().map(to_value).collect()),
        Json::Object(members) => Value::Object(to_bytes(members)),
    }
}

/// The last whole answer about the schema: tools ask the same question again and again, and the answer may
/// have many megabytes.
#[derive(Default)]
pub(crate) struct LastAnswer(ArcSwapOption<Answered>);

struct Answered {
    generation: u64,
    document: String,
    operation: Option<String>,
    body: Bytes,
}

impl LastAnswer {
    /// The answer to the same question about the same schema.
    pub(crate) fn get(&self, run: &Run, operation: Option<&str>) -> Option<Bytes> {
        let last = self.0.load_full()?;
        let same = last.generation == run.schema.generation()
            && last.operation.as_deref() == operation
            && last.document == run.document.text;
        same.then(|| last.body.clone())
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, run: &Run, operation: Option<&str>, body: &Bytes) {
        let document = run.document.text.clone();
        let operation = operation.map(str::to_owned);
        self.0.store(Some(Arc::new(Answered {
            generation: run.schema.generation(),
            document,
            operation,
            body: body.clone(),
        })));
    }
}
