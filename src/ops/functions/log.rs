//! What the log tells of a function (`logLevels.cloudFunctionSuccess`, `logLevels.cloudFunctionError`). Parameters and
//! results are without secrets, and not longer than anybody reads.

use super::HostValue;
use crate::cloud::hook::FunctionRequest;
use crate::error::Result;
use crate::ops::Ctx;
use crate::options::LogLevel;
use crate::telemetry::{is_logged, log, redact_body};
use crate::value::Json;

/// How much of parameters and of a result is told, in bytes.
const TOLD_BYTES_MAX: usize = 1_000;

/// A function that runs, as far as the log will tell of it.
pub(super) struct Run {
    success: LogLevel,
    error: LogLevel,
    /// Who called what; nothing if the log does not want to know.
    told: Option<String>,
}

impl Run {
    pub(super) fn begins(ctx: &Ctx, request: &FunctionRequest) -> Self {
        let levels = &ctx.app.config.log_levels;
        let (success, error) = (levels.function_success, levels.function_error);
        let is_told = is_logged(success) || is_logged(error);
        let told = is_told.then(|| {
            let user = request.asker.user.as_ref().and_then(|user| user.id.as_ref());
            let user = user.map_or("undefined", |id| id.as_str());
            let input = redact_body(&Json::Object(request.params.clone()).to_text());
            format!("cloud function {} for user {user} with input {}", request.name, cut(&input))
        });
        Self { success, error, told }
    }

    pub(super) fn ended(self, called: &Result<Option<HostValue>>) {
        let Some(told) = self.told else { return };
        match called {
            Ok(value) => log(self.success, || {
                let result = value
                    .as_ref()
                    .map_or("undefined".to_owned(), |value| redact_body(value.as_text()));
                format!("ran {told}: {}", cut(&result))
            }),
            Err(error) => {
                log(self.error, || format!("failed running {told}: {}", error.log_text()))
            }
        }
    }
}

fn cut(text: &str) -> String {
    if text.len() <= TOLD_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TOLD_BYTES_MAX);
    format!("{}…", &text[..end])
}
