//! Files in a directory, one for each, in the layout of `@parse/fs-files-adapter`: the name is percent-encoded as
//! `encodeURIComponent` does it, so that no name leads anywhere else.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{Content, Created, FileStore, NewFile, OpenFile, Seal};
use crate::adapters::random::Random;
use crate::error::{Code, Error, Result};
use crate::value::{Json, wire};

/// Bytes that wait to be written together.
const TOGETHER_BYTES: usize = 1 << 20;
/// Bytes that are read at once.
const READ_BYTES: u64 = 256 * 1_024;
/// What the names of files begin and end with that are not complete. No file that is served has such a name.
const BEGUN: &str = ".";
const UNFINISHED: &str = ".upload";
/// Seconds after which a file that is not complete belongs to a server that died.
const ABANDONED_AFTER_S: u64 = 24 * 60 * 60;

/// The files of a directory.
pub struct DiskFiles {
    directory: PathBuf,
    seal: Option<Seal>,
    random: Random,
}

impl DiskFiles {
    /// The files of a directory, which is made if it does not exist. With a seal, all of them are encrypted.
    pub fn open(directory: &Path, seal: Option<Seal>, random: Random) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let files = Self { directory: directory.to_owned(), seal, random };
        files.clean()?;
        Ok(files)
    }

    /// Removes what a server left behind that died in the middle of an upload.
    fn clean(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_unfinished = name
                .to_str()
                .is_some_and(|name| name.starts_with(BEGUN) && name.ends_with(UNFINISHED));
            let is_old = || {
                let age = entry.metadata().ok()?.modified().ok()?.elapsed().ok()?;
                Some(age.as_secs() >= ABANDONED_AFTER_S)
            };
            if is_unfinished && is_old() == Some(true) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Where a file lies; nothing if none can have this name.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let encoded = wire::percent_encoded(name);
        (!encoded.is_empty() && !encoded.starts_with(BEGUN)).then(|| self.directory.join(encoded))
    }

    async fn write(&self, path: PathBuf, mut content: Content) -> Result<()> {
        let mut name = [0; 16];
        self.random.fill(&mut name)?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let unfinished = self.directory.join(format!("{BEGUN}{name}{UNFINISHED}"));
        let mut pending = Pending { path: Some(unfinished), file: None };
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(piece) = content.next().await {
            let piece = piece?;
            bytes += piece.len();
            waiting.push(piece);
            if bytes >= TOGETHER_BYTES {
                let together = std::mem::take(&mut waiting);
                bytes = 0;
                pending = blocking(move || pending.written(&together)).await?;
            }
        }
        blocking(move || pending.written(&waiting)?.finished(&path)).await
    }
}

#[async_trait]
impl FileStore for DiskFiles {
    async fn create(&self, file: NewFile, content: Content) -> Result<Created> {
        let refused = || Error::new(Code::InvalidFileName, "Filename contains invalid characters.");
        let path = self.path(&file.name).ok_or_else(refused)?;
        let content = match &self.seal {
            Some(seal) => seal.encrypt(content)?,
            None => content,
        };
        self.write(path, content).await?;
        Ok(Created::default())
    }

    async fn open(&self, name: &str) -> Result<Option<Box<dyn OpenFile>>> {
        let Some(path) = self.path(name) else { return Ok(None) };
        let Some(file) = blocking(move || DiskFile::open(&path)).await? else { return Ok(None) };
        match &self.seal {
            Some(seal) => seal.open(Box::new(file)).await.map(Some),
            None => Ok(Some(Box::new(file))),
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let Some(path) = self.path(name) else { return Ok(false) };
        blocking(move || match fs::remove_file(path) {
            Err(cause) if is_missing(&cause) => Ok(false),
            removed => removed.map(|()| true),
        })
        .await
    }

    async fn details(&self, _: &str) -> Result<Json> {
        Ok(Json::empty())
    }
}

/// Whether there can be no such file.
fn is_missing(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename | io::ErrorKind::IsADirectory
    )
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    done.map_err(|cause| match cause.kind() == io::ErrorKind::InvalidFilename {
        true => Error::new(Code::InvalidFileName, "Filename too long.").with_cause(cause),
        false => Error::internal(cause),
    })
}

/// A file that is not complete. It goes away if it is not finished.
struct Pending {
    path: Option<PathBuf>,
    file: Option<File>,
}

impl Pending {
    fn written(mut self, pieces: &[Bytes]) -> io::Result<Self> {
        let mut file = match (self.file.take(), &self.path) {
            (Some(file), _) => file,
            (None, Some(path)) => File::create_new(path)?,
            (None, None) => return Ok(self),
        };
        pieces.iter().try_for_each(|piece| file.write_all(piece))?;
        self.file = Some(file);
        Ok(self)
    }

    /// Gives it its name, once the disk has it.
    fn finished(mut self, path: &Path) -> io::Result<()> {
        let (Some(file), Some(unfinished)) = (&self.file, &self.path) else { return Ok(()) };
        file.sync_data()?;
        fs::rename(unfinished, path)?;
        self.path = None;
        match path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(path), Some(_)) = (&self.path, &self.file)
            && let Err(cause) = fs::remove_file(path)
        {
            tracing::warn!(%cause, "an upload that failed left something behind");
        }
    }
}

/// A file that is open: what happens to its name does not matter any more.
struct DiskFile {
    file: Arc<File>,
    bytes: u64,
    version: String,
}

impl DiskFile {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(cause) if is_missing(&cause) => return Ok(None),
            file => file?,
        };
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Ok(None);
        }
        let version = format!(
            "{:x}-{:x}-{:x}.{:x}",
            facts.ino(),
            facts.len(),
            facts.mtime(),
            facts.mtime_nsec()
        );
        Ok(Some(Self { file: Arc::new(file), bytes: facts.len(), version }))
    }
}

impl OpenFile for DiskFile {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn version(&self) -> Option<String> {
        Some(self.version.clone())
    }

    fn read(&self, from: u64, to: u64) -> Content {
        let file = Arc::clone(&self.file);
        Box::pin(stream::try_unfold((file, from), move |(file, at)| async move {
            if at >= to {
                return Ok(None);
            }
            let length = if to - at < READ_BYTES { to - at } else { READ_BYTES };
            blocking(move || {
                let mut piece = vec![0; length as usize];
                file.read_exact_at(&mut piece, at)?;
                Ok(Some((Bytes::from(piece), (file, at + length))))
            })
            .await
        }))
    }
}
