//! From arguments, variables and file to a [`Config`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::options::cli::{self, Arguments, Flags};
use crate::options::config::{self, Config};
use crate::options::examine::Examination;
use crate::options::host::{self, JavaScriptFile};
use crate::options::problems::{OptionsError, Problems};
use crate::options::raw::{Input, Profile, Raw};
use crate::options::{env, file, help, javascript, live, table};

/// The sub-command for trying things out.
const DEVELOPMENT: &str = "dev";
/// The sub-command that looks whether a database and options can be taken over.
const DOCTOR: &str = "doctor";
/// The sub-command that takes its options from a program that makes a parse-server.
const RUN: &str = "run";
/// The sub-command that serves nothing but LiveQuery.
const LIVE: &str = "live-query-server";

/// What the process is asked to do.
#[derive(Debug)]
pub enum Start {
    /// Serve, with these options.
    Run(Box<Config>),
    /// Look whether these options and their database can be taken over, whatever is wrong with them.
    Examine(Box<Examination>),
    /// Print this help text.
    Help(String),
    /// Print the version.
    Version,
}

/// Evaluates a file with this Node.
pub type Evaluate = dyn Fn(&JavaScriptFile, &Path) -> Result<String, String>;

/// What reading options asks of others.
pub struct Outside<'a> {
    /// Makes a master key, for `dev` without one.
    pub master_key: &'a dyn Fn() -> String,
    /// Evaluates options that are written in JavaScript: the JSON text that the host prints for them
    /// (`src/cloud/worker/host`), or what went wrong.
    pub javascript: &'a Evaluate,
}

impl Outside<'_> {
    /// Nobody to ask: no key is made, and options are not written in JavaScript.
    pub fn nobody() -> Self {
        Self {
            master_key: &String::new,
            javascript: &|_, _| Err("options in JavaScript are not read here".to_owned()),
        }
    }
}

/// Reads the options from the arguments behind the program's name, the environment and the file
/// that the arguments name.
pub fn load(
    args: &[OsString],
    env: impl Iterator<Item = (String, String)>,
    outside: &Outside<'_>,
) -> Result<Start, OptionsError> {
    let mut problems = Problems::default();
    let mut arguments = texts(args, &mut problems);
    let mut profile = Profile::Server;
    if arguments.first().is_some_and(|first| first == DEVELOPMENT) {
        arguments.remove(0);
        profile = Profile::Development;
    }
    if arguments.first().is_some_and(|first| first == LIVE) {
        arguments.remove(0);
        profile = Profile::Live;
        live::nest_flags(&mut arguments);
    }
    let examines = arguments.first().is_some_and(|first| first == DOCTOR);
    if examines {
        arguments.remove(0);
    }
    let is_program = arguments.first().is_some_and(|first| first == RUN);
    if is_program {
        arguments.remove(0);
    }
    let flags = match cli::read(arguments, &mut problems) {
        Arguments::Help => return Ok(Start::Help(help::text())),
        Arguments::Version => return Ok(Start::Version),
        Arguments::Start(flags) => flags,
    };
    let variables: Vec<(String, String)> = env.collect();
    let mut raw = Raw::new(profile);
    match &flags.file {
        Some(path) if is_program || host::is_javascript(path) => {
            let file = JavaScriptFile { path: absolute(path), is_program };
            let evaluate =
                |file: &JavaScriptFile| (outside.javascript)(file, &node(&flags, &variables));
            javascript::read(path, file, &evaluate, &mut raw, &mut problems);
        }
        Some(path) => file::read(path, &mut raw, &mut problems),
        None if is_program => problems.add(
            "`parsimony run` needs the path of the program that makes a parse-server, \
             such as `index.js`"
                .to_owned(),
        ),
        None => {}
    }
    env::read(variables.into_iter(), &mut raw, &mut problems);
    for (option, value) in flags.given {
        raw.set(option, Input::Text(value), &format!("--{}", option.path), &mut problems);
    }
    if profile == Profile::Live {
        live::complete(&mut raw, &mut problems);
    }
    let config = config::build(&raw, outside.master_key, &mut problems);
    let outcome = problems.into_result();
    if examines {
        let problems = outcome.err().map_or_else(Vec::new, |error| error.problems().to_vec());
        return Ok(Start::Examine(Box::new(Examination { problems, config })));
    }
    outcome?;
    Ok(Start::Run(Box::new(config)))
}

/// The Node that evaluates options can not be named by them.
fn node(flags: &Flags, variables: &[(String, String)]) -> PathBuf {
    const OPTION: &str = "cloudNode";
    let flag = flags.given.iter().find(|(option, _)| option.path == OPTION);
    let variable = table::find(OPTION).and_then(|option| option.env);
    let variable =
        variables.iter().find(|(name, value)| Some(name.as_str()) == variable && !value.is_empty());
    let given = flag.map(|(_, value)| value).or(variable.map(|(_, value)| value));
    given.map_or_else(|| PathBuf::from("node"), PathBuf::from)
}

/// The host does not run in the working directory of this process.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path))
}

fn texts(args: &[OsString], problems: &mut Problems) -> Vec<String> {
    let mut texts = Vec::with_capacity(args.len());
    for argument in args {
        match argument.to_str() {
            Some(text) => texts.push(text.to_owned()),
            None => problems.add(format!("argument {argument:?} is not valid UTF-8")),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::options::{
        CacheAdapter, Database, DenylistEntry, FilesAdapter, IpRange, Lockout, LogFormat, LogLevel,
        PostgresPool, RequestComplexity, Switch, Synchronous, TlsMode, TrustProxy,
    };

    const KEYS: [&str; 4] = ["--appId", "app", "--masterKey", "master"];

    fn start(args: &[&str], env: &[(&str, &str)]) -> Result<Start, OptionsError> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let master_key = || "generated".to_owned();
        load(&args, env, &Outside { master_key: &master_key, ..Outside::nobody() })
    }

    fn config(args: &[&str], env: &[(&str, &str)]) -> Config {
        match start(args, env).unwrap_or_else(|error| panic!("{error}")) {
            Start::Run(config) => *config,
            Start::Examine(_) | Start::Help(_) | Start::Version => panic!("not a start: {args:?}"),
        }
    }

    fn with_keys(args: &[&str]) -> Config {
        config(&[args, &KEYS].concat(), &[])
    }

    fn check_problems(args: &[&str], env: &[(&str, &str)], expected: &[&str]) {
        let error = start(&[args, &KEYS].concat(), env).unwrap_err();
        assert_eq!(error.problems(), expected, "{args:?}");
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn defaults() {
        let config = with_keys(&[]);
        assert_eq!((config.host.as_str(), config.port), ("0.0.0.0", 1337));
        assert_eq!((config.mount_path.as_str(), config.server_url.as_deref()), ("/parse", None));
        assert_eq!(config.upload_bytes_max, 20 << 20);
        assert_eq!(config.json_body_bytes_max, 20 << 20);
        assert_eq!(config.cors.allow_origin, ["*"]);
        assert_eq!(config.trust_proxy, TrustProxy::Nobody);
        assert_eq!(config.database, Database::Sqlite("parsimony.db".into()));
        assert_eq!(config.sqlite.synchronous, Synchronous::Full);
        assert_eq!((config.sqlite.readers, config.transaction_timeout_ms), (None, 5000));
        assert_eq!((config.default_limit, config.max_limit), (100, None));
        assert_eq!(config.object_id_size, 10);
        assert!(!config.allow_client_class_creation && !config.allow_custom_object_id);
        assert!(config.enforce_private_users && config.enable_sanitized_error_response);
        assert_eq!(config.protected_fields["_User"]["*"], ["email"]);
        assert_eq!(config.request_keyword_denylist.len(), 3);
        assert!(config.graphql.mount && !config.graphql.mount_playground);
        assert_eq!(config.files, FilesAdapter::Database);
        assert_eq!(config.cache, CacheAdapter::Memory);
        assert_eq!((config.mail, config.push), (None, None));
        assert_eq!(config.logging.level, LogLevel::Info);
        assert!(config.metrics.mount && !config.generated_master_key);
        assert_eq!(config.warnings, [""; 0]);
    }

    #[test]
    fn stricter_defaults_and_those_of_9_10() {
        let ours = with_keys(&[]);
        let stricter = RequestComplexity {
            include_depth: Some(10),
            include_count: Some(100),
            subquery_depth: Some(10),
            subquery_limit: None,
            query_depth: Some(10),
            graphql_depth: Some(20),
            graphql_fields: Some(200),
            batch_request_limit: Some(100),
            allow_regex: true,
        };
        assert_eq!(ours.request_complexity, stricter);
        assert_eq!(ours.keys.read_only_master_key_ips, ours.keys.master_key_ips);
        assert!(!ours.protected_fields_owner_exempt && ours.protected_fields_trigger_exempt);
        assert!(!ours.protected_fields_save_response_exempt);

        let theirs = with_keys(&["--compat", "9.10"]);
        assert_eq!(theirs.request_complexity.include_depth, None);
        assert_eq!(theirs.request_complexity.batch_request_limit, None);
        let everyone = [IpRange::parse("0.0.0.0/0").unwrap(), IpRange::parse("::/0").unwrap()];
        let ranges: Vec<String> =
            theirs.keys.read_only_master_key_ips.iter().map(ToString::to_string).collect();
        assert_eq!(ranges, everyone.map(|range| range.to_string()));
        assert!(!theirs.graphql.mount);
        assert!(theirs.protected_fields_owner_exempt && !theirs.protected_fields_trigger_exempt);
        assert!(with_keys(&["--compat", "9.10", "--mountGraphQL"]).graphql.mount);
        check_problems(
            &["--compat", "8"],
            &[],
            &["option `compat` (from --compat): expected `9.10`, got `8`"],
        );
    }

    #[test]
    fn flags_win_over_variables_over_the_file() {
        let file = file(r#"{"port": 1, "host": "file", "mountPath": "/file/"}"#);
        let path = file.path().to_str().unwrap();
        let env = [("PORT", "2"), ("PARSE_SERVER_HOST", "variable")];
        let config = config(&[&[path, "--port", "3"], &KEYS[..]].concat(), &env);
        assert_eq!((config.port, config.host.as_str()), (3, "variable"));
        assert_eq!(config.mount_path, "/file");
    }

    #[test]
    fn development() {
        let started = config(&["dev"], &[]);
        assert_eq!(started.keys.app_id, "myAppId");
        assert_eq!(started.keys.master_key.expose(), "generated");
        assert!(started.generated_master_key && started.allow_client_class_creation);
        assert!(started.graphql.mount_playground);
        assert_eq!(started.host, "127.0.0.1");

        let over = config(&["dev", "--masterKey", "m"], &[("PARSE_SERVER_HOST", "0.0.0.0")]);
        assert_eq!(over.keys.master_key.expose(), "m");
        assert_eq!(over.host, "0.0.0.0");
        assert!(!over.generated_master_key);
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = start(
            &["--prot", "1", "--maxLimit", "0", "--masterKeyIps", "localhost"],
            &[("PORT", "abc"), ("PARSE_SERVER_DATABASE_URI", "mongodb://u:secret@h/d")],
        )
        .unwrap_err();
        let expected = "\
unknown option `--prot`; did you mean `--port`?
option `port` (from PORT): expected an integer, got `abc`
option `masterKey` is required; set --masterKey or PARSE_SERVER_MASTER_KEY
option `appId` is required; set --appId or PARSE_SERVER_APPLICATION_ID
option `masterKeyIps` (from --masterKeyIps): `localhost` is no IP address or range
option `databaseURI` (from PARSE_SERVER_DATABASE_URI): the MongoDB adapter is missing in this \
version; use `postgres://user:password@host/name` or `sqlite:<file>`, or leave the option out for the file `parsimony.db`
option `maxLimit` (from --maxLimit): expected an integer from 1, got `0`";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn bad_values() {
        let check = |args: &[&str], expected: &str| check_problems(args, &[], &[expected]);
        check(
            &["--port", "70000"],
            "option `port` (from --port): expected an integer from 0 to 65535, got `70000`",
        );
        check(
            &["--maxUploadSize", "big"],
            "option `maxUploadSize` (from --maxUploadSize): expected a size such as `20mb`, \
             got `big`",
        );
        check(
            &["--mountPath", "parse"],
            "option `mountPath` (from --mountPath): expected a path such as `/parse`, got `parse`",
        );
        check(
            &["--serverURL", "localhost:1337"],
            "option `serverURL` (from --serverURL): expected an address that begins with \
             `http://` or `https://`, got `localhost:1337`",
        );
        check(
            &["--logLevel", "infoo"],
            "option `logLevel` (from --logLevel): expected one of error, warn, info, http, \
             verbose, debug, silly (did you mean `info`?), got `infoo`",
        );
        check(
            &["--requestComplexity.queryDepth", "0"],
            "option `requestComplexity.queryDepth` (from --requestComplexity.queryDepth): \
             expected a positive integer, or -1 for no limit, got `0`",
        );
        check(
            &["--requestKeywordDenylist", r#"[{"kee":"a"}]"#],
            "option `requestKeywordDenylist` (from --requestKeywordDenylist): expected a list of \
             objects with `key`, `value` or both, got `[{\"kee\":\"a\"}]`",
        );
        check(
            &["--protectedFields", r#"{"A":["b"]}"#],
            "option `protectedFields` (from --protectedFields): expected an object of classes, \
             of groups of users, of lists of fields, got `{\"A\":[\"b\"]}`",
        );
        check(
            &["--cacheAdapter", "./cache.js"],
            "option `cacheAdapter` (from --cacheAdapter): the module `./cache.js` can not be used \
             here; built in are InMemoryCacheAdapter, RedisCacheAdapter, NullCacheAdapter",
        );
        check(
            &["--readOnlyMasterKey", "master"],
            "options `masterKey` and `readOnlyMasterKey` must differ",
        );
        check(
            &["--graphQLPath", "/parse/"],
            "options `mountPath` and `graphQLPath` must differ, both are `/parse`",
        );
    }

    #[test]
    fn values_get_their_types() {
        let config = with_keys(&[
            "--databaseURI=sqlite::memory:",
            "--port=0",
            "--jsonBodyLimit=1kb",
            "--serverURL=https://example.com/parse/",
            "--allowOrigin=https://a.example,https://b.example",
            "--trustProxy=1",
            "--maxLimit=3",
            "--protectedFields",
            r#"{"A":{"role:x":["b"]},"_User":{"*":["phone"]}}"#,
            "--requestKeywordDenylist",
            r#"[{"key":"a","value":1}]"#,
            "--requestComplexity",
            r#"{"includeDepth":-1,"allowRegex":false}"#,
            "--schema.lockSchemas",
            "--verbose",
            "--jsonLogs=1",
            "--sqliteSynchronous=normal",
        ]);
        assert_eq!((config.database, config.port), (Database::SqliteMemory, 0));
        assert_eq!((config.json_body_bytes_max, config.upload_bytes_max), (1024, 20 << 20));
        assert_eq!(config.server_url.as_deref(), Some("https://example.com/parse"));
        assert_eq!(config.cors.allow_origin, ["https://a.example", "https://b.example"]);
        assert_eq!(config.trust_proxy, TrustProxy::Hops(1));
        assert_eq!(config.max_limit, Some(3));
        assert_eq!(config.protected_fields["A"]["role:x"], ["b"]);
        assert_eq!(config.protected_fields["_User"]["*"], ["phone", "email"]);
        let entry = DenylistEntry { key: Some("a".to_owned()), value: Some(1.into()) };
        assert_eq!(config.request_keyword_denylist, [entry]);
        assert_eq!(config.request_complexity.include_depth, None);
        assert!(!config.request_complexity.allow_regex && config.schema.lock_schemas);
        assert_eq!(config.logging.level, LogLevel::Verbose);
        assert_eq!(config.logging.format, LogFormat::Json);
        assert_eq!(config.sqlite.synchronous, Synchronous::Normal);
    }

    #[test]
    fn options_of_the_connection_to_postgresql() {
        let postgres = |args: &[&str]| {
            let Database::Postgres(address) = with_keys(args).database else { panic!("{args:?}") };
            *address
        };
        let uri = ["--databaseURI", "postgres://u:hush@h/d?max=3&ssl=true&application_name=a"];
        let address = postgres(&uri);
        assert_eq!((address.pool.connections_max, address.tls.mode), (3, TlsMode::Full));
        let options = r#"{"maxPoolSize": 5, "minPoolSize": 2, "waitQueueTimeoutMS": 7,
            "maxIdleTimeMS": 0, "maxTimeMS": 9, "appName": "b", "tlsInsecure": true}"#;
        let address = postgres(&[&uri[..], &["--databaseOptions", options]].concat());
        let pool = PostgresPool {
            connections_max: 5,
            connections_min: 2,
            acquire_timeout_ms: 7,
            idle_timeout_ms: None,
            statement_timeout_ms: Some(9),
        };
        assert_eq!((address.pool, address.application_name.as_str()), (pool, "b"));
        assert_eq!(address.tls.mode, TlsMode::Unverified);

        let tls = |options: &str| {
            let uri = ["--databaseURI", "postgres://h/d", "--databaseOptions", options];
            postgres(&uri).tls
        };
        assert_eq!(tls("{}").mode, TlsMode::Off);
        assert_eq!(tls(r#"{"tls": true}"#).mode, TlsMode::Full);
        assert_eq!(tls(r#"{"ssl": true}"#).mode, TlsMode::Full);
        let lax = r#"{"tls": true, "tlsAllowInvalidHostnames": true}"#;
        assert_eq!(tls(lax).mode, TlsMode::Authority);
        assert_eq!(tls(r#"{"tlsInsecure": true}"#).mode, TlsMode::Off);
        let files = tls(r#"{"tlsCAFile": "ca.pem", "tlsCertificateKeyFile": "me.pem"}"#);
        assert_eq!(files.mode, TlsMode::Full);
        assert_eq!(files.authorities, Some("ca.pem".into()));
        assert_eq!(files.client.unwrap().key, std::path::PathBuf::from("me.pem"));

        let config = with_keys(&["--databaseURI", "postgres://u:hush@h/d?keepAlive=true"]);
        assert!(config.warnings[0].contains("`keepAlive`"), "{:?}", config.warnings);
        let config = format!("{config:?}");
        assert!(!config.contains("hush"), "{config}");
        let most = [&uri[..], &["--databaseOptions.minPoolSize", "4"]].concat();
        let expected = "option `databaseOptions.minPoolSize` (from \
                        --databaseOptions.minPoolSize): more than the 3 of the pool";
        check_problems(&most, &[], &[expected]);
    }

    #[test]
    fn options_without_effect_are_one_warning() {
        let config = with_keys(&["--cluster", "2", "--push", "{}", "--maxLimit", "1"]);
        let expected = "these options are known but have no effect yet: cluster, push";
        assert_eq!(config.warnings, [expected]);
        assert_eq!(config.raw.value("cluster"), 2);
    }

    #[test]
    fn users() {
        let users = with_keys(&[]).users;
        assert_eq!(users.session_length, 31_536_000);
        assert!(users.expire_inactive_sessions && users.enable_anonymous_users);
        assert!(users.revoke_session_on_password_reset && !users.enable_insecure_auth_adapters);
        assert_eq!(users.send_user_email_verification, Switch::On);
        assert_eq!(users.verify_user_emails, Switch::Off);
        assert!(users.account_lockout.is_none() && users.password_policy.is_none());
        assert!(users.reset_password_success_on_invalid_email());

        let lockout = r#"{"threshold": 2, "duration": 5}"#;
        let policy = r#"{"validatorPattern": "^(?=.*[0-9]).{8,}$", "maxPasswordHistory": 2}"#;
        let users = with_keys(&["--accountLockout", lockout, "--passwordPolicy", policy]).users;
        let lockout =
            Lockout { duration_minutes: 5, threshold: 2, unlock_on_password_reset: false };
        assert_eq!(users.account_lockout, Some(lockout));
        let policy = users.password_policy.unwrap();
        assert_eq!((policy.max_history, policy.max_age_days), (2, None));
        assert!(policy.reset_password_success_on_invalid_email);
        assert!(policy.pattern.unwrap().fits("12345678"));
    }

    #[test]
    fn bad_options_of_users() {
        let check = |option: &str, value: &str, expected: &str| {
            let error = start(&[&[option, value], &KEYS[..]].concat(), &[]).unwrap_err();
            assert!(error.to_string().contains(expected), "{option} {value}: {error}");
        };
        check("--sessionLength", "0", "an integer from 1");
        check("--emailVerifyTokenValidityDuration", "-1", "an integer from 1");
        check("--accountLockout", r#"{"threshold": 3}"#, "`accountLockout.duration` is required");
        check("--accountLockout", r#"{"duration": 3}"#, "`accountLockout.threshold` is required");
        check("--accountLockout.duration", "100000", "an integer from 1 to 99999");
        check("--accountLockout.threshold", "1000", "an integer from 1 to 999");
        check("--passwordPolicy.maxPasswordHistory", "21", "an integer from 0 to 20");
        check("--passwordPolicy.maxPasswordAge", "-1", "an integer from 0");
        check("--passwordPolicy.validatorPattern", "(", "expected a regular expression");
        check("--passwordPolicy", r#"{"validatorCallback": "f"}"#, "only JavaScript can supply");
        check("--passwordPolicy.resetTokenReuseIfValid", "1", "resetTokenValidityDuration`");
        check("--emailVerifyTokenReuseIfValid", "1", "needs `emailVerifyTokenValidityDuration`");
        for path in ["emailAdapter", "appName", "publicServerURL"] {
            let expected = format!("option `{path}` is required by `verifyUserEmails`");
            check("--verifyUserEmails", "true", &expected);
        }
    }

    #[test]
    fn modules_of_adapters() {
        let config = with_keys(&[
            "--emailAdapter",
            r#"{"module": "./mail.js", "options": {"from": "a@b.c"}}"#,
            "--loggerAdapter",
            "./log.js",
            "--auth",
            r#"{"my": {"module": "./my.js", "option1": 1}, "off": {"module": "./off.js", "enabled": false}}"#,
        ]);
        let modules: Vec<(&str, &str)> = config
            .javascript
            .modules
            .iter()
            .map(|module| (module.path.as_str(), module.module.as_str()))
            .collect();
        let expected =
            [("auth.my", "./my.js"), ("loggerAdapter", "./log.js"), ("emailAdapter", "./mail.js")];
        assert_eq!(modules, expected);
        assert!(config.javascript.is_used() && config.javascript.file.is_none());
        assert_eq!(config.logger.unwrap().path(), "loggerAdapter");
    }

    #[test]
    fn help_and_version() {
        assert!(matches!(start(&["--help"], &[]), Ok(Start::Help(_))));
        assert!(matches!(start(&["dev", "-h"], &[]), Ok(Start::Help(_))));
        assert!(matches!(start(&["--version"], &[]), Ok(Start::Version)));
    }

    #[test]
    fn secrets_do_not_print() {
        let args = ["--masterKey", "hunter2", "--appId", "a", "--webhookKey", "hunter2"];
        let text = format!("{:?}", config(&args, &[]));
        assert!(!text.contains("hunter2"), "{text}");
    }
}
