//! The parts of an address, `//user:password@host:port/database?parameters`, and what they come to together.

use std::path::PathBuf;

use super::parameters::{Parameters, read};
use super::{ClientCertificate, PORT, PostgresAddress, PostgresServer, PostgresTls, TlsMode};
use crate::options::secret::Secret;

/// Reads an address; all problems come at once.
pub(super) fn parse(uri: &str) -> Result<PostgresAddress, String> {
    let parts = Parts::of(uri)?;
    let mut problems = Vec::new();
    let parameters = read(parts.query, &mut problems);
    let user = decoded("user name", parts.user, &mut problems).or(parameters.user.clone());
    let password = decoded("password", parts.password, &mut problems);
    let password = password.or(parameters.password.clone()).map(Secret::new);
    let database = decoded("name of the database", parts.database, &mut problems);
    let database = database.or(parameters.database.clone()).or(user.clone());
    let server = server(&parts, &parameters, &mut problems);
    let tls = tls(&parameters, &mut problems);
    if database.is_none() && problems.is_empty() {
        problems
            .push("the name of the database is missing, as in `postgres://host/name`".to_owned());
    }
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let name = parameters.application_name.or(parameters.fallback_application_name);
    Ok(PostgresAddress {
        server,
        database: database.unwrap_or_default(),
        user,
        password,
        tls,
        application_name: name.unwrap_or_else(|| "parsimony".to_owned()),
        settings: parameters.settings,
        pool: parameters.pool,
        warnings: parameters.warnings,
    })
}

/// An address in pieces, still percent-encoded.
#[derive(Default)]
struct Parts<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: &'a str,
    port: Option<&'a str>,
    database: Option<&'a str>,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Result<Self, String> {
        let Some(rest) = uri.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")) else {
            return Err(
                "expected an address such as `postgres://user:password@host:5432/name`".to_owned()
            );
        };
        let (authority, below) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // Such an address has its password in pieces that look like something else.
        if below.contains('#') || (below.contains('@') && !authority.contains('@')) {
            return Err("special characters must be percent-encoded (`@` as %40, `/` as %2F, `?` as %3F, `#` as %23)".to_owned());
        }
        let mut parts = Self::default();
        let place = match authority.rsplit_once('@') {
            Some((credentials, place)) => {
                let (user, password) = match credentials.split_once(':') {
                    Some((user, password)) => (user, Some(password)),
                    None => (credentials, None),
                };
                parts.user = given(user);
                parts.password = password.and_then(given);
                place
            }
            None => authority,
        };
        (parts.host, parts.port) = host_and_port(place);
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        parts.database = path.strip_prefix('/').and_then(given);
        parts.query = query;
        Ok(parts)
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// `host:port`; the host may be an IPv6 address in brackets.
fn host_and_port(place: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':').and_then(given));
    }
    match place.rsplit_once(':') {
        Some((host, port)) => (host, given(port)),
        None => (place, None),
    }
}

/// Undoes percent-encoding; nothing if the text is not well-formed.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let digits = behind.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = &behind[2..];
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn decoded(what: &str, text: Option<&str>, problems: &mut Vec<String>) -> Option<String> {
    let decoded = percent_decoded(text?);
    if decoded.is_none() {
        problems.push(format!("the {what} is not percent-encoded correctly"));
    }
    decoded
}

fn server(
    parts: &Parts<'_>,
    parameters: &Parameters,
    problems: &mut Vec<String>,
) -> PostgresServer {
    let port = match parts.port.map(str::parse).or(parameters.port.as_deref().map(str::parse)) {
        None => PORT,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => {
            problems.push("the port is no number from 1 to 65535".to_owned());
            PORT
        }
    };
    let host = decoded("host", given(parts.host), problems);
    let name = host.or(parameters.host.clone()).unwrap_or_else(|| "localhost".to_owned());
    if name.contains(',') {
        problems.push(
            "several hosts are not supported; name the one that writes, or a proxy before them"
                .to_owned(),
        );
    }
    match name.starts_with('/') {
        true => PostgresServer::Socket { directory: PathBuf::from(name), port },
        false => PostgresServer::Host { name, port },
    }
}

/// What the words of both worlds about encryption come to. In parse-server's, every word but `ssl` turns it on
/// by itself; it verifies unless it is told not to.
fn tls(parameters: &Parameters, problems: &mut Vec<String>) -> PostgresTls {
    let authorities = parameters.authorities.clone();
    let client = match (parameters.certificate.clone(), parameters.key.clone()) {
        (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            problems.push("`cert` and `key` go together".to_owned());
            None
        }
    };
    let implied = authorities.is_some() || client.is_some();
    let by_ssl = match (parameters.is_verified, parameters.ssl) {
        (Some(false), _) => Some(TlsMode::Unverified),
        (Some(true), _) => Some(TlsMode::Full),
        (None, Some(TlsMode::Off)) if implied => Some(TlsMode::Full),
        (None, mode) => mode,
    };
    let mode = match (parameters.sslmode, by_ssl) {
        (None, Some(mode)) => mode,
        (None, None) if implied => TlsMode::Full,
        (None, None) => TlsMode::Off,
        (Some(mode), by_ssl) => {
            if by_ssl.is_some_and(|by_ssl| disagree(mode, by_ssl)) {
                problems.push(
                    "`sslmode` says something else than `ssl` and `rejectUnauthorized`".to_owned(),
                );
            }
            // As libpq does it: who names an authority wants it to be asked.
            match mode {
                TlsMode::Unverified if authorities.is_some() => TlsMode::Authority,
                TlsMode::Off
                | TlsMode::IfOffered
                | TlsMode::Unverified
                | TlsMode::Authority
                | TlsMode::Full => mode,
            }
        }
    };
    PostgresTls { mode, authorities, client }
}

fn disagree(mode: TlsMode, by_ssl: TlsMode) -> bool {
    let is_verified = |mode| matches!(mode, TlsMode::Authority | TlsMode::Full);
    (mode == TlsMode::Off) != (by_ssl == TlsMode::Off)
        || (is_verified(mode) && by_ssl == TlsMode::Unverified)
}
