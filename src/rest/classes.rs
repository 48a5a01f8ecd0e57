//! `/classes`

use super::route::{Request, located};
use super::{read_request, sessions, users};
use crate::error::Result;
use crate::http::Encoder;
use crate::http::Reply;
use crate::ops::{Ctx, read, write};
use crate::value::{Fields, Json, Members, json, wire};

pub(super) fn encoder(ctx: &Ctx) -> Encoder<'_> {
    Encoder { files: &ctx.app.files }
}

pub(super) async fn find(ctx: &Ctx, class: &str, request: &Request) -> Result<Reply> {
    let request = read_request::of_find(&request.parameters())?;
    if request.explain {
        let plan = read::explain(ctx, class, request).await?;
        return Ok(Reply::json(200, Json::from([("results", plan)]).to_text().into_bytes()));
    }
    let found = read::find(ctx, class, request).await?;
    Ok(Reply::json(200, encoder(ctx).results(&found)))
}

pub(super) async fn get(ctx: &Ctx, class: &str, id: &str, request: &Request) -> Result<Reply> {
    let request = read_request::of_get(&request.parameters())?;
    let found = read::get(ctx, class, id, request).await?;
    let object = encoder(ctx).single(&found);
    let is_self = class == "_User" && ctx.principal.user().is_some_and(|user| *user.id == *id);
    Ok(Reply::json(200, if is_self { users::with_token(ctx, object) } else { object }))
}

pub(super) async fn create(ctx: &Ctx, class: &str, request: Request) -> Result<Reply> {
    if class == "_User" {
        return users::sign_up(ctx, &request).await;
    }
    if class == "_Session" && !ctx.principal.sees_everything() {
        return sessions::create(ctx, &request).await;
    }
    let saved = write::create(ctx, class, fields_of(request.into_members())?).await?;
    if let Some(instead) = &saved.instead {
        let reply = Reply::json(201, instead.to_text().into_bytes());
        return Ok(located(ctx, reply, class, &saved.id));
    }
    let mut out = b"{\"objectId\":".to_vec();
    json::write_string(&saved.id, &mut out);
    out.extend_from_slice(b",\"createdAt\":\"");
    saved.at.write_iso(&mut out);
    out.push(b'"');
    Ok(located(ctx, Reply::json(201, finish(out, &saved.news)), class, &saved.id))
}

pub(super) async fn update(ctx: &Ctx, class: &str, id: &str, request: Request) -> Result<Reply> {
    let saved = write::update(ctx, class, id, fields_of(request.into_members())?).await?;
    if let Some(instead) = &saved.instead {
        return Ok(Reply::json(200, instead.to_text().into_bytes()));
    }
    let mut out = b"{\"updatedAt\":\"".to_vec();
    saved.at.write_iso(&mut out);
    out.push(b'"');
    Ok(Reply::json(200, finish(out, &saved.news)))
}

pub(super) async fn delete(ctx: &Ctx, class: &str, id: &str) -> Result<Reply> {
    write::delete(ctx, class, id).await?;
    Ok(Reply::empty())
}

/// The operations that a body asks for.
pub(super) fn read_fields(request: &Request) -> Result<Fields> {
    fields_of(request.members())
}

pub(super) fn fields_of(members: Members) -> Result<Fields> {
    let mut fields = Fields::default();
    for (name, json) in members {
        let (key, op) = wire::read_entry(&name, json)?;
        fields.put(key, op);
    }
    Ok(fields)
}

pub(super) fn finish(mut out: Vec<u8>, news: &Members) -> Vec<u8> {
    for (name, value) in news {
        out.push(b',');
        json::write_string(name, &mut out);
        out.push(b':');
        value.write(&mut out);
    }
    out.push(b'}');
    out
}
