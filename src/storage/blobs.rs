//! Content of files in the database, in chunks, so that neither side ever holds a whole file.
//!
//! What is being written can not be found before it is published, in the same transaction as its last chunks. What
//! nobody publishes - its server died - goes away by itself.

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Result;
use crate::value::Json;

/// A place for content under names.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Adds chunks to content that nobody can find yet; gives its number.
    async fn append(&self, part: BlobPart) -> Result<u64>;

    /// Adds the last chunks and gives the content its name. What had the name before is gone.
    async fn publish(&self, part: BlobPart, label: BlobLabel) -> Result<()>;

    /// Forgets content that nobody can find yet.
    async fn discard(&self, blob: u64) -> Result<()>;

    /// The content that has a name.
    async fn blob(&self, name: &str) -> Result<Option<Blob>>;

    /// One chunk of content; nothing behind its end, and when it was deleted.
    async fn chunk(&self, blob: u64, at: u32) -> Result<Option<Bytes>>;

    /// Deletes the content that has a name; says whether there was any.
    async fn remove(&self, name: &str) -> Result<bool>;
}

/// Chunks that follow each other. All but the last of a blob have [`Blob::CHUNK_BYTES`] bytes.
#[derive(Clone, Debug, Default)]
pub struct BlobPart {
    /// To what they are added; nothing begins a blob.
    pub blob: Option<u64>,
    /// The place of the first of them.
    pub first: u32,
    /// The chunks.
    pub chunks: Vec<Bytes>,
}

/// What is said of a blob when it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct BlobLabel {
    /// Its name.
    pub name: String,
    /// All its bytes.
    pub bytes: u64,
    /// Whatever its owner keeps beside it.
    pub details: Json,
}

/// Published content.
#[derive(Clone, Debug, PartialEq)]
pub struct Blob {
    /// Its number, which no other content ever has.
    pub id: u64,
    /// All its bytes.
    pub bytes: u64,
    /// What was published beside it.
    pub details: Json,
}

impl Blob {
    /// Bytes of a chunk: those of GridFS.
    pub const CHUNK_BYTES: usize = 255 * 1_024;
    /// Chunks that one blob can have.
    pub const CHUNKS_MAX: u32 = 1 << 24;
    /// Seconds after which content that nobody published goes away.
    pub(super) const ABANDONED_AFTER_S: i64 = 24 * 60 * 60;
    /// Chunks that are deleted by one statement: others have their turn in between.
    pub(super) const DELETED_AT_ONCE: u32 = 64;

    /// The key of a chunk: content and place in one number.
    pub(super) fn chunk_key(blob: u64, at: u32) -> i64 {
        ((blob << 24) | u64::from(at & (Self::CHUNKS_MAX - 1))) as i64
    }
}
