//! One GraphQL request, from its text to the bytes of its answer.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use apollo_compiler::executable::Operation;
use axum::http::header;
use bytes::Bytes;
use futures_util::future::join_all;

use super::answer::{Surroundings, write_answer};
use super::complexity::{self, Limits, Subject};
use super::decode::{Media, Via};
use super::document::{Document, Documents};
use super::errors::{GraphQlError, Kind, Openness, Place, Refusal};
use super::introspection::{self, LastAnswer, Types, View};
use super::plan::{Action, Collector, Nullness, Plan, Validity};
use super::resolve::{Outcome, Run};
use super::sanitize::Sanitizer;
use super::schema_store::SchemaStore;
use super::uploads::Uploads;
use super::values::{Misfit, coerce_variables};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ops::{App, Ctx};
use crate::value::Members;

/// The GraphQL door: built once, shared by all requests.
pub struct GraphQl {
    app: Arc<App>,
    schemas: SchemaStore,
    documents: Documents,
    /// Compiled with the first refusal.
    sanitizer: OnceLock<Sanitizer>,
    types: LastAnswer,
}

/// A request, decoded.
#[derive(Clone, Debug)]
pub(crate) struct GraphQlRequest {
    /// The document.
    pub(crate) query: String,
    /// Which of its operations is meant.
    pub(crate) operation_name: Option<String>,
    /// The variables; what was left out is not there.
    pub(crate) variables: Members,
    /// The files that came with it.
    pub(crate) uploads: Uploads,
    /// How the request came.
    pub(crate) via: Via,
    /// In which form the client wants the answer.
    pub(crate) media: Media,
}

impl GraphQl {
    /// The door of a server.
    pub fn new(app: Arc<App>) -> Self {
        let schemas = SchemaStore::new(Arc::clone(&app));
        Self {
            app,
            schemas,
            documents: Documents::new(),
            sanitizer: OnceLock::new(),
            types: LastAnswer::default(),
        }
    }

    /// Keeps the schema up to date until `shutdown` is there. Without this task a changed schema is built
    /// when the next request needs it.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        self.schemas.run(shutdown).await;
    }

    /// Loads the user's own definitions (option `graphQLSchema`), at start or again. If anything is wrong
    /// with them the error says what and where, and those in force stay.
    pub async fn load_definitions(&self) -> Result<()> {
        self.schemas.refresh_config().await;
        let Some(file) = &self.app.config.graphql.schema else { return Ok(()) };
        let loaded = self.schemas.load(file).await;
        let custom = loaded.map_err(|problems| Error::internal(problems.to_string()))?;
        let registry = self.app.cloud.registry();
        let unknown: Vec<&str> = custom
            .functions()
            .into_iter()
            .filter(|name| registry.function(name).is_none())
            .collect();
        if !unknown.is_empty() {
            tracing::warn!(
                functions = unknown.join(", "),
                "no cloud function of this name is registered, but the GraphQL definitions name it"
            );
        }
        Ok(())
    }

    fn view(&self, ctx: &Ctx) -> View {
        if self.app.config.graphql.public_introspection || ctx.principal.is_master() {
            View::Open
        } else {
            View::Closed
        }
    }

    fn openness(&self) -> Openness {
        if self.app.config.enable_sanitized_error_response {
            Openness::Sanitized
        } else {
            Openness::Open
        }
    }

    fn check_complexity(
        &self,
        ctx: &Ctx,
        document: &Document,
        operation: &Operation,
    ) -> std::result::Result<(), Refusal> {
        if ctx.principal.is_master() {
            return Ok(());
        }
        let configured = &self.app.config.request_complexity;
        let limits = Limits {
            depth: configured.graphql_depth.unwrap_or(u64::MAX),
            fields: configured.graphql_fields.unwrap_or(u64::MAX),
        };
        complexity::check(document.complexity(operation), &limits)
    }
}

/// Answers a request.
pub(super) async fn answer(graphql: &GraphQl, ctx: Ctx, request: GraphQlRequest) -> Reply {
    let schema = match graphql.schemas.at_least(ctx.snapshot.version()).await {
        Ok(schema) => schema,
        Err(error) => return failed(&error, request.media),
    };
    let ctx = if schema.version() > ctx.snapshot.version() { ctx.refreshed() } else { ctx };
    let media = request.media;
    let view = graphql.view(&ctx);
    let refused = |refusal: Refusal| {
        let refusal = match view {
            View::Open => refusal,
            View::Closed => {
                graphql.sanitizer.get_or_init(Sanitizer::new).clean(refusal, &request.query)
            }
        };
        refusal.reply(media)
    };
    let document = match graphql.documents.get(&schema, &request.query) {
        Ok(document) => document,
        Err(refusal) => return refused(refusal),
    };
    let name = request.operation_name.as_deref();
    let operation = match document.operation(name) {
        Ok(operation) => operation,
        Err(refusal) => return refused(refusal),
    };
    if request.via == Via::Get && !operation.operation_type.is_query() {
        return refuse_get(operation, media);
    }
    let variables = admit(graphql, &ctx, view, &document, operation).and_then(|()| {
        let coerced = coerce_variables(schema.types(), operation, &request.variables);
        coerced.map_err(|misfits| bad_input(misfits, &document))
    });
    let variables = match variables {
        Ok(variables) => variables,
        Err(refusal) => return refused(refusal),
    };
    let uploads = request.uploads.clone();
    let run =
        Run { schema: Arc::clone(&schema), document: Arc::clone(&document), variables, uploads };
    match execute(graphql, &ctx, run, operation, name).await {
        Ok(body) => answered(body, media),
        Err(refusal) => refused(refusal),
    }
}

fn failed(error: &Error, media: Media) -> Reply {
    tracing::error!(error = %error.log_text(), "a GraphQL request failed");
    Refusal::new(500, Kind::InternalServerError, "Internal server error").reply(media)
}

fn answered(body: Bytes, media: Media) -> Reply {
    Reply { status: 200, content_type: Some(media.content_type()), headers: Vec::new(), body }
}

/// Refuses, before anything is typed or touched, who asks for too much or for the schema.
fn admit(
    graphql: &GraphQl,
    ctx: &Ctx,
    view: View,
    document: &Document,
    operation: &Operation,
) -> std::result::Result<(), Refusal> {
    if document.subject() == Subject::Types {
        view.demand_open()?;
    }
    graphql.check_complexity(ctx, document, operation)
}

fn bad_input(misfits: Vec<Misfit>, document: &Document) -> Refusal {
    let sources = &document.executable.sources;
    let errors = misfits.into_iter().map(|misfit| {
        let places = misfit.places.into_iter().filter_map(|span| Place::of(Some(span), sources));
        let places = places.collect();
        GraphQlError { places, ..GraphQlError::new(Kind::BadUserInput, misfit.text) }
    });
    Refusal { status: 400, errors: errors.collect() }
}

fn refuse_get(operation: &Operation, media: Media) -> Reply {
    let kind = operation.operation_type.name();
    let message = format!("GET requests only support query operations, not {kind} operations");
    let refusal = Refusal::new(405, Kind::BadRequest, message);
    refusal.reply(media).with(header::ALLOW, "POST".to_owned())
}

async fn execute(
    graphql: &GraphQl,
    ctx: &Ctx,
    run: Run,
    operation: &Operation,
    name: Option<&str>,
) -> std::result::Result<Bytes, Refusal> {
    let plan = plan(&run, operation);
    let asks_types = |root: &super::plan::Root| matches!(root.action, Action::Types);
    let mut types = None;
    let run = Arc::new(run);
    let only_types =
        !plan.roots.is_empty() && plan.roots.iter().all(asks_types) && run.variables.is_empty();
    if plan.roots.iter().any(asks_types) {
        introspection::check_depth(&run, name)?;
        if only_types && let Some(body) = graphql.types.get(&run, name) {
            return Ok(body);
        }
        types = Some(ask_types(&run, name).await?);
    }
    let outcomes = if operation.operation_type.is_mutation() {
        one_after_another(&run, ctx, &plan).await
    } else {
        at_once(&run, ctx, &plan).await
    };
    let surroundings = Surroundings {
        files: &graphql.app.files,
        sources: &run.document.executable.sources,
        root_type: operation.object_type(),
        types: types.as_ref(),
        openness: graphql.openness(),
    };
    let body = Bytes::from(write_answer(&plan, &outcomes, surroundings));
    if only_types {
        graphql.types.keep(&run, name, &body);
    }
    Ok(body)
}

/// The plan of the operation: the one that is kept with the document, or one for this request.
fn plan(run: &Run, operation: &Operation) -> Arc<Plan> {
    let slot = run.document.plan_slot(operation);
    if let Some(known) = slot.and_then(|slot| slot.get()) {
        return Arc::clone(known);
    }
    let collector = Collector::new(&run.schema, &run.document.executable, &run.variables);
    let plan = Arc::new(Plan::of(operation, &collector));
    match slot.filter(|_| collector.validity() == Validity::Always) {
        Some(slot) => Arc::clone(slot.get_or_init(|| plan)),
        None => plan,
    }
}

/// Questions about a large schema take long: they are answered off the threads of requests.
async fn ask_types(run: &Arc<Run>, name: Option<&str>) -> std::result::Result<Types, Refusal> {
    let (run, name) = (Arc::clone(run), name.map(str::to_owned));
    let types =
        tokio::task::spawn_blocking(move || introspection::types(&run, name.as_deref())).await;
    let failed = || Refusal::new(500, Kind::InternalServerError, "Internal server error");
    types.map_err(|_| failed())?.map_err(|_| failed())
}

async fn at_once(run: &Run, ctx: &Ctx, plan: &Plan) -> Vec<Result<Outcome>> {
    match plan.roots.as_slice() {
        [only] => vec![run.root(ctx, only).await],
        roots => join_all(roots.iter().map(|root| run.root(ctx, root))).await,
    }
}

/// A mutation sees what the one before it did. After one that failed and may not be null, none follows.
async fn one_after_another(run: &Run, ctx: &Ctx, plan: &Plan) -> Vec<Result<Outcome>> {
    let mut outcomes = Vec::with_capacity(plan.roots.len());
    for root in &plan.roots {
        let outcome = run.root(&ctx.refreshed(), root).await;
        let stops = outcome.is_err() && root.slot.nullness == Nullness::Required;
        outcomes.push(outcome);
        if stops {
            break;
        }
    }
    outcomes
}
