//! From a recorded request to the bytes that are sent.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::http;
use crate::placeholders::Bindings;
use crate::transcript::{FormPart, Request};

const BOUNDARY: &str = "contract-form-boundary-1c86a2";

/// The request with all that is bound put in.
pub(crate) fn encode(request: &Request, bindings: &Bindings) -> http::Request {
    let mut headers: Vec<(String, String)> =
        request.headers.iter().map(|(name, value)| (name.clone(), bindings.fill(value))).collect();
    if request.multipart.is_some() {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        let form = format!("multipart/form-data; boundary={BOUNDARY}");
        headers.push(("Content-Type".to_owned(), form));
    }
    http::Request {
        method: request.method.clone(),
        target: target(request, bindings),
        headers,
        body: body(request, bindings),
    }
}

fn target(request: &Request, bindings: &Bindings) -> String {
    let path = bindings.fill(&request.path);
    let query = match (&request.raw_query, &request.query) {
        (Some(raw), _) => bindings.fill(raw),
        (None, Some(query)) => {
            let pairs = query.iter().map(|(name, value)| {
                let value = bindings.fill_json(value);
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{}={}", percent_encode(name), percent_encode(&value))
            });
            pairs.collect::<Vec<_>>().join("&")
        }
        (None, None) => return path,
    };
    format!("{path}?{query}")
}

fn body(request: &Request, bindings: &Bindings) -> Option<Vec<u8>> {
    if let Some(parts) = &request.multipart {
        return Some(form(parts, bindings));
    }
    if let Some(text) = &request.body_base64 {
        return Some(BASE64_STANDARD.decode(text).expect("recorded bodies are base64"));
    }
    if let Some(text) = &request.body_text {
        return Some(bindings.fill(text).into_bytes());
    }
    request.body.as_ref().map(|json: &Value| bindings.fill_json(json).to_string().into_bytes())
}

fn form(parts: &[FormPart], bindings: &Bindings) -> Vec<u8> {
    let mut form = String::new();
    for part in parts {
        form.push_str(&format!("--{BOUNDARY}\r\n"));
        form.push_str(&format!("Content-Disposition: form-data; name=\"{}\"", part.name));
        if let Some(filename) = &part.filename {
            form.push_str(&format!("; filename=\"{filename}\""));
        }
        form.push_str("\r\n");
        if let Some(content_type) = &part.content_type {
            form.push_str(&format!("Content-Type: {content_type}\r\n"));
        }
        form.push_str(&format!("\r\n{}\r\n", bindings.fill(&part.value)));
    }
    form.push_str(&format!("--{BOUNDARY}--\r\n"));
    form.into_bytes()
}

/// As JavaScript's `encodeURIComponent` does it.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
