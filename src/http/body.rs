//! What a request carries: its body and its query string as JSON members.

use crate::error::{Error, Result};
use crate::value::{Json, Members};

/// Reads a body: JSON whatever the content type says (SDKs send it as `text/plain`), or a form. An empty
/// body is `{}`.
pub fn parse_body(content_type: Option<&str>, bytes: &[u8]) -> Result<Json> {
    let content_type = content_type.unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if let Some(charset) = charset(content_type)
        && !["utf-8", "utf8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str())
    {
        return Err(Error::plain(
            415,
            format!("unsupported charset \"{}\"", charset.to_ascii_uppercase()),
        ));
    }
    if bytes.is_empty() {
        return Ok(Json::empty());
    }
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(Json::Object(
            pairs(bytes).map(|(key, value)| (key, Json::String(value))).collect(),
        ));
    }
    let malformed = |cause: serde_json::Error| match cause.is_eof() {
        true => Error::plain(400, "Unexpected end of JSON input"),
        false => Error::plain(
            400,
            format!("Unexpected token in JSON at line {} column {}", cause.line(), cause.column()),
        ),
    };
    let json = Json::parse(bytes).map_err(malformed)?;
    match json {
        Json::Object(_) | Json::Array(_) => Ok(json),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            let first = char::from(bytes[0]);
            Err(Error::plain(
                400,
                format!("Unexpected token '{first}', \"{json}\" is not valid JSON"),
            ))
        }
    }
}

fn charset(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1);
    let value = parameters.find_map(|parameter| parameter.trim().strip_prefix("charset="))?;
    Some(value.trim_matches('"'))
}

/// Reads a query string. Each value is JSON if it can be read so, a string otherwise
/// (`parse-server:src/Routers/ClassesRouter.js`, `JSONFromQuery`).
pub fn decode_query(query: &str) -> Members {
    pairs(query.as_bytes())
        .map(|(key, value)| {
            let json = Json::parse(value.as_bytes()).unwrap_or(Json::String(value));
            (key, json)
        })
        .collect()
}

/// Reads a query string whose values are texts, whatever they look like.
pub fn query_texts(query: &str) -> Members {
    pairs(query.as_bytes()).map(|(key, value)| (key, Json::String(value))).collect()
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (unescape(&pair[..at]), unescape(pair.get(at + 1..).unwrap_or_default()))
    })
}

/// `+` is a space and `%41` is `A`; a malformed escape stays as it is.
fn unescape(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'+' => out.push(b' '),
            b'%' => match hex(text.get(at + 1..at + 3)) {
                Some(byte) => {
                    out.push(byte);
                    at += 2;
                }
                None => out.push(b'%'),
            },
            byte => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let text = std::str::from_utf8(digits?).ok()?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(text, 16).ok()
}

/// Reads a path segment.
pub(crate) fn unescape_segment(segment: &str) -> String {
    unescape(segment.replace('+', "%2B").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_json_or_text() {
        let query = decode_query("where=%7B%22a%22%3A1%7D&limit=2&order=-n&x&e=%zz");
        assert_eq!(
            Json::Object(query).to_text(),
            r#"{"where":{"a":1},"limit":2,"order":"-n","x":"","e":"%zz"}"#
        );
    }

    #[test]
    fn bodies() {
        let check = |content_type: &str, body: &str, expected: std::result::Result<&str, u16>| {
            let got = parse_body(Some(content_type), body.as_bytes());
            let got = got.map(|json| json.to_text()).map_err(|error| error.status());
            assert_eq!(got, expected.map(str::to_owned), "{content_type} {body}");
        };
        check("text/plain", r#"{"a":1}"#, Ok(r#"{"a":1}"#));
        check("application/json", "", Ok("{}"));
        check("application/json", "{\"s\":", Err(400));
        check("application/json", "\"x\"", Err(400));
        check("application/json; charset=nope", "{}", Err(415));
        check(
            "application/x-www-form-urlencoded",
            "s=hello+there&n=1",
            Ok(r#"{"s":"hello there","n":"1"}"#),
        );
    }
}
