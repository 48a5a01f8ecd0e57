//! Follows pointers: one question per class and level, whatever the number of rows and of fields that lead
//! there. Every class is asked with its own plan.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use super::{Branch, Found, Targets, accounts, find, select, subquery};
use crate::error::Result;
use crate::ops::Ctx;
use crate::ops::hooks::{self, Finding};
use crate::ops::limits;
use crate::query::{Condition, Filter, FindRequest, IncludeBranch, IncludeTree, resolve};
use crate::schema::{ClassOperation, FieldType};
use crate::value::{Cell, ClassName, FieldName, Form, Json, ObjectId, Pointer, wire};

/// The found objects with what their pointers lead to.
pub(super) async fn follow(
    ctx: &Ctx,
    found: Found,
    tree: IncludeTree,
    lean: bool,
) -> Result<Found> {
    if tree.is_empty() || found.objects.is_empty() {
        return Ok(found);
    }
    let mut level = follow_level(ctx, vec![(found, tree)], lean).await?;
    level.pop().ok_or_else(|| crate::error::Error::internal("one level in, one level out"))
}

/// Follows the pointers of objects that a caller saw otherwise than by a find, as the includes of a request say.
pub async fn follow_seen(ctx: &Ctx, found: Found, request: &FindRequest) -> Result<Found> {
    limits::check_request(ctx, request)?;
    let tree = select::of_request(&found.class, request)?.tree;
    follow(ctx, found, tree, request.lean).await
}

type Level = Vec<(Found, IncludeTree)>;

/// One branch of one result of a level: what it points to.
struct Wanted {
    /// The position of the result in its level.
    parent: usize,
    /// The way through the branches (`info`, then `owner`).
    path: Vec<FieldName>,
    branch: IncludeBranch,
    pointers: Vec<Pointer>,
}

/// All results of a level are followed together.
fn follow_level(
    ctx: &Ctx,
    level: Level,
    lean: bool,
) -> Pin<Box<dyn Future<Output = Result<Vec<Found>>> + Send + '_>> {
    Box::pin(async move {
        let mut wanted = Vec::new();
        for (parent, (found, tree)) in level.iter().enumerate() {
            for branch in &tree.branches {
                collect(parent, found, branch, &mut wanted);
            }
        }
        let answers = ask(ctx, &wanted, lean).await?;
        let mut founds: Vec<Found> = level.into_iter().map(|(found, _)| found).collect();
        let mut owners = Vec::new();
        let mut below = Vec::new();
        for (at, found, tree) in hand_out(&wanted, &answers, lean) {
            owners.push(at);
            below.push((found, tree));
        }
        let is_deeper =
            |(found, tree): &(Found, IncludeTree)| !tree.is_empty() && !found.objects.is_empty();
        let below = match below.iter().any(is_deeper) {
            true => follow_level(ctx, below, lean).await?,
            false => below.into_iter().map(|(found, _)| found).collect(),
        };
        let mut targets: Vec<Targets> = wanted.iter().map(|_| Targets::default()).collect();
        for (at, found) in owners.into_iter().zip(below) {
            targets[at].add(found);
        }
        for (wanted, targets) in wanted.into_iter().zip(targets) {
            attach(&mut founds[wanted.parent].branches, &wanted.path, targets);
        }
        Ok(founds)
    })
}

/// Finds the pointers behind a branch. Below an object field, the branches lead to its members.
fn collect(parent: usize, found: &Found, branch: &IncludeBranch, wanted: &mut Vec<Wanted>) {
    let Some(column) = found.objects.column(&branch.name) else { return };
    let field = found.objects.column_at(column).name.clone();
    let form = &found.objects.column_at(column).form;
    let is_object = found.class.kind(&field) == Some(&FieldType::Object);
    if is_object {
        for inner in &branch.below.branches {
            let mut pointers = Vec::new();
            for object in found.objects.iter() {
                if let Cell::Json(text) = object.cell(column)
                    && let Ok(json) = Json::parse(text.as_bytes())
                    && let Some(member) = json.get(&inner.name)
                {
                    push_pointers(member, &mut pointers);
                }
            }
            let path = vec![field.clone(), FieldName::from(inner.name.as_str())];
            wanted.push(Wanted { parent, path, branch: inner.clone(), pointers });
        }
        return;
    }
    let mut pointers = Vec::new();
    for object in found.objects.iter() {
        match (form, object.cell(column)) {
            (Form::Pointer(class), Cell::Text(id)) => {
                pointers.push(Pointer { class: class.clone(), id: ObjectId::from(id) })
            }
            (Form::Plain, Cell::Json(text)) => {
                push_pointers(&Json::parse(text.as_bytes()).unwrap_or(Json::Null), &mut pointers);
            }
            _ => {}
        }
    }
    wanted.push(Wanted { parent, path: vec![field], branch: branch.clone(), pointers });
}

/// Pointers in a value, also inside arrays.
fn push_pointers(json: &Json, pointers: &mut Vec<Pointer>) {
    if let Some(pointer) = wire::read_pointer(json) {
        pointers.push(pointer);
    }
    for element in json.as_array().unwrap_or_default() {
        push_pointers(element, pointers);
    }
}

/// One question per class.
async fn ask(ctx: &Ctx, wanted: &[Wanted], lean: bool) -> Result<HashMap<ClassName, Found>> {
    let mut ids: Vec<(ClassName, Vec<ObjectId>)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for pointer in wanted.iter().flat_map(|wanted| &wanted.pointers) {
        if !seen.insert((pointer.class.clone(), pointer.id.clone())) {
            continue;
        }
        match ids.iter_mut().find(|(class, _)| *class == pointer.class) {
            Some((_, ids)) => ids.push(pointer.id.clone()),
            None => ids.push((pointer.class.clone(), vec![pointer.id.clone()])),
        }
    }
    let mut answers = HashMap::new();
    for (class, ids) in ids {
        find::admit(ctx, &class)?;
        let Some(schema) = ctx.snapshot.class(&class).cloned() else { continue };
        // To follow a pointer is to get an object, also where several are got at once.
        let plan = ctx.plan(&schema, ClassOperation::Get)?;
        let finding = match hooks::hears_finds(ctx, &class) {
            true => Some(Box::pin(before(ctx, &class, &ids)).await?),
            false => None,
        };
        let filter = match finding.as_ref().filter(|finding| finding.is_changed) {
            Some(finding) => {
                let filter = subquery::answer(ctx, &schema, &finding.request.filter).await?;
                resolve(&filter, &schema)?
            }
            None => resolve(&one_of(&ids), &schema)?,
        };
        let mut columns = vec![FieldName::from("objectId")];
        for wanted in wanted
            .iter()
            .filter(|wanted| wanted.pointers.iter().any(|pointer| pointer.class == class))
        {
            for column in select::of_branch(&schema, &wanted.branch, lean).columns {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        let stored = ctx.data().find(plan.allow(find::question(&schema, filter, columns))?).await?;
        let mut found = find::revealed(&plan, stored);
        if accounts::are_shown(ctx, &found) {
            found = Box::pin(accounts::show(ctx, found)).await?;
        }
        let found = match &finding {
            Some(finding) => Box::pin(hooks::after_find(ctx, finding, found)).await?,
            None => found,
        };
        answers.insert(class, found);
    }
    Ok(answers)
}

fn one_of(ids: &[ObjectId]) -> Filter {
    let ids = ids.iter().map(|id| Json::from(id.as_str())).collect();
    Filter::Field("objectId".to_owned(), vec![Condition::In(ids)])
}

/// Tells hooks of objects that are followed to: a question for one, or for several, by their ids.
async fn before(ctx: &Ctx, class: &ClassName, ids: &[ObjectId]) -> Result<Finding> {
    let (filter, is_get) = match ids {
        [id] => (Filter::has_id(id), true),
        ids => (one_of(ids), false),
    };
    // What stands inside another object does not say its class twice.
    let request = FindRequest { filter, lean: true, ..FindRequest::default() };
    hooks::before_find(ctx, class, &request, is_get).await
}

/// For each branch and class, the objects that the branch leads to, with the columns that it asked for, and
/// what is followed from there.
fn hand_out(
    wanted: &[Wanted],
    answers: &HashMap<ClassName, Found>,
    lean: bool,
) -> Vec<(usize, Found, IncludeTree)> {
    let mut positions: HashMap<&ClassName, HashMap<&str, usize>> = HashMap::new();
    for (class, answer) in answers {
        let by_id =
            answer.objects.iter().enumerate().map(|(row, object)| (object.id(), row)).collect();
        positions.insert(class, by_id);
    }
    let mut handed = Vec::new();
    for (at, wanted) in wanted.iter().enumerate() {
        for (class, answer) in answers {
            let rows = wanted.pointers.iter().filter(|pointer| pointer.class == *class);
            let mut rows: Vec<usize> =
                rows.filter_map(|pointer| positions[class].get(&*pointer.id).copied()).collect();
            rows.sort_unstable();
            rows.dedup();
            if rows.is_empty() {
                continue;
            }
            let selection = select::of_branch(&answer.class, &wanted.branch, lean);
            let objects = answer.objects.narrowed(rows, |name| {
                selection.columns.iter().any(|column| *column == *name)
                    || (answer.is_replaced && answer.class.field(name).is_none())
            });
            handed.push((at, Found { objects, ..answer.clone() }, selection.tree));
        }
    }
    handed
}

fn attach(branches: &mut Vec<Branch>, path: &[FieldName], targets: Targets) {
    let Some((field, rest)) = path.split_first() else { return };
    let at = match branches.iter().position(|branch| branch.field == *field) {
        Some(at) => at,
        None => {
            branches.push(Branch {
                field: field.clone(),
                targets: Targets::default(),
                inside: Vec::new(),
            });
            branches.len() - 1
        }
    };
    match rest {
        [] => branches[at].targets = targets,
        rest => attach(&mut branches[at].inside, rest, targets),
    }
}
