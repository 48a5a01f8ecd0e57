//! What is asked before a function or a trigger runs: its rate limit, and the rules of its validator or the function of
//! the host in its place.

use std::borrow::Cow;
use std::sync::Arc;

use super::candidate::Candidate;
use super::rules::{
    check_all_roles, check_any_role, check_caller, check_option, check_there, check_type, is_set,
    refused, refused_by, spare_master,
};
use crate::access::UserIdentity;
use crate::cloud::hook::{
    Asker, FunctionRequest, ObjectState, Subject, TriggerAnswer, TriggerRequest, plain,
};
use crate::cloud::{Function, Trigger, TriggerKind, Validator};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, rate};
use crate::options::{HostReference, RateRule};
use crate::value::{Json, Members};

/// Refuses a call that the validator of a function refuses (error 142, or what its function throws). Parameters that
/// are missing get the defaults that the rules name.
pub(in crate::ops) async fn validate_function(
    ctx: &Ctx,
    function: &Function,
    request: &mut FunctionRequest,
) -> Result<()> {
    match &function.validator {
        None => Ok(()),
        Some(Validator::Host) => ctx.app.cloud.validate_function(request, &ctx.within()?).await,
        Some(Validator::Rules(rules)) => {
            let rules = members(rules);
            let limited = Limited { what: &format!("function {}", function.name), method: "POST" };
            limited.charge(ctx, rules)?;
            let asker = &request.asker;
            let judge = Judge { ctx, rules, asker, user: User::of(asker) };
            judge.judge(Candidate::Params(&mut request.params)).await
        }
    }
}

/// Refuses what the validator of a trigger refuses (error 142, or what its function throws). What the validator says of
/// the object is among its changes then: defaults, and fields that keep their values.
pub(in crate::ops) async fn validate_trigger(
    ctx: &Ctx,
    trigger: &Trigger,
    request: &mut TriggerRequest,
) -> Result<()> {
    match &trigger.validator {
        None => Ok(()),
        Some(Validator::Host) => {
            let answer = ctx.app.cloud.validate_trigger(request, &ctx.within()?).await?;
            take_over(request, answer);
            Ok(())
        }
        Some(Validator::Rules(rules)) => {
            let rules = members(rules);
            let what = format!("{} {}", trigger.kind.name(), trigger.class);
            Limited { what: &what, method: method_of(request) }.charge(ctx, rules)?;
            let asker = &request.asker;
            let user = match &request.subject {
                Subject::Object { object, original } if asker.user.is_none() => {
                    User::signing_up(object, original.as_ref())
                }
                Subject::Object { .. }
                | Subject::Query { .. }
                | Subject::Objects { .. }
                | Subject::File { .. }
                | Subject::Config { .. }
                | Subject::Connection(_)
                | Subject::Subscription { .. }
                | Subject::Event(_) => User::of(asker),
            };
            let candidate = match &mut request.subject {
                Subject::Object { object, original } => {
                    Candidate::Object { object, is_stored: original.is_some() }
                }
                Subject::Query { .. }
                | Subject::Objects { .. }
                | Subject::File { .. }
                | Subject::Config { .. }
                | Subject::Connection(_)
                | Subject::Subscription { .. }
                | Subject::Event(_) => Candidate::Nothing,
            };
            Judge { ctx, rules, asker, user }.judge(candidate).await
        }
    }
}

fn members(rules: &Json) -> &Members {
    static NONE: std::sync::LazyLock<Members> = std::sync::LazyLock::new(Members::new);
    rules.as_object().unwrap_or(&NONE)
}

/// What a validator function made of the object and of the context.
fn take_over(request: &mut TriggerRequest, answer: TriggerAnswer) {
    if let (Some(after), Subject::Object { object, .. }) = (answer.object, &mut request.subject) {
        object.ops = Some(after.ops);
        object.data.extend(after.data.into_iter().flatten());
    }
    if let Some(context) = answer.context {
        request.asker.context = context;
    }
}

/// The method of the request that a trigger guards, for limits that are for some methods only.
fn method_of(request: &TriggerRequest) -> &'static str {
    match request.kind {
        TriggerKind::BeforeSave | TriggerKind::AfterSave => match &request.subject {
            Subject::Object { original: Some(_), .. } => "PUT",
            Subject::Object { .. }
            | Subject::Query { .. }
            | Subject::Objects { .. }
            | Subject::File { .. }
            | Subject::Config { .. }
            | Subject::Connection(_)
            | Subject::Subscription { .. }
            | Subject::Event(_) => "POST",
        },
        TriggerKind::BeforeDelete | TriggerKind::AfterDelete => "DELETE",
        TriggerKind::BeforeFind | TriggerKind::AfterFind => "GET",
        TriggerKind::BeforeLogin
        | TriggerKind::AfterLogin
        | TriggerKind::AfterLogout
        | TriggerKind::BeforePasswordResetRequest
        | TriggerKind::BeforeConnect
        | TriggerKind::BeforeSubscribe
        | TriggerKind::AfterEvent => "POST",
    }
}

/// What may have a limit.
struct Limited<'a> {
    /// Names what is counted.
    what: &'a str,
    method: &'static str,
}

impl Limited<'_> {
    fn charge(&self, ctx: &Ctx, rules: &Members) -> Result<()> {
        let Some(rule) = rules.get("rateLimit").and_then(Json::as_object) else { return Ok(()) };
        let rule = RateRule::read(rule).map_err(|problem| {
            Error::internal(format!("the rateLimit of {} can not be used: {problem}", self.what))
        })?;
        rate::charge_rule(ctx, self.what, &rule, self.method)
    }
}

/// Who is asked about: the caller, or whoever signs up.
enum User {
    Nobody,
    Known(Arc<ObjectState>),
    New(Box<ObjectState>),
}

impl User {
    fn of(asker: &Asker) -> Self {
        asker.user.clone().map_or(Self::Nobody, Self::Known)
    }

    /// Whoever signs up is a user already, as far as rules go.
    fn signing_up(object: &ObjectState, original: Option<&ObjectState>) -> Self {
        match object.class == *"_User" && original.is_none() {
            true => Self::New(Box::new(object.clone())),
            false => Self::Nobody,
        }
    }

    fn is_there(&self) -> bool {
        !matches!(self, Self::Nobody)
    }

    fn value(&self, key: &str) -> Option<Cow<'_, Json>> {
        match self {
            Self::Nobody => None,
            Self::Known(state) => state.data.get(key).map(Cow::Borrowed),
            Self::New(state) => {
                let op = state.ops.as_ref().and_then(|ops| ops.get(key));
                op.or(state.data.get(key)).map(Cow::Borrowed)
            }
        }
    }
}

/// Rules, and whom they are held against.
struct Judge<'a> {
    ctx: &'a Ctx,
    rules: &'a Members,
    asker: &'a Asker,
    user: User,
}

impl Judge<'_> {
    async fn judge(&self, candidate: Candidate<'_>) -> Result<()> {
        if self.asker.master && spare_master(self.rules) {
            return Ok(());
        }
        check_caller(self.rules, self.user.is_there(), self.asker.master)?;
        self.fields(candidate).await?;
        self.roles().await?;
        self.user_keys().await
    }

    async fn fields(&self, mut candidate: Candidate<'_>) -> Result<()> {
        match self.rules.get("fields") {
            Some(Json::Array(keys)) => keys
                .iter()
                .filter_map(Json::as_str)
                .try_for_each(|key| check_there(key, candidate.value(key).as_deref())),
            Some(Json::Object(fields)) => {
                for (key, rule) in fields {
                    match rule {
                        Json::Object(rule) => self.field(key, rule, &mut candidate).await?,
                        Json::String(other) => {
                            check_there(other, candidate.value(other).as_deref())?;
                        }
                        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {}
                    }
                }
                Ok(())
            }
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => Ok(()),
        }
    }

    async fn field(&self, key: &str, rule: &Members, candidate: &mut Candidate<'_>) -> Result<()> {
        let default = rule.get("default").filter(|default| !default.is_null());
        let mut value = candidate.value(key).map(Cow::into_owned);
        if let Some(default) = default
            && value.as_ref().is_none_or(Json::is_null)
        {
            candidate.set(key, default);
            value = Some(default.clone());
        }
        if is_set(rule, "constant") {
            candidate.hold(key, default);
        }
        if is_set(rule, "required") {
            check_there(key, value.as_ref())?;
        }
        let Some(value) = value else { return Ok(()) };
        if let Some(wanted) = rule.get("type").filter(|wanted| wanted.is_truthy()) {
            check_type(key, wanted, &value)?;
        }
        self.options(key, rule, Some(&value)).await
    }

    /// What a value may be: one of several, or what a function accepts.
    async fn options(&self, key: &str, rule: &Members, value: Option<&Json>) -> Result<()> {
        let Some(options) = rule.get("options").filter(|options| options.is_truthy()) else {
            return Ok(());
        };
        let Some(function) = function(options) else { return check_option(rule, key, value) };
        let argument =
            value.map_or_else(|| Json::from([("$undefined", Json::Bool(true))]), argument);
        let refusal = || format!("Validation failed. Invalid value for {key}.");
        let within = self.ctx.within()?;
        match self.ctx.app.cloud.callback_within(&function, vec![argument], &within).await {
            // Nothing, or `null`, is as good as yes.
            Ok(None | Some(Json::Null)) => Ok(()),
            Ok(Some(answer)) if answer.is_truthy() || answer.get("$undefined").is_some() => Ok(()),
            Ok(Some(_)) => Err(refused_by(rule, refusal)),
            Err(error) if error.is_thrown() => {
                let thrown = of_validation(&error);
                let is_own = rule.get("error").is_some_and(Json::is_truthy);
                Err(if is_own { refused_by(rule, refusal) } else { thrown })
            }
            Err(error) => Err(error),
        }
    }

    async fn roles(&self) -> Result<()> {
        let wanted = |name: &str| self.rules.get(name).filter(|wanted| wanted.is_truthy());
        let (any, all) = (wanted("requireAnyUserRoles"), wanted("requireAllUserRoles"));
        if any.is_none() && all.is_none() {
            return Ok(());
        }
        let identity = self.identity().await?;
        let has = |role: &str| identity.as_ref().is_some_and(|user| user.has_role(role));
        if let Some(any) = any {
            check_any_role(self.names(any).await?.as_ref(), has)?;
        }
        if let Some(all) = all {
            check_all_roles(self.names(all).await?.as_ref(), has)?;
        }
        Ok(())
    }

    /// The user with his roles. Whoever signs up has none.
    async fn identity(&self) -> Result<Option<Arc<UserIdentity>>> {
        if let Some(user) = self.ctx.principal.user() {
            return Ok(Some(Arc::clone(user)));
        }
        let User::Known(state) = &self.user else { return Ok(None) };
        let Some(id) = &state.id else { return Ok(None) };
        let app = &self.ctx.app;
        let now = app.clock.now();
        let known = app.auth.identity(&*app.storage, &self.ctx.snapshot, id, now).await?;
        Ok(Some(known))
    }

    /// Names that the rules list, or that a function gives.
    async fn names<'a>(&self, listed: &'a Json) -> Result<Cow<'a, Json>> {
        let Some(function) = function(listed) else { return Ok(Cow::Borrowed(listed)) };
        let within = self.ctx.within()?;
        match self.ctx.app.cloud.callback_within(&function, Vec::new(), &within).await {
            Ok(names) => Ok(Cow::Owned(names.unwrap_or(Json::Array(Vec::new())))),
            Err(error) if error.is_thrown() => Err(of_validation(&error)),
            Err(error) => Err(error),
        }
    }

    async fn user_keys(&self) -> Result<()> {
        match self.rules.get("requireUserKeys") {
            Some(Json::Array(keys)) => {
                self.demand_user()?;
                for key in keys.iter().filter_map(Json::as_str) {
                    if self.user.value(key).is_none_or(|value| value.is_null()) {
                        return Err(refused(format!(
                            "Validation failed. Please set data for {key} on your account."
                        )));
                    }
                }
                Ok(())
            }
            Some(Json::Object(keys)) => {
                self.demand_user()?;
                for (key, rule) in keys {
                    if let Json::Object(rule) = rule {
                        self.options(key, rule, self.user.value(key).as_deref()).await?;
                    }
                }
                Ok(())
            }
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => Ok(()),
        }
    }

    fn demand_user(&self) -> Result<()> {
        match self.user.is_there() {
            true => Ok(()),
            false => Err(refused("Please login to make this request.")),
        }
    }
}

/// A function of the host among the rules.
fn function(json: &Json) -> Option<HostReference> {
    json.get("$host").and_then(Json::as_str).map(HostReference::of_module)
}

/// A value as a function of the host takes it.
fn argument(value: &Json) -> Json {
    let iso =
        value.get("iso").filter(|_| value.get("__type").and_then(Json::as_str) == Some("Date"));
    match iso {
        Some(iso) => Json::from([("$date", iso.clone())]),
        None => plain(value.clone()),
    }
}

/// What a function of the rules threw, with the code of validators.
fn of_validation(error: &Error) -> Error {
    Error::thrown(Code::ValidationError as i64, error.text(), error.thrown_json())
}
