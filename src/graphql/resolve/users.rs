//! The root fields of users and their sessions. Whoever signed up or logged in is shown as he sees himself
//! (`parse-server:src/GraphQL/loaders/usersQueries.js`, `usersMutations.js`).

use super::{Outcome, Run, Shown, Subject, Written, below, fields, text};
use crate::error::{Code, Error, Result};
use crate::graphql::build::AccountVerb;
use crate::graphql::plan::{ViewerPayload, ViewerSelection};
use crate::ops::Ctx;
use crate::ops::read::Found;
use crate::ops::users::{self, Credentials, LoggedIn, SignedUp};
use crate::value::{ClassName, Fields, Json, Members, ObjectId};

/// The caller and his session.
pub(crate) struct Viewer {
    /// The token of the session.
    pub(crate) session_token: String,
    /// The user.
    pub(crate) user: Shown,
}

/// The caller.
pub(super) async fn viewer(run: &Run, ctx: &Ctx, selection: &ViewerSelection) -> Result<Outcome> {
    let session = ctx.session.as_ref().ok_or_else(nobody)?;
    let (session_token, id) = (session.token.clone(), session.user.clone());
    let user = if selection.columns.only_id() {
        Shown::Id(id)
    } else {
        let found = users::me(ctx, selection.columns.request()).await?;
        Shown::Set(Box::new(below::complete(run, ctx, &selection.users, found).await))
    };
    Ok(Outcome::Viewer(Viewer { session_token, user }))
}

/// There is no session, or the new user may not have one yet.
fn nobody() -> Error {
    Error::denied(Code::InvalidSessionToken, "Invalid session token")
}

/// Starts a session.
pub(super) async fn log_in(
    run: &Run,
    ctx: &Ctx,
    verb: AccountVerb,
    payload: &ViewerPayload,
    arguments: Members,
) -> Result<Outcome> {
    let (mut input, client_mutation_id) = input(arguments)?;
    let signed_up = match verb {
        AccountVerb::SignUp => {
            let fields = fields(run, ctx, &mut input).await?;
            users::sign_up(ctx, fields).await?
        }
        AccountVerb::LogInWith => {
            let fields = fields(run, ctx, &mut input).await?;
            let auth_data = input.shift_remove("authData").unwrap_or(Json::Null);
            users::log_in_with(ctx, auth_data, fields).await?
        }
        AccountVerb::LogIn
        | AccountVerb::LogOut
        | AccountVerb::Challenge
        | AccountVerb::ResetPassword
        | AccountVerb::ConfirmResetPassword
        | AccountVerb::SendVerificationEmail
        | AccountVerb::VerifyEmail => {
            let credentials = Credentials {
                username: input.shift_remove("username"),
                email: None,
                password: input.shift_remove("password"),
                auth_data: input.shift_remove("authData"),
            };
            SignedUp::Known(users::log_in(ctx, credentials).await?)
        }
    };
    let signed_up = match signed_up {
        // Whom a master key makes gets no session by that; here the answer needs one.
        SignedUp::New { saved, token: None } if ctx.principal.is_master() => {
            let id = Json::from(saved.id.as_str());
            SignedUp::Known(users::log_in_as(ctx, Some(&id)).await?)
        }
        known @ (SignedUp::New { .. } | SignedUp::Known(_)) => known,
    };
    let known = Known::of(signed_up)?;
    let viewer = look(run, ctx, &payload.viewer, known).await?;
    Ok(Outcome::Written(Written { subject: Subject::Viewer(viewer), client_mutation_id }))
}

/// What a log-in told of the user.
struct Known {
    token: String,
    id: ObjectId,
    /// The user's row; a new one is not read before it is wanted.
    row: Option<Found>,
    response: Option<Json>,
}

impl Known {
    fn of(signed_up: SignedUp) -> Result<Self> {
        match signed_up {
            SignedUp::New { mut saved, token } => Ok(Self {
                token: token.ok_or_else(nobody)?,
                response: saved.news.shift_remove("authDataResponse"),
                id: saved.id,
                row: None,
            }),
            SignedUp::Known(LoggedIn { user, token, auth_data_response }) => {
                let id = user.objects.iter().next().map(|user| ObjectId::from(user.id()));
                Ok(Self {
                    token,
                    id: id.ok_or_else(Error::object_not_found)?,
                    row: Some(user),
                    response: auth_data_response.map(Json::Object),
                })
            }
        }
    }
}

/// The user who logged in, as far as the client wants to see him. What lies behind his pointers and
/// relations is read as himself.
async fn look(run: &Run, ctx: &Ctx, selection: &ViewerSelection, known: Known) -> Result<Viewer> {
    let Known { token, id, row, response } = known;
    let columns = &selection.columns;
    if columns.only_id() {
        return Ok(Viewer { session_token: token, user: Shown::Id(id) });
    }
    let mut set = match row {
        Some(found) if columns.stays_in_row() => {
            below::complete(run, ctx, &selection.users, found).await
        }
        Some(_) | None => {
            let himself = users::as_session_of(&ctx.refreshed(), &token).await?;
            let found = users::me(&himself, columns.request()).await?;
            below::complete(run, &himself, &selection.users, found).await
        }
    };
    set.auth_data_response = response;
    Ok(Viewer { session_token: token, user: Shown::Set(Box::new(set)) })
}

/// Does something for an account that needs no more of the schema.
pub(super) async fn write(ctx: &Ctx, verb: AccountVerb, arguments: Members) -> Result<Outcome> {
    let (input, client_mutation_id) = input(arguments)?;
    let done = Json::Bool(true);
    let value = match verb {
        AccountVerb::LogOut => users::log_out(ctx).await.map(|()| done)?,
        AccountVerb::Challenge => {
            let answer = users::challenge(ctx, &input).await?;
            answer.get("challengeData").cloned().unwrap_or(Json::Null)
        }
        AccountVerb::ResetPassword => {
            users::request_password_reset(ctx, input.get("email"), None).await.map(|()| done)?
        }
        AccountVerb::ConfirmResetPassword => reset(ctx, &input).await.map(|()| done)?,
        AccountVerb::SendVerificationEmail => {
            users::request_verification_mail(ctx, input.get("email")).await.map(|()| done)?
        }
        AccountVerb::VerifyEmail => match users::verify_email(ctx, text(&input, "token")).await? {
            true => done,
            false => {
                return Err(Error::new(Code::Other, "Failed to verify email: token is invalid"));
            }
        },
        AccountVerb::SignUp | AccountVerb::LogIn | AccountVerb::LogInWith => {
            return Err(Error::internal("a log-in tells of the viewer"));
        }
    };
    Ok(Outcome::Written(Written { subject: Subject::Value(value), client_mutation_id }))
}

/// Sets a new password. The user is whoever the token was mailed to; the name says nothing.
async fn reset(ctx: &Ctx, input: &Members) -> Result<()> {
    let (token, password) = (text(input, "token"), text(input, "password"));
    if password.is_empty() {
        return Err(Error::new(Code::PasswordMissing, "you must provide a password"));
    }
    if token.is_empty() {
        return Err(Error::new(Code::Other, "you must provide a token"));
    }
    // The original's verb throws texts, not errors.
    users::reset_password(ctx, token, password).await.map_err(|error| {
        if error.code() == Code::Internal {
            return error;
        }
        Error::new(error.code(), format!("Unexpected error value: \"{}\"", error.text()))
    })
}

/// The input of a mutation, and what the client calls the mutation.
fn input(mut arguments: Members) -> Result<(Members, Option<Json>)> {
    match arguments.shift_remove("input") {
        Some(Json::Object(mut input)) => {
            let client_mutation_id = input.shift_remove("clientMutationId");
            Ok((input, client_mutation_id))
        }
        Some(_) | None => Err(Error::internal("a mutation has an input")),
    }
}

/// The fields of a new user.
async fn fields(run: &Run, ctx: &Ctx, input: &mut Members) -> Result<Fields> {
    let Some(Json::Object(fields)) = input.shift_remove("fields") else {
        return Ok(Fields::default());
    };
    fields::read_fields(run, ctx, &ClassName::from("_User"), fields).await
}
