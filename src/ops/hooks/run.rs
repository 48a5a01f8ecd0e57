//! Asks the triggers of a class, one after the other: each hears what the one before it made of the question.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{log, object_state, validate_trigger};
use crate::cloud::hook::{Asker, EventAnswer, ObjectState, Subject, TriggerAnswer, TriggerRequest};
use crate::cloud::{Trigger, TriggerKind};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::value::{ClassName, Json, Members};

/// Whether anybody wants to hear of it. It costs next to nothing to ask.
pub(in crate::ops) fn listens(ctx: &Ctx, kind: TriggerKind, class: &str) -> bool {
    ctx.app.cloud.has_triggers(kind, class)
}

/// What triggers made of a question.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Outcome {
    /// The question after them.
    pub subject: Subject,
    /// What the next hooks of the operation are told.
    pub context: Json,
    /// What the last handler returned, if it returned anything.
    pub value: Option<Json>,
    /// Whether objects that were found were replaced.
    pub is_replaced: bool,
    /// Objects that answer a question before it is asked.
    pub given: Option<Vec<Members>>,
    /// Whether nobody is told of an event.
    pub is_withheld: bool,
}

/// Asks all triggers of a kind that a class has. The first that throws ends it.
pub(in crate::ops) async fn ask(
    ctx: &Ctx,
    (kind, class): (TriggerKind, &ClassName),
    asker: Asker,
    subject: Subject,
) -> Result<Outcome> {
    let registry = ctx.app.cloud.registry();
    let mut request = TriggerRequest { kind, class: class.clone(), asker, subject };
    let (mut value, mut is_replaced, mut given, mut is_withheld) = (None, false, None, false);
    for trigger in registry.triggers(kind, class) {
        let answer = answer(ctx, trigger, &mut request).await;
        log::tell(ctx, &request, answer.as_ref().err());
        let mut answer = answer?;
        value = answer.value.take();
        is_replaced |= answer.objects.is_some();
        if kind == TriggerKind::BeforeFind {
            given = answer.objects.take().or(given);
        }
        is_withheld |= answer.event.as_ref().is_some_and(|event| event.is_withheld);
        take_over(&mut request, answer, value.as_ref());
        if is_withheld {
            break;
        }
    }
    let TriggerRequest { asker, subject, .. } = request;
    Ok(Outcome { subject, context: asker.context, value, is_replaced, given, is_withheld })
}

async fn answer(
    ctx: &Ctx,
    trigger: &Trigger,
    request: &mut TriggerRequest,
) -> Result<TriggerAnswer> {
    validate_trigger(ctx, trigger, request).await?;
    let within = ctx.within()?;
    in_time(ctx, ctx.app.cloud.run_trigger(trigger, request, &within)).await
}

/// Inside a transaction nobody waits longer for a hook than for the transaction: it is rolled back then.
pub(in crate::ops) async fn in_time<T>(
    ctx: &Ctx,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    if !ctx.in_transaction() {
        return answer.await;
    }
    let most = Duration::from_millis(ctx.app.config.transaction_timeout_ms);
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
        Err(Error::new(Code::Timeout, "The transaction took too long and was rolled back."))
    })
}

fn take_over(request: &mut TriggerRequest, answer: TriggerAnswer, value: Option<&Json>) {
    let TriggerAnswer {
        object: changed,
        context,
        query: asked,
        objects: shown,
        file: kept,
        config,
        event: told,
        ..
    } = answer;
    if let Some(context) = context {
        request.asker.context = context;
    }
    match &mut request.subject {
        Subject::Object { object, .. } => {
            if let Some(changed) = changed {
                object.id = changed.id.or_else(|| object.id.take());
                object.data.extend(changed.data.into_iter().flatten());
                object.ops = Some(changed.ops);
            }
            // `{object: fields}` stands in place of all changes.
            let given = value.filter(|_| request.kind == TriggerKind::BeforeSave);
            if let Some(Json::Object(fields)) = given.and_then(|value| value.get("object")) {
                object.ops = Some(fields.clone());
            }
        }
        Subject::Query { query, .. } | Subject::Subscription { query, .. } => {
            if let Some(asked) = asked {
                *query = asked;
            }
        }
        Subject::Objects { objects, .. } => {
            if let Some(shown) = shown {
                *objects = shown.into_iter().map(|one| shown_state(&request.class, one)).collect();
            }
        }
        Subject::File { file, .. } => {
            if let Some(mut kept) = kept {
                // Content that did not change is not sent back.
                if kept.base64.is_none() && kept.uri.is_none() && kept.url == file.url {
                    kept.base64 = file.base64.take();
                }
                *file = kept;
            }
        }
        Subject::Config { now, .. } => {
            if let Some(config) = config {
                *now = config;
            }
        }
        Subject::Connection(_) => {}
        Subject::Event(state) => {
            let EventAnswer { event, object, original, .. } = told.unwrap_or_default();
            if let Some(event) = event {
                state.event = event;
            }
            if let Some(object) = object {
                state.object = shown_state(&request.class, object);
            }
            if let (Some(now), Some(original)) = (&mut state.original, original) {
                *now = shown_state(&request.class, original);
            }
        }
    }
}

fn shown_state(class: &ClassName, data: Members) -> ObjectState {
    let class = match data.get("className").and_then(Json::as_str) {
        Some(name) => ClassName::from(name),
        None => class.clone(),
    };
    object_state(class, data)
}

/// What happens once, however often a verb is tried: what a hook said of it is kept.
#[derive(Debug)]
pub(in crate::ops) struct Once<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Once<T> {
    /// What it came to before, or comes to now.
    pub(in crate::ops) async fn get(
        &self,
        happen: impl Future<Output = Result<T>>,
    ) -> Result<Arc<T>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let fresh = Arc::new(happen.await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}
