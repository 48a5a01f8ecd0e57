//! The database: its address, and what `databaseOptions` adds to that.

use super::reader::Reader;
use crate::options::database::Database;
use crate::options::postgres::{ClientCertificate, PostgresAddress, TlsMode};

/// Most connections that can be asked for.
const CONNECTIONS_MAX: u64 = 10_000;
/// Longest time that can be asked for: a day.
const TIMEOUT_MS_MAX: u64 = 86_400_000;

/// Reads the address; an option beside it wins over a parameter in it.
pub(super) fn read(reader: &mut Reader<'_>) -> Database {
    let uri = reader.text("databaseURI").unwrap_or_default();
    let mut database = Database::parse(&uri).unwrap_or_else(|problem| {
        reader.problem("databaseURI", &problem);
        Database::SqliteMemory
    });
    if let Database::Postgres(address) = &mut database {
        pool(reader, address);
        tls(reader, address);
        if let Some(name) = reader.text("databaseOptions.appName") {
            address.application_name = name;
        }
    }
    database
}

/// What the operator should be told about the address.
pub(super) fn warnings(database: &Database) -> Vec<String> {
    match database {
        Database::Postgres(address) => address.warnings.clone(),
        Database::Sqlite(_) | Database::SqliteMemory => Vec::new(),
    }
}

fn pool(reader: &mut Reader<'_>, address: &mut PostgresAddress) {
    const MIN: &str = "databaseOptions.minPoolSize";
    let pool = &mut address.pool;
    if let Some(most) = reader.integer("databaseOptions.maxPoolSize", 1..=CONNECTIONS_MAX) {
        pool.connections_max = most as u32;
    }
    if let Some(least) = reader.integer(MIN, 0..=CONNECTIONS_MAX) {
        pool.connections_min = least as u32;
        if pool.connections_min > pool.connections_max {
            let problem = format!("more than the {} of the pool", pool.connections_max);
            reader.problem(MIN, &problem);
        }
    }
    if let Some(ms) = reader.integer("databaseOptions.waitQueueTimeoutMS", 1..=TIMEOUT_MS_MAX) {
        pool.acquire_timeout_ms = ms;
    }
    for (path, limit) in [
        ("databaseOptions.maxIdleTimeMS", &mut pool.idle_timeout_ms),
        ("databaseOptions.maxTimeMS", &mut pool.statement_timeout_ms),
    ] {
        if let Some(ms) = reader.integer(path, 0..=TIMEOUT_MS_MAX) {
            *limit = (ms > 0).then_some(ms);
        }
    }
}

fn tls(reader: &mut Reader<'_>, address: &mut PostgresAddress) {
    let on = |reader: &Reader<'_>, path: &str| reader.raw.is_given(path).then(|| reader.flag(path));
    let tls = &mut address.tls;
    if let Some(file) = reader.text("databaseOptions.tlsCAFile") {
        tls.authorities = Some(file.into());
    }
    if let Some(file) = reader.text("databaseOptions.tlsCertificateKeyFile") {
        // One file holds both, as the option has it.
        let file = std::path::PathBuf::from(file);
        tls.client = Some(ClientCertificate { certificate: file.clone(), key: file });
    }
    let is_named = tls.authorities.is_some() || tls.client.is_some();
    let asked = on(reader, "databaseOptions.tls").or(on(reader, "databaseOptions.ssl"));
    match asked {
        Some(false) => tls.mode = TlsMode::Off,
        Some(true) if matches!(tls.mode, TlsMode::Off | TlsMode::IfOffered) => {
            tls.mode = TlsMode::Full;
        }
        None if is_named && tls.mode == TlsMode::Off => tls.mode = TlsMode::Full,
        Some(true) | None => {}
    }
    if !matches!(tls.mode, TlsMode::Authority | TlsMode::Full) {
        return;
    }
    if on(reader, "databaseOptions.tlsAllowInvalidHostnames") == Some(true) {
        tls.mode = TlsMode::Authority;
    }
    let lax = ["databaseOptions.tlsInsecure", "databaseOptions.tlsAllowInvalidCertificates"];
    if lax.iter().any(|path| on(reader, path) == Some(true)) {
        tls.mode = TlsMode::Unverified;
    }
}
