//! What adapters and functions in JavaScript are told of a request and of a user, and what such functions decide.

use super::session::CreatedWith;
use crate::auth::providers::Told;
use crate::cloud::hook::ObjectState;
use crate::error::Result;
use crate::ops::hooks::{asker, state_of};
use crate::ops::{Ctx, read};
use crate::options::{HostReference, Switch};
use crate::value::{ClassName, Fields, Json, Members, ObjectId, Op, wire};

/// A user that a function decides about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    /// His id.
    pub id: &'a ObjectId,
    /// Whether he is stored already.
    pub is_stored: bool,
    /// What is about to change.
    pub fields: Option<&'a Fields>,
    /// The name that a new user gets.
    pub username: Option<&'a str>,
    /// What he does.
    pub created_with: Option<&'a CreatedWith>,
    /// Whether he asks for another mail.
    pub resends: bool,
}

impl<'a> About<'a> {
    /// A user as he is stored.
    pub(super) fn stored(id: &'a ObjectId) -> Self {
        Self {
            id,
            is_stored: true,
            fields: None,
            username: None,
            created_with: None,
            resends: false,
        }
    }
}

/// Whether something happens to a user. A function is asked; what it throws is the refusal of the request
/// (`parse-server:src/Controllers/UserController.js`, `shouldVerifyEmails`).
pub(super) async fn decides(ctx: &Ctx, switch: &Switch, about: About<'_>) -> Result<bool> {
    let function = match switch {
        Switch::Off => return Ok(false),
        Switch::On => return Ok(true),
        Switch::Asks(function) => function,
    };
    let mut told = request(ctx).await?;
    let state = match about.is_stored {
        true => stored_user(ctx, about.id).await?,
        false => None,
    };
    let object = match (&state, about.fields) {
        (Some(state), None) => state.clone(),
        (_, fields) => changed(about.id, fields, about.username),
    };
    told.insert("object".to_owned(), any_object(&object));
    if let (Some(state), true) = (&state, about.fields.is_some()) {
        told.insert("original".to_owned(), any_object(state));
    }
    if let Some(created_with) = about.created_with {
        told.insert("createdWith".to_owned(), Json::Object(created_with.to_members()));
    }
    if about.resends {
        told.insert("resendRequest".to_owned(), Json::Bool(true));
    }
    let answer = ask(ctx, function, told).await?;
    Ok(answer == Some(Json::Bool(true)))
}

/// Whether a user is sent a mail to verify his address. A function is told of the user as he is stored.
pub(super) async fn sends(ctx: &Ctx, switch: &Switch, id: &ObjectId) -> Result<bool> {
    let function = match switch {
        Switch::Off => return Ok(false),
        Switch::On => return Ok(true),
        Switch::Asks(function) => function,
    };
    let Some(user) = stored_user(ctx, id).await? else { return Ok(false) };
    let told = Members::from([
        ("user".to_owned(), any_object(&user)),
        ("master".to_owned(), Json::Bool(ctx.principal.is_master())),
    ]);
    Ok(ask(ctx, function, told).await?.is_some_and(|answer| answer.is_truthy()))
}

async fn ask(ctx: &Ctx, function: &HostReference, told: Members) -> Result<Option<Json>> {
    let within = ctx.within()?;
    ctx.app.cloud.callback_within(function, vec![Json::Object(told)], &within).await
}

/// What adapters of identity providers are told of a request that gives `given` for a user, or for nobody who
/// is known yet (`parse-server:src/Auth.js`, `handleAuthDataValidation`).
pub(super) async fn provider_request(
    ctx: &Ctx,
    given: &Members,
    user: Option<&ObjectId>,
) -> Result<Told> {
    let mut told = request(ctx).await?;
    let original = match user {
        Some(id) => stored_user(ctx, id).await?,
        None => None,
    };
    let object = ObjectState {
        class: ClassName::from("_User"),
        id: user.cloned(),
        data: Members::new(),
        ops: Some(Members::from([("authData".to_owned(), Json::Object(given.clone()))])),
    };
    told.insert("object".to_owned(), any_object(&object));
    told.extend(original.map(|state| ("original".to_owned(), any_object(&state))));
    Ok(Told { request: told, within: ctx.within()? })
}

/// What adapters of identity providers are told when somebody asks for a challenge.
pub(super) async fn challenge_request(ctx: &Ctx, user: Option<&ObjectId>) -> Result<Told> {
    let mut told = request(ctx).await?;
    told.insert("isChallenge".to_owned(), Json::Bool(true));
    let state = match user {
        Some(id) => stored_user(ctx, id).await?,
        None => None,
    };
    if let Some(state) = &state {
        told.insert("object".to_owned(), any_object(state));
        told.insert("original".to_owned(), any_object(state));
    }
    Ok(Told { request: told, within: ctx.within()? })
}

/// What adapters of identity providers are told when somebody reads users.
pub(in crate::ops) async fn reading_request(ctx: &Ctx) -> Result<Told> {
    Ok(Told { request: request(ctx).await?, within: ctx.within()? })
}

/// A user as adapters get him; nothing if there is none any more.
pub(super) async fn any_user(ctx: &Ctx, id: &ObjectId) -> Result<Option<Json>> {
    Ok(stored_user(ctx, id).await?.as_ref().map(any_object))
}

/// Who asks.
async fn request(ctx: &Ctx) -> Result<Members> {
    let asker = asker(ctx).await?;
    let mut told = Members::from([("master".to_owned(), Json::Bool(asker.master))]);
    if let Some(user) = &asker.user {
        told.insert("user".to_owned(), any_object(user));
    }
    if let Some(installation) = &asker.installation_id {
        told.insert("installationId".to_owned(), Json::from(&**installation));
    }
    if let Some(address) = ctx.address {
        told.insert("ip".to_owned(), Json::from(address.to_string()));
    }
    told.insert("headers".to_owned(), Json::Object((*asker.headers).clone()));
    Ok(told)
}

/// With everything that the master may see of him.
async fn stored_user(ctx: &Ctx, id: &ObjectId) -> Result<Option<ObjectState>> {
    // The request itself may have added fields to the class.
    let ctx = &ctx.refreshed();
    let found = read::whole_object(ctx, "_User", id).await?;
    Ok(found.map(|found| state_of(ctx, &found, 0)))
}

fn changed(id: &ObjectId, fields: Option<&Fields>, username: Option<&str>) -> ObjectState {
    let mut ops = Members::new();
    ops.extend(username.map(|name| ("username".to_owned(), Json::from(name))));
    for (key, op) in fields.into_iter().flat_map(Fields::iter) {
        // Nobody but the host that hashes it needs to know a password.
        if *key.field == *"password" || !key.path.is_empty() {
            continue;
        }
        if let Op::Set(value) | Op::SetOnInsert(value) = op {
            ops.insert(key.field.to_string(), wire::value_to_json(value));
        }
    }
    let (class, id) = (ClassName::from("_User"), Some(id.clone()));
    ObjectState { class, id, data: Members::new(), ops: Some(ops) }
}

/// An object where any value may stand (sections 3.2 and 3.5 of the host protocol).
pub(in crate::ops) fn any_object(state: &ObjectState) -> Json {
    let mut object = Members::from([("className".to_owned(), Json::from(state.class.as_str()))]);
    if let Some(id) = &state.id {
        object.insert("objectId".to_owned(), Json::from(id.as_str()));
    }
    object.insert("data".to_owned(), Json::Object(state.data.clone()));
    if let Some(ops) = &state.ops {
        object.insert("ops".to_owned(), Json::Object(ops.clone()));
    }
    Json::from([("$object", Json::Object(object))])
}
