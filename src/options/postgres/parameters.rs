//! The parameters of an address, `?name=value&…`, each by itself.

use std::fs::File;
use std::path::PathBuf;

use super::uri::percent_decoded;
use super::{PostgresPool, TlsMode};
use crate::options::nearest;

/// More connections than this are a slip of the pen.
const CONNECTIONS_MAX: u64 = 10_000;
/// Longest time that can be asked for: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// Every parameter that is known, for hints.
const NAMES: &[&str] = &[
    "application_name",
    "binary",
    "ca",
    "cert",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "host",
    "idleTimeoutMillis",
    "keepAlive",
    "key",
    "max",
    "options",
    "passphrase",
    "password",
    "pfx",
    "poolSize",
    "port",
    "query_timeout",
    "rejectUnauthorized",
    "secureOptions",
    "ssl",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// What the parameters say.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
    pub(super) ssl: Option<TlsMode>,
    pub(super) sslmode: Option<TlsMode>,
    pub(super) is_verified: Option<bool>,
    pub(super) authorities: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) application_name: Option<String>,
    pub(super) fallback_application_name: Option<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) pool: PostgresPool,
    pub(super) warnings: Vec<String>,
    is_max_given: bool,
}

/// Reads the parameters of an address. An empty value counts as absent.
pub(super) fn read(query: &str, problems: &mut Vec<String>) -> Parameters {
    let mut parameters = Parameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (percent_decoded(name), percent_decoded(value)) else {
            problems.push("a parameter is not percent-encoded correctly".to_owned());
            continue;
        };
        if value.is_empty() {
            continue;
        }
        if let Err(problem) = parameters.set(&name, value) {
            problems.push(format!("`{name}`: {problem}"));
        }
    }
    parameters
}

impl Parameters {
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "application_name" => self.application_name = Some(value),
            "fallback_application_name" => self.fallback_application_name = Some(value),
            "options" => self.settings = settings(&value)?,
            "ssl" | "sslmode" | "rejectUnauthorized" | "ca" | "sslrootcert" | "cert"
            | "sslcert" | "key" | "sslkey" | "pfx" | "passphrase" | "secureOptions" => {
                self.set_tls(name, &value)?;
            }
            "max" | "poolSize" | "idleTimeoutMillis" | "query_timeout" | "connect_timeout" => {
                self.set_limit(name, &value)?;
            }
            // Answers are read in the form that costs least, whatever is asked for.
            "binary" => drop(flag(&value)?),
            "keepAlive" => {
                if flag(&value)? {
                    self.warn(name, "a connection that fell silent is found by `query_timeout`");
                }
            }
            "client_encoding" => {
                let plain = value.replace(['-', '_'], "").to_ascii_lowercase();
                if !matches!(plain.as_str(), "utf8" | "unicode" | "auto") {
                    return Err("only UTF8 is spoken; leave it out".to_owned());
                }
            }
            _ => {
                let hint =
                    nearest::word(name, NAMES).map(|known| format!("did you mean `{known}`?"));
                self.warn(name, hint.as_deref().unwrap_or("it is not known"));
            }
        }
        Ok(())
    }

    fn set_tls(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "ssl" => {
                self.ssl = Some(match value {
                    "no-verify" => TlsMode::Unverified,
                    _ if flag(value)? => TlsMode::Full,
                    _ => TlsMode::Off,
                });
            }
            "sslmode" => self.sslmode = Some(mode(value)?),
            "rejectUnauthorized" => self.is_verified = Some(flag(value)?),
            "sslrootcert" if value == "system" => self.is_verified = Some(true),
            "ca" | "sslrootcert" => self.authorities = Some(file(value)?),
            "cert" | "sslcert" => self.certificate = Some(file(value)?),
            "key" | "sslkey" => self.key = Some(file(value)?),
            "pfx" => {
                return Err("PKCS#12 files can not be read; write their parts to files with `openssl pkcs12 -nodes` \
                            and name these as `cert`, `key` and `ca`"
                    .to_owned());
            }
            "passphrase" => {
                return Err("encrypted keys can not be read; decrypt the key with `openssl pkey` and protect its file"
                    .to_owned());
            }
            _ => self.warn(name, "only TLS 1.2 and 1.3 are spoken, without weak ciphers"),
        }
        Ok(())
    }

    /// Sets a limit of the pool. Of the two names for its size, `max` wins, wherever it stands.
    fn set_limit(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "max" => {
                self.pool.connections_max = integer(value, 1, CONNECTIONS_MAX)? as u32;
                self.is_max_given = true;
            }
            "poolSize" => {
                let size = integer(value, 1, CONNECTIONS_MAX)? as u32;
                if !self.is_max_given {
                    self.pool.connections_max = size;
                }
            }
            "idleTimeoutMillis" => self.pool.idle_timeout_ms = timeout(value)?,
            "query_timeout" => self.pool.statement_timeout_ms = timeout(value)?,
            // In seconds, as libpq has it; without any limit a request could wait for ever.
            _ => {
                let seconds = integer(value, 1, TIMEOUT_MS_MAX / 1000)?;
                self.pool.acquire_timeout_ms = seconds * 1000;
            }
        }
        Ok(())
    }

    fn warn(&mut self, name: &str, why: &str) {
        // A name that is none may be a piece of a password.
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.warnings
                .push(format!("`{name}` in the address of the database has no effect: {why}"));
        } else {
            self.warnings
                .push("a parameter in the address of the database is not known".to_owned());
        }
    }
}

fn flag(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

fn integer(value: &str, min: u64, max: u64) -> Result<u64, String> {
    let number = value.trim().parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("expected an integer from {min} to {max}"))
}

/// Milliseconds, or 0 for no limit.
fn timeout(value: &str) -> Result<Option<u64>, String> {
    integer(value, 0, TIMEOUT_MS_MAX).map(|ms| (ms > 0).then_some(ms))
}

fn mode(value: &str) -> Result<TlsMode, String> {
    match value {
        "disable" => Ok(TlsMode::Off),
        "allow" | "prefer" => Ok(TlsMode::IfOffered),
        "require" | "no-verify" => Ok(TlsMode::Unverified),
        "verify-ca" => Ok(TlsMode::Authority),
        "verify-full" => Ok(TlsMode::Full),
        _ => Err("expected disable, prefer, require, verify-ca or verify-full".to_owned()),
    }
}

/// A file that can be read now; it is read again by every new connection.
fn file(path: &str) -> Result<PathBuf, String> {
    match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Ok(PathBuf::from(path)),
        Ok(_) => Err("names no file".to_owned()),
        Err(cause) => Err(format!("the file can not be read: {cause}")),
    }
}

/// `-c name=value` and `--name=value`, with spaces between them; a backslash takes away the meaning of a space.
fn settings(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut settings = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.as_str(), word.strip_prefix("--")) {
            ("-c", _) => words.next(),
            (_, Some(setting)) => Some(setting.to_owned()),
            (_, None) => word.strip_prefix("-c").map(str::to_owned),
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        match pair {
            Some((name, value)) if !name.is_empty() => {
                settings.push((name.replace('-', "_"), value.to_owned()));
            }
            Some(_) | None => return Err("expected settings as in `-c name=value`".to_owned()),
        }
    }
    Ok(settings)
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let last = words.len() - 1;
        match letter {
            '\\' => words[last].extend(letters.next()),
            ' ' => words.push(String::new()),
            _ => words[last].push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
