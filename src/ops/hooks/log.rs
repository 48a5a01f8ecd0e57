//! What the log tells of triggers (`logLevels.triggerBeforeSuccess`, `logLevels.triggerBeforeError`,
//! `logLevels.triggerAfter`): which ran, for whom, and why one refused.

use crate::cloud::TriggerKind;
use crate::cloud::hook::TriggerRequest;
use crate::error::Error;
use crate::ops::Ctx;
use crate::telemetry::log;

/// Tells of a trigger that ran.
pub(super) fn tell(ctx: &Ctx, request: &TriggerRequest, error: Option<&Error>) {
    let levels = &ctx.app.config.log_levels;
    let level = match (is_before(request.kind), error) {
        (true, None) => levels.trigger_before_success,
        (true, Some(_)) => levels.trigger_before_error,
        (false, _) => levels.trigger_after,
    };
    log(level, || {
        let user = request.asker.user.as_ref().and_then(|user| user.id.as_ref());
        let user = user.map_or("undefined", |id| id.as_str());
        let (kind, class) = (request.kind.name(), &request.class);
        match error {
            None => format!("{kind} triggered for {class} for user {user}"),
            Some(error) => {
                format!("{kind} failed for {class} for user {user}: {}", error.log_text())
            }
        }
    });
}

/// Whether it can refuse what it hears of.
fn is_before(kind: TriggerKind) -> bool {
    match kind {
        TriggerKind::BeforeSave
        | TriggerKind::BeforeDelete
        | TriggerKind::BeforeFind
        | TriggerKind::BeforeLogin
        | TriggerKind::BeforePasswordResetRequest
        | TriggerKind::BeforeConnect
        | TriggerKind::BeforeSubscribe => true,
        TriggerKind::AfterSave
        | TriggerKind::AfterDelete
        | TriggerKind::AfterFind
        | TriggerKind::AfterLogin
        | TriggerKind::AfterLogout
        | TriggerKind::AfterEvent => false,
    }
}
