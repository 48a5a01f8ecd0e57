//! Who may upload and download (`parse-server:src/Routers/FilesRouter.js`).

use crate::access::Principal;
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, hooks, read};
use crate::options::FileAccess;
use crate::value::Json;

/// A group of callers that the options speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Public,
    Anonymous,
    Authenticated,
}

impl Group {
    fn is_in(self, access: FileAccess) -> bool {
        match self {
            Self::Public => access.public,
            Self::Anonymous => access.anonymous,
            Self::Authenticated => access.authenticated,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Anonymous => "anonymous user",
            Self::Authenticated => "authenticated user",
        }
    }
}

/// Refuses whoever may not upload.
pub(super) async fn demand_upload(ctx: &Ctx) -> Result<()> {
    if ctx.writer().is_err() {
        let refusal = Error::plain(403, "Permission denied");
        return Err(refusal.with_reason("read-only masterKey isn't allowed to create a file."));
    }
    let refused = refused(ctx, ctx.app.config.file_rules.upload).await?;
    demand(refused, Code::FileSaveFailed, "upload")
}

/// Refuses whoever may not download.
pub(super) async fn demand_download(ctx: &Ctx) -> Result<()> {
    let refused = refused(ctx, ctx.app.config.file_rules.download).await?;
    demand(refused, Code::OperationForbidden, "download")
}

fn demand(refused: Option<Group>, code: Code, what: &str) -> Result<()> {
    match refused {
        None => Ok(()),
        Some(group) => {
            Err(Error::new(code, format!("File {what} by {} is disabled.", group.word())))
        }
    }
}

/// The group of the caller, if it may not.
async fn refused(ctx: &Ctx, access: FileAccess) -> Result<Option<Group>> {
    if ctx.principal.is_master() || (access.public && access.anonymous && access.authenticated) {
        return Ok(None);
    }
    let group = match &ctx.principal {
        Principal::User(_) if access.anonymous && access.authenticated => return Ok(None),
        Principal::User(user) => match is_anonymous(ctx, &user.id).await? {
            true => Group::Anonymous,
            false => Group::Authenticated,
        },
        Principal::Public
        | Principal::Master
        | Principal::ReadOnlyMaster
        | Principal::Maintenance => Group::Public,
    };
    Ok((!group.is_in(access)).then_some(group))
}

async fn is_anonymous(ctx: &Ctx, user: &str) -> Result<bool> {
    let Some(found) = read::whole_object(ctx, "_User", user).await? else { return Ok(false) };
    let data = hooks::state_of(ctx, &found, 0).data;
    let account = data.get("authData").and_then(|accounts| accounts.get("anonymous"));
    Ok(account.is_some_and(Json::is_truthy))
}
