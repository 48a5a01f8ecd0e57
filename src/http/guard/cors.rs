//! Cross-origin headers (`parse-server:src/middlewares.js`, `allowCrossDomain`).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::options::Cors;

const METHODS: &str = "GET,PUT,POST,DELETE,OPTIONS";
const HEADERS: &str = "X-Parse-Master-Key, X-Parse-REST-API-Key, X-Parse-Javascript-Key, X-Parse-Application-Id, X-Parse-Client-Version, X-Parse-Session-Token, X-Requested-With, X-Parse-Revocable-Session, X-Parse-Request-Id, Content-Type, Pragma, Cache-Control";
const EXPOSED: &str = "X-Parse-Job-Status-Id, X-Parse-Push-Status-Id";

/// The headers of every answer, worked out once.
#[derive(Clone, Debug)]
pub struct CorsHeaders {
    origins: Vec<HeaderValue>,
    allowed: HeaderValue,
}

impl CorsHeaders {
    /// The headers that the options ask for.
    pub fn new(cors: &Cors) -> Self {
        let mut allowed = HEADERS.to_owned();
        for header in &cors.allow_headers {
            allowed.push_str(", ");
            allowed.push_str(header);
        }
        let any = HeaderValue::from_static("*");
        let mut origins: Vec<HeaderValue> = cors
            .allow_origin
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok())
            .collect();
        if origins.is_empty() {
            origins.push(any);
        }
        let allowed = HeaderValue::from_str(&allowed).unwrap_or(HeaderValue::from_static(HEADERS));
        Self { origins, allowed }
    }

    /// Adds the headers: the caller's origin if it is allowed, the first allowed one otherwise.
    pub fn apply(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let own = origin.filter(|origin| self.origins.contains(origin));
        headers
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, own.unwrap_or(&self.origins[0]).clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.allowed.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
