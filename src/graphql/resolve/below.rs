//! What lies below found objects: relations, read for all objects of a level at once.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use apollo_compiler::Node;
use apollo_compiler::executable::Field;

use super::Run;
use super::custom::{self, CustomValues};
use super::find;
use super::window::{End, Window};
use crate::error::{Error, Result};
use crate::graphql::plan::{Content, ObjectSelection, PageSelection, Reach};
use crate::graphql::values::read_arguments;
use crate::ops::Ctx;
use crate::ops::read::{self, Found, RelatedFound};
use crate::query::FindRequest;
use crate::value::{FieldName, Json, ObjectId};

/// Objects of one class, and for each selection of them what lies below.
pub(crate) struct ObjectSet {
    /// The objects.
    pub(crate) found: Found,
    /// For each selection, for each of its fields what lies below; empty if nothing does.
    pub(crate) below: Vec<Vec<Below>>,
    /// What identity providers answered when the object was written.
    pub(crate) auth_data_response: Option<Json>,
}

/// What lies below a field.
pub(crate) enum Below {
    /// Nothing beyond the row and the objects behind its pointers.
    Nothing,
    /// What lies below the objects behind a pointer or in an array, by their class.
    Behind(Vec<Vec<Below>>),
    /// The objects in a relation.
    Relation(Related),
    /// The objects in a relation could not be read.
    Failed(Error),
    /// Values of a field of the user's own definitions.
    Custom(CustomValues),
}

/// The objects in a relation of several owners.
pub(crate) struct Related {
    /// The objects, in one set or (if pages are counted from their ends) in several.
    pub(crate) sets: Vec<ObjectSet>,
    /// For each owner its set and its rows there.
    pub(crate) pages: HashMap<ObjectId, (usize, PageRows)>,
}

/// Which rows of a set are a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageRows {
    /// The rows, in order.
    pub(crate) rows: Vec<usize>,
    /// The position of the first row in the whole list.
    pub(crate) offset: u64,
    /// How long the whole list is, if that was asked.
    pub(crate) count: Option<u64>,
}

/// Reads what lies below objects that were found.
pub(super) async fn complete(
    run: &Run,
    ctx: &Ctx,
    selections: &[ObjectSelection],
    found: Found,
) -> ObjectSet {
    let mut below = Vec::with_capacity(selections.len());
    for selection in selections {
        below.push(fetch(run, ctx, selection, &found).await);
    }
    ObjectSet { found, below, auth_data_response: None }
}

type Fetching<'a> = Pin<Box<dyn Future<Output = Vec<Below>> + Send + 'a>>;

fn fetch<'a>(
    run: &'a Run,
    ctx: &'a Ctx,
    selection: &'a ObjectSelection,
    found: &'a Found,
) -> Fetching<'a> {
    Box::pin(async move {
        if selection.reach == Reach::Row || found.objects.is_empty() {
            return Vec::new();
        }
        let mut below = Vec::with_capacity(selection.slots.len());
        for slot in &selection.slots {
            below.push(match &slot.content {
                Content::Relation(key, field, page) => {
                    let owners = owners(found);
                    match related(run, ctx, Relation { selection, key, field, page }, owners).await
                    {
                        Ok(related) => Below::Relation(related),
                        Err(error) => Below::Failed(error),
                    }
                }
                Content::Pointer(field, target) if target.reach == Reach::Beyond => {
                    behind(run, ctx, found, field, |_| Some(target)).await
                }
                Content::Array(field, elements) => {
                    behind(run, ctx, found, field, |found| elements.class(&found.class.name)).await
                }
                Content::Custom(column, field) => {
                    let values = custom::of_objects(run, ctx, field, column.as_ref(), found).await;
                    Below::Custom(values)
                }
                Content::Pointer(..)
                | Content::TypeName(_)
                | Content::Nothing
                | Content::AuthDataResponse
                | Content::GlobalId
                | Content::ObjectId
                | Content::Scalar(_)
                | Content::Acl(_)
                | Content::File(..)
                | Content::Point(..)
                | Content::Polygon(..) => Below::Nothing,
            });
        }
        below
    })
}

/// What lies below the objects behind a field, class by class.
async fn behind<'a>(
    run: &'a Run,
    ctx: &'a Ctx,
    found: &'a Found,
    field: &FieldName,
    selection: impl Fn(&Found) -> Option<&'a ObjectSelection>,
) -> Below {
    let Some(branch) = found.branch(field) else { return Below::Nothing };
    let mut below = Vec::new();
    for target in branch.targets.found() {
        below.push(match selection(target) {
            Some(selection) => fetch(run, ctx, selection, target).await,
            None => Vec::new(),
        });
    }
    Below::Behind(below)
}

/// The objects, each once.
fn owners(found: &Found) -> Vec<ObjectId> {
    let mut seen = std::collections::HashSet::new();
    let ids = found.objects.iter().map(|object| object.id());
    ids.filter(|id| seen.insert(*id)).map(ObjectId::from).collect()
}

/// A relation field of a selection.
pub(super) struct Relation<'a> {
    pub(super) selection: &'a ObjectSelection,
    pub(super) key: &'a FieldName,
    pub(super) field: &'a Node<Field>,
    pub(super) page: &'a PageSelection,
}

/// The objects in a relation of these owners.
pub(super) async fn related(
    run: &Run,
    ctx: &Ctx,
    relation: Relation<'_>,
    owners: Vec<ObjectId>,
) -> Result<Related> {
    let class = &relation.selection.types.class;
    let target = class.kind(relation.key).and_then(|kind| kind.target());
    let Some(target) = target else { return Err(Error::internal("a relation has a target class")) };
    let max_limit = ctx.app.config.max_limit;
    let arguments = read_arguments(run.schema.types(), relation.field, &run.variables);
    let window = Window::read(&arguments, max_limit)?;
    let wants = relation.page.wants;
    let mut request = find::request(run, target, relation.page, arguments)?;
    request.count = wants.count;
    request.skip = window.skip;
    request.limit = Some(if wants.rows { window.size(max_limit) } else { 0 });
    let groups = if window.from == End::Finish && wants.rows {
        from_the_end(ctx, &relation, owners, &window, request).await?
    } else {
        vec![Group { owners, counts: None, request }]
    };
    let mut related = Related { sets: Vec::with_capacity(groups.len()), pages: HashMap::new() };
    for group in groups {
        let offset = group.request.skip;
        let found =
            read::find_related(ctx, &class.name, relation.key, group.owners.clone(), group.request)
                .await?;
        let RelatedFound { found, owners: owner_of_row, counts } = found;
        let mut pages: Vec<PageRows> = Vec::with_capacity(group.owners.len());
        for at in 0..group.owners.len() {
            let counts = group.counts.as_ref().or(counts.as_ref());
            pages.push(PageRows {
                rows: Vec::new(),
                offset,
                count: counts.and_then(|counts| counts.get(at).copied()),
            });
        }
        for (row, owner) in owner_of_row.into_iter().enumerate() {
            if let Some(page) = pages.get_mut(owner) {
                page.rows.push(row);
            }
        }
        let set = related.sets.len();
        related
            .pages
            .extend(group.owners.into_iter().zip(pages).map(|(owner, page)| (owner, (set, page))));
        related.sets.push(complete(run, ctx, &relation.page.nodes, found).await);
    }
    Ok(related)
}

/// Owners whose pages begin at the same position.
struct Group {
    owners: Vec<ObjectId>,
    counts: Option<Vec<u64>>,
    request: FindRequest,
}

/// Pages that are counted from the end begin where the number of objects says: one question for those
/// numbers, then one for all owners that have the same.
async fn from_the_end(
    ctx: &Ctx,
    relation: &Relation<'_>,
    owners: Vec<ObjectId>,
    window: &Window,
    request: FindRequest,
) -> Result<Vec<Group>> {
    let class = &relation.selection.types.class.name;
    let question = FindRequest { limit: Some(0), count: true, skip: 0, ..request.clone() };
    let counts =
        read::find_related(ctx, class, relation.key, owners.clone(), question).await?.counts;
    let counts = counts.unwrap_or_else(|| vec![0; owners.len()]);
    let mut groups: Vec<Group> = Vec::new();
    for (owner, count) in owners.into_iter().zip(counts) {
        let skip = window.skip_of(count);
        match groups.iter_mut().find(|group| group.request.skip == skip) {
            Some(group) => {
                group.owners.push(owner);
                group.counts.get_or_insert_default().push(count);
            }
            None => {
                let request = FindRequest { skip, count: false, ..request.clone() };
                groups.push(Group { owners: vec![owner], counts: Some(vec![count]), request });
            }
        }
    }
    Ok(groups)
}
