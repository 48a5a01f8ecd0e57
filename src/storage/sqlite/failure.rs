//! What goes wrong in SQLite, in the words of the one error.

use rusqlite::ffi::{
    SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE,
};

use crate::error::{Code, Error};

/// The error of a failed statement. What SQLite says of it is for the log.
pub(super) fn failure(cause: rusqlite::Error) -> Error {
    let code = if let rusqlite::Error::SqliteFailure(failure, _) = &cause {
        failure.extended_code
    } else {
        0
    };
    if matches!(
        code,
        SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID
    ) {
        let text = cause.to_string();
        return Error::duplicate(unique_field(&text)).with_cause(cause);
    }
    let text = cause.to_string();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if says(&["no such column", "no such table", "has no column named"]) {
        return Error::stale(cause);
    }
    if says(&["too many columns"]) {
        return Error::new(
            Code::ExceededQuota,
            "A class can not have so many fields in this database.",
        )
        .with_cause(cause);
    }
    if says(&[
        "too many SQL variables",
        "too many terms",
        "Expression tree is too large",
        "parser stack overflow",
        "statement too long",
    ]) {
        return Error::new(Code::InvalidQuery, "The query is too large.").with_cause(cause);
    }
    if says(&["string or blob too big"]) {
        return Error::new(Code::ObjectTooLarge, "The object is too large.").with_cause(cause);
    }
    Error::internal(cause)
}

/// The field of a unique index: `… failed: index '_User:authData:x'`, `… failed: _Role.name`, or that of a shadow,
/// `… failed: _User._folded_email`.
fn unique_field(text: &str) -> Option<&str> {
    let place = text.rsplit("constraint failed: ").next()?;
    match place.strip_prefix("index '") {
        Some(index) => index.split(':').nth(1),
        None => place.split('.').nth(1).map(|name| name.strip_prefix("_folded_").unwrap_or(name)),
    }
}

/// Whether a statement failed because a join table does not exist.
pub(super) fn is_unknown_relation(cause: &rusqlite::Error) -> bool {
    cause.to_string().contains("no such table: _Join:")
}

/// A thread of the database is gone, because the database was closed.
pub(super) fn closed() -> Error {
    Error::internal("the database is closed")
}

/// A transaction took longer than it may.
pub(super) fn timed_out() -> Error {
    Error::new(Code::Timeout, "The transaction took too long and was rolled back.")
}

/// Too much is waiting.
pub(super) fn overloaded() -> Error {
    Error::new(Code::RequestLimitExceeded, "The database is busy.").with_status(503)
}

/// A job panicked.
pub(super) fn panicked() -> Error {
    Error::internal("a database job panicked")
}
