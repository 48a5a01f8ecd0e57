//! Addresses and what they come to.

use std::fs;

use super::*;

fn parse(rest: &str) -> PostgresAddress {
    PostgresAddress::parse(&format!("postgres:{rest}"))
        .unwrap_or_else(|problem| panic!("{rest}: {problem}"))
}

fn check_problem(rest: &str, expected: &[&str]) {
    let problem = PostgresAddress::parse(&format!("postgres:{rest}")).expect_err(rest);
    for text in expected {
        assert!(problem.contains(text), "{rest} should say `{text}`: {problem}");
    }
    assert!(!problem.contains("hush"), "{rest}: {problem}");
}

fn host(name: &str, port: u16) -> PostgresServer {
    PostgresServer::Host { name: name.to_owned(), port }
}

fn socket(directory: &str) -> PostgresServer {
    PostgresServer::Socket { directory: directory.into(), port: 5432 }
}

#[test]
fn places() {
    let check = |rest: &str, server: PostgresServer, database: &str, user: Option<&str>| {
        let address = parse(rest);
        assert_eq!(address.server, server, "{rest}");
        assert_eq!(address.database, database, "{rest}");
        assert_eq!(address.user.as_deref(), user, "{rest}");
        assert_eq!(address.warnings, [""; 0], "{rest}");
    };
    check("//h/d", host("h", 5432), "d", None);
    check("//u@h:99/d", host("h", 99), "d", Some("u"));
    check("//u:p@h", host("h", 5432), "u", Some("u"));
    check("///d", host("localhost", 5432), "d", None);
    check("//u@[::1]:99/d", host("::1", 99), "d", Some("u"));
    check("//[::1]/d", host("::1", 5432), "d", None);
    check("///d?host=/run/postgresql", socket("/run/postgresql"), "d", None);
    check("//u@%2Frun%2Fpostgresql/d", socket("/run/postgresql"), "d", Some("u"));
    check("//?host=h&port=99&user=u&password=p&dbname=d", host("h", 99), "d", Some("u"));
    check("//h:1/d?host=other&port=2", host("h", 1), "d", None);
    check("//u%40x:p@h/d%2Fe?", host("h", 5432), "d/e", Some("u@x"));
    assert_eq!(host("::1", 99).to_string(), "[::1]:99");
    assert_eq!(host("h", 99).to_string(), "h:99");
    assert_eq!(socket("/run").to_string(), "/run/.s.PGSQL.5432");
}

#[test]
fn passwords() {
    let check = |rest: &str, expected: Option<&str>| {
        let address = parse(rest);
        let password = address.password.as_ref().map(Secret::expose);
        assert_eq!(password, expected, "{rest}");
        assert!(!format!("{address:?}").contains("hush"), "{address:?}");
    };
    check("//u:hush@h/d", Some("hush"));
    check("//u:hu%3Ash%23%2F%3F%40@h/d", Some("hu:sh#/?@"));
    check("//u:hush:@h/d", Some("hush:"));
    check("//u:hu@sh@h/d", Some("hu@sh"));
    check("//u:@h/d", None);
    check("//u@h/d?password=hush", Some("hush"));
    check("//u:%C3%BC@h/d", Some("ü"));
}

#[test]
fn addresses_that_are_none() {
    let encode = "must be percent-encoded";
    check_problem("u:hush@h/d", &["expected an address such as"]);
    check_problem("//u:hu#hush@h/d", &[encode]);
    check_problem("//u:hu/hush@h/d", &[encode]);
    check_problem("//u:hu?hush@h/d", &[encode]);
    check_problem("//u:hush%@h/d", &["the password is not percent-encoded correctly"]);
    check_problem("//u:hush%0@h/d", &["the password is not"]);
    check_problem("//u:hush%+1@h/d", &["the password is not"]);
    check_problem("//u:hush%ff@h/d", &["the password is not"]);
    check_problem("//u:hush%00@h/d", &["the password is not"]);
    check_problem("//%zz:hush@h/%zz", &["the user name is not", "the name of the database is not"]);
    check_problem("//u:hush@h:0/d", &["the port is no number from 1 to 65535"]);
    check_problem("//h:hush/d", &["the port is no number"]);
    check_problem("//u:hush@h:70000/d", &["the port is no number"]);
    check_problem("//u:hush@a,b/d", &["several hosts are not supported"]);
    check_problem("//h", &["the name of the database is missing"]);
    check_problem("//h/d?a=%hush", &["a parameter is not percent-encoded correctly"]);
}

#[test]
fn encryption() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, "").unwrap();
    let check = |parameters: &str, mode: TlsMode| {
        let parameters = parameters.replace("FILE", file.to_str().unwrap());
        let tls = parse(&format!("//h/d?{parameters}")).tls;
        assert_eq!(tls.mode, mode, "{parameters}");
        let named = parameters.contains("ca=") || parameters.contains("sslrootcert=/");
        assert_eq!(tls.authorities.is_some(), named, "{parameters}");
        assert_eq!(tls.client.is_some(), parameters.contains("key="), "{parameters}");
    };
    check("", TlsMode::Off);
    check("ssl=false", TlsMode::Off);
    check("ssl=true", TlsMode::Full);
    check("ssl=TRUE&rejectUnauthorized=true", TlsMode::Full);
    check("ssl=true&rejectUnauthorized=false", TlsMode::Unverified);
    check("rejectUnauthorized=false", TlsMode::Unverified);
    check("ssl=no-verify", TlsMode::Unverified);
    check("ca=FILE", TlsMode::Full);
    check("ca=FILE&ssl=false", TlsMode::Full);
    check("ca=FILE&rejectUnauthorized=false", TlsMode::Unverified);
    check("cert=FILE&key=FILE", TlsMode::Full);
    check("sslmode=disable", TlsMode::Off);
    check("sslmode=allow", TlsMode::IfOffered);
    check("sslmode=prefer", TlsMode::IfOffered);
    check("sslmode=require", TlsMode::Unverified);
    check("sslmode=require&ssl=true", TlsMode::Unverified);
    check("sslmode=require&sslrootcert=FILE", TlsMode::Authority);
    check("sslmode=verify-ca&sslrootcert=FILE", TlsMode::Authority);
    check("sslmode=verify-full&sslcert=FILE&sslkey=FILE", TlsMode::Full);
    check("sslmode=verify-full&sslrootcert=system", TlsMode::Full);
    check("sslrootcert=system", TlsMode::Full);

    let directory = format!("//h/d?ca={}", folder.path().display());
    check_problem(&directory, &["`ca`: names no file"]);
    check_problem("//h/d?ca=/no/such/file", &["`ca`: the file can not be read"]);
    check_problem(&format!("//h/d?cert={}", file.display()), &["`cert` and `key` go together"]);
    check_problem("//h/d?sslmode=maybe", &["`sslmode`: expected disable, prefer"]);
    check_problem("//h/d?sslmode=disable&ssl=true", &["`sslmode` says something else"]);
    check_problem("//h/d?sslmode=require&ssl=false", &["`sslmode` says something else"]);
    check_problem(
        "//h/d?sslmode=verify-full&rejectUnauthorized=false",
        &["`sslmode` says something else"],
    );
    check_problem("//h/d?pfx=a.p12", &["`pfx`: PKCS#12", "openssl pkcs12"]);
    check_problem("//h/d?passphrase=hush", &["`passphrase`: encrypted keys", "openssl pkey"]);
}

#[test]
fn limits() {
    let check = |parameters: &str, expected: PostgresPool| {
        assert_eq!(parse(&format!("//h/d?{parameters}")).pool, expected, "{parameters}");
    };
    let preset = PostgresPool::default;
    assert_eq!(preset().connections_max, 10);
    check("", preset());
    check("max=3", PostgresPool { connections_max: 3, ..preset() });
    check("poolSize=3", PostgresPool { connections_max: 3, ..preset() });
    check("max=3&poolSize=4", PostgresPool { connections_max: 3, ..preset() });
    check("poolSize=4&max=3", PostgresPool { connections_max: 3, ..preset() });
    check("idleTimeoutMillis=5", PostgresPool { idle_timeout_ms: Some(5), ..preset() });
    check("idleTimeoutMillis=0", PostgresPool { idle_timeout_ms: None, ..preset() });
    check("query_timeout=5", PostgresPool { statement_timeout_ms: Some(5), ..preset() });
    check("query_timeout=0", PostgresPool { statement_timeout_ms: None, ..preset() });
    check("connect_timeout=2", PostgresPool { acquire_timeout_ms: 2000, ..preset() });

    check_problem("//h/d?max=0", &["`max`: expected an integer from 1"]);
    check_problem("//h/d?poolSize=many", &["`poolSize`: expected an integer"]);
    check_problem("//h/d?query_timeout=-1", &["`query_timeout`: expected an integer from 0"]);
    check_problem("//h/d?connect_timeout=0", &["`connect_timeout`: expected an integer from 1"]);
    check_problem("//u:hush@h:x/d?max=0&ssl=perhaps", &["`max`", "`ssl`", "the port"]);
}

#[test]
fn names_and_settings() {
    let name = |parameters: &str| parse(&format!("//h/d?{parameters}")).application_name;
    assert_eq!(name(""), "parsimony");
    assert_eq!(name("application_name=my%20app"), "my app");
    assert_eq!(name("fallback_application_name=b"), "b");
    assert_eq!(name("fallback_application_name=b&application_name=a"), "a");

    let settings = |text: &str| {
        let settings = parse(&format!("//h/d?options={text}")).settings;
        settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(settings("-c%20geqo=off"), ["geqo=off"]);
    assert_eq!(settings("-cgeqo=off%20--work-mem=1MB"), ["geqo=off", "work_mem=1MB"]);
    assert_eq!(settings("-c%20a.b=x%5C%20y%5C%5C%20%20-c%20c=d"), ["a.b=x y\\", "c=d"]);
    for bad in ["geqo=off", "-c", "-c%20geqo", "-c%20=off", "-d"] {
        check_problem(&format!("//h/d?options={bad}"), &["`options`: expected settings"]);
    }
}

#[test]
fn parameters_without_effect() {
    let warnings = |parameters: &str| parse(&format!("//h/d?{parameters}")).warnings;
    for silent in ["binary=true", "keepAlive=false", "client_encoding=UTF-8", "max="] {
        assert_eq!(warnings(silent), [""; 0], "{silent}");
    }
    for (parameters, expected) in [
        ("keepAlive=true", "`keepAlive` in the address of the database has no effect"),
        ("secureOptions=4", "`secureOptions`"),
        ("aplication_name=a", "did you mean `application_name`?"),
        ("channel_binding=require", "`channel_binding`"),
        ("hu%40sh=1", "a parameter in the address of the database is not known"),
    ] {
        let warnings = warnings(parameters);
        assert_eq!(warnings.len(), 1, "{parameters}: {warnings:?}");
        assert!(warnings[0].contains(expected), "{parameters}: {warnings:?}");
    }
    check_problem("//h/d?client_encoding=LATIN1", &["only UTF8 is spoken"]);
}
