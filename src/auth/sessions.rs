//! Sessions that are known: a token leads to its session without a question to the database, until
//! something about it changes.

use std::sync::Arc;

use super::known::Known;
use crate::access::Plan;
use crate::error::{Code, Error, Result};
use crate::query::{Comparison, Condition, Filter, Query, resolve};
use crate::schema::{ClassSchema, Snapshot};
use crate::storage::Storage;
use crate::value::{Cell, Date, FieldName, Json, ObjectId, RowView};

/// No token is longer; a longer one is not looked for.
const TOKEN_BYTES_MAX: usize = 256;

/// A session as far as requests need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The id of the session object.
    pub id: ObjectId,
    /// Its token.
    pub token: String,
    /// Whose it is.
    pub user: ObjectId,
    /// When it ends, if it ends by itself.
    pub expires_at: Option<Date>,
    /// The installation that it belongs to.
    pub installation_id: Option<String>,
    /// When something about it was last changed.
    pub updated_at: Date,
}

/// The cache of sessions.
pub struct Sessions {
    pub(super) known: Known<Session>,
}

impl Sessions {
    /// Knows at most about `sessions_max` sessions; for at most `ttl_ms` milliseconds, while not every
    /// writer says what he changed.
    pub fn new(sessions_max: usize, ttl_ms: i64) -> Self {
        Self { known: Known::new(sessions_max, ttl_ms) }
    }

    /// The session of a token. If it is not known, two statements ask for it and for its user. Error 209
    /// if there is none, if its user is gone, or if it is over: what is known is looked at by the clock
    /// each time.
    pub(super) async fn of_token(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        token: &str,
        now: Date,
    ) -> Result<Arc<Session>> {
        match self.known.get(token, now) {
            Some(session) => in_force(session, now),
            None => self.anew(storage, snapshot, token, now).await,
        }
    }

    /// The same, whatever is known.
    pub(super) async fn anew(
        &self,
        storage: &dyn Storage,
        snapshot: &Snapshot,
        token: &str,
        now: Date,
    ) -> Result<Arc<Session>> {
        let began = self.known.begin();
        let session = Arc::new(read(storage, snapshot, token).await?);
        self.known.keep(began, token, &session, now);
        in_force(session, now)
    }
}

/// A session that is not over.
pub(super) fn in_force(session: Arc<Session>, now: Date) -> Result<Arc<Session>> {
    match session.expires_at {
        Some(end) if end < now => {
            Err(Error::new(Code::InvalidSessionToken, "Session token is expired."))
        }
        _ => Ok(session),
    }
}

/// Reads a session whose user exists.
async fn read(storage: &dyn Storage, snapshot: &Snapshot, token: &str) -> Result<Session> {
    let unknown = || Error::new(Code::InvalidSessionToken, "Invalid session token");
    let (Some(sessions), Some(users)) = (snapshot.class("_Session"), snapshot.class("_User"))
    else {
        return Err(unknown());
    };
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Err(unknown());
    }
    const COLUMNS: [&str; 6] =
        ["objectId", "createdAt", "updatedAt", "user", "expiresAt", "installationId"];
    let by_token = equal(sessions, "sessionToken", token, &COLUMNS)?;
    let found = storage.find(Plan::server(sessions).allow(by_token)?).await?;
    let row = found.rows().next().ok_or_else(unknown)?;
    let session = session(row, token).ok_or_else(unknown)?;
    let by_id = equal(users, "objectId", &session.user, &["objectId", "createdAt"])?;
    let user = storage.find(Plan::server(users).allow(by_id)?).await?;
    let since = user.rows().next().and_then(|user| date(user, "createdAt"));
    // A session that is older than its user is that of another one, whose id he took after him.
    match since.is_some_and(|since| date(row, "createdAt").is_some_and(|opened| opened >= since)) {
        true => Ok(session),
        // The original names its reason only if it is told to be open.
        false => Err(Error::denied(Code::InvalidSessionToken, "Invalid session token")),
    }
}

fn session(row: RowView<'_>, token: &str) -> Option<Session> {
    Some(Session {
        id: ObjectId::from(row.id()),
        token: token.to_owned(),
        user: ObjectId::from(text(row, "user")?),
        expires_at: date(row, "expiresAt"),
        installation_id: text(row, "installationId").map(str::to_owned),
        updated_at: date(row, "updatedAt")?,
    })
}

fn text<'a>(row: RowView<'a>, field: &str) -> Option<&'a str> {
    match row.field(field) {
        Some(Cell::Text(text)) => Some(text),
        _ => None,
    }
}

fn date(row: RowView<'_>, field: &str) -> Option<Date> {
    match row.field(field) {
        Some(Cell::Date(date)) => Some(date),
        _ => None,
    }
}

/// The question for the object that has a text in a field.
fn equal(class: &Arc<ClassSchema>, field: &str, text: &str, columns: &[&str]) -> Result<Query> {
    let condition = Condition::Compare(Comparison::Equal, Json::from(text));
    Ok(Query {
        class: Arc::clone(class),
        filter: resolve(&Filter::Field(field.to_owned(), vec![condition]), class)?,
        order: Vec::new(),
        skip: 0,
        limit: Some(1),
        columns: columns.iter().map(|column| FieldName::from(*column)).collect(),
        hint: None,
    })
}
