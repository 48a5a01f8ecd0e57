//! The one error of the program and the one table of Parse error codes.
//!
//! An [`Error`] carries three things that never mix: the Parse code, a text for the client, and what only
//! the log may see. The cause can not be encoded: there is no way to read it out but [`Error::log_text`].

use std::borrow::Cow;
use std::fmt;

/// The result of everything that can fail in a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// A Parse error code. The numbers are the protocol's (`parse-js-sdk:src/ParseError.ts`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }
    };
}

codes! {
    /// Something failed that has no code of its own.
    Other = -1,
    /// Something failed that is not the client's fault.
    Internal = 1,
    /// The request can not be served now; the client may ask again later.
    ConnectionFailed = 100,
    /// The object does not exist or may not be seen.
    ObjectNotFound = 101,
    /// The query can not be understood.
    InvalidQuery = 102,
    /// The class name is malformed, unknown or taken.
    InvalidClassName = 103,
    /// An object id was needed.
    MissingObjectId = 104,
    /// The field name is malformed or reserved.
    InvalidKeyName = 105,
    /// The pointer is malformed.
    InvalidPointer = 106,
    /// The JSON is not what was expected here.
    InvalidJson = 107,
    /// The feature is not available here.
    CommandUnavailable = 108,
    /// The value does not have the type of its field.
    IncorrectType = 111,
    /// The object is too large.
    ObjectTooLarge = 116,
    /// The caller may not do this.
    OperationForbidden = 119,
    /// A key inside an object is malformed.
    InvalidNestedKey = 121,
    /// The name of a file is malformed.
    InvalidFileName = 122,
    /// The ACL is malformed.
    InvalidAcl = 123,
    /// It took too long.
    Timeout = 124,
    /// The e-mail address is malformed.
    InvalidEmailAddress = 125,
    /// A required field is missing from a schema request.
    MissingRequiredField = 135,
    /// A field that never changes was to be changed.
    ImmutableField = 136,
    /// A file could not be saved.
    FileSaveFailed = 130,
    /// A unique value exists already.
    DuplicateValue = 137,
    /// The role name is malformed.
    InvalidRoleName = 139,
    /// A limit was reached.
    ExceededQuota = 140,
    /// Cloud code failed.
    ScriptFailed = 141,
    /// A value was refused by a validation rule.
    ValidationError = 142,
    /// A webhook is declared wrongly, or there is none.
    WebhookError = 143,
    /// Too many requests.
    RequestLimitExceeded = 155,
    /// A file could not be deleted.
    FileDeleteFailed = 153,
    /// A request with this id was answered before.
    DuplicateRequest = 159,
    /// A value was refused.
    InvalidValue = 162,
    /// A user name was needed.
    UsernameMissing = 200,
    /// A password was needed.
    PasswordMissing = 201,
    /// Another user has this name.
    UsernameTaken = 202,
    /// Another user has this e-mail address.
    EmailTaken = 203,
    /// An e-mail address was needed.
    EmailMissing = 204,
    /// No user has this e-mail address, or it is not verified.
    EmailNotFound = 205,
    /// The session is missing for this.
    SessionMissing = 206,
    /// A user is made by signing up only.
    MustCreateUserThroughSignup = 207,
    /// Another user has this account of an identity provider.
    AccountAlreadyLinked = 208,
    /// The session token does not name a session.
    InvalidSessionToken = 209,
    /// Authentication data lacks the id of the account.
    LinkedIdMissing = 250,
    /// The identity provider does not confirm the account.
    InvalidLinkedSession = 251,
    /// The identity provider is unknown or not enabled.
    UnsupportedService = 252,
    /// The schema change is impossible.
    InvalidSchemaOperation = 255,
}

/// How an error body looks. Almost all are `{"code", "error"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"code": n, "error": text}`
    Coded,
    /// `{"error": text}`: refusals of the door frame
    Plain,
    /// `{"code": 1, "message": text}`
    Internal,
}

/// What went wrong: for the client a code and a text, for the log a cause.
#[derive(Debug)]
pub struct Error {
    code: Code,
    /// What user code threw: its own number, and what stands in place of a text.
    thrown: Option<Box<ThrownError>>,
    status: u16,
    shape: Shape,
    text: Cow<'static, str>,
    detail: Option<Box<str>>,
    duplicate: Option<Box<str>>,
    is_stale: bool,
    retry_after_s: Option<u64>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What user code threw.
#[derive(Debug)]
struct ThrownError {
    number: i64,
    /// The JSON of something that is no text.
    json: Option<Box<str>>,
}

impl Error {
    /// An error of an app, with a number of its own (9000 to 9999 are kept for apps).
    pub fn custom(number: i64, text: impl Into<String>) -> Self {
        Self::thrown(number, text, None)
    }

    /// What user code threw: any number, and a text or the JSON of whatever it threw in place of one. The status follows
    /// from the number as for every other error.
    pub fn thrown(number: i64, text: impl Into<String>, json: Option<&str>) -> Self {
        const INTERNAL: i64 = Code::Internal as i64;
        const NOT_FOUND: i64 = Code::ObjectNotFound as i64;
        let code = match number {
            INTERNAL => Code::Internal,
            NOT_FOUND => Code::ObjectNotFound,
            _ => Code::ScriptFailed,
        };
        let mut error = Self::new(code, text.into());
        error.thrown = Some(Box::new(ThrownError { number, json: json.map(Box::from) }));
        error
    }

    /// The number of the error on the wire: that of its code, or the one that user code threw.
    pub fn number(&self) -> i64 {
        self.thrown.as_ref().map_or(i64::from(self.code as i32), |thrown| thrown.number)
    }

    /// What user code threw in place of a text, as JSON.
    pub fn thrown_json(&self) -> Option<&str> {
        self.thrown.as_ref()?.json.as_deref()
    }

    /// Whether user code threw it.
    pub fn is_thrown(&self) -> bool {
        self.thrown.is_some()
    }

    /// An error with its code and the text for the client; the status follows from the code
    /// (`parse-server:src/middlewares.js`, `handleParseErrors`: 101 is 404, 1 is 500, others 400).
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        let status = if code == Code::Internal {
            500
        } else if code == Code::ObjectNotFound {
            404
        } else {
            400
        };
        Self {
            code,
            thrown: None,
            status,
            shape: Shape::Coded,
            text: text.into(),
            detail: None,
            duplicate: None,
            is_stale: false,
            retry_after_s: None,
            cause: None,
        }
    }

    /// A refusal: the client sees `Permission denied`, the log (and the client, if the server was
    /// told to be open) sees the reason.
    pub fn denied(code: Code, reason: impl Into<String>) -> Self {
        let mut error = Self::new(code, "Permission denied");
        error.detail = Some(reason.into().into_boxed_str());
        error
    }

    /// A refusal by the door frame: a status and `{"error": text}`.
    pub fn plain(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(Code::OperationForbidden, text);
        error.status = status;
        error.shape = Shape::Plain;
        error
    }

    /// Something the client can not mend. The cause is for the log only.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Internal, "Internal server error.");
        error.shape = Shape::Internal;
        error.cause = Some(cause.into());
        error
    }

    /// The back end does not know a class or a field that the request's snapshot has: classes changed in
    /// between, and the request should be tried again with those in force now.
    pub fn stale(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::internal(cause);
        error.is_stale = true;
        error
    }

    /// Whether the request should be tried again with the classes in force now.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Another object has the value, and no two may have it. `field` names the unique field, if the back end
    /// says which it is.
    pub fn duplicate(field: Option<&str>) -> Self {
        let text = "A duplicate value for a field with unique values was provided";
        let mut error = Self::new(Code::DuplicateValue, text);
        error.duplicate = field.map(Box::from);
        error
    }

    /// The unique field whose value another object has.
    pub fn duplicate_field(&self) -> Option<&str> {
        self.duplicate.as_deref()
    }

    /// The object does not exist, or the caller may not know that it does.
    pub fn object_not_found() -> Self {
        Self::new(Code::ObjectNotFound, "Object not found.")
    }

    /// A value of another type than the field's.
    pub fn type_mismatch(
        place: impl fmt::Display,
        wanted: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self::new(
            Code::IncorrectType,
            format!("schema mismatch for {place}; expected {wanted} but got {got}"),
        )
    }

    /// A name that no class may have.
    pub fn invalid_class_name(name: &str) -> Self {
        Self::new(
            Code::InvalidClassName,
            format!(
                "Invalid classname: {name}, classnames can only have alphanumeric characters and _, and must start with an alpha character "
            ),
        )
    }

    /// Adds the reason of a refusal, which a client sees only if the server was told to be open.
    #[must_use]
    pub fn with_reason(mut self, reason: &str) -> Self {
        self.detail = Some(reason.into());
        self
    }

    /// Adds the cause that only the log sees.
    #[must_use]
    pub fn with_cause(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same error with the seconds after which the client may ask again.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The seconds after which the client may ask again, if that helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s
    }

    /// The Parse code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status of an answer over REST.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// How the body of a REST answer looks.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The text for the client.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text for a client of a server that was told to give its reasons
    /// (`enableSanitizedErrorResponse: false`).
    pub fn open_text(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.text)
    }

    /// Everything there is to know, for the log.
    pub fn log_text(&self) -> String {
        self.with_causes(format!("{} (code {})", self.open_text(), self.number()))
    }

    /// Why a server does not start, for whoever started it: codes and texts for clients are left out.
    pub fn start_text(&self) -> String {
        match self.cause {
            Some(_) if self.shape == Shape::Internal => self.with_causes(String::new()),
            Some(_) | None => self.log_text(),
        }
    }

    fn with_causes(&self, mut text: String) -> String {
        let mut cause = self.cause.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(c) = cause {
            let told = c.to_string();
            // Many an error repeats its source.
            if !text.ends_with(&told) {
                if !text.is_empty() {
                    text.push_str(": ");
                }
                text.push_str(&told);
            }
            cause = c.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// For cloud code in Rust: an error of this type keeps its code and text; what else fails in it is a failed script, of
/// which the log gets the cause.
impl From<Box<dyn std::error::Error + Send + Sync>> for Error {
    fn from(cause: Box<dyn std::error::Error + Send + Sync>) -> Self {
        match cause.downcast::<Self>() {
            Ok(error) => *error,
            Err(cause) => {
                tracing::error!(%cause, "cloud code failed");
                Self::new(Code::ScriptFailed, "Script failed.").with_cause(cause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_for_the_log_only() {
        let error = Error::internal("disk on fire");
        assert_eq!(error.text(), "Internal server error.");
        assert_eq!(error.open_text(), "Internal server error.");
        assert!(error.log_text().contains("disk on fire"));
        assert_eq!(error.status(), 500);
    }

    #[test]
    fn a_refusal_hides_its_reason() {
        let error = Error::denied(Code::OperationForbidden, "no access to class City");
        assert_eq!(error.text(), "Permission denied");
        assert_eq!(error.open_text(), "no access to class City");
        assert_eq!(error.status(), 400);
    }
}
