//! The writing root fields of a class. What was written is read back as the caller, who therefore sees
//! what he may see and nothing else (`parse-server:src/GraphQL/loaders/parseClassMutations.js`).

use super::{Outcome, Run, Shown, Subject, Written, below, fields};
use crate::error::{Error, Result};
use crate::graphql::build::Verb;
use crate::graphql::global_id::local_id;
use crate::graphql::plan::ObjectPayload;
use crate::ops::{Ctx, read, write as verbs};
use crate::value::{Json, Members, ObjectId};

/// Writes an object.
pub(super) async fn write(
    run: &Run,
    ctx: &Ctx,
    verb: Verb,
    payload: &ObjectPayload,
    mut arguments: Members,
) -> Result<Outcome> {
    let Some(Json::Object(mut input)) = arguments.shift_remove("input") else {
        return Err(Error::internal("a mutation has an input"));
    };
    let client_mutation_id = input.shift_remove("clientMutationId");
    let fields = match input.shift_remove("fields") {
        Some(Json::Object(fields)) => fields,
        Some(_) | None => Members::new(),
    };
    let class = &payload.class;
    let id =
        input.get("id").and_then(Json::as_str).map(|id| local_id(id, class)).unwrap_or_default();
    let subject = match verb {
        Verb::Create => {
            let fields = fields::read_fields(run, ctx, class, fields).await?;
            let saved = verbs::create(ctx, class, fields).await?;
            read_back(run, ctx, payload, &saved.id).await?.with_response(saved.news)
        }
        Verb::Update => {
            let fields = fields::read_fields(run, ctx, class, fields).await?;
            let saved = verbs::update(ctx, class, &id, fields).await?;
            read_back(run, ctx, payload, &saved.id).await?.with_response(saved.news)
        }
        Verb::Delete => {
            let subject = read_back(run, ctx, payload, &id).await?;
            verbs::delete(ctx, class, &id).await?;
            subject
        }
    };
    Ok(Outcome::Written(Written { subject: Subject::Object(subject), client_mutation_id }))
}

/// What the client wants to see of an object. The id alone is known without a question.
async fn read_back(run: &Run, ctx: &Ctx, payload: &ObjectPayload, id: &str) -> Result<Shown> {
    if payload.columns.only_id() {
        return Ok(Shown::Id(ObjectId::from(id)));
    }
    let found = read::get(ctx, &payload.class, id, payload.columns.request()).await?;
    Ok(Shown::Set(Box::new(below::complete(run, ctx, &payload.objects, found).await)))
}
