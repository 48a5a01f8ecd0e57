//! From the text of a document to one that is known to be valid, and the cache of those.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast;
use apollo_compiler::executable::Operation;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::Valid;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::build::GraphQlSchema;
use super::complexity::{
    Complexity, DOCUMENT_BYTES_MAX, Measured, NESTING_MAX, Subject, TOKENS_MAX,
};
use super::errors::{GraphQlError, Kind, Refusal};
use super::plan::Plan;
use super::syntax::syntax_error;
use super::validation;

/// Text of this many bytes is kept in parsed form; a parsed document takes some thirty times as much.
const CACHE_TEXT_BYTES_MAX: u64 = 512 * 1024;
/// An app has about this many documents; only memory is set aside by it.
const DOCUMENTS_EXPECTED: usize = 200;
/// Longer documents are parsed every time.
const CACHED_DOCUMENT_BYTES_MAX: usize = 32 * 1024;

/// A document that fits the schema.
pub(crate) struct Document {
    /// The text.
    pub(crate) text: String,
    /// The operations and fragments with their types.
    pub(crate) executable: Valid<ExecutableDocument>,
    measured: Measured,
    plans: Vec<OnceLock<Arc<Plan>>>,
}

impl Document {
    /// Reads and checks a text.
    pub(crate) fn read(schema: &GraphQlSchema, text: &str) -> Result<Self, Refusal> {
        let syntax = parse(text)?;
        let measured = Measured::of(&syntax)?;
        let executable = validation::validate(schema.types(), &syntax)?;
        let operations = executable.operations.iter().count();
        let plans = std::iter::repeat_with(OnceLock::new).take(operations).collect();
        Ok(Self { text: text.to_owned(), executable, measured, plans })
    }

    /// The operation that a request means.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        self.executable.operations.get(name).map(|operation| &**operation).map_err(|_| {
            let message = match name {
                Some(name) => format!("Unknown operation named \"{name}\"."),
                None => {
                    "Must provide operation name if query contains multiple operations.".to_owned()
                }
            };
            Refusal::new(400, Kind::OperationResolutionFailure, message)
        })
    }

    /// What an operation asks for.
    pub(crate) fn complexity(&self, operation: &Operation) -> Complexity {
        self.measured.operation(operation.name.as_ref())
    }

    /// Whether the document asks for the schema, anywhere.
    pub(crate) fn subject(&self) -> Subject {
        self.measured.subject
    }

    /// Where the plan of an operation is kept, if it does not depend on variables.
    pub(crate) fn plan_slot(&self, operation: &Operation) -> Option<&OnceLock<Arc<Plan>>> {
        let at =
            self.executable.operations.iter().position(|known| known.name == operation.name)?;
        self.plans.get(at)
    }
}

fn parse(text: &str) -> Result<ast::Document, Refusal> {
    let refuse = |error| Err(Refusal { status: 400, errors: vec![error] });
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!("The document is longer than {DOCUMENT_BYTES_MAX} bytes.");
        return refuse(GraphQlError::new(Kind::ParseFailed, message));
    }
    let mut parser = Parser::new().token_limit(TOKENS_MAX).recursion_limit(NESTING_MAX);
    match parser.parse_ast(text, "query.graphql") {
        Ok(document) => Ok(document),
        Err(_) if parser.tokens_reached() > TOKENS_MAX => {
            let message = format!(
                "Syntax Error: Document contains more than {TOKENS_MAX} tokens. Parsing aborted."
            );
            refuse(GraphQlError::new(Kind::ParseFailed, message))
        }
        Err(_) => refuse(syntax_error(text)),
    }
}

/// Documents that were read before, by the number of the schema and text.
pub(crate) struct Documents {
    cache: Cache<(u64, u64), Arc<Document>, TextBytes>,
    hasher: std::collections::hash_map::RandomState,
    newest: AtomicU64,
}

impl Documents {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        let cache = Cache::with_weighter(DOCUMENTS_EXPECTED, CACHE_TEXT_BYTES_MAX, TextBytes);
        let hasher = std::collections::hash_map::RandomState::new();
        Self { cache, hasher, newest: AtomicU64::new(0) }
    }

    /// The document of a text, from the cache or read now.
    pub(crate) fn get(&self, schema: &GraphQlSchema, text: &str) -> Result<Arc<Document>, Refusal> {
        // Documents of an older schema are of no use any more, and would keep parts of it in memory.
        let generation = schema.generation();
        if self.newest.fetch_max(generation, Ordering::Relaxed) < generation {
            self.cache.clear();
        }
        let key = (generation, self.hasher.hash_one(text));
        if let Some(known) = self.cache.get(&key).filter(|known| known.text == text) {
            return Ok(known);
        }
        let document = Arc::new(Document::read(schema, text)?);
        if text.len() <= CACHED_DOCUMENT_BYTES_MAX {
            self.cache.insert(key, Arc::clone(&document));
        }
        Ok(document)
    }
}

#[derive(Clone)]
struct TextBytes;

impl Weighter<(u64, u64), Arc<Document>> for TextBytes {
    fn weight(&self, _: &(u64, u64), document: &Arc<Document>) -> u64 {
        document.text.len() as u64 + 64
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::Fixed;
    use super::super::build::tests::classes;
    use super::*;
    use crate::schema::Snapshot;

    #[test]
    fn documents_of_an_older_schema_are_let_go_of() {
        let fixed = Fixed::new();
        let mut schema: Option<GraphQlSchema> = None;
        let documents = Documents::new();
        for version in 1..=50 {
            let inputs = classes(&Snapshot::new(version, []));
            let fresh = schema.insert(GraphQlSchema::build(&inputs, &fixed, schema.as_ref()));
            assert!(documents.get(fresh, "{ health }").is_ok());
            assert!(documents.get(fresh, "{ __typename }").is_ok());
            assert_eq!(documents.cache.len(), 2, "version {version}");
        }
    }
}
