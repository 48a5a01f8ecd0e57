//! Around logging in and out, and before a mail for a new password goes out.

use std::sync::Arc;

use super::{ask, asker, listens, state_of};
use crate::cloud::TriggerKind;
use crate::cloud::hook::Subject;
use crate::error::Result;
use crate::ops::{Ctx, read};
use crate::value::{ClassName, Json};

const USERS: &str = "_User";
const SESSIONS: &str = "_Session";

/// Asks whether somebody who has proven who he is may log in.
pub(in crate::ops) async fn before_log_in(ctx: &Ctx, user: &str) -> Result<()> {
    tell_of_user(ctx, TriggerKind::BeforeLogin, user, None).await
}

/// Tells of somebody who has logged in.
pub(in crate::ops) async fn after_log_in(ctx: &Ctx, user: &str, token: &str) -> Result<()> {
    tell_of_user(ctx, TriggerKind::AfterLogin, user, Some(token)).await
}

/// Tells of somebody who has logged in with what a provider says of him: as of a user who was saved
/// (`parse-server:src/RestWrite.js`, `handleAuthData`). That a hook fails is for the log.
pub(in crate::ops) async fn after_log_in_by_auth_data(ctx: &Ctx, user: &str, token: &str) {
    if let Err(error) = tell_of_user(ctx, TriggerKind::AfterSave, user, Some(token)).await {
        let request_id = &*ctx.request_id;
        tracing::warn!(request_id, "afterSave failed: {}", error.log_text());
    }
}

/// Asks whether somebody may have a mail to choose a new password.
pub(in crate::ops) async fn before_password_reset(ctx: &Ctx, user: &str) -> Result<()> {
    tell_of_user(ctx, TriggerKind::BeforePasswordResetRequest, user, None).await
}

async fn tell_of_user(ctx: &Ctx, kind: TriggerKind, user: &str, token: Option<&str>) -> Result<()> {
    if !listens(ctx, kind, USERS) {
        return Ok(());
    }
    let Some(found) = read::whole_object(ctx, USERS, user).await? else { return Ok(()) };
    let mut object = state_of(ctx, &found, 0);
    if let Some(token) = token {
        object.data.insert("sessionToken".to_owned(), Json::from(token));
    }
    let mut asker = asker(ctx).await?;
    if kind == TriggerKind::AfterLogin {
        asker.user = Some(Arc::new(object.clone()));
    }
    let subject = Subject::Object { object, original: None };
    Box::pin(ask(ctx, (kind, &ClassName::from(USERS)), asker, subject)).await.map(|_| ())
}

/// The session that is going to end, for whoever wants to hear of it then.
pub(in crate::ops) async fn after_log_out<F>(ctx: &Ctx, session: &str, end: F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    if !listens(ctx, TriggerKind::AfterLogout, SESSIONS) {
        return end.await;
    }
    let asker = asker(ctx).await?;
    let found = read::whole_object(ctx, SESSIONS, session).await?;
    end.await?;
    let Some(found) = found else { return Ok(()) };
    let subject = Subject::Object { object: state_of(ctx, &found, 0), original: None };
    let of = (TriggerKind::AfterLogout, &ClassName::from(SESSIONS));
    Box::pin(ask(ctx, of, asker, subject)).await.map(|_| ())
}
