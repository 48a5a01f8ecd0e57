//! Files that come with the request (`parse-server:src/GraphQL/loaders/filesMutations.js`).

use super::{Outcome, Run, Subject, Written, rate};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::ops::files::{self, SavedFile, Upload, UploadKind};
use crate::value::{Json, Members};

/// Stores a file.
pub(super) async fn create(run: &Run, ctx: &Ctx, mut arguments: Members) -> Result<Outcome> {
    let Some(Json::Object(mut input)) = arguments.shift_remove("input") else {
        return Err(Error::internal("a mutation has an input"));
    };
    let client_mutation_id = input.shift_remove("clientMutationId");
    let upload = input.shift_remove("upload").unwrap_or_default();
    let saved = save(run, ctx, &upload).await?;
    Ok(Outcome::Written(Written { subject: Subject::File(saved), client_mutation_id }))
}

/// Stores the file that a value of the request stands for.
pub(super) async fn save(run: &Run, ctx: &Ctx, value: &Json) -> Result<SavedFile> {
    let Some(upload) = run.uploads.get(value) else {
        return Err(Error::new(Code::FileSaveFailed, "File missing in the request."));
    };
    rate::charge_upload(ctx, upload.name())?;
    let upload = Upload {
        name: upload.name().to_owned(),
        content_type: upload.content_type().map(str::to_owned),
        metadata: Members::new(),
        tags: Members::new(),
        directory: None,
        kind: UploadKind::Body,
        content: upload.content(),
    };
    files::save(ctx, upload).await
}
