//! Answers and errors on the wire. This is the only place that turns an [`Error`] into a status and a body.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;

use crate::error::{Error, Shape};
use crate::options::Config;
use crate::value::json;

/// The content type of almost every answer.
pub const JSON: &str = "application/json; charset=utf-8";
/// The content type of pages.
pub const HTML: &str = "text/html; charset=utf-8";
/// The content type of bare text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type, if the answer has one.
    pub content_type: Option<&'static str>,
    /// Further headers.
    pub headers: Vec<(HeaderName, String)>,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: Some(JSON), headers: Vec::new(), body: body.into() }
    }

    /// The answer `{}`.
    pub fn empty() -> Self {
        Self::json(200, b"{}".to_vec())
    }

    /// A page or a bare text.
    pub fn text(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: Some(content_type), headers: Vec::new(), body: body.into() }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer to a request that failed. Its cause goes to the log and nowhere else.
    pub fn of_error(error: &Error, config: &Config, request_id: &str) -> Self {
        if error.status() >= 500 {
            tracing::error!(request_id, "{}", error.log_text());
        } else {
            tracing::debug!(request_id, "{}", error.log_text());
        }
        let text =
            if config.enable_sanitized_error_response { error.text() } else { error.open_text() };
        let mut body = Vec::new();
        match error.shape() {
            Shape::Coded => {
                body.extend_from_slice(b"{\"code\":");
                json::write_integer(error.number(), &mut body);
                body.extend_from_slice(b",\"error\":");
            }
            Shape::Plain => body.extend_from_slice(b"{\"error\":"),
            Shape::Internal => body.extend_from_slice(b"{\"code\":1,\"message\":"),
        }
        match error.thrown_json() {
            Some(json) => body.extend_from_slice(json.as_bytes()),
            None => json::write_string(text, &mut body),
        }
        body.push(b'}');
        let reply = Self::json(error.status(), body);
        match error.retry_after_s() {
            Some(seconds) => reply.with(header::RETRY_AFTER, seconds.to_string()),
            None => reply,
        }
    }

    /// The refusal of a caller without a valid application id or client key: it has no content type.
    pub fn unauthorized() -> Self {
        Self {
            status: 403,
            content_type: None,
            headers: Vec::new(),
            body: Bytes::from_static(b"{\"error\":\"unauthorized\"}"),
        }
    }

    /// The answer as the HTTP library takes it.
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(content_type) = self.content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The page of a path or method that no route has, as Express shows it.
pub fn not_routable(method: &str, path: &str) -> Reply {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;")
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot {} {}</pre>\n</body>\n</html>\n",
        escape(method),
        escape(path)
    );
    Reply::text(404, HTML, page)
        .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())
        .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned())
}
