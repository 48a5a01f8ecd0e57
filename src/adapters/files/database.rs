//! Files in the database: nothing to set up, and every server of an app sees the same.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::{Content, Created, FileStore, NewFile, OpenFile, Seal};
use crate::error::{Error, Result};
use crate::storage::{Blob, BlobLabel, BlobPart, Blobs};
use crate::value::{Json, Members};

/// Chunks that wait to be written together. A file of so many is written in one transaction.
const TOGETHER_MAX: usize = 5;

/// What stands beside the content of a file that is encrypted.
const SEALED: &str = "sealed";

/// The files of a database.
pub struct DatabaseFiles {
    blobs: Arc<dyn Blobs>,
    seal: Option<Seal>,
}

impl DatabaseFiles {
    /// The files in these blobs. With a seal, new files are encrypted, and encrypted ones can be read.
    pub fn new(blobs: Arc<dyn Blobs>, seal: Option<Seal>) -> Self {
        Self { blobs, seal }
    }

    async fn write(&self, file: &NewFile, content: Content) -> Result<()> {
        let mut parts = Parts { blobs: &*self.blobs, part: BlobPart::default(), bytes: 0 };
        match parts.take_all(content).await {
            Ok(()) => {
                let BlobPart { blob, .. } = parts.part;
                let label = self.label(file, parts.bytes);
                let published = self.blobs.publish(parts.part, label).await;
                self.settle(blob, published).await
            }
            Err(error) => {
                let BlobPart { blob, .. } = parts.part;
                self.settle(blob, Err(error)).await
            }
        }
    }

    /// What was written of a file that can not be finished goes away.
    async fn settle(&self, blob: Option<u64>, outcome: Result<()>) -> Result<()> {
        if let (Err(_), Some(blob)) = (&outcome, blob)
            && let Err(cause) = self.blobs.discard(blob).await
        {
            tracing::warn!(cause = %cause.log_text(), "an upload that failed left something behind");
        }
        outcome
    }

    fn label(&self, file: &NewFile, bytes: u64) -> BlobLabel {
        let mut details = Members::new();
        let kept = [("metadata", &file.metadata), ("tags", &file.tags)];
        for (name, members) in kept.into_iter().filter(|(_, members)| !members.is_empty()) {
            details.insert(name.to_owned(), Json::Object(members.clone()));
        }
        if let Some(content_type) = &file.content_type {
            details.insert("contentType".to_owned(), Json::from(content_type.as_str()));
        }
        if self.seal.is_some() {
            details.insert(SEALED.to_owned(), Json::Bool(true));
        }
        BlobLabel { name: file.name.clone(), bytes, details: Json::Object(details) }
    }
}

#[async_trait]
impl FileStore for DatabaseFiles {
    async fn create(&self, file: NewFile, content: Content) -> Result<Created> {
        let content = match &self.seal {
            Some(seal) => seal.encrypt(content)?,
            None => content,
        };
        self.write(&file, content).await?;
        Ok(Created::default())
    }

    async fn open(&self, name: &str) -> Result<Option<Box<dyn OpenFile>>> {
        let Some(blob) = self.blobs.blob(name).await? else { return Ok(None) };
        let is_sealed = blob.details.get(SEALED) == Some(&Json::Bool(true));
        let file = BlobFile { blobs: Arc::clone(&self.blobs), blob };
        if !is_sealed {
            return Ok(Some(Box::new(file)));
        }
        let seal = self.seal.as_ref().ok_or_else(|| {
            Error::internal("a file is encrypted, and the option `encryptionKey` is not set")
        })?;
        seal.open(Box::new(file)).await.map(Some)
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        self.blobs.remove(name).await
    }

    async fn details(&self, name: &str) -> Result<Json> {
        let Some(blob) = self.blobs.blob(name).await? else { return Ok(Json::empty()) };
        let Json::Object(mut details) = blob.details else { return Ok(Json::empty()) };
        details.retain(|name, _| ["metadata", "tags"].contains(&name.as_str()));
        Ok(Json::Object(details))
    }
}

/// Content on its way into the database.
struct Parts<'b> {
    blobs: &'b dyn Blobs,
    part: BlobPart,
    bytes: u64,
}

impl Parts<'_> {
    async fn take_all(&mut self, mut content: Content) -> Result<()> {
        let mut rest = BytesMut::new();
        while let Some(piece) = content.next().await {
            let mut piece = piece?;
            self.bytes += piece.len() as u64;
            while rest.len() + piece.len() >= Blob::CHUNK_BYTES {
                rest.extend_from_slice(&piece.split_to(Blob::CHUNK_BYTES - rest.len()));
                self.take(rest.split().freeze()).await?;
            }
            rest.extend_from_slice(&piece);
        }
        if !rest.is_empty() {
            self.take(rest.freeze()).await?;
        }
        Ok(())
    }

    /// Takes one more chunk, and writes those that wait if they are many.
    async fn take(&mut self, chunk: Bytes) -> Result<()> {
        let part = &mut self.part;
        if part.chunks.len() == TOGETHER_MAX {
            let first = part.first + TOGETHER_MAX as u32;
            if first >= Blob::CHUNKS_MAX {
                return Err(Error::internal("a file has more chunks than there are numbers"));
            }
            let chunks = std::mem::take(&mut part.chunks);
            let write = BlobPart { blob: part.blob, first: part.first, chunks };
            part.blob = Some(self.blobs.append(write).await?);
            part.first = first;
        }
        part.chunks.push(chunk);
        Ok(())
    }
}

/// A file whose chunks are read one by one.
struct BlobFile {
    blobs: Arc<dyn Blobs>,
    blob: Blob,
}

impl OpenFile for BlobFile {
    fn bytes(&self) -> u64 {
        self.blob.bytes
    }

    fn version(&self) -> Option<String> {
        Some(format!("{:x}-{:x}", self.blob.id, self.blob.bytes))
    }

    fn read(&self, from: u64, to: u64) -> Content {
        let (blobs, blob) = (Arc::clone(&self.blobs), self.blob.id);
        let size = Blob::CHUNK_BYTES as u64;
        Box::pin(stream::try_unfold((blobs, from), move |(blobs, at)| async move {
            if at >= to {
                return Ok(None);
            }
            let begins = (at % size) as usize;
            let chunk = blobs.chunk(blob, (at / size) as u32).await?;
            let chunk = chunk.filter(|chunk| chunk.len() > begins);
            let mut chunk =
                chunk.ok_or_else(|| Error::internal("a file was deleted while it was read"))?;
            chunk.advance(begins);
            chunk.truncate(usize::try_from(to - at).unwrap_or(usize::MAX));
            let next = at + chunk.len() as u64;
            Ok(Some((chunk, (blobs, next))))
        }))
    }
}
