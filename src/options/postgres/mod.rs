//! Which PostgreSQL database is used, and how: what an address and the options of the connection say.
//!
//! The words are those of parse-server's addresses (`?ssl=true&ca=…`, `poolSize`, `query_timeout`) and those of
//! libpq (`sslmode`, `sslrootcert`, `connect_timeout`, `options`). Nothing here connects.

mod parameters;
#[cfg(test)]
mod tests;
mod uri;

use std::fmt;
use std::path::PathBuf;

use crate::options::secret::Secret;

/// Port of a server that names none.
const PORT: u16 = 5432;

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// The server.
    pub server: PostgresServer,
    /// Name of the database.
    pub database: String,
    /// The user; the driver's default if absent (`PGUSER`, or the user of the process).
    pub user: Option<String>,
    /// The password; the driver's default if absent (`PGPASSWORD`).
    pub password: Option<Secret>,
    /// Encryption.
    pub tls: PostgresTls,
    /// Name under which connections show up at the server.
    pub application_name: String,
    /// Settings that every connection starts with: names and values.
    pub settings: Vec<(String, String)>,
    /// Limits on connections and their use.
    pub pool: PostgresPool,
    /// What the operator should be told about the address.
    pub(super) warnings: Vec<String>,
}

/// Where a PostgreSQL server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresServer {
    /// At a port of a host.
    Host {
        /// Name or address; IPv6 without brackets.
        name: String,
        /// The port.
        port: u16,
    },
    /// At a socket in the file system.
    Socket {
        /// The directory that the socket is in.
        directory: PathBuf,
        /// The port that is part of its name.
        port: u16,
    },
}

/// How connections are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresTls {
    /// Whether they are, and what is verified.
    pub mode: TlsMode,
    /// File with certificates to trust besides those of the public authorities.
    pub authorities: Option<PathBuf>,
    /// What this side proves itself with.
    pub client: Option<ClientCertificate>,
}

/// Whether a connection is encrypted, and what of the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// It is not.
    Off,
    /// It is if the server can; nothing is verified.
    IfOffered,
    /// It is; nothing is verified.
    Unverified,
    /// It is; a trusted authority signed the certificate, for whatever host.
    Authority,
    /// It is; a trusted authority signed the certificate for this host.
    Full,
}

/// A certificate and its key, as files in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and what leads to its authority.
    pub certificate: PathBuf,
    /// Its key, not encrypted.
    pub key: PathBuf,
}

/// Limits on the connections to PostgreSQL and their use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresPool {
    /// Connections at most.
    pub connections_max: u32,
    /// Connections that are kept open when there is nothing to do.
    pub connections_min: u32,
    /// Milliseconds to wait for a connection, be it a free one or a new one.
    pub acquire_timeout_ms: u64,
    /// Milliseconds after which an unused connection is closed; never if absent.
    pub idle_timeout_ms: Option<u64>,
    /// Milliseconds that a statement may take; any time if absent.
    pub statement_timeout_ms: Option<u64>,
}

impl PostgresPool {
    /// Connections at most: more than parse-server's pool has are rarely worth their memory at the server.
    pub(super) const CONNECTIONS_MAX: u32 = 10;
    /// Milliseconds to wait for a connection: longer than a restart of the server takes, shorter than clients wait.
    pub(super) const ACQUIRE_TIMEOUT_MS: u64 = 5_000;
    /// Milliseconds after which an unused connection is closed.
    pub(super) const IDLE_TIMEOUT_MS: u64 = 60_000;
    /// Milliseconds that a statement may take: an answer that nobody waits for any more is not worth a connection.
    pub(super) const STATEMENT_TIMEOUT_MS: u64 = 60_000;
}

impl Default for PostgresPool {
    fn default() -> Self {
        Self {
            connections_max: Self::CONNECTIONS_MAX,
            connections_min: 0,
            acquire_timeout_ms: Self::ACQUIRE_TIMEOUT_MS,
            idle_timeout_ms: Some(Self::IDLE_TIMEOUT_MS),
            statement_timeout_ms: Some(Self::STATEMENT_TIMEOUT_MS),
        }
    }
}

impl PostgresAddress {
    /// Reads an address, `postgres://user:password@host:port/database?parameters`. The problem text never repeats a
    /// value, because parts of an address that is written wrongly may be parts of its password.
    pub fn parse(uri: &str) -> Result<Self, String> {
        uri::parse(uri)
    }
}

/// Prints as it stands in an address, for the log.
impl fmt::Display for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Host { name, port } => write!(f, "{name}:{port}"),
            Self::Socket { directory, port } => {
                write!(f, "{}/.s.PGSQL.{port}", directory.display())
            }
        }
    }
}
