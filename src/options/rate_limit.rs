//! Limits on how often a route, a function or a class may be called (`rateLimit`).

use regex::{Regex, RegexBuilder};

use crate::value::{Json, Members};

/// What is said where nothing else is configured.
const MESSAGE: &str = "Too many requests.";
/// The longest window, about 25 days: what a timer of the original can hold.
const WINDOW_MS_MAX: f64 = 2_147_483_647.0;

/// A limit on the calls of a route.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// The route.
    pub path: PathPattern,
    /// How often.
    pub rule: RateRule,
}

/// How often something may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateRule {
    /// The methods that count; all if there are none.
    pub methods: Vec<String>,
    /// Milliseconds after which counting begins anew.
    pub window_ms: i64,
    /// Calls per window.
    pub count: u64,
    /// What is said to whoever calls more often.
    pub message: String,
    /// Whose calls are counted together.
    pub zone: RateZone,
    /// Whether calls with a master key count.
    pub include_master_key: bool,
    /// Whether calls of cloud code and of this machine count.
    pub include_internal_requests: bool,
}

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateZone {
    /// Those of an address.
    Ip,
    /// Those of a session; of an address where there is none.
    Session,
    /// Those of a user; of an address where there is none.
    User,
    /// All.
    Global,
}

impl RateRule {
    /// Reads a rule as the option and as validators of cloud code have it. An error says what is wrong.
    pub fn read(members: &Members) -> Result<Self, String> {
        let number = |name: &str, most: f64| match members.get(name) {
            Some(Json::Number(number))
                if number.fract() == 0.0 && (0.0..=most).contains(number) =>
            {
                Ok(*number as u64)
            }
            None | Some(Json::Null) => Err(format!("`{name}` is missing")),
            Some(other) => {
                Err(format!("`{name}` must be a number from 0 to {most}, not `{other}`"))
            }
        };
        let flag = |name: &str| members.get(name).is_some_and(Json::is_truthy);
        let message = match members.get("errorResponseMessage") {
            None | Some(Json::Null) => MESSAGE.to_owned(),
            Some(Json::String(text)) => text.clone(),
            Some(other) => {
                return Err(format!("`errorResponseMessage` must be a text, not `{other}`"));
            }
        };
        Ok(Self {
            methods: methods(members.get("requestMethods"))?,
            window_ms: number("requestTimeWindow", WINDOW_MS_MAX)? as i64,
            count: number("requestCount", 9_007_199_254_740_991.0)?,
            message,
            zone: zone(members.get("zone"))?,
            include_master_key: flag("includeMasterKey"),
            include_internal_requests: flag("includeInternalRequests"),
        })
    }

    /// Whether calls by this method count.
    pub fn is_for(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|own| own == method)
    }
}

impl RateLimit {
    /// Reads an entry of the option.
    pub(super) fn read(members: &Members) -> Result<Self, String> {
        let path =
            members.get("requestPath").and_then(Json::as_str).ok_or("`requestPath` is missing")?;
        Ok(Self { path: PathPattern::new(path)?, rule: RateRule::read(members)? })
    }
}

fn methods(json: Option<&Json>) -> Result<Vec<String>, String> {
    let texts: Option<Vec<String>> = match json {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::String(one)) => Some(vec![one.to_ascii_uppercase()]),
        Some(Json::Array(many)) => {
            many.iter().map(|one| one.as_str().map(str::to_ascii_uppercase)).collect()
        }
        Some(Json::Bool(_) | Json::Number(_) | Json::Object(_)) => None,
    };
    texts.ok_or_else(|| "`requestMethods` must be a list of HTTP methods".to_owned())
}

fn zone(json: Option<&Json>) -> Result<RateZone, String> {
    match json {
        None | Some(Json::Null) => Ok(RateZone::Ip),
        Some(json) => match json.as_str() {
            Some("ip") => Ok(RateZone::Ip),
            Some("session") => Ok(RateZone::Session),
            Some("user") => Ok(RateZone::User),
            Some("global") => Ok(RateZone::Global),
            _ => Err(format!("`zone` must be `ip`, `session`, `user` or `global`, not `{json}`")),
        },
    }
}

/// The pattern of a path, as Express 5 has it (`path-to-regexp` 8): `:name` is one segment, `*name` any number of them,
/// `{…}` may be missing, a backslash takes a sign as it is. A `*` without a name, as the documentation of the original
/// shows it, means the same as one with a name. Letters match in either case, and so does a slash at the end.
#[derive(Debug, Clone)]
pub struct PathPattern(Regex);

impl PathPattern {
    fn new(text: &str) -> Result<Self, String> {
        let mut out = String::from("^");
        if text.starts_with('*') {
            out.push('/');
        }
        let mut signs = text.chars().peekable();
        let mut depth = 0_usize;
        while let Some(sign) = signs.next() {
            match sign {
                ':' | '*' => {
                    let mut is_named = false;
                    while signs.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
                        signs.next();
                        is_named = true;
                    }
                    match sign {
                        ':' if !is_named => return Err(bad(text, "a `:` has no name")),
                        ':' => out.push_str("[^/]+"),
                        _ => out.push_str(".+"),
                    }
                }
                '{' => {
                    depth += 1;
                    out.push_str("(?:");
                }
                '}' if depth == 0 => return Err(bad(text, "a `}` closes nothing")),
                '}' => {
                    depth -= 1;
                    out.push_str(")?");
                }
                '(' | ')' | '[' | ']' | '+' | '?' | '!' => {
                    return Err(bad(text, "one of ()[]+?! needs a backslash before it"));
                }
                '\\' => {
                    let sign = signs.next().ok_or_else(|| bad(text, "it ends with a backslash"))?;
                    out.push_str(&regex::escape(sign.encode_utf8(&mut [0; 4])));
                }
                other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        if depth > 0 {
            return Err(bad(text, "a `{` is not closed"));
        }
        let trimmed = out.trim_end_matches('/').len();
        out.truncate(trimmed);
        out.push_str("/?$");
        let mut pattern = RegexBuilder::new(&out);
        let pattern = pattern.case_insensitive(true).dot_matches_new_line(true).build();
        pattern.map(Self).map_err(|cause| bad(text, &cause.to_string()))
    }

    /// Whether a path is meant: below the mount path, unescaped, with a slash at its beginning.
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

fn bad(text: &str, why: &str) -> String {
    format!("`requestPath` `{text}` is no pattern of a path: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        assert_eq!(PathPattern::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
    }

    #[test]
    fn patterns_mean_paths() {
        check("/classes/*path", "/classes/A", true);
        check("/classes/*path", "/classes/A/b", true);
        check("/classes/*path", "/classes", false);
        check("/classes/*path", "/classes/", false);
        check("/classes/:class", "/classes/A", true);
        check("/classes/:class", "/classes/A/", true);
        check("/classes/:class", "/classes/A/b", false);
        check("/classes/:class{/:id}", "/classes/A/b", true);
        check("/functions/limited", "/Functions/LIMITED/", true);
        check("/functions/limited", "/functions/limited2", false);
        check("/functions/limited", "/x/functions/limited", false);
        check("/functions/a\\.b\\*", "/functions/a.b*", true);
        check("/functions/a.b", "/functions/axb", false);
        check("/functions/*", "/functions/a", true);
        check("*", "/login", true);
        check("/*path", "/login", true);
        check("/login/", "/login", true);
        check("/", "/", true);
        check("/functions/x", "/functions/x\n", false);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["/a(.*)", "/a?", "/:", "/a}", "/{a", "/a\\", "/[a]", "/a+"] {
            assert!(PathPattern::new(bad).is_err(), "{bad}");
        }
    }

    fn rule(text: &str) -> Result<RateRule, String> {
        RateRule::read(Json::parse(text.as_bytes()).unwrap().as_object().unwrap())
    }

    #[test]
    fn rules_are_read() {
        let read = rule(
            r#"{"requestTimeWindow":1000,"requestCount":2,"zone":"user","requestMethods":["post"]}"#,
        );
        let read = read.unwrap();
        assert_eq!((read.window_ms, read.count, read.zone), (1000, 2, RateZone::User));
        assert!(read.is_for("POST") && !read.is_for("GET"));
        assert_eq!(read.message, "Too many requests.");
        assert!(!read.include_master_key && !read.include_internal_requests);
    }

    #[test]
    fn bad_rules_are_refused() {
        for bad in [
            "{}",
            r#"{"requestTimeWindow":1000}"#,
            r#"{"requestTimeWindow":-1,"requestCount":1}"#,
            r#"{"requestTimeWindow":1.5,"requestCount":1}"#,
            r#"{"requestTimeWindow":"x","requestCount":1}"#,
            r#"{"requestTimeWindow":1,"requestCount":1,"zone":"x"}"#,
            r#"{"requestTimeWindow":1,"requestCount":1,"requestMethods":[1]}"#,
            r#"{"requestTimeWindow":1,"requestCount":1,"errorResponseMessage":5}"#,
        ] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
