//! Content of files in two tables that are made when the first is written.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{OptionalExtension, params};

use super::SqliteStorage;
use super::connection::Connection;
use super::failure::failure;
use super::runs::Runs;
use super::writer::in_transaction;
use crate::error::Result;
use crate::storage::{Blob, BlobLabel, BlobPart, Blobs};
use crate::value::Json;

/// A number is never given twice, so that who reads chunks of a blob that is deleted meanwhile finds no others.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS \"_Blob\" (\"id\" INTEGER PRIMARY KEY AUTOINCREMENT, \
     \"name\" TEXT UNIQUE, \"bytes\" INTEGER, \"details\" TEXT, \"begun\" INTEGER NOT NULL); \
     CREATE TABLE IF NOT EXISTS \"_BlobChunk\" (\"id\" INTEGER PRIMARY KEY, \"content\" BLOB NOT NULL);";

#[async_trait]
impl Blobs for SqliteStorage {
    async fn append(&self, part: BlobPart) -> Result<u64> {
        let begins = part.blob.is_none();
        let (blob, garbage) = self
            .writer
            .run(move |connection| {
                let blob = in_transaction(connection, || append(connection, &part))?;
                let garbage = if begins { abandoned(connection)? } else { Vec::new() };
                Ok((blob, garbage))
            })
            .await?;
        for blob in garbage {
            self.discard(blob).await?;
        }
        Ok(blob)
    }

    async fn publish(&self, part: BlobPart, label: BlobLabel) -> Result<()> {
        let publish = move |connection: &Connection| {
            in_transaction(connection, || {
                let blob = append(connection, &part)?;
                name(connection.raw(), blob, &label)
            })
        };
        match self.writer.run(publish).await? {
            Some(blob) => self.discard(blob).await,
            None => Ok(()),
        }
    }

    async fn discard(&self, blob: u64) -> Result<()> {
        let doom = "UPDATE \"_Blob\" SET \"begun\" = 0 WHERE \"id\" = ?1 AND \"name\" IS NULL";
        let is_doomed = move |connection: &Connection| {
            let doomed = connection.raw().prepare_cached(doom)?.execute([blob as i64])?;
            Ok(Some(doomed > 0))
        };
        let doomed = self.writer.run(move |connection| found(is_doomed(connection))).await?;
        if doomed != Some(true) {
            return Ok(());
        }
        // As many chunks at once as others do not notice.
        while self
            .writer
            .run(move |connection| delete_some(connection, blob).map_err(failure))
            .await?
        {}
        Ok(())
    }

    async fn blob(&self, name: &str) -> Result<Option<Blob>> {
        let name = name.to_owned();
        self.read(move |connection| found(find(connection, &name))).await
    }

    async fn chunk(&self, blob: u64, at: u32) -> Result<Option<Bytes>> {
        self.read(move |connection| {
            let read = || {
                connection
                    .raw()
                    .prepare_cached("SELECT \"content\" FROM \"_BlobChunk\" WHERE \"id\" = ?1")?
                    .query_row([Blob::chunk_key(blob, at)], |row| {
                        Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?))
                    })
                    .optional()
            };
            found(read())
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        let removed =
            self.writer.run(move |connection| found(unname(connection.raw(), &name))).await?;
        if let Some(blob) = removed {
            self.discard(blob).await?;
        }
        Ok(removed.is_some())
    }
}

/// Before the first content is written there are no tables, and so nothing to find.
fn found<T>(read: rusqlite::Result<Option<T>>) -> Result<Option<T>> {
    match read {
        Err(cause) if cause.to_string().contains("no such table: _Blob") => Ok(None),
        read => read.map_err(failure),
    }
}

fn append(connection: &Connection, part: &BlobPart) -> rusqlite::Result<u64> {
    let raw = connection.raw();
    let blob = match part.blob {
        // What was taken for abandoned is gone for good.
        Some(blob) => raw
            .prepare_cached("SELECT 1 FROM \"_Blob\" WHERE \"id\" = ?1 AND \"begun\" > 0")?
            .query_row([blob as i64], |_| Ok(blob))?,
        None => {
            raw.execute_batch(TABLES)?;
            raw.prepare_cached("INSERT INTO \"_Blob\" (\"begun\") VALUES (unixepoch())")?
                .execute([])?;
            raw.last_insert_rowid() as u64
        }
    };
    let mut insert =
        raw.prepare_cached("INSERT INTO \"_BlobChunk\" (\"id\", \"content\") VALUES (?1, ?2)")?;
    for (chunk, at) in part.chunks.iter().zip(part.first..) {
        insert.execute(params![Blob::chunk_key(blob, at), &chunk[..]])?;
    }
    Ok(blob)
}

/// What was begun long ago and never published.
fn abandoned(connection: &Connection) -> Result<Vec<u64>> {
    let read = || {
        let mut statement = connection.raw().prepare_cached(
            "SELECT \"id\" FROM \"_Blob\" WHERE \"name\" IS NULL AND \"begun\" < unixepoch() - ?1 LIMIT 8",
        )?;
        let rows = statement.query_map([Blob::ABANDONED_AFTER_S], |row| row.get::<_, i64>(0))?;
        rows.map(|id| id.map(i64::unsigned_abs)).collect::<rusqlite::Result<Vec<u64>>>()
    };
    read().map_err(failure)
}

fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Blob>> {
    connection
        .raw()
        .prepare_cached("SELECT \"id\", \"bytes\", \"details\" FROM \"_Blob\" WHERE \"name\" = ?1")?
        .query_row([name], |row| {
            let details: String = row.get(2)?;
            Ok(Blob {
                id: row.get::<_, i64>(0)?.unsigned_abs(),
                bytes: row.get::<_, i64>(1)?.unsigned_abs(),
                details: Json::parse(details.as_bytes()).unwrap_or_default(),
            })
        })
        .optional()
}

/// Gives content its name; gives the number of the content that had it.
fn name(raw: &rusqlite::Connection, blob: u64, label: &BlobLabel) -> rusqlite::Result<Option<u64>> {
    let replaced = unname(raw, &label.name)?;
    raw.prepare_cached(
        "UPDATE \"_Blob\" SET \"name\" = ?2, \"bytes\" = ?3, \"details\" = ?4 WHERE \"id\" = ?1",
    )?
    .execute(params![blob as i64, label.name, label.bytes as i64, label.details.to_text()])?;
    Ok(replaced)
}

/// Takes a name away from its content, which from then on is doomed; gives its number.
fn unname(raw: &rusqlite::Connection, name: &str) -> rusqlite::Result<Option<u64>> {
    raw.prepare_cached(
        "UPDATE \"_Blob\" SET \"name\" = NULL, \"begun\" = 0 WHERE \"name\" = ?1 RETURNING \"id\"",
    )?
    .query_row([name], |row| row.get::<_, i64>(0))
    .optional()
    .map(|id| id.map(i64::unsigned_abs))
}

/// Deletes some chunks of a doomed blob, or at last the blob itself; says whether there may be more.
fn delete_some(connection: &Connection, blob: u64) -> rusqlite::Result<bool> {
    let raw = connection.raw();
    let (first, last) = (Blob::chunk_key(blob, 0), Blob::chunk_key(blob, Blob::CHUNKS_MAX - 1));
    let deleted = raw
        .prepare_cached(
            "DELETE FROM \"_BlobChunk\" WHERE \"id\" IN (SELECT \"id\" FROM \"_BlobChunk\" \
             WHERE \"id\" BETWEEN ?1 AND ?2 LIMIT ?3)",
        )?
        .execute(params![first, last, Blob::DELETED_AT_ONCE])?;
    if deleted > 0 {
        return Ok(true);
    }
    raw.prepare_cached("DELETE FROM \"_Blob\" WHERE \"id\" = ?1 AND \"name\" IS NULL")?
        .execute([blob as i64])?;
    Ok(false)
}
