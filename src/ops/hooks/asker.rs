//! Who asks, as hooks see him.

use std::net::IpAddr;
use std::sync::Arc;

use super::state_of;
use crate::access::Principal;
use crate::cloud::hook::{Asker, ObjectState};
use crate::error::Result;
use crate::ops::{Ctx, read};
use crate::value::{Json, Members};

/// Where a request comes from; a door knows it.
pub trait Origin: Send + Sync {
    /// The headers of the request, with names in lower case.
    fn headers(&self) -> Members;

    /// The address of the client.
    fn address(&self) -> IpAddr;
}

/// Who asks. One statement if it is a user.
pub(in crate::ops) async fn asker(ctx: &Ctx) -> Result<Asker> {
    let origin = ctx.origin.as_ref();
    let address = origin.map(|origin| origin.address()).or(ctx.address);
    let address = address.map(|address| address.to_string());
    Ok(Asker {
        master: ctx.principal.is_master(),
        read_only: ctx.principal == Principal::ReadOnlyMaster,
        user: user(ctx).await?.map(Arc::new),
        installation_id: ctx.installation_id.clone(),
        headers: Arc::new(origin.map(|origin| origin.headers()).unwrap_or_default()),
        ip: Arc::from(address.unwrap_or_default()),
        context: ctx.context.clone().unwrap_or_else(Json::empty),
    })
}

/// The user with everything that the master may see of him, and the token of his session.
async fn user(ctx: &Ctx) -> Result<Option<ObjectState>> {
    let Some(user) = ctx.principal.user() else { return Ok(None) };
    let Some(found) = read::whole_object(ctx, "_User", &user.id).await? else { return Ok(None) };
    let mut state = state_of(ctx, &found, 0);
    if let Some(session) = &ctx.session {
        state.data.insert("sessionToken".to_owned(), Json::from(session.token.as_str()));
    }
    Ok(Some(state))
}
