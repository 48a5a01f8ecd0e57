//! Signing up: a new user, or the one whom the authentication data proves.

use std::sync::Arc;

use super::account::Account;
use super::auth_data::{self, Occasion, Proven};
use super::session::{self, Action, CreatedWith};
use super::{LoggedIn, SignedUp, log_in, passwords, profile, verification};
use crate::auth::providers::Claim;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::write::{self, Saved};
use crate::schema::{Assign, ClassOperation, Row};
use crate::storage::{Change, Insert};
use crate::value::{Acl, FieldName, Fields, Json, Members, ObjectId, Op, Value};

/// Letters of a name that nobody chose (`parse-server:src/RestWrite.js`, `transformUser`).
const RANDOM_NAME_LENGTH: usize = 25;

/// Makes a user, or logs in the one whom the authentication data proves.
pub async fn sign_up(ctx: &Ctx, fields: Fields) -> Result<SignedUp> {
    let fields = &fields;
    ctx.settled(|ctx| async move { sign_up_once(&ctx, fields.clone()).await }).await
}

/// Logs in by authentication data; makes the user, with these fields, if nobody has it.
pub async fn log_in_with(ctx: &Ctx, auth_data: Json, mut fields: Fields) -> Result<SignedUp> {
    if let Json::Object(auth_data) = auth_data {
        fields.set("authData", Value::Object(auth_data));
    }
    sign_up(ctx, fields).await
}

async fn sign_up_once(ctx: &Ctx, mut fields: Fields) -> Result<SignedUp> {
    write::admit_user(ctx)?;
    let given = match fields.get("authData") {
        Some(Op::Set(Value::Object(given))) if auth_data::claims_anything(given) => given.clone(),
        _ => {
            demand_name_and_password(&fields)?;
            match fields.get("authData") {
                Some(Op::Set(Value::Object(given))) => given.clone(),
                _ => Members::new(),
            }
        }
    };
    let claims = auth_data::identify(ctx, &given, None).await?;
    if claims.iter().all(|claim| claim.id().is_none()) {
        // A second factor alone is nobody.
        demand_name_and_password(&fields)?;
    }
    let mut owners = auth_data::owners(ctx, &claims).await?;
    if owners.len() > 1 {
        return Err(auth_data::taken());
    }
    if let Some(account) = owners.pop() {
        return known(ctx, account, &given).await;
    }
    let proven = auth_data::accept(ctx, &given, &claims, None, Occasion::LogIn)?;
    fields.take("authData");
    // What names nobody, as a second factor or `null` for a provider, is no identity: it spares nobody the
    // verification of his address.
    let named_by: Vec<&str> =
        claims.iter().filter(|claim| claim.id().is_some()).map(Claim::provider).collect();
    match new(ctx, fields, &named_by, &given, &proven).await {
        // Somebody with the same account was faster.
        Err(error) if error.duplicate_field() == Some("authData") => {
            let owner =
                auth_data::owners(ctx, &claims).await?.pop().ok_or_else(auth_data::taken)?;
            known(ctx, owner, &given).await
        }
        other => other,
    }
}

fn demand_name_and_password(fields: &Fields) -> Result<()> {
    demand(fields, "username", Code::UsernameMissing, "bad or missing username")?;
    demand(fields, "password", Code::PasswordMissing, "password is required")
}

fn demand(fields: &Fields, name: &str, code: Code, text: &'static str) -> Result<()> {
    match fields.get(name) {
        Some(Op::Set(Value::String(given))) if !given.is_empty() => Ok(()),
        _ => Err(Error::new(code, text)),
    }
}

/// Logs in the user who has the account.
async fn known(ctx: &Ctx, account: Account, given: &Members) -> Result<SignedUp> {
    if ctx.principal.user().is_some_and(|user| user.id != account.id) {
        return Err(auth_data::taken());
    }
    if !ctx.principal.sees_everything() && account.is_closed() {
        return Err(passwords::wrong());
    }
    let id = account.id.clone();
    let response = log_in::confirm(ctx, account, given).await?;
    let logged_in: LoggedIn = log_in::enter(ctx, &id, &providers(given), Some(response)).await?;
    Ok(SignedUp::Known(logged_in))
}

fn providers(given: &Members) -> String {
    let names: Vec<&str> =
        given.iter().filter(|(_, data)| !data.is_null()).map(|(name, _)| name.as_str()).collect();
    names.join(",")
}

async fn new(
    ctx: &Ctx,
    mut fields: Fields,
    named_by: &[&str],
    given: &Members,
    proven: &Proven,
) -> Result<SignedUp> {
    profile::check_restricted(ctx, &fields)?;
    fields.take("sessionToken");
    let mut draft = write::draft_user(ctx, fields).await?;
    let class = Arc::clone(&draft.class);
    let password = profile::take_password(&mut draft.fields)?;
    let username = profile::take_username(ctx, &mut draft.fields)?;
    let is_named = username.is_some();
    let username = match username {
        Some(username) => username,
        None => ctx.app.random.text(RANDOM_NAME_LENGTH)?,
    };
    let email = profile::check_email(ctx, &mut draft.fields)?;
    let mut columns: Vec<(FieldName, Assign)> = Vec::new();
    if let Some(password) = &password {
        passwords::check_policy(ctx, password, Some(&username))?;
        columns.extend(passwords::columns(ctx, password, None).await?);
    }
    columns.push((FieldName::from("username"), Assign::Set(Value::String(username.clone()))));
    let kept = proven.kept();
    if !kept.is_empty() {
        columns.push((FieldName::from("authData"), Assign::Set(Value::Object(kept))));
    }
    let is_verified_by_mail = named_by.iter().all(|provider| *provider == "anonymous");
    let begun = match &email {
        Some(email) if is_verified_by_mail => verification::begin(ctx, email)?,
        _ => None,
    };
    if let Some(begun) = &begun {
        columns.extend(begun.columns.clone());
    }
    own(ctx, &mut draft.fields, &draft.id);
    let mut row = Row::of_new(&class, draft.fields)?;
    row.columns.retain(|(name, _)| columns.iter().all(|(column, _)| column != name));
    row.columns.extend(columns);
    let plan = ctx.plan(&class, ClassOperation::Create)?;
    let insert = Insert { class: Arc::clone(&class), id: draft.id.clone(), now: draft.now, row };
    let insert = Change::Insert(plan.allow_change(insert, ctx.writer()?));
    ctx.write(vec![insert], Vec::new()).await.map_err(|error| match error.duplicate_field() {
        Some("authData") => error,
        _ => profile::taken(error),
    })?;
    if let (Some(begun), Some(email)) = (begun, &email) {
        verification::send(ctx, Some(&username), email, &begun);
    }
    let mut news = draft.news;
    if !is_named {
        news.insert("username".to_owned(), Json::from(username));
    }
    if !given.is_empty() {
        let response = Json::Object(proven.response.clone());
        news.insert("authDataResponse".to_owned(), response);
    }
    let token = begin_session(ctx, &draft.id, named_by).await?;
    let saved = Saved { id: draft.id, at: draft.now, news };
    Ok(SignedUp::New { saved, token })
}

/// The user owns himself; others read him where the options say so.
fn own(ctx: &Ctx, fields: &mut Fields, id: &ObjectId) {
    let acl = match fields.take("ACL") {
        Some(Op::Set(Value::Acl(Some(acl)))) => acl,
        _ if ctx.app.config.enforce_private_users => Acl::default(),
        _ => Acl::new(vec!["*".to_owned()], Vec::new()),
    };
    fields.set("ACL", Value::Acl(Some(acl.with(id))));
}

/// A new user is logged in, unless a master key made him or he has to verify his address before.
async fn begin_session(ctx: &Ctx, user: &ObjectId, named_by: &[&str]) -> Result<Option<String>> {
    let users = &ctx.app.config.users;
    let is_social = !named_by.is_empty();
    // Who makes an account of a provider while he is logged in stays who he is.
    let stays = is_social && ctx.principal.user().is_some();
    if stays || ctx.principal.sees_everything() {
        return Ok(None);
    }
    if !is_social && users.verify_user_emails && users.prevent_login_with_unverified_email {
        return match users.prevent_signup_with_unverified_email {
            true => Err(Error::new(Code::EmailNotFound, "User email is not verified.")),
            false => Ok(None),
        };
    }
    // Whoever proves who he is elsewhere logs in, also the first time.
    let (action, auth_provider) = match is_social {
        true => (Action::LogIn, named_by.join(",")),
        false => (Action::SignUp, "password".to_owned()),
    };
    let created_with = CreatedWith { action, auth_provider: Some(auth_provider) };
    let session = session::open(ctx, user, created_with, ctx.installation_id.as_deref()).await?;
    Ok(Some(session.token))
}
