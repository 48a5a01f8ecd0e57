//! What goes wrong in PostgreSQL, in the words of the one error. Codes are those of the appendix "PostgreSQL Error
//! Codes" of its manual.

use std::{fmt, io};

use sqlx::postgres::PgDatabaseError;

use crate::error::{Code, Error};
use crate::storage::sql::guarded_field;

/// Why a question was not answered.
pub(super) enum Failed {
    /// The transaction took too long.
    Late,
    /// The transaction is over.
    Over,
    /// The statement failed.
    Statement(sqlx::Error),
}

impl Failed {
    /// Whether a statement failed because a join table does not exist.
    pub(super) fn is_unknown_relation(&self) -> bool {
        matches!(self, Self::Statement(cause) if code(cause) == "42P01" && cause.to_string().contains("\"_Join:"))
    }
}

impl From<sqlx::Error> for Failed {
    fn from(cause: sqlx::Error) -> Self {
        Self::Statement(cause)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Late => {
                Self::new(Code::Timeout, "The transaction took too long and was rolled back.")
            }
            Failed::Over => closed(),
            Failed::Statement(cause) => failure(cause),
        }
    }
}

fn database(cause: &sqlx::Error) -> Option<&PgDatabaseError> {
    cause.as_database_error()?.try_downcast_ref()
}

fn code(cause: &sqlx::Error) -> &str {
    database(cause).map_or("", PgDatabaseError::code)
}

/// Whether the connection is gone, so that the statement may have been run or not.
pub(super) fn is_lost(cause: &sqlx::Error) -> bool {
    matches!(cause, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
        // `57P01` and its neighbours: the server shuts down, or an administrator ended the connection; `25P03`: it was
        // idle in a transaction for too long.
        || matches!(code(cause), "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "08000" | "08003" | "08006")
}

/// Whether what keeps from connecting may pass by itself: a server that starts or stops, or that has no connection to
/// spare.
pub(super) fn is_passing(cause: &sqlx::Error) -> bool {
    // A certificate that is not trusted comes as data that are none.
    let is_distrust =
        matches!(cause, sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData);
    (is_lost(cause) && !is_distrust) || code(cause) == "53300"
}

/// The connection of a transaction is gone.
pub(super) fn gone() -> sqlx::Error {
    let text = "the connection of the transaction was lost";
    sqlx::Error::Io(io::Error::new(io::ErrorKind::ConnectionAborted, text))
}

/// The server does not answer.
pub(super) fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "there was no answer in time"))
}

/// Whether the server did not answer: asking it again would only take as long again.
pub(super) fn is_silent(cause: &sqlx::Error) -> bool {
    matches!(cause, sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::TimedOut)
}

/// A change that was sent, and whose answer did not arrive.
#[derive(Debug)]
struct Unsure(sqlx::Error);

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a change was sent, and its answer did not arrive: {}", self.0)
    }
}

impl std::error::Error for Unsure {}

/// Notes that the statement that failed may have changed something for good, if nobody can know.
pub(super) fn unsure(cause: sqlx::Error) -> sqlx::Error {
    match is_lost(&cause) {
        true => sqlx::Error::Io(io::Error::other(Unsure(cause))),
        false => cause,
    }
}

/// Whether nobody knows if a change was made.
pub(super) fn is_unsure(cause: &sqlx::Error) -> bool {
    let sqlx::Error::Io(cause) = cause else { return false };
    cause.get_ref().is_some_and(|cause| cause.is::<Unsure>())
}

/// Whether the database undid the transaction because it stood in the way of another one.
pub(super) fn is_undone(cause: &sqlx::Error) -> bool {
    matches!(code(cause), "40001" | "40P01")
}

/// Whether the statement waited too long for somebody else.
pub(super) fn is_busy(cause: &sqlx::Error) -> bool {
    code(cause) == "55P03"
}

/// Whether a change of a class found what it did not expect: a table, a column or an index that another one made or took.
pub(super) fn is_overtaken(cause: &sqlx::Error) -> bool {
    matches!(code(cause), "42P07" | "42701" | "42703" | "42P01" | "42704" | "23505" | "XX000")
}

/// Whether the statement failed because a table does not exist.
pub(super) fn is_unknown_table(cause: &sqlx::Error) -> bool {
    code(cause) == "42P01"
}

/// Whether a prepared statement does not fit its table any more.
pub(super) fn is_replanned(cause: &sqlx::Error) -> bool {
    code(cause) == "0A000" && cause.to_string().contains("cached plan")
}

/// The error of a failed statement. What PostgreSQL says of it is for the log.
pub(super) fn failure(cause: sqlx::Error) -> Error {
    let error = if matches!(cause, sqlx::Error::PoolTimedOut) {
        busy()
    } else if is_unsure(&cause) {
        let text =
            "The connection to the database was lost; whether the change was made is not known.";
        Error::new(Code::Internal, text)
    } else if matches!(cause, sqlx::Error::Tls(_)) || is_lost(&cause) {
        unavailable()
    } else {
        return failure_of_statement(cause);
    };
    error.with_cause(cause)
}

fn failure_of_statement(cause: sqlx::Error) -> Error {
    let error = match code(&cause) {
        "23505" => {
            let index = database(&cause).and_then(PgDatabaseError::constraint);
            Error::duplicate(index.and_then(guarded_field))
        }
        // A column, a table or a type is another than the class schema says, or somebody is about to change it.
        "42703" | "42P01" | "42804" | "55P03" | "40001" | "40P01" => return Error::stale(cause),
        "0A000" if is_replanned(&cause) => return Error::stale(cause),
        "57014" => Error::new(Code::Timeout, "The database took too long."),
        // The server has no connection to spare, or does not let this one in.
        "53300" => busy(),
        "28000" | "28P01" | "3D000" => unavailable(),
        "53100" => failing("The database has no space left."),
        "53000" | "53200" | "53400" => failing("The database has no resources left."),
        "25006" => failing("The database accepts no changes at present."),
        "54011" => {
            Error::new(Code::ExceededQuota, "A class can not have so many fields in this database.")
        }
        // A row, a JSON value or the value of an indexed field is larger than the database can store.
        "54000" => Error::new(Code::ObjectTooLarge, "The object is too large."),
        "54001" | "54023" => Error::new(Code::InvalidQuery, "The query is too large."),
        // A text with the character NUL, which PostgreSQL can not store.
        "22021" | "22P05" => Error::new(
            Code::InvalidJson,
            "A text can not have the character U+0000 in this database.",
        ),
        "22003" | "22008" => {
            Error::new(Code::InvalidValue, "A number or a date is out of range in this database.")
        }
        // What the class "data exception" is about was in the request.
        code if code.starts_with("22") => {
            Error::new(Code::InvalidQuery, "A value can not be used here in this database.")
        }
        _ => return Error::internal(cause),
    };
    error.with_cause(cause)
}

fn failing(text: &'static str) -> Error {
    Error::new(Code::Internal, text).with_status(503)
}

fn unavailable() -> Error {
    failing("The database is not available.")
}

/// All connections are in use, here or at the server.
fn busy() -> Error {
    Error::new(Code::RequestLimitExceeded, "The database is busy.").with_status(503)
}

/// The transaction is over, or the database closed.
pub(super) fn closed() -> Error {
    Error::internal("the transaction is over")
}
