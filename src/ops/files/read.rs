//! Download, and what is kept beside a file. Both pass the same checks and the same triggers, whatever part of a file is
//! asked for.

use super::triggers::{Told, listens};
use super::{access, content, media};
use crate::adapters::files::OpenFile;
use crate::cloud::TriggerKind;
use crate::cloud::hook::FileState;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::value::{Json, Members};

/// A file that the caller may read.
pub struct Download {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media: &'static str,
    /// Whether a browser may show it, rather than only save it.
    pub is_inert: bool,
    /// Whether everybody would be answered so: if not, nobody in between may keep it.
    pub is_public: bool,
    /// Headers that a trigger adds.
    pub headers: Members,
    /// The file.
    pub file: Box<dyn OpenFile>,
}

/// A file, to be read; nothing if there is none of that name.
pub async fn open(ctx: &Ctx, name: &str) -> Result<Option<Download>> {
    access::demand_download(ctx).await?;
    let mut told = before(ctx, name).await?;
    let Some(mut file) = ctx.app.file_store.open(&told.file.name).await? else { return Ok(None) };
    if listens(ctx, TriggerKind::AfterFind) {
        file = after(ctx, &mut told, file).await?;
    }
    let FileState { name, force_download, response_headers: headers, .. } = told.file;
    let media = media::of_name(&name).unwrap_or(media::UNKNOWN);
    let is_inert = media::is_inert(media) && !force_download;
    let hears = [TriggerKind::BeforeFind, TriggerKind::AfterFind];
    let is_public = ctx.app.config.file_rules.download.public
        && !hears.into_iter().any(|kind| listens(ctx, kind));
    Ok(Some(Download { name, media, is_inert, is_public, headers, file }))
}

/// What is kept beside a file: an object, empty if there is nothing or no such file.
pub async fn details(ctx: &Ctx, name: &str) -> Result<Json> {
    access::demand_download(ctx).await?;
    let mut told = before(ctx, name).await?;
    told.ask(ctx, TriggerKind::AfterFind, Code::ScriptFailed).await.map_err(forbidden)?;
    ctx.app.file_store.details(&told.file.name).await
}

/// Asks the trigger, which may name another file.
async fn before(ctx: &Ctx, name: &str) -> Result<Told> {
    let file = FileState {
        name: name.to_owned(),
        content_type: media::of_name(name).map(str::to_owned),
        ..FileState::default()
    };
    let mut told = Told::new(file, None);
    told.ask(ctx, TriggerKind::BeforeFind, Code::ScriptFailed).await.map_err(forbidden)?;
    Ok(told)
}

/// Asks the trigger, which takes the file as a whole and may give another content.
async fn after(ctx: &Ctx, told: &mut Told, file: Box<dyn OpenFile>) -> Result<Box<dyn OpenFile>> {
    if file.bytes() > ctx.app.config.upload_bytes_max {
        let text = "The file is too large for its afterFind trigger.";
        return Err(Error::new(Code::ObjectTooLarge, text));
    }
    let bytes = content::all(file.read(0, file.bytes())).await?;
    let base64 = content::to_base64(&bytes);
    told.file.base64 = Some(base64.clone());
    told.file.content_type = media::of_name(&told.file.name).map(str::to_owned);
    told.ask(ctx, TriggerKind::AfterFind, Code::ScriptFailed).await.map_err(forbidden)?;
    match told.file.base64.take() {
        Some(text) if text != base64 => {
            Ok(Box::new(content::Replaced(content::from_base64(&text))))
        }
        Some(_) | None => Ok(file),
    }
}

/// A trigger that refuses a file forbids it.
fn forbidden(error: Error) -> Error {
    match error.status() {
        400 => error.with_status(403),
        _ => error,
    }
}
