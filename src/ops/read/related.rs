//! Relations: reading what is in one is reading its owner. Whoever may not get the owner, or may not read the
//! relation field, finds nothing in it, through whatever door he asks.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::find::{self, Page, Question};
use super::{Found, accounts, include};
use crate::access::Plan;
use crate::error::{Code, Error, Result};
use crate::ops::hooks::{self, Finding};
use crate::ops::{Ctx, limits};
use crate::query::{FindRequest, Where};
use crate::schema::{ClassOperation, ClassSchema, FieldType};
use crate::storage::Related;
use crate::value::{FieldName, ObjectId, Pointer};

/// The plan of whoever reads a relation of objects of a class: he must be allowed to get them and to read the field.
fn plan(ctx: &Ctx, owner_class: &Arc<ClassSchema>, key: &str) -> Result<Plan> {
    let plan = ctx.plan(owner_class, ClassOperation::Get)?;
    plan.check_field(key)?;
    Ok(plan)
}

/// Whether a caller may see what is in a relation of an object into a class. A key that is no relation into this
/// class has nothing in it.
pub(super) async fn is_open(
    ctx: &Ctx,
    class: &ClassSchema,
    owner: &Pointer,
    key: &str,
) -> Result<bool> {
    let Some(owner_class) = ctx.snapshot.class(&owner.class) else { return Ok(false) };
    match owner_class.kind(key) {
        Some(FieldType::Relation(target)) if *target == class.name => {}
        _ => return Ok(false),
    }
    if ctx.principal.sees_everything() {
        return Ok(true);
    }
    let plan = plan(ctx, owner_class, key)?;
    let rows = ctx.data().find(plan.allow(find::by_id(owner_class, &owner.id))?).await?;
    Ok(!rows.is_empty())
}

/// Which of several objects that the caller has found he may get, too. Access lists say the same of both, so only
/// a rule about the fields of an object takes a question.
async fn open_owners(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    key: &str,
    owners: &[ObjectId],
) -> Result<Option<HashSet<ObjectId>>> {
    let plan = plan(ctx, class, key)?;
    if *plan.rows().condition() == Where::Everything {
        return Ok(None);
    }
    let rows = ctx.data().find(plan.allow(find::by_ids(class, owners))?).await?;
    Ok(Some(rows.rows().map(|row| ObjectId::from(row.id())).collect()))
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
/// The page of the request applies to each owner by itself. Three statements at most, however many owners.
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
    let open = open_owners(ctx, owner_class, key, owners).await?;
    find::admit(ctx, target)?;
    let finding = match hooks::hears_finds(ctx, target) {
        true => Some(Box::pin(hooks::before_find(ctx, target, request, false)).await?),
        false => None,
    };
    let request = finding.as_ref().map_or(request, |finding| &finding.request);
    let Some(schema) = ctx.snapshot.class(target).cloned() else {
        let counts = request.count.then(|| vec![0; owners.len()]);
        let found = find::nothing(&Arc::new(ClassSchema::new(target.clone())), request);
        return Ok(RelatedFound { found, owners: Vec::new(), counts });
    };
    let question = Question::new(ctx, &schema, request).await?;
    let is_open = |owner: &&ObjectId| open.as_ref().is_none_or(|open| open.contains(*owner));
    let asked: Vec<ObjectId> = owners.iter().filter(is_open).cloned().collect();
    let related = Related { class: owner_class.name.clone(), key: key.clone(), owners: asked };
    let counts = match request.count {
        true => Some(counts(ctx, &question, &related, owners).await?),
        false => None,
    };
    let most = find::limit(ctx, request.limit);
    if most == 0 {
        let found = find::nothing(&schema, request);
        return Ok(RelatedFound { found, owners: Vec::new(), counts });
    }
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    let (query, tree) = question.into_query(Page { skip: request.skip, limit: Some(most) });
    let rows = ctx.data().find_related(plan.allow(query)?, related.clone()).await?;
    let mut found = find::revealed(&plan, rows.rows);
    if accounts::are_shown(ctx, &found) {
        found = Box::pin(accounts::show(ctx, found)).await?;
    }
    let found = include::follow(ctx, found, tree, request.lean).await?;
    let positions = positions(rows.owners, &related.owners, owners);
    let (found, owners) = match &finding {
        Some(finding) => Box::pin(shown(ctx, finding, found, positions)).await?,
        None => (found, positions),
    };
    Ok(RelatedFound { found, owners, counts })
}

/// What hooks make of the objects, each with its owner as before. One that was in no relation is in none now.
async fn shown(
    ctx: &Ctx,
    finding: &Finding,
    found: Found,
    owners: Vec<usize>,
) -> Result<(Found, Vec<usize>)> {
    let mut owners_of: HashMap<ObjectId, VecDeque<usize>> = HashMap::new();
    for (object, owner) in found.objects.iter().zip(&owners) {
        owners_of.entry(ObjectId::from(object.id())).or_default().push_back(*owner);
    }
    let found = hooks::after_find(ctx, finding, found).await?;
    if !found.is_replaced {
        return Ok((found, owners));
    }
    let (mut rows, mut owners) = (Vec::new(), Vec::new());
    for (row, object) in found.objects.iter().enumerate() {
        let owner = owners_of.get_mut(object.id()).and_then(VecDeque::pop_front);
        if let Some(owner) = owner {
            rows.push(row);
            owners.push(owner);
        }
    }
    let objects = found.objects.narrowed(rows, |_| true);
    Ok((Found { objects, ..found }, owners))
}

/// How many objects there are for each owner; none for those that were not asked about.
async fn counts(
    ctx: &Ctx,
    question: &Question,
    related: &Related,
    owners: &[ObjectId],
) -> Result<Vec<u64>> {
    let plan = ctx.plan(&question.schema, ClassOperation::Count)?;
    let counted = ctx.data().count_related(plan.allow(question.whole())?, related.clone()).await?;
    let counted: HashMap<ObjectId, u64> = counted.into_iter().collect();
    Ok(owners.iter().map(|owner| counted.get(owner).copied().unwrap_or(0)).collect())
}

/// Positions in the list of owners that were asked about, as positions in the list of the call.
fn positions(found: Vec<usize>, asked: &[ObjectId], owners: &[ObjectId]) -> Vec<usize> {
    if asked.len() == owners.len() {
        return found;
    }
    let places: HashMap<&ObjectId, usize> =
        owners.iter().enumerate().rev().map(|(at, owner)| (owner, at)).collect();
    found.into_iter().map(|at| places[&asked[at]]).collect()
}
