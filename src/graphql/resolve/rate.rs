//! What a root field costs where routes are limited: as much as the request that does the same over REST, so that no
//! document has a way past a limit. A limit of the GraphQL API itself counts root fields.

use super::text;
use crate::error::Result;
use crate::graphql::build::{AccountVerb, Verb};
use crate::graphql::global_id::{GlobalId, local_id};
use crate::graphql::plan::Action;
use crate::ops::rate::Charged;
use crate::ops::{Ctx, rate};
use crate::value::{ClassName, Json, Members};

/// Counts a root field. Error 100 if it is one too many.
pub(super) fn charge(ctx: &Ctx, action: &Action, arguments: &Members) -> Result<()> {
    // Fields of the user's own definitions pay for the functions behind them.
    if !ctx.app.rates.limits_routes() || matches!(action, Action::Custom(_)) {
        return Ok(());
    }
    match request(action, arguments) {
        Some((method, path)) => charge_request(ctx, method, &path),
        None => rate::charge(ctx, &[door(ctx)]).map(drop),
    }
}

/// Counts an object that is created along with another one.
pub(super) fn charge_create(ctx: &Ctx, class: &ClassName) -> Result<()> {
    match ctx.app.rates.limits_routes() {
        true => charge_request(ctx, "POST", &format!("/classes/{class}")),
        false => Ok(()),
    }
}

/// Counts a file that is stored, by itself or along with an object.
pub(super) fn charge_upload(ctx: &Ctx, name: &str) -> Result<()> {
    match ctx.app.rates.limits_routes() {
        true => {
            let path = format!("/files/{name}");
            rate::charge(ctx, &[Charged { method: "POST", path: &path }]).map(drop)
        }
        false => Ok(()),
    }
}

/// Counts a function that stands behind a field.
pub(super) fn charge_function(ctx: &Ctx, name: &str) -> Result<()> {
    match ctx.app.rates.limits_routes() {
        true => charge_request(ctx, "POST", &format!("/functions/{name}")),
        false => Ok(()),
    }
}

/// An operation is one request to the GraphQL API, too: limits of that one count it as well.
fn charge_request(ctx: &Ctx, method: &str, path: &str) -> Result<()> {
    rate::charge(ctx, &[Charged { method, path }, door(ctx)]).map(drop)
}

fn door(ctx: &Ctx) -> Charged<'_> {
    Charged { method: "POST", path: &ctx.app.config.graphql.path }
}

/// The request over REST that does the same.
fn request(action: &Action, arguments: &Members) -> Option<(&'static str, String)> {
    let empty = Members::new();
    let input = arguments.get("input").and_then(Json::as_object).unwrap_or(&empty);
    let object = |class: &ClassName, id: &str| format!("/classes/{class}/{}", local_id(id, class));
    match action {
        Action::Get(selection, _) => {
            Some(("GET", object(&selection.types.class.name, text(arguments, "id"))))
        }
        Action::Find(class, _) => Some(("GET", format!("/classes/{class}"))),
        // To subscribe to objects is to find them again and again.
        Action::Subscribe(selection) => Some(("GET", format!("/classes/{}", selection.class))),
        Action::Node(_) => {
            let GlobalId { class, id } = GlobalId::read(text(arguments, "id"));
            Some(("GET", format!("/classes/{class}/{id}")))
        }
        Action::Class(_) => Some(("GET", format!("/schemas/{}", text(arguments, "name")))),
        Action::Classes(_) => Some(("GET", "/schemas".to_owned())),
        Action::Config(_) => Some(("GET", "/config".to_owned())),
        Action::WriteConfig(_) => Some(("PUT", "/config".to_owned())),
        Action::Viewer(_) => Some(("GET", "/users/me".to_owned())),
        Action::LogIn(verb, _) | Action::Account(verb, _) => account(*verb),
        Action::WriteObject(verb, payload) => Some(match verb {
            Verb::Create => ("POST", format!("/classes/{}", payload.class)),
            Verb::Update => ("PUT", object(&payload.class, text(input, "id"))),
            Verb::Delete => ("DELETE", object(&payload.class, text(input, "id"))),
        }),
        Action::WriteClass(verb, _) => {
            let path = format!("/schemas/{}", text(input, "name"));
            Some(match verb {
                Verb::Create => ("POST", path),
                Verb::Update => ("PUT", path),
                Verb::Delete => ("DELETE", path),
            })
        }
        Action::CallFunction(_) => {
            Some(("POST", format!("/functions/{}", text(input, "functionName"))))
        }
        // A file is counted when it is stored, by its name.
        Action::CreateFile(_)
        | Action::TypeName
        | Action::Types
        | Action::Health
        | Action::Custom(_) => None,
    }
}

fn account(verb: AccountVerb) -> Option<(&'static str, String)> {
    let path = match verb {
        AccountVerb::SignUp | AccountVerb::LogInWith => "/users",
        AccountVerb::LogIn => "/login",
        AccountVerb::LogOut => "/logout",
        AccountVerb::Challenge => "/challenge",
        AccountVerb::ResetPassword => "/requestPasswordReset",
        AccountVerb::SendVerificationEmail => "/verificationEmailRequest",
        AccountVerb::ConfirmResetPassword | AccountVerb::VerifyEmail => return None,
    };
    Some(("POST", path.to_owned()))
}
