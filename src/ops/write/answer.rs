//! What a writing verb tells its caller: only what he does not know.

use crate::access::Plan;
use crate::ops::Ctx;
use crate::ops::hooks::Heard;
use crate::schema::is_write_only;
use crate::value::{
    ClassName, Date, FieldName, Fields, Json, Members, ObjectId, Op, Stored, Value, wire,
};

/// What a create or an update tells its caller.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The class of the object.
    pub class: ClassName,
    /// The object's id.
    pub id: ObjectId,
    /// When it was written.
    pub at: Date,
    /// Fields whose values the caller could not know, in wire form.
    pub news: Members,
    /// What a hook wants to be said in place of all this.
    pub instead: Option<Json>,
}

/// What hooks did to a save is told as far as any field is. Fields that they kept as they are tell what is stored, and so
/// are told only to who may read them.
pub(super) fn tell(ctx: &Ctx, plan: &Plan, heard: &Heard, news: &mut Members) {
    let kept = heard.kept.iter().filter(|(field, _)| plan.may_read(field));
    for (field, value) in heard.told.iter().chain(kept) {
        if !news.contains_key(field) {
            news.insert(field.clone(), value.clone());
        }
    }
    keep_tellable(ctx, plan, news);
}

/// Leaves out of an answer what it may not tell.
pub(in crate::ops) fn keep_tellable(ctx: &Ctx, plan: &Plan, news: &mut Members) {
    let class = &plan.class().name;
    news.retain(|field, _| may_tell(ctx, plan, field) && !is_write_only(class, field));
}

/// Whether the answer to a write may tell the value of a field: not of one that the caller may not read, unless the
/// options say that answers to writes are exempt (`protectedFieldsSaveResponseExempt`).
pub(super) fn may_tell(ctx: &Ctx, plan: &Plan, field: &str) -> bool {
    ctx.app.config.protected_fields_save_response_exempt || plan.may_read(field)
}

/// The results of operations on a new object, and the defaults that it got.
pub(super) fn of_create(fields: &Fields, filled: &[FieldName]) -> Members {
    let mut news = Members::new();
    for (key, op) in fields.iter() {
        let value = match op {
            Op::Set(value) if filled.contains(&key.field) => wire::value_to_json(value),
            Op::Set(_) | Op::Delete | Op::Relate { .. } => continue,
            Op::SetOnInsert(value) => wire::value_to_json(value),
            Op::Increment(amount) => amount.map_or(Json::Null, Json::Number),
            Op::Add(elements) | Op::AddUnique(elements) => {
                Json::Array(elements.clone().unwrap_or_default())
            }
            Op::Remove(_) => Json::Array(Vec::new()),
        };
        news.insert(key.field.to_string(), value);
    }
    news
}

/// The fields whose new values depend on the old ones.
pub(super) fn relative_fields(fields: &Fields) -> Vec<FieldName> {
    let relative = fields.iter().filter(|(_, op)| match op {
        Op::Increment(Some(_))
        | Op::Add(Some(_))
        | Op::AddUnique(Some(_))
        | Op::Remove(Some(_)) => true,
        Op::Set(_)
        | Op::SetOnInsert(_)
        | Op::Delete
        | Op::Increment(None)
        | Op::Add(None)
        | Op::AddUnique(None)
        | Op::Remove(None)
        | Op::Relate { .. } => false,
    });
    let mut names: Vec<FieldName> = Vec::new();
    for (key, _) in relative {
        if !names.contains(&key.field) {
            names.push(key.field.clone());
        }
    }
    names
}

/// The new values of those fields. Of a dotted key, only the member that it named.
pub(super) fn of_update(fields: &Fields, stored: Option<&Stored>) -> Members {
    let mut news = Members::new();
    let Some(stored) = stored.filter(|stored| !stored.is_empty()) else { return news };
    let relative = relative_fields(fields);
    for (key, _) in fields.iter().filter(|(key, _)| relative.contains(&key.field)) {
        let Some(position) = stored.layout().position(&key.field) else { continue };
        let value = wire::cell_to_value(
            stored.row(0).cell(position),
            &stored.layout().columns[position].form,
        );
        if value == Value::Null {
            continue;
        }
        let whole = wire::value_to_json(&value);
        put_path(&mut news, &key.field, &key.path, &whole);
    }
    news
}

fn put_path(news: &mut Members, name: &str, path: &[String], value: &Json) {
    let Some((first, rest)) = path.split_first() else {
        news.insert(name.to_owned(), value.clone());
        return;
    };
    let Some(member) = value.get(first) else { return };
    if let Json::Object(inner) = news.entry(name.to_owned()).or_insert_with(Json::empty) {
        put_path(inner, first, rest, member);
    }
}
