//! Triggers of files, registered for the class `@File`.

use crate::cloud::TriggerKind;
use crate::cloud::hook::{FileState, Subject};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, hooks};
use crate::value::{ClassName, Json};

const FILE: &str = "@File";

/// A file on its way through the triggers of one request: what one of them says is what the next one hears.
pub(super) struct Told {
    pub(super) file: FileState,
    pub(super) size: Option<u64>,
    /// The context after the last trigger.
    context: Option<Json>,
}

/// Whether anybody wants to hear of it.
pub(super) fn listens(ctx: &Ctx, kind: TriggerKind) -> bool {
    ctx.app.cloud.has_triggers(kind, FILE)
}

impl Told {
    pub(super) fn new(file: FileState, size: Option<u64>) -> Self {
        Self { file, size, context: None }
    }

    /// Asks the triggers of a kind. What user code throws without a code of its own
    /// gets that of the verb.
    pub(super) async fn ask(&mut self, ctx: &Ctx, kind: TriggerKind, code: Code) -> Result<()> {
        if !listens(ctx, kind) {
            return Ok(());
        }
        let mut asker = hooks::asker(ctx).await?;
        if let Some(context) = self.context.take() {
            asker.context = context;
        }
        let subject = Subject::File { file: std::mem::take(&mut self.file), size: self.size };
        let class = ClassName::from(FILE);
        let asked = hooks::ask(ctx, (kind, &class), asker, subject).await;
        let outcome = asked.map_err(|error| with_code(error, code))?;
        self.context = Some(outcome.context);
        if let Subject::File { file, .. } = outcome.subject {
            self.file = file;
        }
        Ok(())
    }
}

fn with_code(error: Error, code: Code) -> Error {
    match error.number() == i64::from(Code::ScriptFailed as i32) {
        true => Error::new(code, error.text().to_owned()).with_cause(error),
        false => error,
    }
}
