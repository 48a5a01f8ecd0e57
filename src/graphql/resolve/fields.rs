//! Field inputs: from the create and update inputs of the schema to operations on fields. Objects that are
//! to be created and linked are created on the way, innermost first
//! (`parse-server:src/GraphQL/transformers/mutation.js`).

use std::future::Future;
use std::pin::Pin;

use super::{Run, files, rate};
use crate::error::{Code, Error, Result};
use crate::graphql::global_id::local_id;
use crate::ops::{Ctx, write};
use crate::schema::FieldType;
use crate::value::{ClassName, Fields, Json, Key, Members, ObjectId, Op, Pointer, Value, wire};

/// What a create or an update of an object of a class writes.
pub(super) async fn read_fields(
    run: &Run,
    ctx: &Ctx,
    class: &ClassName,
    input: Members,
) -> Result<Fields> {
    let mut fields = Fields::default();
    let Some(types) = run.schema.class(class) else { return Ok(fields) };
    for (name, value) in input {
        let known = |target: &ClassName| run.schema.class(target).is_some();
        match types.class.kind(&name) {
            Some(FieldType::Pointer(target)) if known(target) => {
                if let Some(value) = pointer(run, ctx, &name, target, value).await? {
                    fields.set(&name, value);
                }
            }
            Some(FieldType::Relation(target)) if known(target) => {
                if let Some(op) = relation(run, ctx, &name, target, value).await? {
                    fields.put(Key::field(&name), op);
                }
            }
            Some(FieldType::Acl) => put(&mut fields, &name, acl(&value))?,
            Some(FieldType::GeoPoint) => put(&mut fields, &name, point(value))?,
            Some(FieldType::Polygon) => put(&mut fields, &name, polygon(&value))?,
            Some(FieldType::File) => put(&mut fields, &name, file(run, ctx, value).await?)?,
            Some(
                FieldType::String
                | FieldType::Number
                | FieldType::Boolean
                | FieldType::Date
                | FieldType::Object
                | FieldType::Array
                | FieldType::Bytes
                | FieldType::Pointer(_)
                | FieldType::Relation(_),
            )
            | None => put(&mut fields, &name, value)?,
        }
    }
    Ok(fields)
}

fn put(fields: &mut Fields, name: &str, value: Json) -> Result<()> {
    let (key, op) = wire::read_entry(name, value)?;
    fields.put(key, op);
    Ok(())
}

fn acl(input: &Json) -> Json {
    let mut grants = Members::new();
    let rights = |rule: &Json| {
        let right = |name| rule.get(name).cloned().unwrap_or(Json::Bool(false));
        Json::from([("read", right("read")), ("write", right("write"))])
    };
    if let Some(public) = input.get("public").filter(|public| !public.is_null()) {
        grants.insert("*".to_owned(), rights(public));
    }
    let rules = |name| input.get(name).and_then(Json::as_array).unwrap_or_default();
    for rule in rules("users") {
        let id = rule.get("userId").and_then(Json::as_str).unwrap_or_default();
        grants.insert(local_id(id, "_User"), rights(rule));
    }
    for rule in rules("roles") {
        let role = rule.get("roleName").and_then(Json::as_str).unwrap_or_default();
        grants.insert(format!("role:{role}"), rights(rule));
    }
    Json::Object(grants)
}

fn point(input: Json) -> Json {
    let Json::Object(mut members) = input else { return input };
    members.insert("__type".to_owned(), Json::from("GeoPoint"));
    Json::Object(members)
}

fn polygon(input: &Json) -> Json {
    let Some(points) = input.as_array() else { return Json::Null };
    let coordinate = |point: &Json, name| point.get(name).cloned().unwrap_or(Json::Null);
    let pair = |point: &Json| {
        Json::Array(vec![coordinate(point, "latitude"), coordinate(point, "longitude")])
    };
    Json::from([
        ("__type", Json::from("Polygon")),
        ("coordinates", Json::Array(points.iter().map(pair).collect())),
    ])
}

/// The file that is to be set; one that comes with the request is stored first.
async fn file(run: &Run, ctx: &Ctx, input: Json) -> Result<Json> {
    let Json::Object(mut members) = input else { return Ok(Json::Null) };
    if let Some(upload) = members.get("upload").filter(|upload| !upload.is_null()) {
        let saved = Box::pin(files::save(run, ctx, upload)).await?;
        let parts = [("__type", "File"), ("name", &saved.name), ("url", &saved.url)];
        return Ok(Json::from(parts.map(|(key, text)| (key, Json::from(text)))));
    }
    match members.shift_remove("file") {
        Some(file) => Ok(file),
        None => Err(Error::new(Code::FileSaveFailed, "Invalid file upload.")),
    }
}

/// The pointer that is to be set; nothing if the input says nothing.
async fn pointer(
    run: &Run,
    ctx: &Ctx,
    field: &str,
    target: &ClassName,
    input: Json,
) -> Result<Option<Value>> {
    let Json::Object(mut input) = input else { return Ok(Some(Value::Null)) };
    if input.len() != 1 {
        let text = format!(
            "You need to provide link OR createLink on the pointer mutation of field {field}"
        );
        return Err(Error::new(Code::InvalidPointer, text));
    }
    let id = match (input.shift_remove("createAndLink"), input.shift_remove("link")) {
        (Some(Json::Object(fields)), _) => create(run, ctx, target, fields).await?,
        (_, Some(Json::String(id))) => ObjectId::from(local_id(&id, target)),
        _ => return Ok(None),
    };
    Ok(Some(Value::Pointer(Pointer { class: target.clone(), id })))
}

/// What is to be added to a relation and removed from it; nothing if the input is null.
async fn relation(
    run: &Run,
    ctx: &Ctx,
    field: &str,
    target: &ClassName,
    input: Json,
) -> Result<Option<Op>> {
    let Json::Object(mut input) = input else { return Ok(None) };
    if input.is_empty() {
        let text = format!(
            "You need to provide at least one operation on the relation mutation of field {field}"
        );
        return Err(Error::new(Code::InvalidPointer, text));
    }
    let mut add = pointers(target, input.get("add"));
    if let Some(Json::Array(objects)) = input.shift_remove("createAndAdd") {
        for object in objects {
            let Json::Object(fields) = object else { continue };
            let id = create(run, ctx, target, fields).await?;
            add.push(Pointer { class: target.clone(), id });
        }
    }
    let remove = pointers(target, input.get("remove"));
    Ok(Some(Op::Relate { add, remove }))
}

fn pointers(target: &ClassName, ids: Option<&Json>) -> Vec<Pointer> {
    let ids = ids.and_then(Json::as_array).unwrap_or_default().iter().filter_map(Json::as_str);
    ids.map(|id| Pointer { class: target.clone(), id: ObjectId::from(local_id(id, target)) })
        .collect()
}

/// Creates an object that another one will hold.
fn create<'a>(
    run: &'a Run,
    ctx: &'a Ctx,
    class: &'a ClassName,
    input: Members,
) -> Pin<Box<dyn Future<Output = Result<ObjectId>> + Send + 'a>> {
    Box::pin(async move {
        rate::charge_create(ctx, class)?;
        let fields = read_fields(run, ctx, class, input).await?;
        Ok(write::create(ctx, class, fields).await?.id)
    })
}
