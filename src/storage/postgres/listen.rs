//! Hears what others do in the same database: a connection of its own that listens to the notes of the triggers in
//! [`super::version`]. As long as it can not be had, nothing is told.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor};
use tokio::time::timeout;

use super::version::{self, CHANNEL};
use crate::storage::{Elsewhere, Tell};
use crate::value::{Json, ObjectId};

/// For how long the line may be silent before the other end is asked whether it is there.
const SILENT_MAX: Duration = Duration::from_secs(1);
/// For how long the other end may think about that, or about a new connection.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// When a line that was cut is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Who listens to which database.
pub(super) struct Line {
    /// How to reach the database.
    pub(super) database: PgConnectOptions,
    /// The name of this server in notes.
    pub(super) server: String,
}

/// Why nothing is heard.
#[derive(Debug)]
#[expect(dead_code, reason = "the cause is for the log")]
enum Cut {
    Failed(sqlx::Error),
    /// The other end does not answer.
    Dead,
    /// It answers, but notes do not come: between here and there is somebody who keeps them.
    Deaf,
}

impl From<sqlx::Error> for Cut {
    fn from(cause: sqlx::Error) -> Self {
        Self::Failed(cause)
    }
}

/// Tells what others do.
pub(super) async fn listen(line: &Line, tell: Tell<'_>) {
    loop {
        let Err(cut) = follow(line, tell).await;
        tell(Elsewhere::Silence);
        tracing::debug!(?cut, "what other servers change is not heard of");
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Connects, and tells what is heard until the line is cut.
async fn follow(line: &Line, tell: Tell<'_>) -> Result<Infallible, Cut> {
    // The driver wants a pool to take the connection from.
    let own = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_MAX);
    let own = own.connect_lazy_with(line.database.clone());
    let mut listener = in_time(PgListener::connect_with(&own)).await?;
    listener.eager_reconnect(false);
    in_time(listener.listen(CHANNEL)).await?;
    in_time(probe(line)).await?;
    timeout(ANSWER_MAX, hear_probe(&mut listener, &line.server)).await.map_err(|_| Cut::Deaf)??;
    watch(&mut listener).await?;
    tell(Elsewhere::Everything);
    tracing::debug!("what other servers change is heard of");
    loop {
        let note = match timeout(SILENT_MAX, listener.try_recv()).await {
            Ok(note) => note?.ok_or(Cut::Dead)?,
            Err(_) => {
                in_time(async { listener.execute("SELECT 1").await.map(|_| ()) }).await?;
                continue;
            }
        };
        let news = read(note.payload(), &line.server);
        let is_about_classes = matches!(news, Some(Elsewhere::Classes(_)));
        news.into_iter().for_each(tell);
        if is_about_classes && watch(&mut listener).await? {
            // What was changed before the table was watched was not told.
            tell(Elsewhere::AllSessions);
            tell(Elsewhere::AllRoles);
        }
    }
}

async fn in_time<T>(job: impl Future<Output = sqlx::Result<T>>) -> Result<T, Cut> {
    Ok(timeout(ANSWER_MAX, job).await.map_err(|_| Cut::Dead)??)
}

/// Sends a note to all who listen, on a connection of its own. Who is not reached by it is not reached by others.
async fn probe(line: &Line) -> sqlx::Result<()> {
    let note = Json::from([("probe", Json::from(line.server.as_str()))]).to_text();
    let mut connection = PgConnection::connect_with(&line.database).await?;
    let tell = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(note);
    tell.execute(&mut connection).await?;
    connection.close().await
}

async fn hear_probe(listener: &mut PgListener, server: &str) -> Result<(), Cut> {
    loop {
        let note = listener.try_recv().await?.ok_or(Cut::Dead)?;
        let content = Json::parse(note.payload().as_bytes()).unwrap_or(Json::Null);
        if content.get("probe").and_then(Json::as_str) == Some(server) {
            return Ok(());
        }
    }
}

/// Makes triggers that are missing. Returns whether there were any.
async fn watch(listener: &mut PgListener) -> Result<bool, Cut> {
    let missing = sqlx::query_scalar::<_, bool>(version::IS_UNWATCHED);
    if !in_time(missing.fetch_one(&mut *listener)).await? {
        return Ok(false);
    }
    for statement in version::watch() {
        in_time(async { listener.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await }).await?;
    }
    Ok(true)
}

/// What a note says, if it is news to this server.
fn read(note: &str, server: &str) -> Option<Elsewhere> {
    let note = Json::parse(note.as_bytes()).unwrap_or(Json::Null);
    if let Some(version) = note.get("classes").and_then(Json::as_number) {
        // Own changes, too: that they are known already is seen by their version.
        return Some(Elsewhere::Classes(version as u64));
    }
    if note.get("server").and_then(Json::as_str) == Some(server) {
        return None;
    }
    let ids = |ids: &Json| {
        let ids = ids.as_array()?.iter().filter_map(Json::as_str);
        Some(ids.map(ObjectId::from).collect::<Vec<_>>())
    };
    let one_of = |kind: &str, some: fn(Vec<ObjectId>) -> Elsewhere, all: Elsewhere| {
        note.get(kind).map(|content| ids(content).map_or(all, some))
    };
    one_of("sessions", Elsewhere::Sessions, Elsewhere::AllSessions)
        .or_else(|| one_of("members", Elsewhere::RolesOf, Elsewhere::AllRoles))
        .or_else(|| one_of("roles", Elsewhere::Roles, Elsewhere::AllRoles))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(note: &str, expected: impl Into<Option<Elsewhere>>) {
        assert_eq!(read(note, "me"), expected.into(), "{note}");
    }

    #[test]
    fn notes_are_read() {
        let ids = vec![ObjectId::from("a"), ObjectId::from("b c")];
        check(r#"{"server":null,"classes":7}"#, Elsewhere::Classes(7));
        check(r#"{"server":"me","classes":7}"#, Elsewhere::Classes(7));
        check(r#"{"server":"you","sessions":["a","b c"]}"#, Elsewhere::Sessions(ids.clone()));
        check(r#"{"server":null,"sessions":null}"#, Elsewhere::AllSessions);
        check(r#"{"server":null,"members":["a","b c"]}"#, Elsewhere::RolesOf(ids.clone()));
        check(r#"{"server":null,"members":null}"#, Elsewhere::AllRoles);
        check(r#"{"server":null,"roles":["a","b c"]}"#, Elsewhere::Roles(ids));
        check(r#"{"server":null,"roles":null}"#, Elsewhere::AllRoles);
    }

    #[test]
    fn own_changes_and_what_is_no_note_are_no_news() {
        check(r#"{"server":"me","sessions":["a"]}"#, None);
        check(r#"{"server":"me","roles":null}"#, None);
        check(r#"{"probe":"you"}"#, None);
        check("what?", None);
        check("", None);
    }
}
