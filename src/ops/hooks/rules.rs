//! The rules of declarative validators, as far as they need nobody to be asked: what is in force for whom, and what the
//! texts of refusals say (`parse-server:src/triggers.js`, `builtInTriggerValidator`).

use fancy_regex::RegexBuilder;

use crate::error::{Code, Error, Result};
use crate::value::{Json, Members};

/// How often a pattern may go back before it is given up.
const PATTERN_STEPS_MAX: usize = 100_000;

/// A refusal.
pub(super) fn refused(text: impl Into<String>) -> Error {
    Error::new(Code::ValidationError, text.into())
}

/// Whether a rule is set.
pub(super) fn is_set(rules: &Members, name: &str) -> bool {
    rules.get(name).is_some_and(Json::is_truthy)
}

/// Whether the rules say nothing of a caller with the master key.
pub(super) fn spare_master(rules: &Members) -> bool {
    !is_set(rules, "validateMasterKey") || is_set(rules, "skipWithMasterKey")
}

/// Refuses who is nobody, or not the master, where the rules want one.
pub(super) fn check_caller(rules: &Members, is_user: bool, is_master: bool) -> Result<()> {
    let wants_user = ["requireUser", "requireAnyUserRoles", "requireAllUserRoles"];
    if !is_user && wants_user.iter().any(|name| is_set(rules, name)) {
        return Err(refused("Validation failed. Please login to continue."));
    }
    if !is_master && is_set(rules, "requireMaster") {
        return Err(refused("Validation failed. Master key is required to complete this request."));
    }
    Ok(())
}

/// Refuses whoever has none of these roles.
pub(super) fn check_any_role(wanted: &Json, has: impl Fn(&str) -> bool) -> Result<()> {
    match names(wanted).any(has) {
        true => Ok(()),
        false => Err(refused("Validation failed. User does not match the required roles.")),
    }
}

/// Refuses whoever does not have all of these roles.
pub(super) fn check_all_roles(wanted: &Json, has: impl Fn(&str) -> bool) -> Result<()> {
    match names(wanted).all(has) {
        true => Ok(()),
        false => Err(refused("Validation failed. User does not match all the required roles.")),
    }
}

/// Names of roles, in a list or alone. What is no text is the name of no role.
fn names(json: &Json) -> impl Iterator<Item = &str> {
    let list = match json.as_array() {
        Some(list) => list,
        None => std::slice::from_ref(json),
    };
    list.iter().map(|name| name.as_str().unwrap_or_default())
}

/// Refuses a parameter that is not there.
pub(super) fn check_there(key: &str, value: Option<&Json>) -> Result<()> {
    match value {
        None | Some(Json::Null) => {
            Err(refused(format!("Validation failed. Please specify data for {key}.")))
        }
        Some(_) => Ok(()),
    }
}

/// Refuses a value of another type. A date is one of the type `Date` here; the original takes none for it.
pub(super) fn check_type(key: &str, wanted: &Json, value: &Json) -> Result<()> {
    let named = wanted.get("$type").unwrap_or(wanted).as_str().unwrap_or_default();
    let wanted = named.to_ascii_lowercase();
    let is_date = value.get("__type").and_then(Json::as_str) == Some("Date");
    let kind = match value {
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Null | Json::Object(_) => "object",
    };
    match wanted == kind || (wanted == "date" && is_date) {
        true => Ok(()),
        false => {
            Err(refused(format!("Validation failed. Invalid type for {key}. Expected: {wanted}")))
        }
    }
}

/// Refuses a value that is none of those that the rule lists. A pattern stands for all texts that it finds itself in.
pub(super) fn check_option(rule: &Members, key: &str, value: Option<&Json>) -> Result<()> {
    let Some(options) = rule.get("options") else { return Ok(()) };
    let list = match options.as_array() {
        Some(list) => list,
        None => std::slice::from_ref(options),
    };
    if value.is_some_and(|value| list.iter().any(|option| is_option(option, value))) {
        return Ok(());
    }
    let expected: Vec<String> = list.iter().map(shown).collect();
    let expected = expected.join(", ");
    Err(refused_by(rule, || {
        format!("Validation failed. Invalid option for {key}. Expected: {expected}")
    }))
}

/// The refusal of a rule that may have a text of its own.
pub(super) fn refused_by(rule: &Members, text: impl FnOnce() -> String) -> Error {
    match rule.get("error").filter(|own| own.is_truthy()) {
        Some(Json::String(own)) => refused(own.as_str()),
        Some(own) => {
            let own = own.to_text();
            Error::thrown(Code::ValidationError as i64, own.as_str(), Some(&own))
        }
        None => refused(text()),
    }
}

fn is_option(option: &Json, value: &Json) -> bool {
    match pattern(option) {
        Some((source, flags)) => value.as_str().is_some_and(|text| finds(source, flags, text)),
        None => option == value,
    }
}

/// A regular expression, in the form of the host protocol: its source and flags.
fn pattern(option: &Json) -> Option<(&str, &str)> {
    let parts = option.get("$regexp")?.as_array()?;
    Some((parts.first()?.as_str()?, parts.get(1).and_then(Json::as_str).unwrap_or_default()))
}

fn finds(source: &str, flags: &str, text: &str) -> bool {
    let flags: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    let source = of_javascript(source);
    let source = if flags.is_empty() { source } else { format!("(?{flags}){source}") };
    let mut pattern = RegexBuilder::new(&source);
    let found =
        pattern.backtrack_limit(PATTERN_STEPS_MAX).build().map(|built| built.is_match(text));
    match found {
        Ok(Ok(is_there)) => is_there,
        Ok(Err(cause)) | Err(cause) => {
            tracing::error!(pattern = source, %cause, "a pattern of a validator can not be used");
            false
        }
    }
}

/// A pattern of JavaScript as the engine here reads it: `\d` and `\w` stand for letters and digits of English only, and a
/// class knows no classes inside it.
fn of_javascript(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut is_class = false;
    let mut signs = source.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str("[A-Za-z0-9_]"),
                Some('W') => out.push_str("[^A-Za-z0-9_]"),
                Some('/') => out.push('/'),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            '[' if is_class => out.push_str("\\["),
            '&' | '~' if is_class => out.extend(['\\', sign]),
            '-' if is_class && signs.peek() == Some(&'-') => out.push_str("\\-"),
            '[' => {
                is_class = true;
                out.push(sign);
            }
            ']' => {
                is_class = false;
                out.push(sign);
            }
            _ => out.push(sign),
        }
    }
    out
}

/// A value as JavaScript shows it in a text.
fn shown(json: &Json) -> String {
    if let Some((source, flags)) = pattern(json) {
        return format!("/{source}/{flags}");
    }
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(elements) => elements.iter().map(shown).collect::<Vec<_>>().join(","),
        Json::Object(_) => "[object Object]".to_owned(),
        Json::Bool(_) | Json::Number(_) => json.to_text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    fn check(result: Result<()>, expected: &str) {
        let got = result.map_or_else(|error| error.text().to_owned(), |()| String::new());
        assert_eq!(got, expected);
    }

    #[test]
    fn types() {
        let wanted = |name: &str| json(&format!(r#"{{"$type":"{name}"}}"#));
        let wrong = |name: &str| format!("Validation failed. Invalid type for a. Expected: {name}");
        for (kind, value, is_right) in [
            ("String", r#""""#, true),
            ("String", "1", false),
            ("String", "null", false),
            ("Number", "1", true),
            ("Number", r#""1""#, false),
            ("Boolean", "false", true),
            ("Boolean", "0", false),
            ("Array", "[]", true),
            ("Array", "{}", false),
            ("Object", "{}", true),
            ("Object", "[]", false),
            ("Object", "null", true),
            ("Object", r#"{"__type":"GeoPoint","latitude":1,"longitude":2}"#, true),
            ("Date", r#"{"__type":"Date","iso":"2015-06-21T18:02:52.249Z"}"#, true),
            ("Date", r#""2015-06-21T18:02:52.249Z""#, false),
        ] {
            let expected = if is_right { String::new() } else { wrong(&kind.to_lowercase()) };
            check(check_type("a", &wanted(kind), &json(value)), &expected);
        }
    }

    #[test]
    fn options() {
        let wrong =
            |list: &str| format!("Validation failed. Invalid option for a. Expected: {list}");
        for (options, value, expected) in [
            (r#"["a","b"]"#, r#""a""#, String::new()),
            (r#"["a","b"]"#, r#""c""#, wrong("a, b")),
            ("[1,2,null]", r#""1""#, wrong("1, 2, ")),
            ("[1,2,null]", "null", String::new()),
            (r#""one""#, r#""one""#, String::new()),
            (r#""one""#, r#""two""#, wrong("one")),
            (r#"[{"a":1}]"#, r#"{"a":2}"#, wrong("[object Object]")),
            (r#"{"$regexp":["^ab",""]}"#, r#""abc""#, String::new()),
            (r#"{"$regexp":["^ab","gi"]}"#, r#""ABC""#, String::new()),
            (r#"{"$regexp":["^ab(?!c)",""]}"#, r#""abc""#, wrong("/^ab(?!c)/")),
            (r#"{"$regexp":["^ab",""]}"#, "5", wrong("/^ab/")),
        ] {
            let rule = json(&format!(r#"{{"options":{options}}}"#));
            check(check_option(rule.as_object().unwrap(), "a", Some(&json(value))), &expected);
        }
        let own = json(r#"{"options":["x"],"error":"mine"}"#);
        check(check_option(own.as_object().unwrap(), "a", None), "mine");
    }

    #[test]
    fn patterns_are_those_of_javascript() {
        for (source, text, expected) in [
            (r"^\d+$", "123", true),
            (r"^\d+$", "١٢٣", false),
            (r"^\w+$", "é", false),
            (r"^[\d-]+$", "1-2", true),
            (r"^[\w.]+@a$", "x.y@a", true),
            (r"^[[]$", "[", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^\/a$", "/a", true),
            (r"^(?=.*x)a", "abx", true),
            (r"^a$", "a\n", false),
            ("(", "(", false),
        ] {
            assert_eq!(finds(source, "", text), expected, "{source} {text}");
        }
    }

    #[test]
    fn callers() {
        let login = "Validation failed. Please login to continue.";
        let master = "Validation failed. Master key is required to complete this request.";
        for (rules, is_user, is_master, expected) in [
            ("{}", false, false, ""),
            (r#"{"requireUser":true}"#, false, false, login),
            (r#"{"requireUser":true}"#, true, false, ""),
            (r#"{"requireAnyUserRoles":["a"]}"#, false, false, login),
            (r#"{"requireAllUserRoles":["a"]}"#, false, true, login),
            (r#"{"requireMaster":true}"#, true, false, master),
            (r#"{"requireMaster":true}"#, false, true, ""),
        ] {
            let rules = json(rules);
            check(check_caller(rules.as_object().unwrap(), is_user, is_master), expected);
        }
    }

    #[test]
    fn roles() {
        let has = |role: &str| role == "A";
        check(check_any_role(&json(r#"["A","B"]"#), has), "");
        check(check_all_roles(&json(r#"["A"]"#), has), "");
        let none = "Validation failed. User does not match the required roles.";
        check(check_any_role(&json(r#"["B"]"#), has), none);
        check(check_any_role(&json("[]"), has), none);
        let some = "Validation failed. User does not match all the required roles.";
        check(check_all_roles(&json(r#"["A","B"]"#), has), some);
    }
}
