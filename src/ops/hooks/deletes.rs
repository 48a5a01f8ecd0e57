//! Before and after an object is deleted (`parse-server:src/rest.js`, `del`).

use super::{Outcome, ask, asker, listens};
use crate::cloud::TriggerKind;
use crate::cloud::hook::{Asker, ObjectState, Subject};
use crate::error::Result;
use crate::ops::Ctx;

/// Whether anybody wants to hear of objects of a class that are deleted.
pub(in crate::ops) fn hears_deletes(ctx: &Ctx, class: &str) -> bool {
    listens(ctx, TriggerKind::BeforeDelete, class) || listens(ctx, TriggerKind::AfterDelete, class)
}

/// A deletion that hooks have heard of before it happens.
#[derive(Debug)]
pub(in crate::ops) struct Deletion {
    object: ObjectState,
    asker: Asker,
}

/// Tells hooks of an object that is going to be deleted.
pub(in crate::ops) async fn before_delete(ctx: &Ctx, object: ObjectState) -> Result<Deletion> {
    let asker = asker(ctx).await?;
    let class = object.class.clone();
    let subject = Subject::Object { object: object.clone(), original: None };
    let Outcome { context, .. } =
        Box::pin(ask(ctx, (TriggerKind::BeforeDelete, &class), asker.clone(), subject)).await?;
    Ok(Deletion { object, asker: Asker { context, ..asker } })
}

/// Tells hooks of an object that was deleted. What one throws is the answer to the client, though the object is gone;
/// inside a transaction it is for the log.
pub(in crate::ops) async fn after_delete(ctx: &Ctx, deletion: &Deletion) -> Result<()> {
    let Deletion { object, asker } = deletion;
    let (class, asker) = (object.class.clone(), asker.clone());
    let subject = Subject::Object { object: object.clone(), original: None };
    if !ctx.in_transaction() {
        return Box::pin(ask(ctx, (TriggerKind::AfterDelete, &class), asker, subject))
            .await
            .map(|_| ());
    }
    let aside = ctx.aside();
    ctx.after_commit(Box::pin(async move {
        if let Err(error) = ask(&aside, (TriggerKind::AfterDelete, &class), asker, subject).await {
            let request_id = &*aside.request_id;
            tracing::warn!(request_id, %class, "afterDelete failed: {}", error.log_text());
        }
    }));
    Ok(())
}
