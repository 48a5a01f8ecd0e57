//! What identity providers ask a client before it logs in.

use super::account::{self, Account};
use super::told;
use super::{Credentials, auth_data, log_in, passwords};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::query::Where;
use crate::value::{Json, Members, Value};

/// The challenges of the providers that `challengeData` names, under the same key. A user may be named by
/// name and password, or by the id of one account (`parse-server:src/Routers/UsersRouter.js`,
/// `handleChallenge`).
pub async fn challenge(ctx: &Ctx, input: &Members) -> Result<Json> {
    let Some(data) = input.get("challengeData").filter(|data| data.is_truthy()) else {
        return Err(Error::new(Code::Other, "Nothing to challenge."));
    };
    let Json::Object(data) = data else {
        return Err(Error::new(Code::Other, "challengeData should be an object."));
    };
    let account = ctx.settled(|ctx| async move { user(&ctx, input).await }).await?;
    let given = input.get("authData").and_then(Json::as_object);
    let told = told::challenge_request(ctx, account.as_ref().map(|account| &account.id)).await?;
    let mut names: Vec<&String> = data.keys().collect();
    names.sort_unstable();
    let mut answers = Members::new();
    for name in names {
        let given = given.and_then(|given| given.get(name));
        let answer = ctx.app.auth.providers.challenge(name, &data[name], given, &told).await?;
        if let Some(answer) = answer {
            answers.insert(name.clone(), answer);
        }
    }
    Ok(Json::from([("challengeData", Json::Object(answers))]))
}

async fn user(ctx: &Ctx, input: &Members) -> Result<Option<Account>> {
    let given = |name: &str| input.get(name).filter(|json| json.is_truthy()).cloned();
    let is_named = given("username").is_some() || given("email").is_some();
    let Some(auth_data) = given("authData") else {
        if !is_named && given("password").is_none() {
            return Ok(None);
        }
        let credentials = Credentials {
            username: given("username"),
            email: given("email"),
            password: given("password"),
            auth_data: None,
        };
        let account = log_in::check_password(ctx, &credentials).await?;
        passwords::confirmed(ctx, &account).await?;
        return Ok(Some(account));
    };
    let refused = |text: &'static str| Err(Error::new(Code::Other, text));
    if is_named {
        return refused(
            "You cannot provide username/email and authData, only use one identification method.",
        );
    }
    let Json::Object(auth_data) = auth_data else {
        return refused("authData should be an object.");
    };
    let mut ids = auth_data.iter().filter_map(|(name, data)| Some((name, data.get("id")?)));
    let (Some((provider, id)), None) = (ids.next(), ids.next()) else {
        return refused("You cannot provide more than one authData provider with an id.");
    };
    let (Json::String(id), true) = (id, ctx.app.auth.providers.knows(provider)) else {
        return Err(auth_data::unsupported());
    };
    // Whoever only knows the id of an account is sent nothing on its behalf, and does not learn whether it is there.
    let named = Members::from([(provider.clone(), auth_data[provider].clone())]);
    auth_data::identify(ctx, &named, None).await?;
    let class = account::class(ctx)?;
    let filter: Where =
        account::has(&class, "authData", &[provider, "id"], Value::String(id.clone()));
    let found = account::find(ctx, filter).await?.pop();
    found.map(Some).ok_or_else(|| Error::new(Code::ObjectNotFound, "User not found."))
}
