//! Upload (`parse-server:src/Routers/FilesRouter.js`, `createHandler`; `src/Controllers/FilesController.js`).

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::triggers::{Told, listens};
use super::{access, content, names};
use crate::adapters::files::{Content, NameVerdict, NewFile};
use crate::cloud::TriggerKind;
use crate::cloud::hook::FileState;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::value::{Json, Members};

/// What a caller wants to store.
pub struct Upload {
    /// The name of the file.
    pub name: String,
    /// What the caller says that it is.
    pub content_type: Option<String>,
    /// What he keeps beside it.
    pub metadata: Members,
    /// Further marks of it.
    pub tags: Members,
    /// Where it is to be put, which only the holder of the master key may say.
    pub directory: Option<Json>,
    /// How it comes.
    pub kind: UploadKind,
    /// Its content, without any limit yet.
    pub content: Content,
}

/// How a file comes: that decides how a bad one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    /// As the body of a request. It may not be empty.
    Body,
    /// As a stream.
    Stream,
}

/// A file that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFile {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// Stores a file.
pub async fn save(ctx: &Ctx, upload: Upload) -> Result<SavedFile> {
    access::demand_upload(ctx).await?;
    let Upload { name, content_type, metadata, tags, directory, kind, content } = upload;
    let content = limited(content, ctx.app.config.upload_bytes_max, kind);
    let content = match kind {
        UploadKind::Body => demand_content(content).await?,
        UploadKind::Stream => content,
    };
    match ctx.app.file_store.refusal(&name).await? {
        None => names::check_name(&name)?,
        Some(NameVerdict::Good) => {}
        Some(NameVerdict::Bad(text)) => return Err(Error::new(Code::InvalidFileName, text)),
    }
    if !ctx.principal.is_master() {
        let extensions = &ctx.app.config.file_rules.extensions;
        names::check_extension(&name, content_type.as_deref(), extensions)?;
    }
    let directory = directory.map(|directory| check_directory(ctx, &directory)).transpose()?;
    ctx.app.denylist.check_members(&metadata)?;
    ctx.app.denylist.check_members(&tags)?;
    let file = FileState { name, content_type, metadata, tags, ..FileState::default() };
    let mut told = Told::new(file, None);
    let content = before(ctx, &mut told, content).await?;
    let saved = match (told.file.url.take(), content) {
        // The trigger has stored it itself.
        (Some(url), _) => {
            told.size = None;
            SavedFile { name: told.file.name.clone(), url }
        }
        (None, content) => store(ctx, &told.file, directory.as_deref(), content).await?,
    };
    told.file.name.clone_from(&saved.name);
    told.file.url = Some(saved.url.clone());
    told.ask(ctx, TriggerKind::AfterSave, Code::FileSaveFailed).await?;
    Ok(saved)
}

fn check_directory(ctx: &Ctx, directory: &Json) -> Result<String> {
    if !ctx.principal.is_master() {
        let text = "Directory can only be set using the Master Key.";
        return Err(Error::new(Code::OperationForbidden, text));
    }
    names::directory(directory).map(str::to_owned)
}

/// The same content, which ends with an error where it becomes too long.
fn limited(content: Content, bytes_max: u64, kind: UploadKind) -> Content {
    let mut left = bytes_max;
    Box::pin(content.map(move |piece| {
        let piece = piece?;
        match left.checked_sub(piece.len() as u64) {
            Some(rest) => {
                left = rest;
                Ok(piece)
            }
            None => Err(too_large(bytes_max, kind)),
        }
    }))
}

fn too_large(bytes_max: u64, kind: UploadKind) -> Error {
    match kind {
        UploadKind::Body => Error::plain(413, "request entity too large"),
        UploadKind::Stream => {
            let text = format!("File size exceeds maximum allowed: {bytes_max} bytes.");
            Error::new(Code::FileSaveFailed, text)
        }
    }
}

/// The same content, which is not empty.
async fn demand_content(mut content: Content) -> Result<Content> {
    loop {
        match content.next().await {
            None => return Err(Error::new(Code::FileSaveFailed, "Invalid file upload.")),
            Some(Ok(piece)) if piece.is_empty() => {}
            Some(first) => return Ok(Box::pin(stream::iter([first]).chain(content))),
        }
    }
}

/// Asks the trigger, which takes the content as a whole and may give another.
async fn before(ctx: &Ctx, told: &mut Told, content: Content) -> Result<Content> {
    let [hears_before, hears_after] =
        [TriggerKind::BeforeSave, TriggerKind::AfterSave].map(|kind| listens(ctx, kind));
    if !hears_before && !hears_after {
        return Ok(content);
    }
    let bytes = content::all(content).await?;
    told.size = Some(bytes.len() as u64);
    if !hears_before {
        return Ok(content::whole(bytes));
    }
    let base64 = content::to_base64(&bytes);
    told.file.base64 = Some(base64.clone());
    told.ask(ctx, TriggerKind::BeforeSave, Code::FileSaveFailed).await?;
    if told.file.url.is_some() {
        return Ok(content::whole(Bytes::new()));
    }
    match told.file.base64.take() {
        Some(text) if text == base64 => Ok(content::whole(bytes)),
        Some(text) => {
            let bytes = content::from_base64(&text);
            told.size = Some(bytes.len() as u64);
            Ok(content::whole(bytes))
        }
        // Nothing is ever fetched for somebody.
        None if told.file.uri.is_some() => {
            Err(Error::new(Code::FileSaveFailed, "A file must come with its content."))
        }
        None => Ok(content::whole(bytes)),
    }
}

async fn store(
    ctx: &Ctx,
    file: &FileState,
    directory: Option<&str>,
    content: Content,
) -> Result<SavedFile> {
    let (mut name, content_type) = names::complete(&file.name, file.content_type.as_deref());
    if !ctx.app.config.file_rules.preserve_names {
        let mut bytes = [0_u8; 16];
        ctx.app.random.fill(&mut bytes)?;
        let unique: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        name = format!("{unique}_{name}");
    }
    if let Some(directory) = directory {
        name = format!("{directory}/{name}");
    }
    let (metadata, tags) = (file.metadata.clone(), file.tags.clone());
    let new = NewFile { name: name.clone(), content_type, metadata, tags };
    let created = ctx.app.file_store.create(new, content).await?;
    let name = created.name.unwrap_or(name);
    let url = created.url.unwrap_or_else(|| ctx.app.files.url(&name));
    Ok(SavedFile { name, url })
}
