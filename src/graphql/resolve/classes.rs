//! The root fields that read and write classes, for the holder of the master key
//! (`parse-server:src/GraphQL/loaders/schemaMutations.js`, `transformers/schemaFields.js`).

use std::sync::Arc;

use super::{Outcome, Subject, Written, text};
use crate::error::{Code, Error, Result};
use crate::graphql::build::Verb;
use crate::ops::{Ctx, schemas};
use crate::schema::{ClassSchema, SchemaRequest};
use crate::value::{Json, Members};

/// The lists of a fields input, and the type of the fields that each adds.
const ADDITIONS: [(&str, &str); 12] = [
    ("addStrings", "String"),
    ("addNumbers", "Number"),
    ("addBooleans", "Boolean"),
    ("addArrays", "Array"),
    ("addObjects", "Object"),
    ("addDates", "Date"),
    ("addFiles", "File"),
    ("addGeoPoint", "GeoPoint"),
    ("addPolygons", "Polygon"),
    ("addBytes", "Bytes"),
    ("addPointers", "Pointer"),
    ("addRelations", "Relation"),
];

/// One class.
pub(super) fn one(ctx: &Ctx, arguments: &Members) -> Result<Outcome> {
    schemas::get(ctx, text(arguments, "name")).map(Outcome::Class)
}

/// All classes.
pub(super) fn all(ctx: &Ctx) -> Result<Outcome> {
    schemas::list(ctx).map(Outcome::Classes)
}

/// Makes, changes or removes a class.
pub(super) async fn write(ctx: &Ctx, verb: Verb, arguments: &Members) -> Result<Outcome> {
    ctx.demand_master_writer()?;
    let empty = Members::new();
    let input = arguments.get("input").and_then(Json::as_object).unwrap_or(&empty);
    let (name, fields) = (text(input, "name"), input.get("schemaFields"));
    let class = match verb {
        Verb::Create => schemas::create(ctx, name, &schema_request(fields, None)?).await?,
        Verb::Update => {
            let known = schemas::get(ctx, name)?;
            schemas::update(ctx, name, &schema_request(fields, Some(&known))?).await?
        }
        Verb::Delete => {
            let known = schemas::get(ctx, name)?;
            schemas::delete(ctx, name).await?;
            known
        }
    };
    let client_mutation_id = input.get("clientMutationId").cloned();
    Ok(Outcome::Written(Written { subject: Subject::Class(class), client_mutation_id }))
}

fn schema_request(input: Option<&Json>, known: Option<&Arc<ClassSchema>>) -> Result<SchemaRequest> {
    let mut fields = Members::new();
    let removed: Vec<&str> = input.map(|input| names(input, "remove")).unwrap_or_default();
    for (list, kind) in ADDITIONS {
        for field in input.map(|input| entries(input, list)).unwrap_or_default() {
            let name = field.get("name").and_then(Json::as_str).unwrap_or_default();
            if removed.contains(&name) {
                continue;
            }
            if fields.contains_key(name) || known.is_some_and(|class| class.field(name).is_some()) {
                return Err(Error::new(
                    Code::InvalidKeyName,
                    format!("Duplicated field name: {name}"),
                ));
            }
            let mut definition = Members::from([("type".to_owned(), Json::from(kind))]);
            definition.extend(
                field.get("targetClassName").map(|class| ("targetClass".to_owned(), class.clone())),
            );
            fields.insert(name.to_owned(), Json::Object(definition));
        }
    }
    for name in removed {
        if known.is_some_and(|class| class.field(name).is_some()) {
            fields.insert(name.to_owned(), Json::from([("__op", Json::from("Delete"))]));
        }
    }
    Ok(SchemaRequest { fields, ..SchemaRequest::default() })
}

/// The entries of a list; a single entry counts as a list of one.
fn entries<'a>(input: &'a Json, list: &str) -> &'a [Json] {
    match input.get(list) {
        Some(Json::Array(entries)) => entries,
        Some(single @ Json::Object(_)) => std::slice::from_ref(single),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => &[],
    }
}

fn names<'a>(input: &'a Json, list: &str) -> Vec<&'a str> {
    entries(input, list)
        .iter()
        .filter_map(|entry| entry.get("name"))
        .filter_map(Json::as_str)
        .collect()
}
