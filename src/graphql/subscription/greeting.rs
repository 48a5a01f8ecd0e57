//! Who a client is: the keys that its upgrade carries as headers, and those of the payload of `connection_init`.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::graphql::serve::GraphQl;
use crate::http::guard::routes;
use crate::http::{Caller, Incoming, Reply};
use crate::ops::Ctx;
use crate::value::{Json, Members};

/// Names that stand for headers, as the options of SDKs have them.
const NAMES: [(&str, &str); 9] = [
    ("applicationId", "x-parse-application-id"),
    ("sessionToken", "x-parse-session-token"),
    ("masterKey", "x-parse-master-key"),
    ("maintenanceKey", "x-parse-maintenance-key"),
    ("javascriptKey", "x-parse-javascript-key"),
    ("restAPIKey", "x-parse-rest-api-key"),
    ("clientKey", "x-parse-client-key"),
    ("windowsKey", "x-parse-windows-key"),
    ("installationId", "x-parse-installation-id"),
];

/// A value of a payload that can not stand in a header.
#[derive(Debug)]
pub(super) struct NoHeader;

/// Puts what a payload says of a client into the headers. Nothing else of it counts. The headers may stand in an object
/// `headers` of their own, too, where some clients put them.
pub(super) fn overlay(headers: &mut HeaderMap, payload: Members) -> Result<(), NoHeader> {
    for (name, value) in payload {
        if let ("headers", Json::Object(members)) = (name.as_str(), &value) {
            for (name, value) in members {
                put(headers, name, value)?;
            }
        } else {
            put(headers, &name, &value)?;
        }
    }
    Ok(())
}

fn put(headers: &mut HeaderMap, name: &str, value: &Json) -> Result<(), NoHeader> {
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, header)| *header);
    let lower = name.to_ascii_lowercase();
    let name = known.unwrap_or(&lower);
    if !name.starts_with("x-parse-") && name != header::AUTHORIZATION {
        return Ok(());
    }
    let name = HeaderName::try_from(name).map_err(|_| NoHeader)?;
    match value {
        Json::Null => Ok(()),
        Json::String(text) => {
            let value = HeaderValue::try_from(text.as_str()).map_err(|_| NoHeader)?;
            headers.insert(name, value);
            Ok(())
        }
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => Err(NoHeader),
    }
}

/// Lets an operation in, as a request to the GraphQL API; or says why not.
pub(super) async fn admit(graphql: &GraphQl, incoming: &Incoming) -> Result<Ctx, String> {
    let app = Arc::clone(&graphql.app);
    let caller = Caller::read(&incoming.headers, &mut Json::empty(), &app);
    let ctx = caller.admit(&app, incoming).await.map_err(|refusal| text_of(&refusal))?;
    let checked = routes::check(&ctx, "POST", &app.config.graphql.path);
    match checked {
        Ok(()) => Ok(ctx),
        Err(error) => Err(match app.config.enable_sanitized_error_response {
            true => error.text().to_owned(),
            false => error.open_text().to_owned(),
        }),
    }
}

/// What a refusal says to a client that can not read a status.
fn text_of(refusal: &Reply) -> String {
    let body = Json::parse(&refusal.body).unwrap_or(Json::Null);
    let text = body.get("error").or_else(|| body.get("message")).and_then(Json::as_str);
    text.unwrap_or("Forbidden").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(payload: &str) -> Result<HeaderMap, NoHeader> {
        let Ok(Json::Object(payload)) = Json::parse(payload.as_bytes()) else {
            panic!("{payload}")
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-parse-session-token", HeaderValue::from_static("old"));
        overlay(&mut headers, payload).map(|()| headers)
    }

    #[test]
    fn keys_of_the_payload_are_headers() {
        let read = headers(
            r#"{"X-PARSE-Application-Id":"app","sessionToken":"r:1","headers":{"authorization":"Basic x"},
                "X-Forwarded-For":"1.2.3.4","cookie":"a","masterKey":null,"other":[1]}"#,
        )
        .unwrap();
        let mut names: Vec<(&str, &str)> =
            read.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        names.sort_unstable();
        let expected = [
            ("authorization", "Basic x"),
            ("x-parse-application-id", "app"),
            ("x-parse-session-token", "r:1"),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for payload in [
            r#"{"sessionToken":{"$ne":null}}"#,
            r#"{"sessionToken":5}"#,
            r#"{"masterKey":["m"]}"#,
            r#"{"x-parse-session-token":"a\r\nx-parse-master-key: m"}"#,
            r#"{"x-parse-\n":"a"}"#,
            r#"{"headers":{"x-parse-master-key":true}}"#,
        ] {
            assert!(headers(payload).is_err(), "{payload}");
        }
    }
}
