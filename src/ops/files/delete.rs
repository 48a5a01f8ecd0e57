//! Deletion, by the holder of the master key.

use super::triggers::Told;
use crate::cloud::TriggerKind;
use crate::cloud::hook::FileState;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;

/// Deletes a file. What objects say of it stays as it is.
pub async fn delete(ctx: &Ctx, name: &str) -> Result<()> {
    ctx.demand_master()?;
    if ctx.writer().is_err() {
        let refusal = Error::plain(403, "Permission denied");
        return Err(refusal.with_reason("read-only masterKey isn't allowed to delete a file."));
    }
    let url = Some(ctx.app.files.url(name));
    let file = FileState { name: name.to_owned(), url, ..FileState::default() };
    let mut told = Told::new(file, None);
    told.ask(ctx, TriggerKind::BeforeDelete, Code::FileDeleteFailed).await?;
    if !ctx.app.file_store.delete(name).await? {
        return Err(Error::new(Code::FileDeleteFailed, "Could not find the file."));
    }
    told.ask(ctx, TriggerKind::AfterDelete, Code::FileDeleteFailed).await
}
