//! From HTTP to a GraphQL request, and the form in which the client wants the answer
//! (`apollographql/apollo-server:packages/server/src/runHttpQuery.ts`, GraphQL over HTTP).

use axum::http::header;
use bytes::Bytes;

use super::errors::{Kind, Refusal};
use super::serve::GraphQlRequest;
use super::uploads::{self, UploadLimits, Uploads};
use crate::http::{HTML, Incoming, Reply, decode_query};
use crate::ops::files::Content;
use crate::value::{Json, Members};

/// The body of a request.
pub enum GraphQlBody {
    /// One document.
    Whole(Bytes),
    /// Several parts, of which some may be files.
    Parts(Content),
}

impl GraphQlBody {
    /// Whether a body of this content type has parts.
    pub fn has_parts(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("multipart/form-data")
    }
}

/// The media type of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    #[default]
    Json,
    /// `application/graphql-response+json`
    GraphQlResponse,
}

/// How a request came: not every operation may come by every way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Via {
    /// In a URL.
    Get,
    /// In a body.
    #[default]
    Post,
}

const NO_BODY: &str = "POST body missing, invalid Content-Type, or JSON object has no keys.";
const NO_QUERY: &str =
    "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.";

/// The page that answers a body which is no JSON, as the original's web framework has it.
const BAD_REQUEST_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Bad Request</pre>\n</body>\n</html>\n";

impl Media {
    /// The media type that an `Accept` header prefers; `None` if the client takes neither.
    pub(crate) fn accepted(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Some(Self::Json);
        };
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/json" | "application/*" | "*/*" => Self::Json,
                "application/graphql-response+json" => Self::GraphQlResponse,
                _ => continue,
            };
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Ok(1.0), str::parse)
                .unwrap_or(0.0);
            if quality > best.map_or(0.0, |(known, _)| known) {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }

    /// The value of the `Content-Type` header.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

fn bad(message: &str) -> Reply {
    Refusal::new(400, Kind::BadRequest, message).reply(Media::Json)
}

/// Reads a request, or refuses it.
pub(crate) async fn decode(
    incoming: &Incoming,
    body: GraphQlBody,
    limits: UploadLimits,
) -> Result<GraphQlRequest, Reply> {
    let accept = incoming.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let media = Media::accepted(accept).ok_or_else(|| {
        let message = "An 'accept' header was provided for this request which does not accept \
            application/json; charset=utf-8 or application/graphql-response+json; charset=utf-8";
        Refusal::new(406, Kind::BadRequest, message).reply(Media::Json)
    })?;
    decode_for(incoming, body, limits, media).await
}

/// Reads a request whose answer has a certain form, or refuses it.
pub(crate) async fn decode_for(
    incoming: &Incoming,
    body: GraphQlBody,
    limits: UploadLimits,
    media: Media,
) -> Result<GraphQlRequest, Reply> {
    let header = |name| incoming.headers.get(name).and_then(|value| value.to_str().ok());
    match incoming.method.as_str() {
        "GET" => decode_get(&incoming.query, media),
        "POST" => {
            let content_type = header(header::CONTENT_TYPE);
            match body {
                GraphQlBody::Whole(body) => decode_post(content_type, &body, media),
                GraphQlBody::Parts(parts) => {
                    let content_type = content_type.unwrap_or_default();
                    decode_parts(content_type, parts, media, limits).await
                }
            }
        }
        _ => {
            let refusal = Refusal::new(
                405,
                Kind::BadRequest,
                "Apollo Server supports only GET/POST requests.",
            );
            Err(refusal.reply(media).with(header::ALLOW, "GET, POST".to_owned()))
        }
    }
}

fn decode_get(query: &str, media: Media) -> Result<GraphQlRequest, Reply> {
    let mut parameters = decode_query(query);
    let variables = match parameters.swap_remove("variables") {
        None | Some(Json::Null) => Members::new(),
        Some(Json::Object(variables)) => variables,
        Some(Json::String(text)) if text.is_empty() => Members::new(),
        Some(Json::String(_)) => {
            return Err(bad("The `variables` search parameter contains invalid JSON."));
        }
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_)) => {
            return Err(bad("The `variables` search parameter must be an object."));
        }
    };
    // What looks like JSON was read as JSON; these two are texts whatever they look like.
    let mut text = |name: &str| match parameters.swap_remove(name) {
        None => None,
        Some(Json::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(
            other @ (Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::Array(_)
            | Json::Object(_)),
        ) => Some(other.to_text()),
    };
    let query = text("query").ok_or_else(|| bad(NO_QUERY))?;
    Ok(GraphQlRequest {
        query,
        operation_name: text("operationName"),
        variables,
        uploads: Uploads::default(),
        via: Via::Get,
        media,
    })
}

fn decode_post(
    content_type: Option<&str>,
    body: &[u8],
    media: Media,
) -> Result<GraphQlRequest, Reply> {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") || body.is_empty() {
        return Err(bad(NO_BODY));
    }
    match Json::parse(body) {
        Ok(Json::Object(members)) if members.is_empty() => Err(bad(NO_BODY)),
        Ok(Json::Object(members)) => read_members(members, media),
        Ok(Json::Array(_)) => Err(bad("Operation batching disabled.")),
        Ok(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | Err(_) => {
            Err(Reply::text(400, HTML, BAD_REQUEST_PAGE)
                .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())
                .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned()))
        }
    }
}

fn read_members(mut members: Members, media: Media) -> Result<GraphQlRequest, Reply> {
    let must_be_object =
        |name| Err(bad(&format!("`{name}` in a POST body must be an object if provided.")));
    let encoded = |name| {
        let text = "in a POST body should be provided as an object, not a recursively JSON-encoded string.";
        Err(bad(&format!("`{name}` {text}")))
    };
    let names_document =
        members.get("extensions").and_then(|extensions| extensions.get("persistedQuery")).is_some();
    let query = match members.swap_remove("query") {
        Some(Json::String(query)) if !query.is_empty() => query,
        None | Some(Json::Null | Json::String(_)) if names_document => {
            return Err(no_persisted_query(media));
        }
        None | Some(Json::Null | Json::String(_)) => return Err(bad(NO_QUERY)),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(bad("GraphQL queries must be strings."));
        }
    };
    let variables = match members.swap_remove("variables") {
        None | Some(Json::Null) => Members::new(),
        Some(Json::Object(variables)) => variables,
        Some(Json::String(_)) => return encoded("variables"),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_)) => {
            return must_be_object("variables");
        }
    };
    match members.swap_remove("extensions") {
        None | Some(Json::Null | Json::Object(_)) => {}
        Some(Json::String(_)) => return encoded("extensions"),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_)) => {
            return must_be_object("extensions");
        }
    }
    let operation_name = match members.swap_remove("operationName") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(bad("`operationName` in a POST body must be a string if provided."));
        }
    };
    let uploads = Uploads::default();
    Ok(GraphQlRequest { query, operation_name, variables, uploads, via: Via::Post, media })
}

/// A client that hears this sends the text.
fn no_persisted_query(media: Media) -> Reply {
    Refusal::new(200, Kind::PersistedQueryNotSupported, "PersistedQueryNotSupported").reply(media)
}

/// A body of several parts: the request, and files that come with it.
async fn decode_parts(
    content_type: &str,
    parts: Content,
    media: Media,
    limits: UploadLimits,
) -> Result<GraphQlRequest, Reply> {
    let received = uploads::receive(content_type, parts, limits).await;
    let (operations, uploads) = received.map_err(|error| {
        tracing::debug!("{}", error.log_text());
        Refusal::new(error.status(), Kind::BadRequest, error.text().to_owned()).reply(Media::Json)
    })?;
    Ok(GraphQlRequest { uploads, ..read_members(operations, media)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_is_what_the_client_prefers() {
        for (accept, expected) in [
            (None, Some(Media::Json)),
            (Some("*/*"), Some(Media::Json)),
            (Some("application/graphql-response+json"), Some(Media::GraphQlResponse)),
            (
                Some("application/graphql-response+json, application/json;q=0.9"),
                Some(Media::GraphQlResponse),
            ),
            (Some("application/json, application/graphql-response+json"), Some(Media::Json)),
            (Some("text/html"), None),
        ] {
            assert_eq!(Media::accepted(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn bodies_that_are_no_request_are_refused() {
        let json = Some("application/json");
        for (content_type, body, expected) in [
            (json, "{}", NO_BODY),
            (json, "", NO_BODY),
            (Some("application/graphql"), "{ health }", NO_BODY),
            (json, r#"[{"query":"{ health }"}]"#, "Operation batching disabled."),
            (json, r#"{"variables":{}}"#, NO_QUERY),
            (json, r#"{"query":5}"#, "GraphQL queries must be strings."),
            (
                json,
                r#"{"query":"{ a }","variables":[]}"#,
                "`variables` in a POST body must be an object if provided.",
            ),
        ] {
            let reply = decode_post(content_type, body.as_bytes(), Media::Json).unwrap_err();
            let text = String::from_utf8(reply.body.to_vec()).unwrap();
            assert!(text.contains(expected), "{body}: {text}");
            assert_eq!(reply.status, 400);
        }
        let reply = decode_post(json, b"{\"query\":", Media::Json).unwrap_err();
        assert_eq!(reply.content_type, Some("text/html; charset=utf-8"));
    }

    #[test]
    fn left_out_and_null_are_different() {
        let body = br#"{"query":"{ a }","operationName":null,"variables":{"a":null}}"#;
        let request = decode_post(Some("application/json"), body, Media::Json).unwrap();
        assert_eq!(request.variables.get("a"), Some(&Json::Null));
        assert_eq!(request.variables.get("b"), None);
        assert_eq!(request.operation_name, None);
    }
}
