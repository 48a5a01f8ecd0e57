//! find, get and relations of many owners.

use std::sync::Arc;

use super::{Found, accounts, include, select, subquery};
use crate::access::{Objects, Plan};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, hooks, limits};
use crate::query::{
    Comparison, Condition, FieldPath, Filter, FindRequest, IncludeTree, OrderBy, Query, Test,
    Where, resolve, resolve_order,
};
use crate::schema::{
    ClassOperation, ClassSchema, FieldType, Snapshot, is_internal_class, is_system_class,
};
use crate::value::{ClassName, FieldName, Json, ObjectId, Stored, Value};

/// Which part of an answer is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub skip: u64,
    pub limit: Option<u64>,
}

/// Finds objects of a class.
pub async fn find(ctx: &Ctx, class: &str, request: FindRequest) -> Result<Found> {
    limits::check_request(ctx, &request)?;
    let page = Page { skip: request.skip, limit: Some(limit(ctx, request.limit)) };
    let request = &request;
    ctx.settled(|ctx| async move { find_page(&ctx, class, request, page).await }).await
}

/// The limit of an answer: the client's, or the server's default, and never more than the server's most.
pub(super) fn limit(ctx: &Ctx, wanted: Option<u64>) -> u64 {
    let wanted = wanted.unwrap_or(ctx.app.config.default_limit);
    ctx.app.config.max_limit.map_or(wanted, |most| if wanted < most { wanted } else { most })
}

/// Finds objects without asking how much is asked.
pub(super) async fn find_page(
    ctx: &Ctx,
    class: &str,
    request: &FindRequest,
    page: Page,
) -> Result<Found> {
    let class = redirected(&ctx.snapshot, class, request);
    admit(ctx, &class)?;
    if !hooks::hears_finds(ctx, &class) {
        return find_unheard(ctx, class, (request, request), page).await;
    }
    // Hooks see the limit that there will be, as in the original.
    let asked = FindRequest { limit: page.limit.or(request.limit), ..request.clone() };
    let finding = Box::pin(hooks::before_find(ctx, &class, &asked, false)).await?;
    let page = page.changed(ctx, &asked, &finding.request);
    let found = Box::pin(find_unheard(ctx, class, (request, &finding.request), page)).await?;
    Box::pin(hooks::after_find(ctx, &finding, found)).await
}

impl Page {
    /// The page of a question that hooks changed.
    fn changed(self, ctx: &Ctx, was: &FindRequest, is: &FindRequest) -> Self {
        Self {
            skip: if is.skip == was.skip { self.skip } else { is.skip },
            limit: if is.limit == was.limit { self.limit } else { Some(limit(ctx, is.limit)) },
        }
    }
}

/// Finds objects past the hooks. A question that a hook changed is asked with the right to ask the one that it was.
async fn find_unheard(
    ctx: &Ctx,
    class: ClassName,
    (was, request): (&FindRequest, &FindRequest),
    page: Page,
) -> Result<Found> {
    let Some(schema) = ctx.snapshot.class(&class).cloned() else {
        let schema = Arc::new(ClassSchema::new(class));
        ctx.plan(&schema, ClassOperation::Find)?;
        return Ok(nothing(&schema, request));
    };
    let question = Question::new(ctx, &schema, request).await?;
    let plan = match page.limit {
        Some(0) => None,
        _ => Some(plan(ctx, &schema, &was.filter)?),
    };
    let count = match request.count {
        true => Some(count(ctx, &question).await?),
        false => None,
    };
    let mut found = match plan {
        Some(plan) => rows(ctx, &plan, question, page, request).await?,
        None => nothing(&schema, request),
    };
    found.count = count;
    Ok(found)
}

/// The plan of whoever asks for objects. To ask for one by its id alone is to get it, wherever it is asked: the
/// SDKs get objects that way (`parse-server:src/Controllers/DatabaseController.js`, `find`). Whoever may find
/// all objects but get none finds it too.
pub(super) fn plan(ctx: &Ctx, class: &Arc<ClassSchema>, filter: &Filter) -> Result<Plan> {
    if !is_by_id(filter) {
        return ctx.plan(class, ClassOperation::Find);
    }
    let get = ctx.plan(class, ClassOperation::Get);
    get.or_else(|refusal| ctx.plan(class, ClassOperation::Find).map_err(|_| refusal))
}

fn is_by_id(filter: &Filter) -> bool {
    if let Filter::All(parts) = filter
        && let [part] = &parts[..]
    {
        return is_by_id(part);
    }
    let Filter::Field(field, conditions) = filter else { return false };
    let is_equal_to_text =
        matches!(&conditions[..], [Condition::Compare(Comparison::Equal, Json::String(_))]);
    field == "objectId" && is_equal_to_text
}

/// A resolved request.
pub(super) struct Question {
    pub(super) schema: Arc<ClassSchema>,
    filter: Where,
    order: Vec<OrderBy>,
    columns: Vec<FieldName>,
    tree: IncludeTree,
    hint: Option<String>,
}

impl Question {
    pub(super) async fn new(
        ctx: &Ctx,
        schema: &Arc<ClassSchema>,
        request: &FindRequest,
    ) -> Result<Self> {
        let answered = subquery::answer(ctx, schema, &request.filter).await?;
        let filter = resolve(&answered, schema)?;
        let order = resolve_order(&request.order, schema)?;
        let select::Selection { columns, tree } = select::of_request(schema, request)?;
        Ok(Self {
            schema: Arc::clone(schema),
            filter,
            order,
            columns,
            tree,
            hint: request.hint.clone(),
        })
    }

    /// The question for one object.
    fn by_id(schema: &Arc<ClassSchema>, id: &str, request: &FindRequest) -> Result<Self> {
        let select::Selection { columns, tree } = select::of_request(schema, request)?;
        Ok(Self {
            schema: Arc::clone(schema),
            filter: has_id(id),
            order: Vec::new(),
            columns,
            tree,
            hint: None,
        })
    }

    /// The question of a page, and the pointers to follow from its answer.
    pub(super) fn into_query(self, page: Page) -> (Query, IncludeTree) {
        let query = Query {
            class: self.schema,
            filter: self.filter,
            order: self.order,
            skip: page.skip,
            limit: page.limit,
            columns: self.columns,
            hint: self.hint,
        };
        (query, self.tree)
    }

    /// The question without a page and without an order.
    pub(super) fn whole(&self) -> Query {
        Query {
            hint: self.hint.clone(),
            ..question(&self.schema, self.filter.clone(), self.columns.clone())
        }
    }
}

async fn count(ctx: &Ctx, question: &Question) -> Result<u64> {
    let plan = ctx.plan(&question.schema, ClassOperation::Count)?;
    ctx.data().count(plan.allow(question.whole())?).await
}

pub(super) async fn rows(
    ctx: &Ctx,
    plan: &Plan,
    question: Question,
    page: Page,
    request: &FindRequest,
) -> Result<Found> {
    let (query, tree) = question.into_query(page);
    let stored = ctx.data().find(plan.allow(query)?).await?;
    let mut found = revealed(plan, stored);
    if accounts::are_shown(ctx, &found) {
        found = Box::pin(accounts::show(ctx, found)).await?;
    }
    let mut found = include::follow(ctx, found, tree, request.lean).await?;
    found.redirected = request.redirect_class_for_key.is_some();
    Ok(found)
}

/// Rows as their reader may see them.
pub(super) fn revealed(plan: &Plan, stored: Stored) -> Found {
    let class = plan.class();
    let relations = class.relations().filter(|(name, _)| plan.may_read(name));
    Found {
        class: Arc::clone(class),
        objects: plan.reveal(stored),
        branches: Vec::new(),
        count: None,
        relations: relations.map(|(name, target)| (name.clone(), target.clone())).collect(),
        redirected: false,
        is_replaced: false,
    }
}

pub(super) fn nothing(class: &Arc<ClassSchema>, request: &FindRequest) -> Found {
    Found {
        class: Arc::clone(class),
        objects: Objects::none(class.name.clone()),
        branches: Vec::new(),
        count: request.count.then_some(0),
        relations: Vec::new(),
        redirected: request.redirect_class_for_key.is_some(),
        is_replaced: false,
    }
}

/// A relation field leads to another class; any other key leads nowhere else.
fn redirected(snapshot: &Snapshot, class: &str, request: &FindRequest) -> ClassName {
    let key = request.redirect_class_for_key.as_deref();
    match key.and_then(|key| snapshot.class(class)?.kind(key)) {
        Some(FieldType::Relation(target)) => target.clone(),
        _ => ClassName::from(class),
    }
}

/// Which classes a caller may ask at all.
pub(super) fn admit(ctx: &Ctx, class: &ClassName) -> Result<()> {
    if ctx.principal.sees_everything() {
        return Ok(());
    }
    let denied = |reason: String| Err(Error::denied(Code::OperationForbidden, reason));
    if is_internal_class(class) {
        return denied(format!(
            "Clients aren't allowed to perform the find operation on the {class} collection."
        ));
    }
    match class.as_str() {
        "_Installation" => denied(
            "Clients aren't allowed to perform the find operation on the installation collection."
                .to_owned(),
        ),
        // The plan says the same as soon as there is a class of sessions.
        "_Session" if ctx.principal.user().is_none() => {
            Err(Error::denied(Code::InvalidSessionToken, "Invalid session token"))
        }
        _ if ctx.app.config.allow_client_class_creation
            || is_system_class(class)
            || ctx.snapshot.class(class).is_some() =>
        {
            Ok(())
        }
        _ => denied(format!("This user is not allowed to access non-existent class: {class}")),
    }
}

/// A question without order or page.
pub(super) fn question(class: &Arc<ClassSchema>, filter: Where, columns: Vec<FieldName>) -> Query {
    Query {
        class: Arc::clone(class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns,
        hint: None,
    }
}

/// The question whether there is an object.
pub(in crate::ops) fn by_id(class: &Arc<ClassSchema>, id: &str) -> Query {
    question(class, has_id(id), vec![FieldName::from("objectId")])
}

/// The question which of some objects there are.
pub(super) fn by_ids(class: &Arc<ClassSchema>, ids: &[ObjectId]) -> Query {
    let values = ids.iter().map(|id| Value::String(id.to_string())).collect();
    let filter = Where::Field(id_path(), Test::In { values, or_null: false });
    question(class, filter, vec![FieldName::from("objectId")])
}

fn has_id(id: &str) -> Where {
    Where::Field(id_path(), Test::Compare(Comparison::Equal, Value::String(id.to_owned())))
}

fn id_path() -> FieldPath {
    FieldPath { field: FieldName::from("objectId"), kind: FieldType::String, path: Vec::new() }
}

/// Reads one object by its id; its keys and includes are those of the request. Error 101 if there is none.
pub async fn get(ctx: &Ctx, class: &str, id: &str, request: FindRequest) -> Result<Found> {
    limits::check_request(ctx, &request)?;
    let (class, request) = (&ClassName::from(class), &request);
    ctx.settled(|ctx| async move { get_once(&ctx, class, id, request).await }).await
}

async fn get_once(ctx: &Ctx, class: &ClassName, id: &str, request: &FindRequest) -> Result<Found> {
    admit(ctx, class)?;
    let schema = ctx.snapshot.class(class).cloned().ok_or_else(Error::object_not_found)?;
    let plan = ctx.plan(&schema, ClassOperation::Get)?;
    let found = match hooks::hears_finds(ctx, class) {
        true => Box::pin(get_heard(ctx, &plan, id, request)).await?,
        false => get_unheard(ctx, &plan, id, request).await?,
    };
    if found.objects.is_empty() {
        return Err(Error::object_not_found());
    }
    Ok(found)
}

const ONE: Page = Page { skip: 0, limit: Some(1) };

/// One object, past the hooks.
pub(super) async fn get_unheard(
    ctx: &Ctx,
    plan: &Plan,
    id: &str,
    request: &FindRequest,
) -> Result<Found> {
    let question = Question::by_id(plan.class(), id, request)?;
    rows(ctx, plan, question, ONE, request).await
}

/// One object, as the hooks want it.
pub(super) async fn get_heard(
    ctx: &Ctx,
    plan: &Plan,
    id: &str,
    request: &FindRequest,
) -> Result<Found> {
    let asked = FindRequest { filter: Filter::has_id(id), ..request.clone() };
    let finding = hooks::before_find(ctx, &plan.class().name, &asked, true).await?;
    let found = match finding.is_changed {
        true => {
            let question = Question::new(ctx, plan.class(), &finding.request).await?;
            rows(ctx, plan, question, ONE, &finding.request).await?
        }
        false => get_unheard(ctx, plan, id, request).await?,
    };
    hooks::after_find(ctx, &finding, found).await
}

/// The caller's own user object. Error 209 if the caller is no user, or one who does not exist any more.
pub(in crate::ops) async fn get_self(ctx: &Ctx, request: FindRequest) -> Result<Found> {
    limits::check_request(ctx, &request)?;
    let (plan, id) = own_plan(ctx)?;
    let found = match hooks::hears_finds(ctx, &plan.class().name) {
        true => Box::pin(get_heard(ctx, &plan, &id, &request)).await?,
        false => get_unheard(ctx, &plan, &id, &request).await?,
    };
    if found.objects.is_empty() { Err(nobody()) } else { Ok(found) }
}

/// The same, of which hooks do not hear: a log-in of which they hear otherwise.
pub(in crate::ops) async fn get_self_unheard(ctx: &Ctx) -> Result<Found> {
    let (plan, id) = own_plan(ctx)?;
    let found = get_unheard(ctx, &plan, &id, &FindRequest::default()).await?;
    if found.objects.is_empty() { Err(nobody()) } else { Ok(found) }
}

fn nobody() -> Error {
    Error::denied(Code::InvalidSessionToken, "Invalid session token")
}

fn own_plan(ctx: &Ctx) -> Result<(Plan, ObjectId)> {
    let user = ctx.principal.user().ok_or_else(nobody)?;
    let schema = ctx.snapshot.class("_User").cloned().ok_or_else(Error::object_not_found)?;
    Ok((ctx.plan_of_self(&schema), user.id.clone()))
}

/// How the back end would answer: for holders of a master key, and for all where the options say so.
pub async fn explain(ctx: &Ctx, class: &str, request: FindRequest) -> Result<Json> {
    if !ctx.principal.is_master() && !ctx.app.config.allow_public_explain {
        return Err(Error::new(
            Code::InvalidQuery,
            "Using the explain query parameter requires the master key",
        ));
    }
    limits::check_request(ctx, &request)?;
    let (class, request) = (&ClassName::from(class), &request);
    ctx.settled(|ctx| async move { explain_once(&ctx, class, request).await }).await
}

async fn explain_once(ctx: &Ctx, class: &ClassName, request: &FindRequest) -> Result<Json> {
    admit(ctx, class)?;
    let finding = match hooks::hears_finds(ctx, class) {
        true => Some(Box::pin(hooks::before_find(ctx, class, request, false)).await?),
        false => None,
    };
    let request = finding.as_ref().map_or(request, |finding| &finding.request);
    let Some(schema) = ctx.snapshot.class(class).cloned() else {
        return Ok(Json::Array(Vec::new()));
    };
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    let question = Question::new(ctx, &schema, request).await?;
    let page = Page { skip: request.skip, limit: Some(limit(ctx, request.limit)) };
    ctx.data().explain(plan.allow(question.into_query(page).0)?).await
}
