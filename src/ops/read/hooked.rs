//! Objects as hooks see them, whoever asks.

use super::Found;
use super::find::{self, get_heard, get_unheard};
use crate::access::{Plan, Principal};
use crate::cloud::hook::ObjectState;
use crate::error::Result;
use crate::ops::{Ctx, hooks};
use crate::query::FindRequest;
use crate::schema::ClassOperation;

/// An object that the caller may change, with what is stored; nothing if there is none. Hidden fields are hidden from
/// hooks too where the options say so (`protectedFieldsTriggerExempt`).
pub(in crate::ops) async fn for_hooks(
    ctx: &Ctx,
    plan: Plan,
    id: &str,
) -> Result<Option<ObjectState>> {
    let (plan, ctx) = (unhidden(ctx, plan), &ctx.with_accounts_of_all());
    let found = get_unheard(ctx, &plan, id, &FindRequest::default()).await?;
    Ok(first(ctx, &found))
}

/// The same, past the hooks that hear of questions: they may refuse it, or change it.
pub(in crate::ops) async fn for_hooks_past_finds(
    ctx: &Ctx,
    plan: Plan,
    id: &str,
) -> Result<Option<ObjectState>> {
    if !hooks::hears_finds(ctx, &plan.class().name) {
        return for_hooks(ctx, plan, id).await;
    }
    let plan = unhidden(ctx, plan);
    let found = get_heard(ctx, &plan, id, &FindRequest::default()).await?;
    Ok(first(ctx, &found))
}

fn unhidden(ctx: &Ctx, plan: Plan) -> Plan {
    match ctx.app.config.protected_fields_trigger_exempt {
        true => plan.for_hooks(),
        false => plan,
    }
}

fn first(ctx: &Ctx, found: &Found) -> Option<ObjectState> {
    (!found.objects.is_empty()).then(|| hooks::state_of(ctx, found, 0))
}

/// An object with everything that the master may see of it; nothing if there is none. No hook hears of it.
pub(in crate::ops) async fn whole_object(
    ctx: &Ctx,
    class: &str,
    id: &str,
) -> Result<Option<Found>> {
    let mut ctx = ctx.with_accounts_of_all();
    ctx.principal = Principal::Master;
    let Some(schema) = ctx.snapshot.class(class).cloned() else { return Ok(None) };
    let plan = ctx.plan(&schema, ClassOperation::Get)?;
    let found = find::get_unheard(&ctx, &plan, id, &FindRequest::default()).await?;
    Ok((!found.objects.is_empty()).then_some(found))
}
