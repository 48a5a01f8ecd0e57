//! Signing up: a new user, or the one whom the authentication data proves.

use std::sync::Arc;

use super::account::Account;
use super::auth_data::{self, Occasion, Proven};
use super::mail::Reader;
use super::session::{self, Action, CreatedWith};
use super::told::{self, About};
use super::{LoggedIn, SignedUp, log_in, passwords, profile, verification};
use crate::auth::providers::Claim;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::hooks::{self, Heard, Once};
use crate::ops::write::{self, Draft, Saved};
use crate::schema::{Assign, ClassOperation, ClassSchema, Row};
use crate::storage::{Change, Insert};
use crate::value::{Acl, FieldName, Fields, Json, Members, ObjectId, Op, Value, wire};

/// Letters of a name that nobody chose (`parse-server:src/RestWrite.js`, `transformUser`).
const RANDOM_NAME_LENGTH: usize = 25;

/// Makes a user, or logs in the one whom the authentication data proves: he sees what he just sent as it is kept
/// (`parse-server:src/RestWrite.js`, `handleAuthData`).
pub async fn sign_up(ctx: &Ctx, fields: Fields) -> Result<SignedUp> {
    match fields.get("authData") {
        Some(Op::Set(Value::Object(given))) => {
            let ctx = ctx.with_accounts_of(given.keys().cloned().collect());
            settle(&ctx, fields).await
        }
        _ => settle(ctx, fields).await,
    }
}

async fn settle(ctx: &Ctx, fields: Fields) -> Result<SignedUp> {
    let (fields, once) = (&fields, &Once::default());
    ctx.settled(|ctx| async move { sign_up_once(&ctx, fields.clone(), once).await }).await
}

/// Logs in by authentication data; makes the user, with these fields, if nobody has it.
pub async fn log_in_with(ctx: &Ctx, auth_data: Json, mut fields: Fields) -> Result<SignedUp> {
    if let Json::Object(auth_data) = auth_data {
        fields.set("authData", Value::Object(auth_data));
    }
    settle(ctx, fields).await
}

async fn sign_up_once(ctx: &Ctx, mut fields: Fields, once: &Once<Heard>) -> Result<SignedUp> {
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
    let mut claims = auth_data::identify(ctx, &given, None).await?;
    if claims.iter().all(|claim| claim.id().is_none()) {
        // A second factor alone is nobody.
        demand_name_and_password(&fields)?;
    }
    let mut owners = auth_data::owners(ctx, &claims).await?;
    if owners.len() > 1 {
        return Err(auth_data::taken());
    }
    if let Some(account) = owners.pop() {
        return known(ctx, account, &given, claims).await;
    }
    auth_data::prove(ctx, &given, &mut claims, None, Occasion::LogIn).await?;
    let proven = auth_data::accept(ctx, &given, &claims, None, Occasion::LogIn)?;
    fields.take("authData");
    // What names nobody, as a second factor or `null` for a provider, is no identity: it spares nobody the
    // verification of his address.
    let named_by: Vec<String> = claims
        .iter()
        .filter(|claim| claim.id().is_some())
        .map(|claim| claim.provider().to_owned())
        .collect();
    let named_by: Vec<&str> = named_by.iter().map(String::as_str).collect();
    let identity = Identity { named_by: &named_by, given: &given, proven: &proven };
    match new(ctx, fields, identity, once).await {
        // Somebody with the same account was faster.
        Err(error) if error.duplicate_field() == Some("authData") => {
            let owner =
                auth_data::owners(ctx, &claims).await?.pop().ok_or_else(auth_data::taken)?;
            known(ctx, owner, &given, claims).await
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
async fn known(
    ctx: &Ctx,
    account: Account,
    given: &Members,
    claims: Vec<Claim>,
) -> Result<SignedUp> {
    if ctx.principal.user().is_some_and(|user| user.id != account.id) {
        return Err(auth_data::taken());
    }
    if !ctx.principal.sees_everything() && account.is_closed() {
        return Err(passwords::wrong());
    }
    let id = account.id.clone();
    let response = log_in::confirm(ctx, account, given, claims).await?;
    hooks::before_log_in(ctx, &id).await?;
    let logged_in: LoggedIn = log_in::enter(ctx, &id, &providers(given), Some(response)).await?;
    hooks::after_log_in_by_auth_data(ctx, &id, &logged_in.token).await;
    Ok(SignedUp::Known(logged_in))
}

fn providers(given: &Members) -> String {
    let names: Vec<&str> =
        given.iter().filter(|(_, data)| !data.is_null()).map(|(name, _)| name.as_str()).collect();
    names.join(",")
}

/// Who a new user is elsewhere.
#[derive(Clone, Copy)]
struct Identity<'a> {
    /// The providers that know him.
    named_by: &'a [&'a str],
    /// What was given for it.
    given: &'a Members,
    /// What they confirmed.
    proven: &'a Proven,
}

async fn new(
    ctx: &Ctx,
    mut fields: Fields,
    identity: Identity<'_>,
    once: &Once<Heard>,
) -> Result<SignedUp> {
    let Identity { named_by, given, proven } = identity;
    profile::check_restricted(ctx, &fields)?;
    fields.take("sessionToken");
    let heard = Box::pin(hear(ctx, &mut fields, given, once)).await?;
    let mut draft = write::draft_user(ctx, fields, heard.as_deref()).await?;
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
        passwords::check_policy(ctx, password, Some(&username)).await?;
        columns.extend(passwords::columns(ctx, password, None).await?);
    }
    columns.push((FieldName::from("username"), Assign::Set(Value::String(username.clone()))));
    let kept = proven.kept();
    if !kept.is_empty() {
        columns.push((FieldName::from("authData"), Assign::Set(Value::Object(kept))));
    }
    let is_verified_by_mail = named_by.iter().all(|provider| *provider == "anonymous");
    let created_with = created_with(Action::SignUp, named_by);
    let about = About {
        id: &draft.id,
        is_stored: false,
        fields: Some(&draft.fields),
        username: Some(&username),
        created_with: Some(&created_with),
        resends: false,
    };
    let begun = match &email {
        Some(email) if is_verified_by_mail => verification::begin(ctx, email, about).await?,
        _ => None,
    };
    if let Some(begun) = &begun {
        columns.extend(begun.columns.clone());
    }
    own(ctx, &mut draft.fields, &draft.id);
    let after = hooks::hears_after_save(ctx, "_User").then(|| after(ctx, &draft, &columns));
    let news = news(&draft, &username, is_named, identity);
    let row = row(&class, draft.fields, columns)?;
    let plan = ctx.plan(&class, ClassOperation::Create)?;
    let insert = Insert { class: Arc::clone(&class), id: draft.id.clone(), now: draft.now, row };
    let insert = Change::Insert(plan.allow_change(insert, ctx.writer()?));
    ctx.write(vec![insert], Vec::new()).await.map_err(taken)?;
    if let (Some(begun), Some(email)) = (begun, &email) {
        let (username, email) = (Some(username.clone()), Some(email.clone()));
        let reader = Reader { id: draft.id.clone(), username, email };
        verification::send(ctx, reader, &begun);
    }
    let token = begin_session(ctx, &draft.id, named_by).await?;
    let class = class.name.clone();
    let mut saved = Saved { class, id: draft.id, at: draft.now, news, instead: None };
    if let (Some(heard), Some(after)) = (&heard, after) {
        Box::pin(tell(ctx, heard, after, (&mut saved, token.as_deref()))).await;
        write::keep_tellable(ctx, &plan, &mut saved.news);
    }
    Ok(SignedUp::New { saved, token })
}

/// In words for users what somebody else has; an account of a provider leads to him.
fn taken(error: Error) -> Error {
    match error.duplicate_field() {
        Some("authData") => error,
        _ => profile::taken(error),
    }
}

/// Tells hooks of a new user and of his session.
async fn tell(
    ctx: &Ctx,
    heard: &Heard,
    mut after: Members,
    (saved, token): (&mut Saved, Option<&str>),
) {
    after.extend(token.map(|token| ("sessionToken".to_owned(), Json::from(token))));
    hooks::after_save(ctx, heard, after, saved).await;
}

/// Tells hooks of a new user, and takes over what they made of him. Who he is elsewhere they see, but only providers
/// have a say in it.
async fn hear(
    ctx: &Ctx,
    fields: &mut Fields,
    given: &Members,
    once: &Once<Heard>,
) -> Result<Option<Arc<Heard>>> {
    if !hooks::hears_saves(ctx, "_User") {
        return Ok(None);
    }
    if !given.is_empty() {
        fields.set("authData", Value::Object(given.clone()));
    }
    let heard = write::hear_user(ctx, fields, once).await?;
    ["authData", "sessionToken"].into_iter().for_each(|name| drop(fields.take(name)));
    Ok(Some(heard))
}

/// The row of a new user: what the server says of him stands before what he says himself.
fn row(class: &ClassSchema, fields: Fields, columns: Vec<(FieldName, Assign)>) -> Result<Row> {
    let mut row = Row::of_new(class, fields)?;
    row.columns.retain(|(name, _)| columns.iter().all(|(column, _)| column != name));
    row.columns.extend(columns);
    Ok(row)
}

/// The fields of a new user, as hooks are told of him once he is stored.
fn after(ctx: &Ctx, draft: &Draft, columns: &[(FieldName, Assign)]) -> Members {
    let mut after = write::created(ctx, &draft.fields, draft.now);
    for name in ["username", "authData", "emailVerified"] {
        let column = columns.iter().find(|(column, _)| *column == *name);
        if let Some((_, Assign::Set(value))) = column {
            after.insert(name.to_owned(), wire::value_to_json(value));
        }
    }
    after
}

/// What the client does not know of a new user.
fn news(draft: &Draft, username: &str, is_named: bool, identity: Identity<'_>) -> Members {
    let mut news = draft.news.clone();
    news.shift_remove("authData");
    if !is_named || news.contains_key("username") {
        news.insert("username".to_owned(), Json::from(username));
    }
    // A hook's list is not all: the user owns himself.
    if let (true, Some(Op::Set(acl))) = (news.contains_key("ACL"), draft.fields.get("ACL")) {
        news.insert("ACL".to_owned(), wire::value_to_json(acl));
    }
    if !identity.given.is_empty() {
        let response = Json::Object(identity.proven.response.clone());
        news.insert("authDataResponse".to_owned(), response);
    }
    news
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

fn created_with(action: Action, named_by: &[&str]) -> CreatedWith {
    let auth_provider = match named_by.is_empty() {
        true => "password".to_owned(),
        false => named_by.join(","),
    };
    CreatedWith { action, auth_provider: Some(auth_provider) }
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
    if !is_social {
        let created_with = created_with(Action::SignUp, named_by);
        let about = About { created_with: Some(&created_with), ..About::stored(user) };
        if told::decides(ctx, &users.verify_user_emails, about).await?
            && told::decides(ctx, &users.prevent_login_with_unverified_email, about).await?
        {
            return match users.prevent_signup_with_unverified_email {
                true => Err(Error::new(Code::EmailNotFound, "User email is not verified.")),
                false => Ok(None),
            };
        }
    }
    // Whoever proves who he is elsewhere logs in, also the first time.
    let action = if is_social { Action::LogIn } else { Action::SignUp };
    let created_with = created_with(action, named_by);
    let session = session::open(ctx, user, created_with, ctx.installation_id.as_deref()).await?;
    Ok(Some(session.token))
}
