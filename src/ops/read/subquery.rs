//! Answers the queries inside a condition, each as its own question with its own plan, and puts lists in
//! their place. The number of statements is bounded by the shape of the condition, never by rows.

use std::future::Future;
use std::pin::Pin;

use super::find::{self, Page};
use super::related;
use crate::error::Result;
use crate::ops::{Ctx, hooks};
use crate::query::{Condition, Filter, FindRequest, Subquery};
use crate::schema::ClassSchema;
use crate::value::{Cell, Form, Json, Pointer, wire};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The condition with lists in place of queries. A relation whose owner the caller may not read has
/// nothing in it.
pub(super) fn answer<'a>(
    ctx: &'a Ctx,
    class: &'a ClassSchema,
    filter: &'a Filter,
) -> Answer<'a, Filter> {
    Box::pin(async move {
        match filter {
            Filter::And(parts) => Ok(Filter::And(answer_all(ctx, class, parts).await?)),
            Filter::All(parts) => Ok(Filter::All(answer_all(ctx, class, parts).await?)),
            Filter::Any(parts) => Ok(Filter::Any(answer_all(ctx, class, parts).await?)),
            Filter::Nor(parts) => Ok(Filter::Nor(answer_all(ctx, class, parts).await?)),
            Filter::Field(name, conditions) => {
                let mut answered = Vec::with_capacity(conditions.len());
                for condition in conditions {
                    answered.push(answer_condition(ctx, condition).await?);
                }
                Ok(Filter::Field(name.clone(), answered))
            }
            Filter::RelatedTo { owner, key } => {
                match related::is_open(ctx, class, owner, key).await? {
                    true => Ok(filter.clone()),
                    false => Ok(Filter::Field("objectId".to_owned(), vec![Condition::Never])),
                }
            }
        }
    })
}

async fn answer_all(ctx: &Ctx, class: &ClassSchema, parts: &[Filter]) -> Result<Vec<Filter>> {
    let mut answered = Vec::with_capacity(parts.len());
    for part in parts {
        answered.push(answer(ctx, class, part).await?);
    }
    Ok(answered)
}

fn answer_condition<'a>(ctx: &'a Ctx, condition: &'a Condition) -> Answer<'a, Condition> {
    Box::pin(async move {
        if let Condition::InQuery(query) = condition {
            return Ok(Condition::In(pointers(ctx, query).await?));
        }
        if let Condition::NotInQuery(query) = condition {
            return Ok(Condition::NotIn(pointers(ctx, query).await?));
        }
        if let Condition::Select(query, key) = condition {
            return Ok(Condition::In(values(ctx, query, key).await?));
        }
        if let Condition::DontSelect(query, key) = condition {
            return Ok(Condition::NotIn(values(ctx, query, key).await?));
        }
        let Condition::Not(conditions) = condition else { return Ok(condition.clone()) };
        let mut answered = Vec::with_capacity(conditions.len());
        for condition in conditions {
            answered.push(answer_condition(ctx, condition).await?);
        }
        Ok(Condition::Not(answered))
    })
}

/// An inner query answers with all it finds, whatever page it asks for, as the original does; the server may
/// set a bound (`requestComplexity.subqueryLimit`).
fn page(ctx: &Ctx) -> Page {
    let limit = ctx
        .app
        .config
        .request_complexity
        .subquery_limit
        .filter(|_| !ctx.principal.sees_everything());
    Page { skip: 0, limit }
}

/// The question of an inner query: for the fields that are needed, but hooks see whole objects.
fn inner(ctx: &Ctx, query: &Subquery, keys: Vec<String>) -> FindRequest {
    match hooks::hears_finds(ctx, &query.class) {
        true => FindRequest { keys: None, ..query.request.clone() },
        false => FindRequest { keys: Some(keys), lean: true, ..query.request.clone() },
    }
}

async fn pointers(ctx: &Ctx, query: &Subquery) -> Result<Vec<Json>> {
    let request = inner(ctx, query, Vec::new());
    let found = find::find_page(ctx, &query.class, &request, page(ctx)).await?;
    let class = &found.class.name;
    let pointer =
        |id: &str| wire::pointer_to_json(&Pointer { class: class.clone(), id: id.into() });
    Ok(found.objects.iter().map(|object| pointer(object.id())).collect())
}

async fn values(ctx: &Ctx, query: &Subquery, key: &str) -> Result<Vec<Json>> {
    let (field, path) = key.split_once('.').unwrap_or((key, ""));
    let request = inner(ctx, query, vec![field.to_owned()]);
    let found = find::find_page(ctx, &query.class, &request, page(ctx)).await?;
    let Some(column) = found.objects.column(field) else { return Ok(Vec::new()) };
    let form = &found.objects.column_at(column).form;
    let value = |cell: Cell<'_>| {
        let mut json = match (form, cell) {
            (Form::Timestamp, Cell::Date(date)) => Json::from(date.to_iso()),
            _ => wire::value_to_json(&wire::cell_to_value(cell, form)),
        };
        for part in path.split('.').filter(|part| !part.is_empty()) {
            json = json.get(part).cloned().unwrap_or(Json::Null);
        }
        json
    };
    let values = found.objects.iter().map(|object| value(object.cell(column)));
    Ok(values.filter(|json| !json.is_null()).collect())
}
