//! aggregate and distinct: for holders of a master key.

use super::Found;
use super::find::{self, Question};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, hooks};
use crate::query::{FindRequest, field_path, parse_pipeline};
use crate::schema::{ClassOperation, ClassSchema};
use crate::value::{ClassName, Json, Layout, Stored};

/// Aggregations are for master keys; for the read-only one, only where the options let it.
fn demand_aggregation(ctx: &Ctx) -> Result<()> {
    ctx.demand_master()?;
    if ctx.principal.may_write_everything() || ctx.app.config.keys.read_only_aggregation {
        return Ok(());
    }
    Err(Error::denied(
        Code::OperationForbidden,
        "read-only masterKey isn't allowed to run aggregations.",
    ))
}

/// The different values of a field among the objects that a request finds; of an array field, the different
/// elements.
pub async fn distinct(
    ctx: &Ctx,
    class: &str,
    field: &str,
    request: FindRequest,
) -> Result<Vec<Json>> {
    demand_aggregation(ctx)?;
    let request = &request;
    ctx.settled(|ctx| async move { distinct_once(&ctx, class, field, request).await }).await
}

async fn distinct_once(
    ctx: &Ctx,
    class: &str,
    field: &str,
    request: &FindRequest,
) -> Result<Vec<Json>> {
    let finding = match hooks::hears_finds(ctx, class) {
        true => {
            let class = ClassName::from(class);
            Some(Box::pin(hooks::before_find(ctx, &class, request, false)).await?)
        }
        false => None,
    };
    let request = finding.as_ref().map_or(request, |finding| &finding.request);
    let Some(schema) = ctx.snapshot.class(class).cloned() else { return Ok(Vec::new()) };
    let Some(path) = field_path(field, &schema) else { return Ok(Vec::new()) };
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    plan.check_field(&path.field)?;
    let question = Question::new(ctx, &schema, request).await?;
    ctx.data().distinct(plan.allow(question.whole())?, path).await
}

/// The result of a pipeline, given as the list of its stages.
pub async fn aggregate(ctx: &Ctx, class: &str, stages: &Json) -> Result<Found> {
    demand_aggregation(ctx)?;
    ctx.settled(|ctx| async move { aggregate_once(&ctx, class, stages).await }).await
}

async fn aggregate_once(ctx: &Ctx, class: &str, stages: &Json) -> Result<Found> {
    if hooks::hears_finds(ctx, class) {
        Box::pin(hooks::before_aggregate(ctx, &ClassName::from(class), stages)).await?;
    }
    let known = ctx.snapshot.class(class).cloned();
    let schema = known.clone().unwrap_or_else(|| ClassSchema::new(ClassName::from(class)).into());
    let pipeline = parse_pipeline(stages, &schema)?;
    let plan = ctx.plan(&schema, ClassOperation::Find)?;
    let stored = match known {
        Some(_) => ctx.data().aggregate(plan.allow_pipeline(pipeline)?).await?,
        None => Stored::none(Layout { class: schema.name.clone(), columns: Vec::new() }.into()),
    };
    let mut found = find::revealed(&plan, stored);
    found.relations.clear();
    Ok(found)
}
