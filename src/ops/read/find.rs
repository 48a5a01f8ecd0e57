//! find, get and relations of many owners.

use std::sync::Arc;

use super::{Found, include, select, subquery};
use crate::access::{Objects, Plan, Principal};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, limits};
use crate::query::{
    Comparison, FieldPath, FindRequest, IncludeTree, OrderBy, Query, Test, Where, resolve,
    resolve_order,
};
use crate::schema::{
    ClassOperation, ClassSchema, FieldType, Snapshot, is_internal_class, is_system_class,
};
use crate::storage::Related;
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
fn limit(ctx: &Ctx, wanted: Option<u64>) -> u64 {
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
    let Some(schema) = ctx.snapshot.class(&class).cloned() else {
        return Ok(nothing(&Arc::new(ClassSchema::new(class)), request));
    };
    let question = Question::new(ctx, &schema, request).await?;
    let plan = match page.limit {
        Some(0) => None,
        _ => Some(ctx.plan(&schema, ClassOperation::Find)?),
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

/// A resolved request.
pub(super) struct Question {
    schema: Arc<ClassSchema>,
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
        let path = FieldPath {
            field: FieldName::from("objectId"),
            kind: FieldType::String,
            path: Vec::new(),
        };
        let filter =
            Where::Field(path, Test::Compare(Comparison::Equal, Value::String(id.to_owned())));
        Ok(Self {
            schema: Arc::clone(schema),
            filter,
            order: Vec::new(),
            columns,
            tree,
            hint: None,
        })
    }

    /// The question of a page, and the pointers to follow from its answer.
    fn into_query(self, page: Page) -> (Query, IncludeTree) {
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

async fn rows(
    ctx: &Ctx,
    plan: &Plan,
    question: Question,
    page: Page,
    request: &FindRequest,
) -> Result<Found> {
    let (query, tree) = question.into_query(page);
    let stored = ctx.data().find(plan.allow(query)?).await?;
    let mut found = include::follow(ctx, revealed(plan, stored), tree, request.lean).await?;
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
    }
}

fn nothing(class: &Arc<ClassSchema>, request: &FindRequest) -> Found {
    Found {
        class: Arc::clone(class),
        objects: Objects::none(class.name.clone()),
        branches: Vec::new(),
        count: request.count.then_some(0),
        relations: Vec::new(),
        redirected: request.redirect_class_for_key.is_some(),
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
        "_Session" if ctx.principal == Principal::Public => {
            Err(Error::new(Code::InvalidSessionToken, "Invalid session token"))
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
    let question = Question::by_id(&schema, id, request)?;
    let found = rows(ctx, &plan, question, Page { skip: 0, limit: Some(1) }, request).await?;
    if found.objects.is_empty() {
        return Err(Error::object_not_found());
    }
    Ok(found)
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
    let class = ClassName::from(class);
    admit(ctx, &class)?;
    let Some(schema) = ctx.snapshot.class(&class).cloned() else {
        return Ok(Json::Array(Vec::new()));
    };
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    let question = Question::new(ctx, &schema, &request).await?;
    let page = Page { skip: request.skip, limit: Some(limit(ctx, request.limit)) };
    ctx.data().explain(plan.allow(question.into_query(page).0)?).await
}

/// Objects that are in relations, of several owners at once.
#[derive(Debug)]
pub struct RelatedFound {
    /// All objects found; one that several owners have may occur more than once.
    pub found: Found,
    /// For each object, the position of its owner in the call's list.
    pub owners: Vec<usize>,
    /// For each owner, how many objects there are in all, if that was asked.
    pub counts: Option<Vec<u64>>,
}

/// For several objects of a class, all of which the caller has read, the objects in one of their relations.
/// The page of the request applies to each owner by itself. Two statements at most, however many owners.
pub async fn find_related(
    ctx: &Ctx,
    class: &str,
    key: &FieldName,
    owners: Vec<ObjectId>,
    request: FindRequest,
) -> Result<RelatedFound> {
    limits::check_request(ctx, &request)?;
    let (owners, request) = (&owners, &request);
    ctx.settled(|ctx| async move { find_related_once(&ctx, class, key, owners, request).await })
        .await
}

async fn find_related_once(
    ctx: &Ctx,
    class: &str,
    key: &FieldName,
    owners: &[ObjectId],
    request: &FindRequest,
) -> Result<RelatedFound> {
    let owner_class = ctx.snapshot.class(class).ok_or_else(Error::object_not_found)?;
    let Some(FieldType::Relation(target)) = owner_class.kind(key) else {
        return Err(Error::new(Code::InvalidQuery, format!("{key} is not a relation of {class}")));
    };
    ctx.plan(owner_class, ClassOperation::Get)?.check_field(key)?;
    admit(ctx, target)?;
    let Some(schema) = ctx.snapshot.class(target).cloned() else {
        let counts = request.count.then(|| vec![0; owners.len()]);
        let found = nothing(&Arc::new(ClassSchema::new(target.clone())), request);
        return Ok(RelatedFound { found, owners: Vec::new(), counts });
    };
    let question = Question::new(ctx, &schema, request).await?;
    let related =
        Related { class: owner_class.name.clone(), key: key.clone(), owners: owners.to_vec() };
    let counts = match request.count {
        true => Some(related_counts(ctx, &question, &related).await?),
        false => None,
    };
    let most = limit(ctx, request.limit);
    if most == 0 {
        return Ok(RelatedFound { found: nothing(&schema, request), owners: Vec::new(), counts });
    }
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    let (query, tree) = question.into_query(Page { skip: request.skip, limit: Some(most) });
    let rows = ctx.data().find_related(plan.allow(query)?, related).await?;
    let found = include::follow(ctx, revealed(&plan, rows.rows), tree, request.lean).await?;
    Ok(RelatedFound { found, owners: rows.owners, counts })
}

async fn related_counts(ctx: &Ctx, question: &Question, related: &Related) -> Result<Vec<u64>> {
    let plan = ctx.plan(&question.schema, ClassOperation::Count)?;
    let counted = ctx.data().count_related(plan.allow(question.whole())?, related.clone()).await?;
    let count = |owner: &ObjectId| {
        counted.iter().find(|(id, _)| id == owner).map_or(0, |(_, count)| *count)
    };
    Ok(related.owners.iter().map(count).collect())
}
