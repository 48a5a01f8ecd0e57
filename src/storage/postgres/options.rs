//! What an address means to the driver.

use std::fmt::Write;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::options::{PostgresAddress, PostgresPool, PostgresServer, Secret, TlsMode};

/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 512;
/// The server looks so often whether somebody still waits for what it computes.
const LOOK_FOR_CLIENT_MS: u64 = 1_000;
/// The server ends a session that nobody closed so long after it should have been.
const GRACE_MS: u64 = 5_000;

/// The driver's options. What the address does not say is left to the driver, which asks libpq's variables
/// (`PGUSER`, `PGPASSWORD`).
pub(super) fn connect_options(address: &PostgresAddress) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .database(&address.database)
        .application_name(&address.application_name)
        .statement_cache_capacity(STATEMENTS_MAX)
        // Numbers come in binary form; some proxies refuse the setting.
        .extra_float_digits(None)
        .disable_statement_logging();
    options = match &address.server {
        PostgresServer::Host { name, port } => options.host(name).port(*port),
        PostgresServer::Socket { directory, port } => options.socket(directory).port(*port),
    };
    if let Some(user) = &address.user {
        options = options.username(user);
    }
    if let Some(password) = address.password.as_ref().map(Secret::expose) {
        options = options.password(password);
    }
    if !address.settings.is_empty() {
        options = options.options(address.settings.iter().map(|(name, value)| (name, value)));
    }
    options = options.ssl_mode(match (&address.server, address.tls.mode) {
        // A socket of the file system is never encrypted.
        (PostgresServer::Socket { .. }, _) | (PostgresServer::Host { .. }, TlsMode::Off) => {
            PgSslMode::Disable
        }
        (PostgresServer::Host { .. }, TlsMode::IfOffered) => PgSslMode::Prefer,
        (PostgresServer::Host { .. }, TlsMode::Unverified) => PgSslMode::Require,
        (PostgresServer::Host { .. }, TlsMode::Authority) => PgSslMode::VerifyCa,
        (PostgresServer::Host { .. }, TlsMode::Full) => PgSslMode::VerifyFull,
    });
    if let Some(file) = &address.tls.authorities {
        options = options.ssl_root_cert(file);
    }
    if let Some(client) = &address.tls.client {
        options = options.ssl_client_cert(&client.certificate).ssl_client_key(&client.key);
    }
    options
}

/// What every connection is told first. Settings that a server does not know are left out.
pub(super) fn first_statement(pool: &PostgresPool) -> String {
    let mut settings = vec![("client_connection_check_interval", LOOK_FOR_CLIENT_MS)];
    if let Some(ms) = pool.statement_timeout_ms {
        settings.push(("statement_timeout", ms));
    }
    if let Some(ms) = pool.idle_timeout_ms.filter(|_| pool.connections_min == 0) {
        settings.push(("idle_session_timeout", ms.saturating_add(GRACE_MS)));
    }
    let mut text =
        "SELECT set_config(s.name, w.value, false) FROM pg_settings s JOIN (VALUES ".to_owned();
    for (index, (name, ms)) in settings.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a text can not fail.
        let _ = write!(text, "{comma}('{name}', '{ms}')");
    }
    text.push_str(") w(name, value) ON s.name = w.name; ");
    // Without an order, rows come as they lie in the table, from its beginning: pages of them fit together.
    text.push_str("SET synchronize_seqscans = off");
    text
}

/// How long to wait for the answer to a statement: the server ends it in time, unless it is gone or stands still.
pub(super) fn patience(pool: &PostgresPool) -> Option<Duration> {
    pool.statement_timeout_ms.map(|ms| Duration::from_millis(ms.saturating_add(GRACE_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(uri: &str) -> PgConnectOptions {
        connect_options(&PostgresAddress::parse(uri).expect(uri))
    }

    #[test]
    fn an_address_in_the_words_of_the_driver() {
        let options = options("postgres://u:p@h:99/d?application_name=a&options=-c%20geqo=off");
        assert_eq!((options.get_host(), options.get_port()), ("h", 99));
        assert_eq!((options.get_username(), options.get_database()), ("u", Some("d")));
        assert_eq!(options.get_application_name(), Some("a"));
        assert_eq!(options.get_options(), Some("-c geqo=off"));
        assert!(matches!(options.get_ssl_mode(), PgSslMode::Disable));
    }

    #[test]
    fn encryption() {
        let mode = |uri: &str| options(uri).get_ssl_mode();
        assert!(matches!(mode("postgres://h/d?ssl=true"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://h/d?sslmode=verify-ca"), PgSslMode::VerifyCa));
        assert!(matches!(mode("postgres://h/d?sslmode=require"), PgSslMode::Require));
        assert!(matches!(mode("postgres://h/d?sslmode=prefer"), PgSslMode::Prefer));
        let socket = options("postgres:///d?host=/run/x&ssl=true");
        assert!(matches!(socket.get_ssl_mode(), PgSslMode::Disable));
        assert_eq!(socket.get_socket(), Some(&"/run/x".into()));
    }

    #[test]
    fn what_a_connection_is_told_first() {
        let pool = |uri: &str| PostgresAddress::parse(uri).expect(uri).pool;
        let text = first_statement(&pool("postgres://h/d?query_timeout=7&idleTimeoutMillis=10"));
        assert!(text.contains("('statement_timeout', '7')"), "{text}");
        assert!(text.contains("('idle_session_timeout', '5010')"), "{text}");
        let without = pool("postgres://h/d?query_timeout=0&idleTimeoutMillis=0");
        let text = first_statement(&without);
        assert!(!text.contains("_timeout'"), "{text}");
        assert_eq!(patience(&without), None);
    }
}
