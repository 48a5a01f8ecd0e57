//! Content of files in two tables that are made when the first is written.

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::postgres::PgRow;

use super::cells::{content, integer, text};
use super::connection::Connection;
use super::failure::{Failed, failure, is_unknown_table};
use super::runs::{Answer, Runs};
use super::{PostgresStorage, classes};
use crate::error::Result;
use crate::storage::sql::{Bind, Statement};
use crate::storage::{Blob, BlobLabel, BlobPart, Blobs};
use crate::value::Json;

/// Content is mostly compressed already: trying it once more only costs time.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS \"_Blob\" (\"id\" bigserial PRIMARY KEY, \"name\" text UNIQUE, \
     \"bytes\" bigint, \"details\" jsonb, \"begun\" timestamptz NOT NULL DEFAULT now()); \
     CREATE TABLE IF NOT EXISTS \"_BlobChunk\" (\"id\" bigint PRIMARY KEY, \"content\" bytea NOT NULL); \
     ALTER TABLE \"_BlobChunk\" ALTER COLUMN \"content\" SET STORAGE EXTERNAL";

#[async_trait]
impl Blobs for PostgresStorage {
    async fn append(&self, part: BlobPart) -> Result<u64> {
        let begins = part.blob.is_none();
        let blob = self.in_tables(|| self.append_all(&part)).await?;
        if begins {
            let abandoned = self.ask(&abandoned(), Numbers::default).await?;
            for blob in abandoned.0 {
                self.discard(blob).await?;
            }
        }
        Ok(blob)
    }

    async fn publish(&self, part: BlobPart, label: BlobLabel) -> Result<()> {
        match self.in_tables(|| self.publish_all(&part, &label)).await? {
            Some(blob) => self.discard(blob).await,
            None => Ok(()),
        }
    }

    async fn discard(&self, blob: u64) -> Result<()> {
        let doomed = self.again_or_cause(|| self.doom(blob)).await;
        match doomed {
            Err(cause) if is_unknown_table(&cause) => return Ok(()),
            Ok(false) => return Ok(()),
            doomed => doomed.map_err(failure)?,
        };
        // As many chunks at once as others do not notice.
        while self.again(|| self.delete_some(blob)).await? {}
        Ok(())
    }

    async fn blob(&self, name: &str) -> Result<Option<Blob>> {
        let statement = statement(
            "SELECT \"id\", \"bytes\", \"details\"::text FROM \"_Blob\" WHERE \"name\" = $1::text",
            vec![Bind::Text(name.to_owned())],
        );
        Ok(found(self.ask(&statement, Published::default).await)?.and_then(|blob| blob.0))
    }

    async fn chunk(&self, blob: u64, at: u32) -> Result<Option<Bytes>> {
        let statement = statement(
            "SELECT \"content\" FROM \"_BlobChunk\" WHERE \"id\" = $1::bigint",
            vec![Bind::Integer(Blob::chunk_key(blob, at))],
        );
        Ok(found(self.ask(&statement, Content::default).await)?.and_then(|chunk| chunk.0))
    }

    async fn remove(&self, name: &str) -> Result<bool> {
        let removed = self.again_or_cause(|| self.unname(name)).await;
        let removed = match removed {
            Err(cause) if is_unknown_table(&cause) => None,
            removed => removed.map_err(failure)?,
        };
        if let Some(blob) = removed {
            self.discard(blob).await?;
        }
        Ok(removed.is_some())
    }
}

impl PostgresStorage {
    /// Makes an attempt; again if the tables had to be made first.
    async fn in_tables<T, F>(&self, attempt: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = sqlx::Result<T>> + Send,
    {
        match self.again_or_cause(&attempt).await {
            Err(cause) if is_unknown_table(&cause) => {
                self.again(|| self.make_tables()).await?;
                self.again(attempt).await
            }
            done => done.map_err(failure),
        }
    }

    async fn make_tables(&self) -> sqlx::Result<()> {
        let mut begun = self.begun().await?;
        let mut connection = begun.connection().patient();
        let made = match classes::lock(&mut connection).await {
            Ok(()) => connection.run(TABLES.to_owned()).await,
            refused => refused,
        };
        begun.end(made).await
    }

    async fn append_all(&self, part: &BlobPart) -> sqlx::Result<u64> {
        let mut begun = self.begun().await?;
        let made = append(&mut begun.connection(), part).await;
        begun.end(made).await
    }

    /// Gives the number of the content that had the name.
    async fn publish_all(&self, part: &BlobPart, label: &BlobLabel) -> sqlx::Result<Option<u64>> {
        let mut begun = self.begun().await?;
        let made = publish(&mut begun.connection(), part, label).await;
        begun.end(made).await
    }

    async fn unname(&self, name: &str) -> sqlx::Result<Option<u64>> {
        let mut begun = self.begun().await?;
        let made = unname(&mut begun.connection(), name).await;
        begun.end(made).await
    }

    /// From now on the content can not be published; says whether it is not yet.
    async fn doom(&self, blob: u64) -> sqlx::Result<bool> {
        let doom = statement(
            "UPDATE \"_Blob\" SET \"begun\" = 'epoch' WHERE \"id\" = $1::bigint AND \"name\" IS NULL",
            vec![Bind::Integer(blob as i64)],
        );
        let mut begun = self.begun().await?;
        let made = begun.connection().execute(&doom).await.map(|doomed| doomed > 0);
        begun.end(made).await
    }

    /// Deletes some chunks of a doomed blob, or at last the blob itself; says whether there may be more.
    async fn delete_some(&self, blob: u64) -> sqlx::Result<bool> {
        let mut begun = self.begun().await?;
        let made = delete_some(&mut begun.connection(), blob).await;
        begun.end(made).await
    }
}

fn statement(text: &str, binds: Vec<Bind>) -> Statement {
    Statement { text: text.to_owned(), binds }
}

/// Before the first content is written there are no tables, and so nothing to find.
fn found<T>(asked: std::result::Result<T, Failed>) -> Result<Option<T>> {
    match asked {
        Err(Failed::Statement(cause)) if is_unknown_table(&cause) => Ok(None),
        asked => Ok(Some(asked?)),
    }
}

async fn append(connection: &mut Connection<'_>, part: &BlobPart) -> sqlx::Result<u64> {
    let rows = match part.blob {
        // What was taken for abandoned is gone for good.
        Some(blob) => {
            let known = "SELECT \"id\" FROM \"_Blob\" WHERE \"id\" = $1::bigint AND \"begun\" > 'epoch' FOR SHARE";
            connection.rows(&statement(known, vec![Bind::Integer(blob as i64)])).await?
        }
        None => {
            let begin = "INSERT INTO \"_Blob\" DEFAULT VALUES RETURNING \"id\"";
            connection.rows(&statement(begin, Vec::new())).await?
        }
    };
    let blob = integer(rows.first().ok_or(sqlx::Error::RowNotFound)?, 0)?.unsigned_abs();
    for (chunk, at) in part.chunks.iter().zip(part.first..) {
        let insert = statement(
            "INSERT INTO \"_BlobChunk\" (\"id\", \"content\") VALUES ($1::bigint, $2::bytea)",
            vec![Bind::Integer(Blob::chunk_key(blob, at)), Bind::Bytes(chunk.clone())],
        );
        connection.execute(&insert).await?;
    }
    Ok(blob)
}

async fn publish(
    connection: &mut Connection<'_>,
    part: &BlobPart,
    label: &BlobLabel,
) -> sqlx::Result<Option<u64>> {
    let blob = append(connection, part).await?;
    // Two that publish under one name follow each other.
    let turn = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))::text";
    connection.rows(&statement(turn, vec![Bind::Text(label.name.clone())])).await?;
    let replaced = unname(connection, &label.name).await?;
    let publish = statement(
        "UPDATE \"_Blob\" SET \"name\" = $2::text, \"bytes\" = $3::bigint, \"details\" = $4::jsonb \
         WHERE \"id\" = $1::bigint",
        vec![
            Bind::Integer(blob as i64),
            Bind::Text(label.name.clone()),
            Bind::Integer(label.bytes as i64),
            Bind::Json(label.details.to_text()),
        ],
    );
    connection.execute(&publish).await?;
    Ok(replaced)
}

/// Takes a name away from its content, which from then on is doomed; gives its number.
async fn unname(connection: &mut Connection<'_>, name: &str) -> sqlx::Result<Option<u64>> {
    let unname = statement(
        "UPDATE \"_Blob\" SET \"name\" = NULL, \"begun\" = 'epoch' WHERE \"name\" = $1::text RETURNING \"id\"",
        vec![Bind::Text(name.to_owned())],
    );
    let rows = connection.rows(&unname).await?;
    rows.first().map(|row| integer(row, 0).map(i64::unsigned_abs)).transpose()
}

async fn delete_some(connection: &mut Connection<'_>, blob: u64) -> sqlx::Result<bool> {
    let (first, last) = (Blob::chunk_key(blob, 0), Blob::chunk_key(blob, Blob::CHUNKS_MAX - 1));
    let delete = statement(
        "DELETE FROM \"_BlobChunk\" WHERE \"id\" IN (SELECT \"id\" FROM \"_BlobChunk\" \
         WHERE \"id\" BETWEEN $1::bigint AND $2::bigint LIMIT $3::bigint)",
        vec![
            Bind::Integer(first),
            Bind::Integer(last),
            Bind::Integer(i64::from(Blob::DELETED_AT_ONCE)),
        ],
    );
    if connection.execute(&delete).await? > 0 {
        return Ok(true);
    }
    let end = "DELETE FROM \"_Blob\" WHERE \"id\" = $1::bigint AND \"name\" IS NULL";
    connection.execute(&statement(end, vec![Bind::Integer(blob as i64)])).await?;
    Ok(false)
}

/// Asks for what was begun long ago and never published.
fn abandoned() -> Statement {
    statement(
        "SELECT \"id\" FROM \"_Blob\" WHERE \"name\" IS NULL \
         AND \"begun\" < now() - make_interval(secs => $1::double precision) LIMIT 8",
        vec![Bind::Number(Blob::ABANDONED_AFTER_S as f64)],
    )
}

#[derive(Default)]
struct Numbers(Vec<u64>);

impl Answer for Numbers {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0.push(integer(row, 0)?.unsigned_abs());
        Ok(())
    }
}

#[derive(Default)]
struct Published(Option<Blob>);

impl Answer for Published {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0 = Some(Blob {
            id: integer(row, 0)?.unsigned_abs(),
            bytes: integer(row, 1)?.unsigned_abs(),
            details: Json::parse(text(row, 2)?.as_bytes()).unwrap_or_default(),
        });
        Ok(())
    }
}

#[derive(Default)]
struct Content(Option<Bytes>);

impl Answer for Content {
    fn see(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.0 = Some(content(row, 0)?);
        Ok(())
    }
}
