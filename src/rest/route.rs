//! Which route a method and a path mean. Batches use the same table, in process.

use axum::http::header::LOCATION;

use super::{
    aggregate, batch, classes, cloud_code, config, features, functions, graphql_config, hooks,
    jobs, mails, schemas, sessions, users,
};
use crate::error::Result;
use crate::http::Reply;
use crate::ops::Ctx;
use crate::ops::webhooks::{HookKind, HookName};
use crate::value::{Json, Members};

/// A decoded request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The body; `{}` if there was none.
    pub body: Json,
    /// The query string, each value as JSON or as text.
    pub query: Members,
    /// The query string, each value as text.
    pub texts: Members,
}

impl Request {
    /// Body and query together: what a reading route takes its parameters from.
    pub(super) fn parameters(&self) -> Members {
        let mut parameters = self.body.as_object().cloned().unwrap_or_default();
        parameters.extend(self.query.iter().map(|(key, value)| (key.clone(), value.clone())));
        parameters
    }

    /// The members of the body.
    pub(super) fn members(&self) -> Members {
        members(self.body.clone())
    }

    /// The members of the body, taken out of it.
    pub(super) fn into_members(self) -> Members {
        members(self.body)
    }
}

/// An array counts as an object whose keys are positions.
fn members(body: Json) -> Members {
    match body {
        Json::Object(members) => members,
        Json::Array(elements) => elements
            .into_iter()
            .enumerate()
            .map(|(at, element)| (at.to_string(), element))
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Members::new(),
    }
}

/// A route with what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /classes/:class`
    Find(String),
    /// `POST /classes/:class`
    Create(String),
    /// `GET /classes/:class/:id`
    Get(String, String),
    /// `PUT /classes/:class/:id`
    Update(String, String),
    /// `DELETE /classes/:class/:id`
    Delete(String, String),
    /// `GET /schemas`
    ListSchemas,
    /// `GET /schemas/:class`
    GetSchema(String),
    /// `POST /schemas` and `POST /schemas/:class`
    CreateSchema(Option<String>),
    /// `PUT /schemas/:class`
    UpdateSchema(String),
    /// `DELETE /schemas/:class`
    DeleteSchema(String),
    /// `GET /aggregate/:class`
    Aggregate(String),
    /// `DELETE /purge/:class`
    Purge(String),
    /// `POST /batch`
    Batch,
    /// `/health`
    Health,
    /// `GET /serverInfo`
    ServerInfo,
    /// `GET` and `POST /login`
    LogIn,
    /// `POST /logout`
    LogOut,
    /// `POST /loginAs`
    LogInAs,
    /// `GET /users/me`
    Me,
    /// `GET /sessions/me`
    MySession,
    /// `POST /upgradeToRevocableSession`
    UpgradeSession,
    /// `GET` and `POST /verifyPassword`
    VerifyPassword,
    /// `POST /challenge`
    Challenge,
    /// `POST /requestPasswordReset`
    RequestPasswordReset,
    /// `POST /verificationEmailRequest`
    RequestVerificationMail,
    /// `GET /config`
    GetConfig,
    /// `PUT /config`
    UpdateConfig,
    /// `GET /graphql-config`
    GetGraphQlConfig,
    /// `PUT /graphql-config`
    UpdateGraphQlConfig,
    /// `GET /hooks/functions` and `GET /hooks/triggers`
    ListHooks(HookKind),
    /// `GET /hooks/functions/:name` and `GET /hooks/triggers/:class/:trigger`
    GetHook(HookName),
    /// `POST /hooks/functions` and `POST /hooks/triggers`
    CreateHook,
    /// `PUT /hooks/functions/:name` and `PUT /hooks/triggers/:class/:trigger`
    UpdateHook(HookName),
    /// `POST /functions/:name`
    CallFunction(String),
    /// `POST /jobs` and `POST /jobs/:name`
    StartJob(Option<String>),
    /// `GET /cloud_code/jobs`
    ListSchedules,
    /// `GET /cloud_code/jobs/data`
    JobsOverview,
    /// `POST /cloud_code/jobs`
    CreateSchedule,
    /// `PUT /cloud_code/jobs/:id`
    UpdateSchedule(String),
    /// `DELETE /cloud_code/jobs/:id`
    DeleteSchedule(String),
}

/// Routes of system classes that have a shorter name.
const ALIASES: [(&str, &str); 3] =
    [("users", "_User"), ("sessions", "_Session"), ("roles", "_Role")];

/// The route of a method and a path below the mount path.
pub fn route(method: &str, path: &str) -> Option<Route> {
    let mut segments: Vec<String> =
        path.split('/').skip(1).map(crate::http::unescape_segment).collect();
    if segments.last().is_some_and(String::is_empty) && segments.len() > 1 {
        segments.pop();
    }
    if segments.iter().any(String::is_empty) {
        return None;
    }
    let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if (method, segments.as_slice()) == ("GET", &["users", "me"]) {
        return Some(Route::Me);
    }
    if (method, segments.as_slice()) == ("GET", &["sessions", "me"]) {
        return Some(Route::MySession);
    }
    if let Some((_, class)) = ALIASES.iter().find(|(name, _)| segments.first() == Some(name)) {
        segments.splice(..1, ["classes", class]);
    }
    match (method, segments.as_slice()) {
        ("GET" | "POST", ["login"]) => Some(Route::LogIn),
        ("POST", ["logout"]) => Some(Route::LogOut),
        ("POST", ["upgradeToRevocableSession"]) => Some(Route::UpgradeSession),
        ("POST", ["loginAs"]) => Some(Route::LogInAs),
        ("GET" | "POST", ["verifyPassword"]) => Some(Route::VerifyPassword),
        ("POST", ["challenge"]) => Some(Route::Challenge),
        (_, ["health"]) => Some(Route::Health),
        ("GET", ["classes", class]) => Some(Route::Find((*class).to_owned())),
        ("POST", ["classes", class]) => Some(Route::Create((*class).to_owned())),
        ("GET", ["classes", class, id]) => Some(Route::Get((*class).to_owned(), (*id).to_owned())),
        ("PUT", ["classes", class, id]) => {
            Some(Route::Update((*class).to_owned(), (*id).to_owned()))
        }
        ("DELETE", ["classes", class, id]) => {
            Some(Route::Delete((*class).to_owned(), (*id).to_owned()))
        }
        ("GET", ["schemas"]) => Some(Route::ListSchemas),
        ("GET", ["schemas", class]) => Some(Route::GetSchema((*class).to_owned())),
        ("POST", ["schemas"]) => Some(Route::CreateSchema(None)),
        ("POST", ["schemas", class]) => Some(Route::CreateSchema(Some((*class).to_owned()))),
        ("PUT", ["schemas", class]) => Some(Route::UpdateSchema((*class).to_owned())),
        ("DELETE", ["schemas", class]) => Some(Route::DeleteSchema((*class).to_owned())),
        ("GET", ["aggregate", class]) => Some(Route::Aggregate((*class).to_owned())),
        ("DELETE", ["purge", class]) => Some(Route::Purge((*class).to_owned())),
        ("POST", ["batch"]) => Some(Route::Batch),
        ("POST", ["requestPasswordReset"]) => Some(Route::RequestPasswordReset),
        ("POST", ["verificationEmailRequest"]) => Some(Route::RequestVerificationMail),
        ("GET", ["config"]) => Some(Route::GetConfig),
        ("PUT", ["config"]) => Some(Route::UpdateConfig),
        ("GET", ["graphql-config"]) => Some(Route::GetGraphQlConfig),
        ("PUT", ["graphql-config"]) => Some(Route::UpdateGraphQlConfig),
        ("POST", ["functions", name]) => Some(Route::CallFunction((*name).to_owned())),
        ("GET", ["serverInfo"]) => Some(Route::ServerInfo),
        (_, ["hooks", rest @ ..]) => hook_route(method, rest),
        _ => job_route(method, &segments),
    }
}

fn hook_route(method: &str, segments: &[&str]) -> Option<Route> {
    let name = match segments {
        ["functions"] | ["triggers"] => None,
        ["functions", name] => Some(HookName::Function((*name).to_owned())),
        ["triggers", class, kind] => {
            Some(HookName::Trigger((*class).to_owned(), (*kind).to_owned()))
        }
        _ => return None,
    };
    match (method, name) {
        ("GET", None) if segments == ["functions"] => Some(Route::ListHooks(HookKind::Function)),
        ("GET", None) => Some(Route::ListHooks(HookKind::Trigger)),
        ("GET", Some(name)) => Some(Route::GetHook(name)),
        ("POST", None) => Some(Route::CreateHook),
        ("PUT", Some(name)) => Some(Route::UpdateHook(name)),
        _ => None,
    }
}

fn job_route(method: &str, segments: &[&str]) -> Option<Route> {
    match (method, segments) {
        ("POST", ["jobs"]) => Some(Route::StartJob(None)),
        ("POST", ["jobs", name]) => Some(Route::StartJob(Some((*name).to_owned()))),
        ("GET", ["cloud_code", "jobs"]) => Some(Route::ListSchedules),
        ("GET", ["cloud_code", "jobs", "data"]) => Some(Route::JobsOverview),
        ("POST", ["cloud_code", "jobs"]) => Some(Route::CreateSchedule),
        ("PUT", ["cloud_code", "jobs", id]) => Some(Route::UpdateSchedule((*id).to_owned())),
        ("DELETE", ["cloud_code", "jobs", id]) => Some(Route::DeleteSchedule((*id).to_owned())),
        _ => None,
    }
}

/// Answers a request. What is asked most often has its state inside the state of the request; the others, whose
/// state is larger, have theirs allocated, so that their room is not moved about with every request.
pub async fn dispatch(ctx: &Ctx, route: Route, request: Request) -> Result<Reply> {
    match route {
        Route::Find(class) => classes::find(ctx, &class, &request).await,
        Route::Create(class) => Box::pin(classes::create(ctx, &class, request)).await,
        Route::Get(class, id) => classes::get(ctx, &class, &id, &request).await,
        Route::LogIn => Box::pin(users::log_in(ctx, &request)).await,
        Route::LogOut => Box::pin(users::log_out(ctx)).await,
        Route::LogInAs => Box::pin(users::log_in_as(ctx, &request)).await,
        Route::MySession => Box::pin(sessions::me(ctx, &request)).await,
        Route::UpgradeSession => Box::pin(sessions::upgrade(ctx)).await,
        Route::Me => Box::pin(users::me(ctx, &request)).await,
        Route::VerifyPassword => Box::pin(users::verify_password(ctx, &request)).await,
        Route::Challenge => Box::pin(users::challenge(ctx, &request)).await,
        Route::Update(class, id) => Box::pin(classes::update(ctx, &class, &id, request)).await,
        Route::Delete(class, id) => Box::pin(classes::delete(ctx, &class, &id)).await,
        Route::ListSchemas => schemas::list(ctx),
        Route::GetSchema(class) => schemas::get(ctx, &class),
        Route::CreateSchema(class) => {
            Box::pin(schemas::create(ctx, class.as_deref(), &request)).await
        }
        Route::UpdateSchema(class) => Box::pin(schemas::update(ctx, &class, &request)).await,
        Route::DeleteSchema(class) => Box::pin(schemas::delete(ctx, &class)).await,
        Route::Aggregate(class) => Box::pin(aggregate::aggregate(ctx, &class, &request)).await,
        Route::Purge(class) => Box::pin(schemas::purge(ctx, &class)).await,
        Route::Batch => Box::pin(batch::batch(ctx, request)).await,
        Route::Health => Ok(Reply::json(200, br#"{"status":"ok"}"#.to_vec())),
        Route::ServerInfo => features::server_info(ctx),
        Route::RequestPasswordReset => Box::pin(mails::reset(ctx, &request)).await,
        Route::RequestVerificationMail => Box::pin(mails::verification(ctx, &request)).await,
        Route::GetConfig => Box::pin(config::get(ctx)).await,
        Route::UpdateConfig => Box::pin(config::update(ctx, &request)).await,
        Route::GetGraphQlConfig => Box::pin(graphql_config::get(ctx)).await,
        Route::UpdateGraphQlConfig => Box::pin(graphql_config::update(ctx, &request)).await,
        Route::ListHooks(kind) => Box::pin(hooks::list(ctx, kind)).await,
        Route::GetHook(name) => Box::pin(hooks::get(ctx, &name)).await,
        Route::CreateHook => Box::pin(hooks::create(ctx, request)).await,
        Route::UpdateHook(name) => Box::pin(hooks::update(ctx, &name, request)).await,
        Route::CallFunction(name) => Box::pin(functions::call(ctx, &name, request)).await,
        Route::StartJob(name) => Box::pin(jobs::start(ctx, name.as_deref(), &request)).await,
        Route::ListSchedules => Box::pin(cloud_code::list(ctx)).await,
        Route::JobsOverview => Box::pin(cloud_code::overview(ctx)).await,
        Route::CreateSchedule => Box::pin(cloud_code::create(ctx, &request)).await,
        Route::UpdateSchedule(id) => Box::pin(cloud_code::update(ctx, &id, &request)).await,
        Route::DeleteSchedule(id) => Box::pin(cloud_code::delete(ctx, &id)).await,
    }
}

/// A created object's answer says where it is.
pub(super) fn located(ctx: &Ctx, reply: Reply, class: &str, id: &str) -> Reply {
    let place = format!("{}/classes/{class}/{id}", ctx.app.server_url);
    reply.with(LOCATION, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expected: &Option<Route>) {
        assert_eq!(route(method, path), *expected, "{method} {path}");
    }

    #[test]
    fn paths_mean_routes() {
        check("GET", "/classes/A", &Some(Route::Find("A".to_owned())));
        check("GET", "/classes/A/", &Some(Route::Find("A".to_owned())));
        check("GET", "/classes/Bad%20Name", &Some(Route::Find("Bad Name".to_owned())));
        check("GET", "/classes/", &None);
        check("PUT", "/classes/A", &None);
        check("PATCH", "/classes/A/x", &None);
        check("GET", "/batch", &None);
        check("get", "/classes/A", &None);
        check("GET", "", &None);
        check("POST", "/health", &Some(Route::Health));
    }
}
