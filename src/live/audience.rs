//! On whose behalf subscriptions ask, and who that is now.

use std::sync::Arc;

use super::Who;
use crate::access::Principal;
use crate::auth::Session;
use crate::error::Result;
use crate::ops::{App, Ctx};
use crate::value::Date;

/// Somebody on whose behalf subscriptions ask. Who he is, what his roles are and whether his session goes on is looked at
/// with each event.
#[derive(Debug)]
pub struct Audience {
    /// No other caller has this number.
    pub(super) number: u64,
    who: Who,
}

/// Who somebody is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub principal: Principal,
    pub session: Option<Arc<Session>>,
}

impl Identity {
    /// Whether permissions that were worked out for one hold for the other, too.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.principal, &other.principal) {
            (Principal::User(one), Principal::User(other)) => Arc::ptr_eq(one, other),
            (one, other) => one == other,
        }
    }
}

impl Audience {
    pub(super) fn new(number: u64, who: Who) -> Self {
        Self { number, who }
    }

    /// No other caller has this number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// On whose behalf.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// Who it is, if that is known without asking the database.
    pub(super) fn recall(&self, app: &App, now: Date) -> Option<Identity> {
        match &self.who {
            Who::Public => Some(Identity { principal: Principal::Public, session: None }),
            Who::Master => Some(Identity { principal: Principal::Master, session: None }),
            Who::Session(token) => {
                let known = app.auth.recall(token, now)?;
                let session = Some(known.session);
                Some(Identity { principal: Principal::User(known.user), session })
            }
        }
    }

    /// Who it is. Error 209 if the session is none, or is over.
    pub(super) async fn identify(&self, app: &App) -> Result<Identity> {
        let now = app.clock.now();
        if let Some(identity) = self.recall(app, now) {
            return Ok(identity);
        }
        let Who::Session(token) = &self.who else {
            return Ok(Identity { principal: Principal::Public, session: None });
        };
        let snapshot = app.catalog.snapshot();
        let known = app.auth.recognize(&*app.storage, &snapshot, token, now).await?;
        let session = Some(known.session);
        Ok(Identity { principal: Principal::User(known.user), session })
    }

    /// A request on behalf of these subscriptions that begins now. Error 209 if the session is over.
    pub async fn request(&self, app: &Arc<App>) -> Result<Ctx> {
        let identity = self.identify(app).await?;
        Ok(request(app, &identity))
    }
}

/// A request of somebody that begins now.
pub(super) fn request(app: &Arc<App>, identity: &Identity) -> Ctx {
    let mut ctx = Ctx::new(Arc::clone(app), identity.principal.clone(), Arc::from("live"));
    ctx.session_token = identity.session.as_ref().map(|session| Arc::from(session.token.as_str()));
    ctx.session = identity.session.clone();
    ctx
}
