//! Before and after an object is saved (`parse-server:src/RestWrite.js`, `runBeforeSaveTrigger`,
//! `runAfterSaveTrigger`).

use super::{Outcome, ask, asker, listens, object_state};
use crate::cloud::TriggerKind;
use crate::cloud::hook::{Asker, ObjectState, Subject};
use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::ops::write::Saved;
use crate::value::{ClassName, Fields, Json, Members, ObjectId, wire};

/// Whether anybody wants to hear of saves of a class.
pub(in crate::ops) fn hears_saves(ctx: &Ctx, class: &str) -> bool {
    listens(ctx, TriggerKind::BeforeSave, class) || hears_after_save(ctx, class)
}

/// Whether anybody wants to hear of objects of a class that were saved.
pub(in crate::ops) fn hears_after_save(ctx: &Ctx, class: &str) -> bool {
    listens(ctx, TriggerKind::AfterSave, class)
}

/// A save that hooks have heard of before it happens.
#[derive(Debug)]
pub(in crate::ops) struct Heard {
    /// All that is to change.
    pub fields: Fields,
    /// The id that a hook gave a new object.
    pub id: Option<ObjectId>,
    /// What the client does not know of these changes: what is not as he sent it.
    pub told: Members,
    /// Of fields that hooks kept as they are, what is stored.
    pub kept: Members,
    original: Option<ObjectState>,
    asker: Asker,
}

impl Heard {
    /// The fields of the object as they were stored.
    pub(in crate::ops) fn data(&self) -> Members {
        self.original.as_ref().map(|original| original.data.clone()).unwrap_or_default()
    }
}

/// Tells hooks of a save that is going to happen. `original` is the stored object, if there is one.
pub(in crate::ops) async fn before_save(
    ctx: &Ctx,
    class: &ClassName,
    id: Option<ObjectId>,
    fields: &Fields,
    original: Option<ObjectState>,
) -> Result<Heard> {
    let asker = asker(ctx).await?;
    if !listens(ctx, TriggerKind::BeforeSave, class) {
        let (told, kept) = (Members::new(), Members::new());
        return Ok(Heard { fields: fields.clone(), id: None, told, kept, original, asker });
    }
    let mut sent = wire::fields_to_members(fields, &ctx.app.files);
    sent.shift_remove("objectId");
    let data = original.as_ref().map(|original| original.data.clone()).unwrap_or_default();
    let object = ObjectState { class: class.clone(), id, data, ops: Some(sent.clone()) };
    let given_id = object.id.clone();
    let subject = Subject::Object { object, original: original.clone() };
    let Outcome { subject, context, .. } =
        Box::pin(ask(ctx, (TriggerKind::BeforeSave, class), asker.clone(), subject)).await?;
    let asker = Asker { context, ..asker };
    let Subject::Object { object, .. } = subject else { return Err(other_subject()) };
    let mut ops = object.ops.unwrap_or_default();
    ops.shift_remove("objectId");
    let (told, kept) = told(&sent, &ops, original.as_ref());
    let mut fields = Fields::default();
    for (name, json) in ops {
        let (key, op) = wire::read_entry(&name, json)?;
        fields.put(key, op);
    }
    let id = object.id.filter(|id| original.is_none() && Some(id) != given_id.as_ref());
    Ok(Heard { fields, id, told, kept, original, asker })
}

pub(super) fn other_subject() -> Error {
    Error::internal("a hook was asked of one thing and answered of another")
}

/// What a client is told of changes that are not his: values that a hook set, and as they were those that it took
/// back. What comes of operations he is told anyway.
fn told(sent: &Members, ops: &Members, original: Option<&ObjectState>) -> (Members, Members) {
    let (mut told, mut kept) = (Members::new(), Members::new());
    for (name, value) in ops.iter().filter(|(name, value)| sent.get(*name) != Some(*value)) {
        let op = value.get("__op").and_then(Json::as_str);
        if matches!(op, None | Some("Delete")) && !name.contains('.') && !is_fixed(name) {
            told.insert(name.clone(), value.clone());
        }
    }
    for name in sent.keys().filter(|name| !ops.contains_key(*name)) {
        let field = name.split('.').next().unwrap_or(name);
        if ops.contains_key(field) {
            continue;
        }
        match original {
            None => {
                told.insert(name.clone(), Json::from([("__op", Json::from("Delete"))]));
            }
            Some(original) => {
                kept.extend(original.data.get(field).map(|was| (field.to_owned(), was.clone())));
            }
        }
    }
    (told, kept)
}

/// Fields that are the server's: what a hook does to them changes nothing.
fn is_fixed(name: &str) -> bool {
    ["objectId", "createdAt", "updatedAt"].contains(&name)
}

/// Tells hooks of an object that was saved, with its fields as they are now (`after`). What they do to it changes what
/// the client is told and nothing else. That one fails is for the log.
///
/// Inside a transaction hooks hear of it when it is lasting, and the client has his answer by then.
pub(in crate::ops) async fn after_save(
    ctx: &Ctx,
    heard: &Heard,
    after: Members,
    saved: &mut Saved,
) {
    let class = saved.class.clone();
    let mut object = object_state(class, after);
    object.id = Some(saved.id.clone());
    let (asker, original) = (heard.asker.clone(), heard.original.clone());
    if ctx.in_transaction() {
        let aside = ctx.aside();
        ctx.after_commit(Box::pin(async move {
            told_after(&aside, asker, object, original).await;
        }));
        return;
    }
    let sent = object.data.clone();
    if let Some(outcome) = told_after(ctx, asker, object, original).await {
        take_back(outcome, &sent, saved);
    }
}

async fn told_after(
    ctx: &Ctx,
    asker: Asker,
    object: ObjectState,
    original: Option<ObjectState>,
) -> Option<Outcome> {
    let class = object.class.clone();
    let subject = Subject::Object { object, original };
    match Box::pin(ask(ctx, (TriggerKind::AfterSave, &class), asker, subject)).await {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            let request_id = &*ctx.request_id;
            tracing::warn!(request_id, %class, "afterSave failed: {}", error.log_text());
            None
        }
    }
}

/// What hooks made of a saved object goes into the answer.
fn take_back(outcome: Outcome, sent: &Members, saved: &mut Saved) {
    let Subject::Object { object, .. } = outcome.subject else { return };
    for (name, value) in object.data {
        if !is_fixed(&name) && sent.get(&name) != Some(&value) {
            saved.news.insert(name, value);
        }
    }
    saved.news.extend(object.ops.into_iter().flatten());
    saved.instead = match outcome.value {
        Some(Json::Object(mut value)) => match value.shift_remove("$object") {
            Some(state) => other_object(&state, saved),
            None if value.keys().any(|name| name.starts_with('$')) => None,
            None => Some(Json::Object(value)),
        },
        Some(list @ Json::Array(_)) => Some(list),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => None,
    };
}

/// An object that a hook returned is the answer, unless it is the one that was saved.
fn other_object(state: &Json, saved: &Saved) -> Option<Json> {
    let text = |name: &str| state.get(name).and_then(Json::as_str);
    let is_same = text("className") == Some(saved.class.as_str())
        && text("objectId") == Some(saved.id.as_str());
    if is_same {
        return None;
    }
    let mut members = Members::new();
    members.extend(text("objectId").map(|id| ("objectId".to_owned(), Json::from(id))));
    for part in ["data", "ops"] {
        let part = state.get(part).and_then(Json::as_object).into_iter().flatten();
        members.extend(part.map(|(name, value)| (name.clone(), value.clone())));
    }
    Some(Json::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Members {
        Json::parse(text.as_bytes()).unwrap().as_object().unwrap().clone()
    }

    fn check(sent: &str, ops: &str, original: Option<&str>, expected: &str) {
        let original = original.map(|text| object_state(ClassName::from("T"), parse(text)));
        let (mut told, kept) = told(&parse(sent), &parse(ops), original.as_ref());
        told.extend(kept);
        assert_eq!(Json::Object(told).to_text(), expected, "{sent} became {ops}");
    }

    #[test]
    fn a_client_is_told_what_is_not_as_he_sent_it() {
        check(r#"{"a":1}"#, r#"{"a":1}"#, None, "{}");
        check(r#"{"a":1}"#, r#"{"a":2,"b":null}"#, None, r#"{"a":2,"b":null}"#);
        check(r#"{"a":1}"#, r#"{"a":1,"createdAt":"x"}"#, None, "{}");
        check(r#"{"a":1}"#, "{}", None, r#"{"a":{"__op":"Delete"}}"#);
        check(r#"{"a":1}"#, r#"{"a":{"__op":"Delete"}}"#, None, r#"{"a":{"__op":"Delete"}}"#);
        check(r#"{"a":2,"b":3}"#, "{}", Some(r#"{"a":1}"#), r#"{"a":1}"#);
        check("{}", r#"{"n":{"__op":"Increment","amount":1}}"#, Some("{}"), "{}");
        check(r#"{"o.x":1}"#, r#"{"o":{"x":1}}"#, Some(r#"{"o":{}}"#), r#"{"o":{"x":1}}"#);
        check(r#"{"o.x":1}"#, "{}", Some(r#"{"o":{"y":1}}"#), r#"{"o":{"y":1}}"#);
    }
}
