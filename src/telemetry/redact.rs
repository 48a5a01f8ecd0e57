//! Takes secrets out of texts that are going to be logged.

use serde_json::Value;

/// What stands where a secret was.
pub const HIDDEN: &str = "…";

/// Names with one of these endings hold secrets, compared without case, hyphens and underscores.
const SECRET_ENDINGS: &[&str] = &[
    "masterkey",
    "maintenancekey",
    "clientkey",
    "restapikey",
    "javascriptkey",
    "dotnetkey",
    "windowskey",
    "webhookkey",
    "encryptionkey",
    "privatekey",
    "apikey",
    "password",
    "passwordhistory",
    "secret",
    "sessiontoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "perishabletoken",
    "emailverifytoken",
    "authorization",
    "cookie",
];

/// These names hold secrets as they are, without case, hyphens and underscores.
const SECRET_NAMES: &[&str] = &["authdata", "token", "mfa", "otp", "recovery", "signature"];

/// Names that begin so hold what an identity provider sent.
const SECRET_BEGINNING: &str = "authdata";

/// The value of a header as it may be logged.
pub fn redact_header<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { HIDDEN } else { value }
}

/// A JSON value with every secret replaced.
pub fn redact_json(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let redact = |(name, value): (String, Value)| {
                let value = if is_secret(&name) {
                    Value::from(HIDDEN)
                } else if let ("query", Value::String(text)) = (name.as_str(), &value) {
                    Value::from(redact_text(text))
                } else {
                    redact_json(value)
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(redact).collect())
        }
        Value::Array(entries) => entries.into_iter().map(redact_json).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// A request body as it may be logged: JSON is redacted by its structure, anything else as text.
pub fn redact_body(body: &str) -> String {
    match serde_json::from_str(body) {
        Ok(value) => redact_json(value).to_string(),
        Err(_) => redact_text(body),
    }
}

/// An address with the secrets in its query replaced.
pub fn redact_url(url: &str) -> String {
    match url.split_once('?') {
        None => url.to_owned(),
        Some((path, query)) => {
            let pairs: Vec<String> = query.split('&').map(redact_pair).collect();
            format!("{path}?{}", pairs.join("&"))
        }
    }
}

/// Any text with the values behind secret names replaced: `name: "x"`, `"name":"x"`, `name=x`.
///
/// For GraphQL documents and for broken JSON. A value ends where its text, object or list ends;
/// if that end is missing, everything behind the name is replaced.
pub fn redact_text(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_name_char) {
        let (before, from_name) = rest.split_at(start);
        redacted.push_str(before);
        let name_end = from_name.find(|c| !is_name_char(c)).unwrap_or(from_name.len());
        let (name, behind) = from_name.split_at(name_end);
        redacted.push_str(name);
        rest = behind;
        let Some((joint, value)) = value_behind(behind).filter(|_| is_secret(name)) else {
            continue;
        };
        redacted.push_str(joint);
        redacted.push_str(HIDDEN);
        rest = &value[value_length(value)..];
    }
    redacted.push_str(rest);
    redacted
}

fn redact_pair(pair: &str) -> String {
    let Some((name, value)) = pair.split_once('=') else { return pair.to_owned() };
    // Conditions and documents stand in the query too; one that names a secret is hidden whole.
    let decoded = percent_decoded(value);
    if is_secret(&percent_decoded(name)) || redact_body(&decoded) != unredacted(&decoded) {
        return format!("{name}={HIDDEN}");
    }
    pair.to_owned()
}

/// What [`redact_body`] makes of a body without secrets.
fn unredacted(body: &str) -> String {
    serde_json::from_str(body).map_or_else(|_| body.to_owned(), |value: Value| value.to_string())
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.first_chunk::<2>().filter(|_| *first == b'%');
        match escaped.and_then(|digits| hex_byte(*digits)) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let is_parse_key =
        plain.starts_with("xparse") && (plain.ends_with("key") || plain.ends_with("token"));
    is_parse_key
        || SECRET_NAMES.contains(&plain.as_str())
        || plain.starts_with(SECRET_BEGINNING)
        || SECRET_ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Splits what follows a name into the joint (`": "`, `=`) and the rest, if there is a joint.
fn value_behind(behind: &str) -> Option<(&str, &str)> {
    let unquoted = behind.trim_start_matches(['"', '\'', '\\']);
    let joint = unquoted.trim_start();
    let value = joint.strip_prefix(':').or_else(|| joint.strip_prefix('='))?.trim_start();
    Some(behind.split_at(behind.len() - value.len()))
}

/// Bytes of the value a text begins with.
fn value_length(text: &str) -> usize {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block.find("\"\"\"").map_or(text.len(), |end| end + 6);
    }
    match text.chars().next() {
        Some('"') => quoted_length(text),
        Some('{' | '[') => nested_length(text),
        Some(_) | None => {
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '&' | '}' | ')' | ']');
            text.find(ends).unwrap_or(text.len())
        }
    }
}

fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn nested_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(c) = text[index..].chars().next() {
        match c {
            '"' => {
                index += quoted_length(&text[index..]);
                continue;
            }
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        index += c.len_utf8();
        if depth == 0 {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let check = |name: &str, expected: &str| {
            assert_eq!(redact_header(name, "value"), expected, "{name}");
        };
        for name in [
            "X-Parse-Master-Key",
            "x-parse-rest-api-key",
            "X-Parse-JavaScript-Key",
            "X-Parse-Client-Key",
            "X-Parse-Windows-Key",
            "X-Parse-Maintenance-Key",
            "X-Parse-Webhook-Key",
            "X-Parse-Session-Token",
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
        ] {
            check(name, HIDDEN);
        }
        for name in ["X-Parse-Application-Id", "X-Parse-Installation-Id", "Content-Type", "Host"] {
            check(name, "value");
        }
    }

    #[test]
    fn bodies() {
        let check = |body: &str, expected: &str| assert_eq!(redact_body(body), expected, "{body}");
        check(
            r#"{"username":"ann","password":"x","email":"a@b"}"#,
            r#"{"username":"ann","password":"…","email":"a@b"}"#,
        );
        check(r#"{"pass\u0077ord":"x"}"#, r#"{"password":"…"}"#);
        check(
            r#"{"_MasterKey":"x","_SessionToken":"y"}"#,
            r#"{"_MasterKey":"…","_SessionToken":"…"}"#,
        );
        check(r#"{"authData":{"facebook":{"id":"1"}}}"#, r#"{"authData":"…"}"#);
        check(r#"[{"body":{"sessionToken":"r:1"}}]"#, r#"[{"body":{"sessionToken":"…"}}]"#);
        check(r#"{"passwordHint":"cat","tokens":3}"#, r#"{"passwordHint":"cat","tokens":3}"#);
        check(
            r#"{"query":"mutation { logIn(input: {username: \"a\", password: \"x\\\"y\"}) { id } }"}"#,
            r#"{"query":"mutation { logIn(input: {username: \"a\", password: …}) { id } }"}"#,
        );
        check("", "");
    }

    #[test]
    fn texts() {
        let check = |text: &str, expected: &str| assert_eq!(redact_text(text), expected, "{text}");
        check("nothing here", "nothing here");
        check(r#"{"password":"x""#, r#"{"password":…"#);
        check(r#"{"password":"x"#, r#"{"password":…"#);
        check(r#"password : """a "quoted" b""" other"#, "password : … other");
        check("authData: {a: {b: \"}\"}} c: 1", "authData: … c: 1");
        check("authData: {a: ", "authData: …");
        check("masterKey=abc&limit=1", "masterKey=…&limit=1");
        check("password: $password, name: $name", "password: …, name: $name");
        check("the password is wrong", "the password is wrong");
        check("grüße password=ä ö", "grüße password=… ö");
        check("authData:]", "authData:…]");
        check("authData:[}]]", "authData:…]]");
        check("password", "password");
        check("password:", "password:…");
    }

    #[test]
    fn urls() {
        let check = |url: &str, expected: &str| assert_eq!(redact_url(url), expected, "{url}");
        check("/parse/health", "/parse/health");
        check("/parse/login?username=a&password=b", "/parse/login?username=a&password=…");
        check("/apps/x/verify_email?token=abc", "/apps/x/verify_email?token=…");
        check("/classes/A?where=%7B%22a%22%3A1%7D", "/classes/A?where=%7B%22a%22%3A1%7D");
        check("/sessions?where=%7B%22sessionToken%22%3A%22r:1%22%7D", "/sessions?where=…");
        check("/login?pass%77ord=x&a=%", "/login?pass%77ord=…&a=%");
        check("/users?where=%7B%22pass%77ord%22:%22x%22%7D", "/users?where=…");
        check("/graphql?query=%7Ba(password:%22x%22)%7D&b", "/graphql?query=…&b");
    }
}
