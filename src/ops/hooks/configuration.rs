//! Before and after the app's configuration is saved (`parse-server:src/Routers/GlobalConfigRouter.js`).

use super::{Outcome, ask, asker, listens};
use crate::cloud::hook::{Asker, Subject};
use crate::cloud::{CONFIG, TriggerKind};
use crate::error::Result;
use crate::ops::Ctx;
use crate::value::{ClassName, Members};

/// Whether anybody wants to hear of changes of the configuration.
pub(in crate::ops) fn hears_configuration(ctx: &Ctx) -> bool {
    [TriggerKind::BeforeSave, TriggerKind::AfterSave]
        .into_iter()
        .any(|kind| listens(ctx, kind, CONFIG))
}

/// A change of the configuration that hooks have heard of before it happens.
#[derive(Debug)]
pub(in crate::ops) struct Reconfiguration {
    /// The parameters that are going to change.
    pub params: Members,
    before: Members,
    asker: Asker,
}

/// Tells hooks of parameters that are going to change; `before` are all of them as they are.
pub(in crate::ops) async fn before_configuration(
    ctx: &Ctx,
    params: &Members,
    before: Members,
) -> Result<Reconfiguration> {
    let asker = asker(ctx).await?;
    let subject = Subject::Config { now: params.clone(), before: before.clone() };
    let of = (TriggerKind::BeforeSave, &ClassName::from(CONFIG));
    let Outcome { subject, context, .. } = Box::pin(ask(ctx, of, asker.clone(), subject)).await?;
    let Subject::Config { now: params, .. } = subject else {
        return Err(super::saves::other_subject());
    };
    Ok(Reconfiguration { params, before, asker: Asker { context, ..asker } })
}

/// Tells hooks of parameters that have changed; `now` are all of them. What one throws is the answer to the client.
pub(in crate::ops) async fn after_configuration(
    ctx: &Ctx,
    heard: Reconfiguration,
    now: Members,
) -> Result<()> {
    let subject = Subject::Config { now, before: heard.before };
    let of = (TriggerKind::AfterSave, &ClassName::from(CONFIG));
    Box::pin(ask(ctx, of, heard.asker, subject)).await.map(|_| ())
}
