//! Errors as GraphQL answers them: a message, places in the document, a path in the answer, a code.
//!
//! A [`Refusal`] is an error of the request as a whole: there is no data, and the HTTP status says so. An
//! error of a field stands beside the data, under status 200, with the Parse code as a number
//! (`parse-server:src/GraphQL/parseGraphQLUtils.js`).

use apollo_compiler::parser::{SourceMap, SourceSpan};

use super::decode::Media;
use crate::error::{Code, Error, Shape};
use crate::http::Reply;
use crate::value::json::{write_integer, write_string};

/// A place in a document; lines and columns count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: usize,
    /// The column, in characters.
    pub(crate) column: usize,
}

impl Place {
    /// The place where a span begins.
    pub(crate) fn of(span: Option<SourceSpan>, sources: &SourceMap) -> Option<Self> {
        let place = span?.line_column(sources)?;
        Some(Self { line: place.line, column: place.column })
    }

    /// The place of a byte of a text.
    pub(crate) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A step on the way to a value in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of an object.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// What kind of error it is, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Parse error, by its number.
    Parse(i64),
    /// The text is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// The variables do not fit the document.
    BadUserInput,
    /// It is not clear which operation is meant.
    OperationResolutionFailure,
    /// The HTTP request is no GraphQL request.
    BadRequest,
    /// The client sent the name of a document in place of its text.
    PersistedQueryNotSupported,
    /// Everything else.
    InternalServerError,
}

impl Kind {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Parse(_) => None,
            Self::ParseFailed => Some("GRAPHQL_PARSE_FAILED"),
            Self::ValidationFailed => Some("GRAPHQL_VALIDATION_FAILED"),
            Self::BadUserInput => Some("BAD_USER_INPUT"),
            Self::OperationResolutionFailure => Some("OPERATION_RESOLUTION_FAILURE"),
            Self::BadRequest => Some("BAD_REQUEST"),
            Self::PersistedQueryNotSupported => Some("PERSISTED_QUERY_NOT_SUPPORTED"),
            Self::InternalServerError => Some("INTERNAL_SERVER_ERROR"),
        }
    }
}

/// One error of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphQlError {
    /// What the client reads.
    pub(crate) message: String,
    /// Where in the document.
    pub(crate) places: Vec<Place>,
    /// Where in the answer.
    pub(crate) path: Vec<Step>,
    /// What programs read.
    pub(crate) kind: Kind,
}

impl GraphQlError {
    /// An error without a place.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { message: message.into(), places: Vec::new(), path: Vec::new(), kind }
    }

    /// Appends the JSON form.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"message\":");
        write_string(&self.message, out);
        if !self.places.is_empty() {
            out.extend_from_slice(b",\"locations\":");
            write_list(&self.places, out, |place, out| {
                out.extend_from_slice(b"{\"line\":");
                write_integer(place.line as i64, out);
                out.extend_from_slice(b",\"column\":");
                write_integer(place.column as i64, out);
                out.push(b'}');
            });
        }
        if !self.path.is_empty() {
            out.extend_from_slice(b",\"path\":");
            write_list(&self.path, out, |step, out| match step {
                Step::Key(key) => write_string(key, out),
                Step::Index(at) => write_integer(*at as i64, out),
            });
        }
        out.extend_from_slice(b",\"extensions\":{\"code\":");
        match (self.kind, self.kind.word()) {
            (_, Some(word)) => write_string(word, out),
            (Kind::Parse(code), None) => write_integer(code, out),
            (_, None) => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}}");
    }
}

/// Appends `"errors":[…]`.
pub(crate) fn write_errors(errors: &[GraphQlError], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"errors\":");
    write_list(errors, out, GraphQlError::write);
}

fn write_list<T>(list: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (at, each) in list.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(each, out);
    }
    out.push(b']');
}

/// How much a client learns of why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// `Permission denied`, whatever the reason.
    Sanitized,
    /// The reason.
    Open,
}

/// What a client reads of an error of a verb. What is not the client's fault goes to the log too.
pub(crate) fn from_verb(error: &Error, openness: Openness) -> GraphQlError {
    let message = match (error.shape(), openness) {
        (Shape::Internal, _) => "Internal server error",
        (Shape::Coded | Shape::Plain, Openness::Sanitized) => error.text(),
        (Shape::Coded | Shape::Plain, Openness::Open) => error.open_text(),
    };
    if error.code() == Code::Internal {
        tracing::error!(error = %error.log_text(), "a GraphQL field failed");
    }
    GraphQlError::new(Kind::Parse(error.number()), message)
}

/// Why a request is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The errors; at least one.
    pub(crate) errors: Vec<GraphQlError>,
}

impl Refusal {
    /// A refusal with one error that has no place.
    pub(crate) fn new(status: u16, kind: Kind, message: impl Into<String>) -> Self {
        Self { status, errors: vec![GraphQlError::new(kind, message)] }
    }

    /// The answer.
    pub(crate) fn reply(&self, media: Media) -> Reply {
        let mut body = vec![b'{'];
        write_errors(&self.errors, &mut body);
        body.push(b'}');
        let headers = Vec::new();
        Reply {
            status: self.status,
            content_type: Some(media.content_type()),
            headers,
            body: body.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_form_of_the_contract() {
        let mut error =
            GraphQlError::new(Kind::Parse(Code::ObjectNotFound as i64), "Object not found.");
        error.places.push(Place { line: 1, column: 3 });
        error.path = vec![Step::Key("player".to_owned()), Step::Index(0)];
        let mut out = Vec::new();
        error.write(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"message":"Object not found.","locations":[{"line":1,"column":3}],"path":["player",0],"extensions":{"code":101}}"#
        );
    }

    #[test]
    fn places_count_lines_and_characters() {
        assert_eq!(Place::at("{\n é players {", 12), Place { line: 2, column: 10 });
        assert_eq!(Place::at("{ players {", 11), Place { line: 1, column: 12 });
    }
}
