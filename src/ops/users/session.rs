//! Sessions of users: opened by signing up and logging in, ended by logging out, recognised by their tokens.

use std::sync::Arc;

use super::account::has;
use crate::access::{Plan, Principal, UserIdentity};
use crate::auth::{Forget, Identified, Session};
use crate::error::{Code, Error, Result};
use crate::ops::read::{self, Found};
use crate::ops::{App, Ctx};
use crate::query::{FindRequest, Query, Where};
use crate::schema::{Assign, ClassChange, ClassSchema, Row};
use crate::storage::{Change, Delete, Insert, Update, Written};
use crate::value::{
    Cell, ClassName, Date, FieldName, Json, Members, ObjectId, Pointer, Stored, Value, wire,
};

/// The class of sessions.
pub(in crate::ops) const CLASS: &str = "_Session";
/// A session in use is extended when nothing about it changed for this long
/// (`parse-server:src/Auth.js`, `renewSessionIfNeeded`).
const EXTENDED_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

/// How a session came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) struct CreatedWith {
    /// What was done.
    pub action: Action,
    /// What the user proved himself with; nothing if he did not have to.
    pub auth_provider: Option<String>,
}

/// What opens a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Action {
    /// Signing up.
    SignUp,
    /// Logging in.
    LogIn,
    /// Creating a session object.
    Create,
    /// Exchanging a token of the hosted service.
    Upgrade,
    /// Getting a new password, of which a session says nothing.
    NewPassword,
}

impl CreatedWith {
    /// What a session says of it.
    pub(super) fn to_members(&self) -> Members {
        let action = match self.action {
            Action::SignUp => "signup",
            Action::LogIn => "login",
            Action::Create => "create",
            Action::Upgrade => "upgrade",
            Action::NewPassword => return Members::new(),
        };
        let mut members = Members::new();
        members.insert("action".to_owned(), Json::from(action));
        if let Some(provider) = &self.auth_provider {
            members.insert("authProvider".to_owned(), Json::from(provider.as_str()));
        }
        members
    }
}

/// The same request, made by whoever has a session token. Error 209 if the token names nobody.
pub async fn as_session_of(ctx: &Ctx, token: &str) -> Result<Ctx> {
    let Identified { session, user } =
        ctx.refreshed().settled(|ctx| async move { identify(&ctx, token).await }).await?;
    let mut ctx = ctx.clone();
    (ctx.principal, ctx.session) = (Principal::User(user), Some(session));
    Ok(ctx)
}

/// A request that came with a session token. It is made by the user of the session, or refused (error 209);
/// a request with a master key stays one of the master, who may look at a session of his choice.
pub async fn with_session(mut ctx: Ctx, token: &str) -> Result<Ctx> {
    ctx.session_token = Some(Arc::from(token));
    if ctx.principal.sees_everything() {
        let identified = ctx.settled(|ctx| async move { identify(&ctx, token).await }).await;
        ctx.session = identified.ok().map(|identified| identified.session);
        return Ok(ctx);
    }
    let ctx = as_session_of(&ctx, token).await?;
    if let Some(session) = &ctx.session {
        extend(&ctx, session).await;
    }
    Ok(ctx)
}

async fn identify(ctx: &Ctx, token: &str) -> Result<Identified> {
    let App { auth, storage, clock, .. } = &*ctx.app;
    auth.identify(&**storage, &ctx.snapshot, token, clock.now()).await
}

/// Pushes out the end of a session that is in use, at most once a day. That it fails is for the log: the
/// session is good as it is.
async fn extend(ctx: &Ctx, session: &Session) {
    let now = ctx.app.clock.now();
    let age_ms = now.millis().saturating_sub(session.updated_at.millis());
    let options = &ctx.app.config.users;
    let Some(end) = end_date(ctx, now).filter(|_| options.extend_session_on_use) else { return };
    let Some(class) = ctx.snapshot.class(CLASS).filter(|_| age_ms > EXTENDED_AFTER_MS) else {
        return;
    };
    let Ok(access) = ctx.writer() else { return };
    let update = Update {
        class: Arc::clone(class),
        id: session.id.clone(),
        guard: has(class, "updatedAt", &[], Value::Date(session.updated_at)),
        now: Some(now),
        row: row(vec![("expiresAt", Value::Date(end))]),
        returning: Vec::new(),
    };
    let change = Change::Update(Plan::server(class).allow_change(update, access));
    if let Err(error) = ctx.write(vec![change], vec![Forget::Session(session.token.clone())]).await
    {
        tracing::warn!(request_id = &*ctx.request_id, "session not extended: {}", error.log_text());
    }
}

/// A user with all his roles.
pub(in crate::ops) async fn identity(ctx: &Ctx, user: &ObjectId) -> Result<Arc<UserIdentity>> {
    let App { auth, storage, clock, .. } = &*ctx.app;
    auth.identity(&**storage, &ctx.snapshot, user, clock.now()).await
}

/// The class of sessions; made when it is needed for the first time.
pub(in crate::ops) async fn class(ctx: &Ctx) -> Result<Arc<ClassSchema>> {
    let missing = || Error::internal("there is no class of sessions");
    if let Some(class) = ctx.snapshot.class(CLASS) {
        return Ok(Arc::clone(class));
    }
    if ctx.in_transaction() {
        return known_class(ctx).ok_or_else(missing);
    }
    let name = ClassName::from(CLASS);
    let access = ctx.writer()?;
    let snapshot = ctx
        .app
        .catalog
        .change(access, |now| {
            Ok(now.class(&name).is_none().then(|| ClassChange::create_with(&name, Vec::new())))
        })
        .await?;
    snapshot.class(&name).cloned().ok_or_else(missing)
}

/// The class of sessions, if there is one; it may have been made since the request began.
fn known_class(ctx: &Ctx) -> Option<Arc<ClassSchema>> {
    let known = ctx.snapshot.class(CLASS).cloned();
    known.or_else(|| ctx.app.catalog.snapshot().class(CLASS).cloned())
}

/// Makes what opening a session inside a transaction will need.
pub async fn prepare_session(ctx: &Ctx) -> Result<()> {
    class(ctx).await.map(|_| ())
}

/// When a session that begins or is used now ends, if it does by itself.
fn end_date(ctx: &Ctx, now: Date) -> Option<Date> {
    let users = &ctx.app.config.users;
    if !users.expire_inactive_sessions {
        return None;
    }
    let length_ms = i64::try_from(users.session_length).ok()?.checked_mul(1_000)?;
    Date::from_millis(now.millis().checked_add(length_ms)?)
}

fn user_pointer(user: &ObjectId) -> Value {
    Value::Pointer(Pointer { class: ClassName::from("_User"), id: user.clone() })
}

/// Opens a session of a user. An installation has one session of a user: earlier ones end.
pub(in crate::ops) async fn open(
    ctx: &Ctx,
    user: &ObjectId,
    created_with: CreatedWith,
    installation: Option<&str>,
) -> Result<Session> {
    let class = class(ctx).await?;
    open_with(ctx, &class, user, &created_with, installation, Row::default()).await
}

/// Opens a session with further fields of its own.
pub(in crate::ops) async fn open_with(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    user: &ObjectId,
    created_with: &CreatedWith,
    installation: Option<&str>,
    mut row: Row,
) -> Result<Session> {
    let now = ctx.app.clock.now();
    let installation_id = installation.filter(|id| !id.is_empty()).map(str::to_owned);
    let session = Session {
        id: ctx.app.random.object_id(ctx.app.config.object_id_size)?,
        token: token(ctx)?,
        user: user.clone(),
        expires_at: end_date(ctx, now),
        installation_id,
        updated_at: now,
    };
    row.columns.extend(self::row(columns(&session, created_with)).columns);
    for (name, field) in &class.fields {
        if let Some(default) = &field.default
            && row.columns.iter().all(|(column, _)| column != name)
        {
            row.columns.push((name.clone(), Assign::Set(default.clone())));
        }
    }
    let insert = Insert { class: Arc::clone(class), id: session.id.clone(), now, row };
    let insert = Change::Insert(Plan::server(class).allow_change(insert, ctx.writer()?));
    ctx.write(vec![insert], Vec::new()).await?;
    if let Some(installation) = &session.installation_id {
        end_others(ctx, class, user, installation).await?;
    }
    Ok(session)
}

/// A session as its user is told of it, in wire form.
pub(in crate::ops) fn to_members(session: &Session, created_with: &CreatedWith) -> Members {
    let columns = columns(session, created_with).into_iter();
    columns.map(|(name, value)| (name.to_owned(), wire::value_to_json(&value))).collect()
}

/// The session whose token the request carries, as its user sees it, also when it is over. Error 209 if the
/// request carries none, or one that names no session.
pub async fn session_of_token(ctx: &Ctx, request: FindRequest) -> Result<Found> {
    let request = &request;
    ctx.settled(|ctx| async move { session_of_token_once(&ctx, request.clone()).await }).await
}

async fn session_of_token_once(ctx: &Ctx, request: FindRequest) -> Result<Found> {
    let refused = |text: &'static str| Error::new(Code::InvalidSessionToken, text);
    let token = ctx.session_token.as_deref().ok_or_else(|| refused("Session token required."))?;
    let not_found = || refused("Session token not found.");
    let class = ctx.snapshot.class(CLASS).ok_or_else(not_found)?;
    let by_token = has(class, "sessionToken", &[], Value::String(token.to_owned()));
    let session = find(ctx, class, by_token).await?.into_iter().next().ok_or_else(not_found)?;
    let user = session.user.ok_or_else(not_found)?;
    let mut ctx = ctx.clone();
    if !ctx.principal.sees_everything() {
        ctx.principal = Principal::User(identity(&ctx, &user).await?);
    }
    read::get(&ctx, CLASS, &session.id, request).await
}

/// Opens a revocable session for a user with a token of the hosted service, which is worth nothing then; or a
/// further one for a user who has one already. What the user is told of it, in wire form.
pub async fn upgrade_session(ctx: &Ctx) -> Result<Members> {
    let invalid = || Error::new(Code::ObjectNotFound, "invalid session");
    let token = ctx.session_token.as_deref().ok_or_else(invalid)?;
    // No database of this server has ever kept tokens of the hosted service.
    if !token.starts_with("r:") {
        return Err(Error::new(Code::InvalidSessionToken, "invalid legacy session token"));
    }
    // Whoever may only read does not write by borrowing a session.
    ctx.writer()?;
    let ctx = as_session_of(ctx, token).await?;
    let user = &ctx.principal.user().ok_or_else(invalid)?.id;
    let created_with = &CreatedWith { action: Action::Upgrade, auth_provider: None };
    let installation = ctx.installation_id.as_deref();
    let open = |ctx| async move { open(&ctx, user, created_with.clone(), installation).await };
    let session = ctx.settled(open).await?;
    Ok(to_members(&session, created_with))
}

fn columns(session: &Session, created_with: &CreatedWith) -> Vec<(&'static str, Value)> {
    let mut columns = vec![
        ("sessionToken", Value::String(session.token.clone())),
        ("user", user_pointer(&session.user)),
    ];
    let created_with = created_with.to_members();
    if !created_with.is_empty() {
        columns.push(("createdWith", Value::Object(created_with)));
    }
    columns.extend(session.expires_at.map(|end| ("expiresAt", Value::Date(end))));
    let installation = session.installation_id.clone();
    columns.extend(installation.map(|id| ("installationId", Value::String(id))));
    columns
}

fn row(columns: Vec<(&'static str, Value)>) -> Row {
    let columns =
        columns.into_iter().map(|(name, value)| (FieldName::from(name), Assign::Set(value)));
    Row { columns: columns.collect(), relations: Vec::new() }
}

/// `r:` and 32 hexadecimal digits.
fn token(ctx: &Ctx) -> Result<String> {
    let mut bytes = [0; 16];
    ctx.app.random.fill(&mut bytes)?;
    Ok(format!("r:{:032x}", u128::from_be_bytes(bytes)))
}

/// Of the sessions that a user has on an installation, ends all but the newest. Whoever opens one looks after
/// he has opened it: of several at once, the last one to look sees all, so that one stays and no more.
async fn end_others(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    user: &ObjectId,
    installation: &str,
) -> Result<()> {
    let filter = Where::All(vec![
        has(class, "user", &[], user_pointer(user)),
        has(class, "installationId", &[], Value::String(installation.to_owned())),
    ]);
    let found = find(ctx, class, filter).await?;
    let newest = found.iter().max_by_key(|listed| (listed.created_at, listed.id.clone()));
    let newest = newest.map(|listed| listed.id.clone());
    let others = found.into_iter().filter(|listed| Some(&listed.id) != newest.as_ref());
    delete(ctx, class, others.collect()).await
}

/// A session, as far as it takes to end it.
struct Listed {
    id: ObjectId,
    token: Option<String>,
    user: Option<ObjectId>,
    created_at: Option<Date>,
}

async fn find(ctx: &Ctx, class: &Arc<ClassSchema>, filter: Where) -> Result<Vec<Listed>> {
    let query = Query {
        class: Arc::clone(class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns: ["objectId", "sessionToken", "user", "createdAt"].map(FieldName::from).to_vec(),
        hint: None,
    };
    let found: Stored = ctx.data().find(Plan::server(class).allow(query)?).await?;
    let listed = found.rows().map(|row| Listed {
        id: ObjectId::from(row.id()),
        token: match row.field("sessionToken") {
            Some(Cell::Text(token)) => Some(token.to_owned()),
            _ => None,
        },
        user: match row.field("user") {
            Some(Cell::Text(id)) => Some(ObjectId::from(id)),
            _ => None,
        },
        created_at: match row.field("createdAt") {
            Some(Cell::Date(date)) => Some(date),
            _ => None,
        },
    });
    Ok(listed.collect())
}

async fn delete(ctx: &Ctx, class: &Arc<ClassSchema>, sessions: Vec<Listed>) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    let (plan, access) = (Plan::server(class), ctx.writer()?);
    let forget = sessions.iter().filter_map(|listed| listed.token.clone()).map(Forget::Session);
    let forget = forget.collect();
    let delete = |listed: Listed| {
        let delete = Delete { class: Arc::clone(class), id: listed.id };
        Change::Delete(plan.allow_change(delete, access))
    };
    ctx.write(sessions.into_iter().map(delete).collect(), forget).await.map(|_: Vec<Written>| ())
}

/// Ends all sessions of a user, but for one if it is named by its token.
pub(in crate::ops) async fn end_all(
    ctx: &Ctx,
    user: &ObjectId,
    except: Option<&str>,
) -> Result<()> {
    let Some(class) = known_class(ctx) else { return Ok(()) };
    let class = &class;
    let mut found = find(ctx, class, has(class, "user", &[], user_pointer(user))).await?;
    found.retain(|listed| except.is_none() || listed.token.as_deref() != except);
    delete(ctx, class, found).await
}

/// Ends the session of a token. That there is none is as good.
pub(in crate::ops) async fn end(ctx: &Ctx, token: &str) -> Result<()> {
    let Some(class) = known_class(ctx) else { return Ok(()) };
    let class = &class;
    let by_token = has(class, "sessionToken", &[], Value::String(token.to_owned()));
    let found = find(ctx, class, by_token).await?;
    delete(ctx, class, found).await
}
