//! Redis, which carries events between processes: what of node-redis' options there is here.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};
use url::Url;

use super::reader::Reader;
use crate::options::nearest;
use crate::options::secret::Secret;

/// Through which Redis events go, and from which they come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RedisConfig {
    /// Where events of this process are published (`liveQuery`).
    pub publish: Option<RedisOptions>,
    /// Where events of other processes are heard (`liveQueryServerOptions`); if that says nothing, where they are
    /// published.
    pub subscribe: Option<RedisOptions>,
    /// What the options say that has no effect here.
    pub(super) warnings: Vec<String>,
}

impl RedisConfig {
    /// The Redis at an address, in both directions, with options as node-redis has them. Errors say what is wrong,
    /// without showing it.
    pub fn at(address: &str, options: Map<String, Value>) -> Result<Self, String> {
        let mut said = Said { given: options, prefix: String::new(), warnings: Vec::new() };
        let options = said.options(address).map_err(|wrong| match wrong {
            Wrong::Url(problem) | Wrong::Option(problem) => problem,
        })?;
        let publish = Some(options);
        Ok(Self { subscribe: publish.clone(), publish, warnings: said.warnings })
    }
}

/// A Redis server.
#[derive(Debug, Clone, PartialEq)]
pub struct RedisOptions {
    /// Where it listens.
    pub address: RedisAddress,
    /// The user, if it is not the default one.
    pub username: Option<String>,
    /// The password, if it wants one.
    pub password: Option<Secret>,
    /// The number of the database. Events go to all that are connected, whatever their database.
    pub database: u32,
    /// The name by which the server lists the connections.
    pub name: Option<String>,
    /// How long connecting may take.
    pub connect_timeout_ms: u64,
    /// How long an answer may take before the connection counts as lost.
    pub answer_timeout_ms: u64,
    /// How often a silent connection is asked whether it still stands.
    pub ping_interval_ms: u64,
}

/// Where a Redis server listens.
#[derive(Debug, Clone, PartialEq)]
pub enum RedisAddress {
    /// A port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// How the connection is encrypted, if it is.
        tls: Option<RedisTls>,
    },
    /// A socket of this machine.
    Socket(PathBuf),
}

/// How a connection to Redis is encrypted.
#[derive(Clone, Default, PartialEq)]
pub struct RedisTls {
    /// Whether anybody's certificate will do: the connection is then safe from those who listen, not from those who
    /// pretend to be the server.
    pub trusts_anybody: bool,
    /// Certificates of the authorities that are trusted instead of those of the machine, as PEM.
    pub authorities: Option<String>,
    /// Certificate and key to show, as PEM.
    pub identity: Option<(String, Secret)>,
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("trusts_anybody", &self.trusts_anybody)
            .field("has_authorities", &self.authorities.is_some())
            .field("has_identity", &self.identity.is_some())
            .finish()
    }
}

const PORT: u16 = 6379;
/// node-redis' own.
const CONNECT_TIMEOUT_MS: u64 = 5_000;
const ANSWER_TIMEOUT_MS: u64 = 10_000;
const PING_INTERVAL_MS: u64 = 30_000;
const TIMEOUTS_MS: std::ops::RangeInclusive<u64> = 1..=3_600_000;

/// What there is.
const NAMES: &[&str] = &[
    "url",
    "username",
    "password",
    "database",
    "name",
    "pingInterval",
    "commandTimeout",
    "socket",
];
const SOCKET_NAMES: &[&str] = &[
    "host",
    "port",
    "path",
    "tls",
    "connectTimeout",
    "socketTimeout",
    "ca",
    "cert",
    "key",
    "rejectUnauthorized",
];

/// What node-redis knows and what is not needed here: the server connects again by itself, and waits for nothing.
const POINTLESS: &[&str] = &[
    "RESP",
    "commandsQueueMaxLength",
    "disableOfflineQueue",
    "readonly",
    "legacyMode",
    "disableClientInfo",
    "clientInfoTag",
    "maintNotifications",
    "maintEndpointType",
    "maintRelaxedCommandTimeout",
    "maintRelaxedSocketTimeout",
    "commandOptions",
    "isolationPoolOptions",
    "clientSideCache",
    "functions",
    "modules",
    "scripts",
];
const SOCKET_POINTLESS: &[&str] =
    &["family", "noDelay", "keepAlive", "keepAliveInitialDelay", "reconnectStrategy"];

/// Reads what both sides say.
pub(super) fn read(reader: &mut Reader<'_>) -> RedisConfig {
    let mut warnings = Vec::new();
    let publish = side(reader, "liveQuery", &mut warnings);
    let own = side(reader, "liveQueryServerOptions", &mut warnings);
    RedisConfig { subscribe: own.or_else(|| publish.clone()), publish, warnings }
}

fn side(reader: &mut Reader<'_>, group: &str, warnings: &mut Vec<String>) -> Option<RedisOptions> {
    let (address, options) = (format!("{group}.redisURL"), format!("{group}.redisOptions"));
    let given = match reader.raw.value(&options) {
        Value::Object(given) => given,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    let Some(url) = reader.text(&address) else {
        if !given.is_empty() {
            warnings.push(format!("option `{options}` has no effect without `{address}`"));
        }
        return None;
    };
    let mut said = Said { given, prefix: String::new(), warnings: Vec::new() };
    let read = said.options(&url);
    warnings.extend(said.warnings.iter().map(|text| format!("option `{options}`: {text}")));
    match read {
        Ok(read) => Some(read),
        Err(Wrong::Url(problem)) => {
            reader.problem(&address, &problem);
            None
        }
        Err(Wrong::Option(problem)) => {
            reader.problem(&options, &problem);
            None
        }
    }
}

/// What is wrong, and where. Neither shows what was given: it may hold a password.
#[derive(Debug, PartialEq)]
enum Wrong {
    Url(String),
    Option(String),
}

/// Options that were not read yet.
struct Said {
    given: Map<String, Value>,
    /// The names of the options that these belong to.
    prefix: String,
    warnings: Vec<String>,
}

impl Said {
    /// The address says more than the other options (`node-redis`, `RedisClient.parseURL`).
    fn options(&mut self, url: &str) -> Result<RedisOptions, Wrong> {
        let own = self.text("url")?;
        let url = Address::read(own.as_deref().unwrap_or(url)).map_err(|problem| match &own {
            Some(_) => Wrong::Option(format!("`url`: {problem}")),
            None => Wrong::Url(problem),
        })?;
        let socket = match self.given.remove("socket") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(socket)) => socket,
            Some(_) => return Err(Wrong::Option("expected an object as `socket`".to_owned())),
        };
        let mut socket = Self { given: socket, prefix: "socket.".to_owned(), warnings: Vec::new() };
        let username = self.text("username")?;
        let password = self.text("password")?.map(Secret::new);
        let database = self.whole("database", 0..=u64::from(u32::MAX))?;
        let database = url.database.or_else(|| u32::try_from(database?).ok()).unwrap_or(0);
        let answer = socket.whole("socketTimeout", TIMEOUTS_MS)?;
        let options = RedisOptions {
            username: url.username.clone().or(username),
            password: url.password.clone().or(password),
            database,
            name: self.text("name")?,
            connect_timeout_ms: socket
                .whole("connectTimeout", TIMEOUTS_MS)?
                .unwrap_or(CONNECT_TIMEOUT_MS),
            answer_timeout_ms: self
                .whole("commandTimeout", TIMEOUTS_MS)?
                .or(answer)
                .unwrap_or(ANSWER_TIMEOUT_MS),
            ping_interval_ms: self.whole("pingInterval", TIMEOUTS_MS)?.unwrap_or(PING_INTERVAL_MS),
            address: socket.address(url)?,
        };
        socket.end(SOCKET_NAMES, SOCKET_POINTLESS)?;
        self.warnings.append(&mut socket.warnings);
        self.end(NAMES, POINTLESS)?;
        Ok(options)
    }

    /// Where the server listens, from the options of the socket.
    fn address(&mut self, url: Address) -> Result<RedisAddress, Wrong> {
        let (host, port) = (self.text("host")?, self.whole("port", 1..=65_535)?);
        let tls = RedisTls {
            trusts_anybody: self.flag("rejectUnauthorized")? == Some(false),
            authorities: self.pem("ca")?,
            identity: match (self.pem("cert")?, self.pem("key")?) {
                (Some(certificate), Some(key)) => Some((certificate, Secret::new(key))),
                (None, None) => None,
                _ => return Err(self.wrong("`cert` and `key` come together")),
            },
        };
        let is_encrypted = self.flag("tls")?.unwrap_or(false) || url.is_encrypted;
        if let Some(path) = self.text("path")? {
            return Ok(RedisAddress::Socket(PathBuf::from(path)));
        }
        if is_encrypted && tls.trusts_anybody {
            self.warnings.push(
                "`socket.rejectUnauthorized` is off: whoever pretends to be Redis is believed"
                    .to_owned(),
            );
        }
        if !is_encrypted && tls != RedisTls::default() {
            return Err(self.wrong("certificates mean nothing without `tls` or `rediss://`"));
        }
        let port = url.port.or_else(|| u16::try_from(port?).ok()).unwrap_or(PORT);
        let host = url.host.or(host).unwrap_or_else(|| "localhost".to_owned());
        Ok(RedisAddress::Tcp { host, port, tls: is_encrypted.then_some(tls) })
    }

    fn wrong(&self, problem: &str) -> Wrong {
        match self.prefix.strip_suffix('.') {
            Some(group) => Wrong::Option(format!("{problem} in `{group}`")),
            None => Wrong::Option(problem.to_owned()),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        match self.given.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(&format!("expected a text as `{name}`"))),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.given.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(&format!("expected true or false as `{name}`"))),
        }
    }

    /// A number, which may be written as a text: it often comes out of an environment variable.
    fn whole(
        &mut self,
        name: &str,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Wrong> {
        let number = match self.given.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        match number.filter(|number| bounds.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(&format!(
                "expected an integer from {} to {} as `{name}`",
                bounds.start(),
                bounds.end()
            ))),
        }
    }

    /// Certificates or a key, in one text or several.
    fn pem(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        let texts = match self.given.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => Some(vec![text]),
            Some(Value::Array(texts)) => {
                texts.into_iter().map(|text| text.as_str().map(str::to_owned)).collect()
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
        };
        let texts: Option<Vec<String>> = texts;
        match texts.filter(|texts| texts.iter().all(|text| text.contains("-----BEGIN "))) {
            Some(texts) => Ok(Some(texts.join("\n"))),
            None => Err(self.wrong(&format!("expected a text in the form PEM as `{name}`"))),
        }
    }

    /// Nothing is left: what is not known is said, not ignored.
    fn end(&mut self, names: &[&str], pointless: &[&str]) -> Result<(), Wrong> {
        for name in pointless.iter().filter(|name| self.given.contains_key(**name)) {
            self.warnings.push(format!("`{}{name}` has no effect here", self.prefix));
        }
        let unknown = self.given.keys().find(|name| !pointless.contains(&name.as_str()));
        let Some(name) = unknown else { return Ok(()) };
        let hint = match nearest::word(name, names) {
            Some(nearest) => format!("did you mean `{}{nearest}`?", self.prefix),
            None => format!("known are {}", names.join(", ")),
        };
        Err(Wrong::Option(format!("unknown option `{}{name}`; {hint}", self.prefix)))
    }
}

/// What an address says.
struct Address {
    is_encrypted: bool,
    host: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    password: Option<Secret>,
    database: Option<u32>,
}

impl Address {
    fn read(text: &str) -> Result<Self, String> {
        let form = "expected `redis://user:password@host:port/database`, or `rediss://…`";
        let url = Url::parse(text).map_err(|_| form.to_owned())?;
        let is_encrypted = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(form.to_owned()),
        };
        let decoded = |text: &str| {
            let bad = || "user and password must be percent-encoded".to_owned();
            percent_decoded(text).ok_or_else(bad)
        };
        let host = url.host().map(|host| match host {
            url::Host::Domain(name) => name.to_owned(),
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        });
        let username = Some(url.username()).filter(|name| !name.is_empty());
        let database = match url.path().trim_matches('/') {
            "" => None,
            number => Some(number.parse().map_err(|_| "the database is a number".to_owned())?),
        };
        Ok(Self {
            is_encrypted,
            host: host.filter(|host| !host.is_empty()),
            port: url.port(),
            username: username.map(decoded).transpose()?,
            password: url.password().map(decoded).transpose()?.map(Secret::new),
            database,
        })
    }
}

/// A text without its `%41`, if it is one.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = match (first, others) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                decoded.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
                after
            }
            (b'%', _) => return None,
            (byte, after) => {
                decoded.push(*byte);
                after
            }
        };
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(url: &str, options: &Value) -> Result<(RedisOptions, Vec<String>), Wrong> {
        let given = options.as_object().cloned().unwrap();
        let mut said = Said { given, prefix: String::new(), warnings: Vec::new() };
        said.options(url).map(|options| (options, said.warnings))
    }

    fn tcp(url: &str, options: &Value) -> (String, u16, bool) {
        match read(url, options).unwrap().0.address {
            RedisAddress::Tcp { host, port, tls } => (host, port, tls.is_some()),
            RedisAddress::Socket(path) => panic!("{path:?}"),
        }
    }

    fn check_refused(url: &str, options: &Value, expected: &str) {
        let problem = match read(url, options).unwrap_err() {
            Wrong::Url(problem) | Wrong::Option(problem) => problem,
        };
        assert!(problem.contains(expected), "{url} {options}: {problem}");
        assert!(!problem.contains("hush"), "{problem}");
    }

    #[test]
    fn an_address_says_where_and_who() {
        let none = json!({});
        assert_eq!(tcp("redis://h", &none), ("h".to_owned(), 6379, false));
        assert_eq!(tcp("rediss://h:7/", &none), ("h".to_owned(), 7, true));
        assert_eq!(tcp("redis://[::1]:7/3", &none), ("::1".to_owned(), 7, false));
        let (options, warnings) = read("redis://us%40er:hu%3Ash@h/3", &none).unwrap();
        assert_eq!(options.username.as_deref(), Some("us@er"));
        assert_eq!(options.password.as_ref().map(Secret::expose), Some("hu:sh"));
        assert_eq!((options.database, warnings), (3, Vec::new()));
        let (options, _) = read("redis://:hush@h", &none).unwrap();
        assert_eq!(options.username, None);
        assert!(!format!("{options:?}").contains("hush"));
    }

    #[test]
    fn the_address_says_more_than_the_options() {
        let options = json!({
            "username": "u", "password": "p", "database": "4", "name": "n", "pingInterval": 7,
            "socket": {"host": "other", "port": 8, "connectTimeout": 9, "tls": true},
        });
        assert_eq!(tcp("redis://h:7", &options), ("h".to_owned(), 7, true));
        assert_eq!(tcp("redis://h", &options), ("h".to_owned(), 8, true));
        let (read, _) = read("redis://a:b@h/5", &options).unwrap();
        assert_eq!(read.username.as_deref(), Some("a"));
        assert_eq!((read.database, read.ping_interval_ms, read.connect_timeout_ms), (5, 7, 9));
        assert_eq!(tcp("redis://h", &json!({"url": "rediss://other"})).0, "other");
    }

    #[test]
    fn certificates() {
        let pem = "-----BEGIN CERTIFICATE-----";
        let options = json!({"socket": {"ca": [pem, pem], "cert": pem, "key": pem}});
        let RedisAddress::Tcp { tls: Some(tls), .. } =
            read("rediss://h", &options).unwrap().0.address
        else {
            panic!("not encrypted")
        };
        assert_eq!(tls.authorities.unwrap().matches("BEGIN").count(), 2);
        assert!(tls.identity.is_some() && !tls.trusts_anybody);
        let (_, warnings) =
            read("rediss://h", &json!({"socket": {"rejectUnauthorized": false}})).unwrap();
        assert!(warnings[0].contains("believed"), "{warnings:?}");
        check_refused("redis://h", &options, "without `tls`");
        check_refused("rediss://h", &json!({"socket": {"ca": "hush"}}), "PEM");
        check_refused("rediss://h", &json!({"socket": {"cert": pem}}), "come together");
    }

    #[test]
    fn what_is_wrong_is_said_without_showing_it() {
        let none = json!({});
        check_refused("http://hush@h", &none, "redis://");
        check_refused("redis://h/x", &none, "a number");
        check_refused("redis://:hush%zz@h", &none, "percent-encoded");
        check_refused("hush", &none, "redis://");
        check_refused("redis://h", &json!({"passwort": "hush"}), "did you mean `password`?");
        check_refused("redis://h", &json!({"socket": {"hots": 1}}), "did you mean `socket.host`?");
        check_refused(
            "redis://h",
            &json!({"socket": {"port": 0}}),
            "1 to 65535 as `port` in `socket`",
        );
        check_refused("redis://h", &json!({"socket": []}), "an object as `socket`");
        check_refused("redis://h", &json!({"password": 5}), "a text as `password`");
        let (_, warnings) =
            read("redis://h", &json!({"RESP": 3, "socket": {"keepAlive": true}})).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().any(|text| text.contains("`socket.keepAlive` has no effect")));
    }

    #[test]
    fn a_socket_of_the_machine() {
        let (options, _) = read("redis://h", &json!({"socket": {"path": "/run/redis"}})).unwrap();
        assert_eq!(options.address, RedisAddress::Socket(PathBuf::from("/run/redis")));
    }
}
