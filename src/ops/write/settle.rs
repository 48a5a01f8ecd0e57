//! Defaults, required fields and types; the class gets the fields that it lacks, if the caller may add them.

use std::sync::Arc;

use super::admit::Verb;
use super::{create, update};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, hooks, users};
use crate::schema::{
    ClassChange, ClassOperation, ClassSchema, Field, infer_fields, is_reserved_field,
    required_fields,
};
use crate::value::{Acl, ClassName, FieldName, Fields, Json, Key, Op, Value};

/// The class with all the fields that an object needs: makes the class and the fields that are missing,
/// where the caller may.
pub(super) async fn fitting_class(
    ctx: &Ctx,
    name: &ClassName,
    fields: &Fields,
    verb: Verb,
) -> Result<Arc<ClassSchema>> {
    let known = ctx.snapshot.class(name);
    if let Some(class) = known
        && infer_fields(class, fields)?.is_empty()
    {
        return Ok(Arc::clone(class));
    }
    if ctx.in_transaction() {
        return settled_before(ctx, name, fields, verb);
    }
    let access = ctx.writer()?;
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| change_for(ctx, now.class(name), name, fields, verb))
        .await?;
    snapshot
        .class(name)
        .cloned()
        .ok_or_else(|| Error::internal("a class that was just made is gone"))
}

/// The class of users with all the fields that a change of one needs.
pub(in crate::ops) async fn fitting_user_class(
    ctx: &Ctx,
    fields: &Fields,
) -> Result<Arc<ClassSchema>> {
    fitting_class(ctx, &ClassName::from("_User"), fields, Verb::Update).await
}

/// Inside a transaction classes do not change: what it needs was prepared before it began, or is noted so that it is
/// there when the transaction begins anew (a hook may set fields that nobody could know of).
fn settled_before(
    ctx: &Ctx,
    name: &ClassName,
    fields: &Fields,
    verb: Verb,
) -> Result<Arc<ClassSchema>> {
    let snapshot = ctx.app.catalog.snapshot();
    if let Some(class) = snapshot.class(name)
        && infer_fields(class, fields)?.is_empty()
    {
        return Ok(Arc::clone(class));
    }
    let (class, fields) = (name.clone(), fields.clone());
    ctx.note_unmet(Unmet { ctx: ctx.aside(), class, fields, verb });
    Err(Error::internal("a transaction needs a class or a field that was not prepared"))
}

/// A class or a field that a transaction turned out to need.
pub(in crate::ops) struct Unmet {
    ctx: Ctx,
    class: ClassName,
    fields: Fields,
    verb: Verb,
}

impl Unmet {
    /// Makes it, if whoever needs it may.
    pub(in crate::ops) async fn make(self) -> Result<()> {
        let Self { ctx, class, fields, verb } = self;
        let (class, fields) = (&class, &fields);
        let make = |ctx: Ctx| async move {
            fitting_class(&ctx, class, fields, verb).await.map(|_: Arc<ClassSchema>| ())
        };
        ctx.refreshed().settled(make).await
    }
}

fn change_for(
    ctx: &Ctx,
    known: Option<&Arc<ClassSchema>>,
    name: &ClassName,
    fields: &Fields,
    verb: Verb,
) -> Result<Option<ClassChange>> {
    match known {
        None => {
            let fresh = infer_fields(&ClassSchema::new(name.clone()), fields)?;
            Ok(Some(ClassChange::create_with(name, fresh)))
        }
        Some(class) => {
            let fresh = infer_fields(class, fields)?;
            if fresh.is_empty() {
                return Ok(None);
            }
            may_add(ctx, class, &fresh, verb)?;
            Ok(Some(ClassChange::add_fields(class, fresh)))
        }
    }
}

fn may_add(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    fresh: &[(FieldName, Field)],
    verb: Verb,
) -> Result<()> {
    if let Some((name, _)) = fresh.iter().find(|(name, _)| is_reserved_field(&class.name, name)) {
        return Err(Error::new(Code::InvalidKeyName, format!("Invalid field name: {name}.")));
    }
    match verb {
        Verb::Create => ctx.plan(class, ClassOperation::AddField).map(|_| ()),
        Verb::Update | Verb::Delete => ctx.adding_plan(class).map(|_| ()),
    }
}

/// Makes the class and the fields that creating an object will need, so that a transaction can follow.
pub async fn prepare_create(ctx: &Ctx, class: &str, fields: &Fields) -> Result<()> {
    if hooks::hears_saves(ctx, class) {
        let class = create::permitted(ctx, class, fields)?;
        prepare_user(ctx, &class).await?;
        return prepare_for_hooks(ctx, &class, fields, Verb::Create).await;
    }
    let class = create::admitted(ctx, class, fields)?;
    prepare_user(ctx, &class).await?;
    fitting_class(ctx, &class, fields, Verb::Create).await.map(|_| ())
}

/// Makes the fields that changing an object will need, so that a transaction can follow. For an object that the caller
/// can not change nothing is made, and the transaction will say so; where clients choose ids, the transaction itself
/// may make the object first.
pub async fn prepare_update(ctx: &Ctx, class: &str, id: &str, fields: &Fields) -> Result<()> {
    if hooks::hears_saves(ctx, class) {
        let class = update::permitted(ctx, class, fields)?;
        prepare_user(ctx, &class.name).await?;
        let adds = infer_fields(&class, fields).is_ok_and(|fresh| !fresh.is_empty());
        return match adds && update::reaches(ctx, &class, id).await? {
            true => prepare_for_hooks(ctx, &class.name, fields, Verb::Update).await,
            false => Ok(()),
        };
    }
    let class = update::admitted(ctx, class, fields)?;
    prepare_user(ctx, &class.name).await?;
    let adds = !infer_fields(&class, fields)?.is_empty();
    if adds && !update::reaches(ctx, &class, id).await? && !ctx.app.config.allow_custom_object_id {
        return Ok(());
    }
    fitting_class(ctx, &class.name, fields, Verb::Update).await.map(|_| ())
}

/// Hooks may change what does not fit; what fits already is made.
async fn prepare_for_hooks(
    ctx: &Ctx,
    class: &ClassName,
    fields: &Fields,
    verb: Verb,
) -> Result<()> {
    let empty = ClassSchema::new(class.clone());
    let known = ctx.snapshot.class(class).map_or(&empty, |known| known);
    match infer_fields(known, fields) {
        Ok(_) => fitting_class(ctx, class, fields, verb).await.map(|_| ()),
        Err(_) => Ok(()),
    }
}

/// Writing a user may open a session.
async fn prepare_user(ctx: &Ctx, class: &ClassName) -> Result<()> {
    match *class == "_User" {
        true => users::prepare_session(ctx).await,
        false => Ok(()),
    }
}

/// Gives a new object the defaults that it lacks, and refuses it if something is missing. Returns the
/// fields that got a default.
pub(super) fn fill(class: &ClassSchema, fields: &mut Fields) -> Result<Vec<FieldName>> {
    let mut filled = Vec::new();
    for (name, field) in &class.fields {
        let given = fields.get(name);
        let is_open = matches!(given, None | Some(Op::Delete) | Some(Op::Set(Value::Null)));
        if let Some(default) = &field.default
            && is_open
        {
            fields.put(Key { field: name.clone(), path: Vec::new() }, Op::Set(default.clone()));
            filled.push(name.clone());
        } else if field.required && is_missing(given) {
            return Err(required(name));
        }
    }
    for name in required_fields(&class.name) {
        if is_missing(fields.get(name)) {
            return Err(missing(name));
        }
    }
    Ok(filled)
}

/// Refuses to empty a required field of an object that exists.
pub(super) fn keep_required(class: &ClassSchema, fields: &Fields) -> Result<()> {
    for (name, field) in &class.fields {
        let given = fields.get(name);
        if field.required && given.is_some() && is_missing(given) {
            return Err(required(name));
        }
    }
    for name in required_fields(&class.name) {
        let given = fields.get(name);
        if given.is_some() && is_missing(given) {
            return Err(missing(name));
        }
    }
    Ok(())
}

fn missing(name: &str) -> Error {
    Error::new(Code::IncorrectType, format!("{name} is required."))
}

fn is_missing(given: Option<&Op>) -> bool {
    match given {
        None | Some(Op::Delete) => true,
        Some(Op::Set(value)) => {
            matches!(value, Value::Null | Value::Acl(None))
                || *value == Value::String(String::new())
        }
        Some(
            Op::SetOnInsert(_)
            | Op::Increment(_)
            | Op::Add(_)
            | Op::AddUnique(_)
            | Op::Remove(_)
            | Op::Relate { .. },
        ) => false,
    }
}

fn required(name: &FieldName) -> Error {
    Error::new(Code::ValidationError, format!("{name} is required"))
}

/// Gives a new object the access control list that its class has for such, if it has none of its own.
/// `currentUser` stands for the caller. Returns the field if it got one.
pub(super) fn default_acl(
    ctx: &Ctx,
    class: &ClassSchema,
    fields: &mut Fields,
) -> Option<FieldName> {
    if !is_missing(fields.get("ACL")) {
        return None;
    }
    let Some(Json::Object(grants)) = class.permissions.default_acl() else { return None };
    let mut grants = grants.clone();
    let own = grants.shift_remove("currentUser");
    if let (Some(own), Some(user)) = (own, ctx.principal.user()) {
        grants.insert(user.id.to_string(), own);
    }
    let acl = Acl::from_json(&Json::Object(grants));
    let everybody = Acl::new(vec!["*".to_owned()], vec!["*".to_owned()]);
    if acl.as_ref() == Some(&everybody) {
        return None;
    }
    fields.set("ACL", Value::Acl(acl));
    Some(FieldName::from("ACL"))
}
