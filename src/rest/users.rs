//! `/users`, `/login` and their like.

use axum::http::header::LOCATION;

use super::classes::{encoder, finish, read_fields};
use super::read_request;
use super::route::Request;
use crate::error::Result;
use crate::http::Reply;
use crate::ops::read::Found;
use crate::ops::users::{Credentials, LoggedIn, SignedUp};
use crate::ops::write::Saved;
use crate::ops::{Ctx, users};
use crate::value::{Json, Members, json};

/// `POST /users`
pub(super) async fn sign_up(ctx: &Ctx, request: &Request) -> Result<Reply> {
    match users::sign_up(ctx, read_fields(request)?).await? {
        SignedUp::New { saved: Saved { id, instead: Some(instead), .. }, .. } => {
            Ok(located(ctx, Reply::json(201, instead.to_text().into_bytes()), &id))
        }
        SignedUp::New { saved, token } => {
            let mut out = b"{\"objectId\":".to_vec();
            json::write_string(&saved.id, &mut out);
            out.extend_from_slice(b",\"createdAt\":\"");
            saved.at.write_iso(&mut out);
            out.push(b'"');
            if let Some(token) = token {
                out.extend_from_slice(b",\"sessionToken\":");
                json::write_string(&token, &mut out);
            }
            Ok(located(ctx, Reply::json(201, finish(out, &saved.news)), &saved.id))
        }
        SignedUp::Known(logged_in) => {
            let id = id_of(&logged_in.user).to_owned();
            Ok(located(ctx, entered(ctx, &logged_in), &id))
        }
    }
}

fn id_of(found: &Found) -> &str {
    found.objects.iter().next().map_or("", |user| user.id())
}

fn located(ctx: &Ctx, reply: Reply, id: &str) -> Reply {
    reply.with(LOCATION, format!("{}/users/{id}", ctx.app.server_url))
}

fn entered(ctx: &Ctx, logged_in: &LoggedIn) -> Reply {
    let mut more = Members::new();
    more.insert("sessionToken".to_owned(), Json::from(logged_in.token.as_str()));
    if let Some(response) = &logged_in.auth_data_response {
        more.insert("authDataResponse".to_owned(), Json::Object(response.clone()));
    }
    Reply::json(200, with(encoder(ctx).single(&logged_in.user), &more))
}

/// An object's JSON with further members.
fn with(mut object: Vec<u8>, more: &Members) -> Vec<u8> {
    object.pop();
    finish(object, more)
}

/// `GET` and `POST /login`
pub(super) async fn log_in(ctx: &Ctx, request: &Request) -> Result<Reply> {
    Ok(entered(ctx, &users::log_in(ctx, credentials(request)).await?))
}

/// `GET` and `POST /verifyPassword`
pub(super) async fn verify_password(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let found = users::verify_password(ctx, credentials(request)).await?;
    Ok(Reply::json(200, encoder(ctx).single(&found)))
}

/// From the body, or from the query string where the body names nobody. What the query string holds is text,
/// whatever it looks like.
fn credentials(request: &Request) -> Credentials {
    let body = request.body.get("username").or(request.body.get("email"));
    let is_in_body = body.is_some_and(Json::is_truthy) || request.texts.is_empty();
    let from = |name: &str| match is_in_body {
        true => request.body.get(name).cloned(),
        false => request.texts.get(name).cloned(),
    };
    Credentials {
        username: from("username"),
        email: from("email"),
        password: from("password"),
        auth_data: match is_in_body {
            true => request.body.get("authData").cloned(),
            false => request.query.get("authData").cloned(),
        },
    }
}

/// `POST /loginAs`
pub(super) async fn log_in_as(ctx: &Ctx, request: &Request) -> Result<Reply> {
    Ok(entered(ctx, &users::log_in_as(ctx, request.body.get("userId")).await?))
}

/// `GET /users/me`
pub(super) async fn me(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let found = users::me(ctx, read_request::of_get(&request.parameters())?).await?;
    Ok(Reply::json(200, with_token(ctx, encoder(ctx).single(&found))))
}

/// A user's own object tells the token of his session.
pub(super) fn with_token(ctx: &Ctx, object: Vec<u8>) -> Vec<u8> {
    let Some(session) = &ctx.session else { return object };
    let mut more = Members::new();
    more.insert("sessionToken".to_owned(), Json::from(session.token.as_str()));
    with(object, &more)
}

/// `POST /logout`
pub(super) async fn log_out(ctx: &Ctx) -> Result<Reply> {
    users::log_out(ctx).await?;
    Ok(Reply::empty())
}

/// `POST /challenge`
pub(super) async fn challenge(ctx: &Ctx, request: &Request) -> Result<Reply> {
    let answer = users::challenge(ctx, &request.members()).await?;
    Ok(Reply::json(200, answer.to_text().into_bytes()))
}
