//! Where the content of files is kept: in the database, in a directory, or wherever an adapter of the app's own keeps it.
//!
//! A store takes and gives content piece by piece, so that nobody ever holds a whole file. It knows names and bytes; who
//! may upload or download what, and how a file is called, is decided elsewhere.

mod database;
mod disk;
mod sealed;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use database::DatabaseFiles;
pub use disk::DiskFiles;
pub use sealed::Seal;

use crate::error::Result;
use crate::value::{Json, Members};

/// Content, piece by piece. After an error nothing follows.
pub type Content = BoxStream<'static, Result<Bytes>>;

/// What is said of a new file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewFile {
    /// Its name, which may contain slashes.
    pub name: String,
    /// What it is.
    pub content_type: Option<String>,
    /// What the app keeps beside it.
    pub metadata: Members,
    /// Further marks of it.
    pub tags: Members,
}

/// What a store made of a new file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// Another name, if the store gave it one.
    pub name: Option<String>,
    /// Where it is, if the store says so.
    pub url: Option<String>,
}

/// A place for files.
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Stores a file; one that had the name before is replaced. Nobody sees it before its content has ended, or if that
    /// ends with an error.
    async fn create(&self, file: NewFile, content: Content) -> Result<Created>;

    /// A file, to be read; nothing if there is none of that name.
    async fn open(&self, name: &str) -> Result<Option<Box<dyn OpenFile>>>;

    /// Deletes a file; says whether there was one.
    async fn delete(&self, name: &str) -> Result<bool>;

    /// What is kept beside a file: an object, empty if there is nothing or no such file.
    async fn details(&self, name: &str) -> Result<Json>;

    /// Where a file is, if the store and not this server serves it.
    async fn location(&self, name: &str) -> Result<Option<String>> {
        let _ = name;
        Ok(None)
    }

    /// What the store says of a name; nothing if it leaves that to the server.
    async fn refusal(&self, name: &str) -> Result<Option<NameVerdict>> {
        let _ = name;
        Ok(None)
    }
}

/// What a store of the app's own says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameVerdict {
    /// It is good, whatever the server would say.
    Good,
    /// It is refused with this text.
    Bad(String),
}

/// A file that can be read.
pub trait OpenFile: Send + Sync {
    /// How many bytes it has.
    fn bytes(&self) -> u64;

    /// A text that is another one for other content under the same name; nothing if the store does not know.
    fn version(&self) -> Option<String>;

    /// The bytes from one place to before another. Both are within the file.
    fn read(&self, from: u64, to: u64) -> Content;
}
