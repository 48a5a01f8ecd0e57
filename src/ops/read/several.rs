//! Several objects of a class by their ids, as whoever follows pointers to them gets them.

use super::Found;
use super::find::{self, Page, Question};
use crate::error::Result;
use crate::ops::{Ctx, limits};
use crate::query::{Condition, Filter, FindRequest};
use crate::schema::{ClassOperation, ClassSchema};
use crate::value::{ClassName, Json, ObjectId};

/// Reads objects of a class by their ids; keys and includes are those of the request, its filter and page are
/// not heeded. Objects that are not there, or that the caller may not see, are left out.
pub async fn get_several(
    ctx: &Ctx,
    class: &ClassName,
    ids: &[ObjectId],
    request: FindRequest,
) -> Result<Found> {
    let values = ids.iter().map(|id| Json::from(id.as_str())).collect();
    let filter = Filter::Field("objectId".to_owned(), vec![Condition::In(values)]);
    let request = FindRequest { filter, ..request };
    limits::check_request(ctx, &request)?;
    let request = &request;
    ctx.settled(|ctx| async move { get_once(&ctx, class, ids.len(), request).await }).await
}

async fn get_once(
    ctx: &Ctx,
    class: &ClassName,
    count: usize,
    request: &FindRequest,
) -> Result<Found> {
    find::admit(ctx, class)?;
    let Some(schema) = ctx.snapshot.class(class).cloned() else {
        return Ok(find::nothing(&std::sync::Arc::new(ClassSchema::new(class.clone())), request));
    };
    // To follow a pointer is to get an object, also where several are got at once.
    let plan = ctx.plan(&schema, ClassOperation::Get)?;
    let question = Question::new(ctx, &schema, request).await?;
    let page = Page { skip: 0, limit: Some(count as u64) };
    find::rows(ctx, &plan, question, page, request).await
}
