//! Before and after objects are found (`parse-server:src/triggers.js`, `maybeRunQueryTrigger`,
//! `maybeRunAfterFindTrigger`). A hook may ask another question of the class; who may see what stays as it was.

use super::{Outcome, ask, asker, listens, state_of};
use crate::cloud::TriggerKind;
use crate::cloud::hook::{Asker, Subject};
use crate::error::Result;
use crate::ops::Ctx;
use crate::ops::read::{Found, Replacer};
use crate::query::{Condition, Filter, FindRequest, changed_request, request_to_members};
use crate::value::{ClassName, Json, Members};

/// Whether anybody wants to hear of questions to a class or of their answers.
pub(in crate::ops) fn hears_finds(ctx: &Ctx, class: &str) -> bool {
    listens(ctx, TriggerKind::BeforeFind, class) || listens(ctx, TriggerKind::AfterFind, class)
}

/// A question that hooks have heard of.
#[derive(Debug)]
pub(in crate::ops) struct Finding {
    /// The question as they want it asked.
    pub request: FindRequest,
    /// Whether they changed it.
    pub is_changed: bool,
    /// Whether one object is got by its id.
    pub is_get: bool,
    /// New objects that a hook gives for an answer.
    given: Vec<Members>,
    query: Members,
    asker: Asker,
}

/// Tells hooks of a question that is going to be asked.
pub(in crate::ops) async fn before_find(
    ctx: &Ctx,
    class: &ClassName,
    request: &FindRequest,
    is_get: bool,
) -> Result<Finding> {
    let asker = asker(ctx).await?;
    let mut query = request_to_members(request);
    if !is_get && request.limit.is_none() {
        // As parse-server tells it: a question has the default limit if it names none.
        let limit = ctx.app.config.default_limit as f64;
        query.insert("limit".to_owned(), Json::Number(limit));
    }
    let mut finding = Finding {
        request: request.clone(),
        is_changed: false,
        is_get,
        given: Vec::new(),
        query,
        asker,
    };
    if !listens(ctx, TriggerKind::BeforeFind, class) {
        return Ok(finding);
    }
    let subject = Subject::Query { query: finding.query.clone(), count: request.count, is_get };
    let asker = finding.asker.clone();
    let Outcome { subject, context, value, given, .. } =
        Box::pin(ask(ctx, (TriggerKind::BeforeFind, class), asker, subject)).await?;
    finding.asker.context = context;
    let Subject::Query { query, .. } = subject else {
        return Err(super::saves::other_subject());
    };
    if query != finding.query {
        finding.request = changed_request(request, &query)?;
        (finding.is_changed, finding.query) = (true, query);
    }
    if let Some(objects) = given.or_else(|| one_object(value.as_ref()?)) {
        finding.answer_with(class, objects);
    }
    Ok(finding)
}

impl Finding {
    /// A hook answers with objects. Those that are stored are asked for, so that the caller sees what he may see of
    /// them; if there are none, new ones are the answer as they are.
    fn answer_with(&mut self, class: &ClassName, objects: Vec<Members>) {
        let text = |object: &Members, name: &str| {
            object.get(name).and_then(Json::as_str).map(str::to_owned)
        };
        let is_of_class =
            |object: &&Members| text(object, "className").is_none_or(|name| name == class.as_str());
        let ids: Vec<Json> = objects
            .iter()
            .filter(is_of_class)
            .filter_map(|object| text(object, "objectId").map(Json::from))
            .collect();
        if ids.is_empty() {
            self.given = objects;
        }
        self.request.filter = Filter::Field("objectId".to_owned(), vec![Condition::In(ids)]);
        (self.request.skip, self.is_changed) = (0, true);
    }
}

/// An object that a hook returned alone.
fn one_object(value: &Json) -> Option<Vec<Members>> {
    let state = value.get("$object")?.as_object()?;
    let mut members = Members::new();
    for part in ["data", "ops"] {
        let part = state.get(part).and_then(Json::as_object).into_iter().flatten();
        members.extend(part.map(|(name, value)| (name.clone(), value.clone())));
    }
    for name in ["objectId", "className"] {
        members.extend(state.get(name).map(|text| (name.to_owned(), text.clone())));
    }
    Some(vec![members])
}

/// Tells hooks of a pipeline that is going to run. They may refuse it; the pipeline stays as it is.
pub(in crate::ops) async fn before_aggregate(
    ctx: &Ctx,
    class: &ClassName,
    pipeline: &Json,
) -> Result<()> {
    let query = Members::from([
        ("where".to_owned(), Json::empty()),
        ("pipeline".to_owned(), pipeline.clone()),
    ]);
    let subject = Subject::Query { query, count: false, is_get: false };
    let asker = asker(ctx).await?;
    Box::pin(ask(ctx, (TriggerKind::BeforeFind, class), asker, subject)).await.map(|_| ())
}

/// Shows hooks what was found, and shows the client what they make of it.
pub(in crate::ops) async fn after_find(
    ctx: &Ctx,
    finding: &Finding,
    found: Found,
) -> Result<Found> {
    let class = found.class.name.clone();
    let names_class = !finding.request.lean;
    let replacer = Replacer { files: &ctx.app.files, snapshot: &ctx.snapshot, names_class };
    let found = match finding.given.is_empty() {
        true => found,
        false => replacer.replace(&found, &finding.given),
    };
    if !listens(ctx, TriggerKind::AfterFind, &class) {
        return Ok(found);
    }
    let objects = (0..found.objects.len()).map(|at| state_of(ctx, &found, at)).collect();
    let subject = Subject::Objects {
        objects,
        query: finding.query.clone(),
        count: finding.request.count,
        is_get: finding.is_get,
    };
    let asker = finding.asker.clone();
    let outcome = Box::pin(ask(ctx, (TriggerKind::AfterFind, &class), asker, subject)).await?;
    let Subject::Objects { objects, .. } = outcome.subject else {
        return Err(super::saves::other_subject());
    };
    if !outcome.is_replaced {
        return Ok(found);
    }
    let objects = objects.into_iter().map(|state| {
        let mut members = state.data;
        members.extend(state.id.map(|id| ("objectId".to_owned(), Json::from(id.as_str()))));
        members.insert("className".to_owned(), Json::from(state.class.as_str()));
        members
    });
    Ok(replacer.replace(&found, &objects.collect::<Vec<Members>>()))
}
