//! One GraphQL request, from its text to the bytes of its answer.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use apollo_compiler::executable::Operation;
use axum::http::header;
use bytes::Bytes;
use futures_util::future::join_all;

use super::answer::{Surroundings, write_answer};
use super::build::GraphQlSchema;
use super::complexity::{self, Limits, Subject};
use super::decode::{Media, Via};
use super::document::{Document, Documents};
use super::errors::{GraphQlError, Kind, Openness, Place, Refusal};
use super::introspection::{self, LastAnswer, Types, View};
use super::plan::{Action, Collector, Nullness, Plan, Validity};
use super::resolve::{Outcome, Run};
use super::sanitize::Sanitizer;
use super::schema_store::SchemaStore;
use super::subscription::Forms;
use super::uploads::Uploads;
use super::values::{Misfit, coerce_variables};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::live::Live;
use crate::ops::{App, Ctx};
use crate::value::Members;

/// The GraphQL door: built once, shared by all requests.
pub struct GraphQl {
    pub(super) app: Arc<App>,
    pub(super) schemas: SchemaStore,
    pub(super) documents: Documents,
    /// Compiled with the first refusal.
    sanitizer: OnceLock<Sanitizer>,
    types: LastAnswer,
    /// The LiveQuery engine, if any class is live.
    pub(super) live: Option<Arc<Live>>,
    pub(super) forms: Forms,
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
    /// The door of a server. With an engine there are subscriptions, too.
    pub fn new(app: Arc<App>, live: Option<Arc<Live>>) -> Self {
        let schemas = SchemaStore::new(Arc::clone(&app));
        Self {
            app,
            schemas,
            documents: Documents::new(),
            sanitizer: OnceLock::new(),
            types: LastAnswer::default(),
            live,
            forms: Forms::default(),
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

    pub(super) fn openness(&self) -> Openness {
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

/// A request that is known to be valid, ready to run.
pub(super) struct Ready {
    pub(super) ctx: Ctx,
    pub(super) run: Run,
    operation_name: Option<String>,
}

/// Where answers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlet {
    /// One answer to one request.
    Once,
    /// As many answers as there are.
    Stream,
}

impl Ready {
    /// The operation that the request means.
    pub(super) fn operation(&self) -> std::result::Result<&Operation, Refusal> {
        self.run.document.operation(self.operation_name.as_deref())
    }
}

/// Answers a request.
pub(super) async fn answer(graphql: &GraphQl, ctx: Ctx, request: GraphQlRequest) -> Reply {
    let media = request.media;
    let answered = match graphql.ready(ctx, request, Outlet::Once).await {
        Ok(ready) => graphql.run_once(ready).await,
        Err(refusal) => Err(refusal),
    };
    reply(answered, media)
}

/// What came of a request as its reply.
pub(super) fn reply(answered: std::result::Result<Bytes, Refusal>, media: Media) -> Reply {
    match answered {
        Ok(body) => answered_with(body, media),
        Err(refusal) if refusal.status == 405 => {
            refusal.reply(media).with(header::ALLOW, "POST".to_owned())
        }
        Err(refusal) => refusal.reply(media),
    }
}

impl GraphQl {
    /// Parses, measures and validates a request, and types its variables.
    pub(super) async fn ready(
        &self,
        ctx: Ctx,
        request: GraphQlRequest,
        outlet: Outlet,
    ) -> std::result::Result<Ready, Refusal> {
        let schema = self.schema(&ctx).await?;
        let ctx = if schema.version() > ctx.snapshot.version() { ctx.refreshed() } else { ctx };
        let view = self.view(&ctx);
        let GraphQlRequest { query, operation_name, variables, uploads, via, .. } = request;
        let cleaned = |refusal| self.cleaned(refusal, view, &query);
        let document = self.documents.get(&schema, &query).map_err(cleaned)?;
        let operation = document.operation(operation_name.as_deref()).map_err(cleaned)?;
        check_way(operation, via, outlet)?;
        let coerced = admit(self, &ctx, view, &document, operation).and_then(|()| {
            let coerced = coerce_variables(schema.types(), operation, &variables);
            coerced.map_err(|misfits| bad_input(misfits, &document))
        });
        let variables = coerced.map_err(cleaned)?;
        Ok(Ready { ctx, run: Run { schema, document, variables, uploads }, operation_name })
    }

    /// Runs an operation that has one answer.
    pub(super) async fn run_once(&self, ready: Ready) -> std::result::Result<Bytes, Refusal> {
        let Ready { ctx, run, operation_name } = ready;
        let (view, document) = (self.view(&ctx), Arc::clone(&run.document));
        let operation = document.operation(operation_name.as_deref())?;
        let answered = execute(self, &ctx, run, operation, operation_name.as_deref()).await;
        answered.map_err(|refusal| self.cleaned(refusal, view, &document.text))
    }

    /// The schema in force for a request.
    pub(super) async fn schema(
        &self,
        ctx: &Ctx,
    ) -> std::result::Result<Arc<GraphQlSchema>, Refusal> {
        self.schemas.at_least(ctx.snapshot.version()).await.map_err(|error| {
            tracing::error!(error = %error.log_text(), "a GraphQL request failed");
            Refusal::new(500, Kind::InternalServerError, "Internal server error")
        })
    }

    /// A refusal without what the caller may not learn from it.
    fn cleaned(&self, refusal: Refusal, view: View, written: &str) -> Refusal {
        match view {
            View::Open => refusal,
            View::Closed => self.sanitizer.get_or_init(Sanitizer::new).clean(refusal, written),
        }
    }
}

/// Refuses an operation that can not come, or be answered, by the way that it came.
fn check_way(operation: &Operation, via: Via, outlet: Outlet) -> std::result::Result<(), Refusal> {
    let is_stream = operation.operation_type.is_subscription() && outlet == Outlet::Stream;
    if via == Via::Get && !operation.operation_type.is_query() && !is_stream {
        let kind = operation.operation_type.name();
        let message = format!("GET requests only support query operations, not {kind} operations");
        return Err(Refusal::new(405, Kind::BadRequest, message));
    }
    if operation.operation_type.is_subscription() && !is_stream {
        let message = "Subscriptions need a WebSocket (graphql-transport-ws) or server-sent events \
            (`Accept: text/event-stream`)";
        return Err(Refusal::new(400, Kind::BadRequest, message));
    }
    Ok(())
}

fn answered_with(body: Bytes, media: Media) -> Reply {
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
pub(super) fn plan(run: &Run, operation: &Operation) -> Arc<Plan> {
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
