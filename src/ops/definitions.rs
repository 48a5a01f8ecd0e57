//! Classes that the options define (`schema.definitions`): made and changed at the start
//! (`parse-server:src/SchemaMigrations/DefinedSchemas.js`).

use std::sync::Arc;

use super::App;
use crate::access::WriteAccess;
use crate::error::{Code, Error, Result};
use crate::schema::{ClassChange, ClassSchema, Field, SchemaRequest, Snapshot, is_default_field};
use crate::value::{Json, Members};

/// Brings every defined class to its definition. With `strict`, classes that are not defined are an error.
pub async fn apply(app: &Arc<App>) -> Result<()> {
    let options = &app.config.schema;
    for definition in &options.definitions {
        let definition = Json::from(definition.clone());
        let name = definition.get("className").and_then(Json::as_str).map(str::to_owned);
        let name = name.ok_or_else(|| {
            Error::new(Code::MissingRequiredField, "a schema definition needs a class name")
        })?;
        // A field that changes its type goes first and comes again, which takes two passes.
        for _ in 0..2 {
            app.catalog
                .change(WriteAccess::of_server(), |now| change(app, now, &name, &definition))
                .await?;
        }
    }
    if options.strict {
        refuse_undefined(app)?;
    }
    Ok(())
}

fn refuse_undefined(app: &App) -> Result<()> {
    let defined: Vec<&str> = app
        .config
        .schema
        .definitions
        .iter()
        .filter_map(|definition| definition.get("className")?.as_str())
        .collect();
    let snapshot = app.catalog.snapshot();
    let unknown = snapshot
        .classes()
        .find(|class| !class.name.starts_with('_') && !defined.contains(&class.name.as_str()));
    match unknown {
        Some(class) => Err(Error::new(
            Code::InvalidSchemaOperation,
            format!(
                "class {} is not among the schema definitions, and schema.strict is on",
                class.name
            ),
        )),
        None => Ok(()),
    }
}

fn change(app: &App, now: &Snapshot, name: &str, definition: &Json) -> Result<Option<ClassChange>> {
    let empty = Members::new();
    let members = definition.as_object().unwrap_or(&empty);
    let request = SchemaRequest::read(members)?;
    match now.class(name) {
        None => {
            let indexes =
                SchemaRequest { indexes: request.indexes.clone(), ..SchemaRequest::default() };
            let bare =
                ClassChange::create(name, &SchemaRequest { indexes: Members::new(), ..request })?;
            let Some(class) = bare.after.map(Arc::new) else { return Ok(None) };
            let after = ClassChange::update(&class, &indexes)?.after;
            Ok(Some(ClassChange { before: None, after }))
        }
        Some(class) => {
            let request = difference(app, class, request);
            let change = ClassChange::update(class, &request)?;
            Ok((change.after.as_ref() != Some(&**class)).then_some(change))
        }
    }
}

/// What of the definition the class does not have yet, and (where the options say so) what it has too much.
fn difference(app: &App, class: &Arc<ClassSchema>, mut request: SchemaRequest) -> SchemaRequest {
    let options = &app.config.schema;
    let gone = || Json::from([("__op", Json::from("Delete"))]);
    let defined: Vec<String> = request.fields.keys().cloned().collect();
    if options.recreate_modified_fields {
        for (name, wanted) in &mut request.fields {
            if class.field(name).is_some_and(|field| has_other_type(field, wanted)) {
                *wanted = gone();
            }
        }
    }
    request.fields.retain(|name, wanted| {
        class
            .field(name)
            .is_none_or(|field| !is_default_field(&class.name, name) && field.to_json() != *wanted)
    });
    if options.delete_extra_fields {
        for name in class.fields.keys().filter(|name| !is_default_field(&class.name, name)) {
            if !defined.iter().any(|defined| defined == name.as_str()) {
                request.fields.insert(name.to_string(), gone());
            }
        }
    }
    let unknown =
        class.indexes.keys().filter(|name| *name != "_id_" && !request.indexes.contains_key(*name));
    let unknown: Vec<String> = unknown.filter(|_| !options.keep_unknown_indexes).cloned().collect();
    request.indexes.retain(|name, _| !class.indexes.contains_key(name));
    request.indexes.extend(unknown.into_iter().map(|name| (name, gone())));
    request
}

fn has_other_type(field: &Field, wanted: &Json) -> bool {
    let text = |key: &str| wanted.get(key).and_then(Json::as_str);
    text("type") != Some(field.kind.name())
        || text("targetClass") != field.kind.target().map(|class| class.as_str())
}
