//! Options of the section "Database".

use super::{
    OptionSpec, Preset, adapter, flag, group, integer, list, list_of, object, text, text_or_list,
};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    text(
        "databaseURI",
        "PARSE_SERVER_DATABASE_URI",
        "Database to use: `sqlite:<file>`, `sqlite::memory:` or `postgres://user:password@host/name`.",
    )
    .preset(Preset::Text("mongodb://localhost:27017/parse"))
    .ours(Preset::Text("sqlite:parsimony.db"))
    .secret()
    .now(),
    adapter(
        "databaseAdapter",
        "PARSE_SERVER_DATABASE_ADAPTER",
        "Adapter that replaces the database.",
    ),
    text(
        "collectionPrefix",
        "PARSE_SERVER_COLLECTION_PREFIX",
        "Text put in front of every collection or table name.",
    )
    .preset(Preset::Text("")),
    integer(
        "sqliteReaders",
        "PARSIMONY_SQLITE_READERS",
        "Reading connections to a SQLite file; chosen by the number of cores if absent.",
    )
    .now(),
    text(
        "sqliteSynchronous",
        "PARSIMONY_SQLITE_SYNCHRONOUS",
        "What a SQLite write survives: `full` loss of power, `normal` a crash of the process.",
    )
    .preset(Preset::Text("full"))
    .now(),
    flag(
        "enableCollationCaseComparison",
        "PARSE_SERVER_ENABLE_COLLATION_CASE_COMPARISON",
        "Compare user names and addresses by a collation of the database.",
    )
    .preset(Preset::Flag(false)),
    group(
        "databaseOptions",
        "PARSE_SERVER_DATABASE_OPTIONS",
        "Settings of the database connection.",
    )
    .now(),
    flag(
        "databaseOptions.allowPublicExplain",
        "PARSE_SERVER_DATABASE_ALLOW_PUBLIC_EXPLAIN",
        "Let clients without the master key ask for query plans.",
    )
    .preset(Preset::Flag(false))
    .now(),
    text(
        "databaseOptions.appName",
        "PARSE_SERVER_DATABASE_APP_NAME",
        "Name under which the connection shows up at the database.",
    )
    .now(),
    text(
        "databaseOptions.authMechanism",
        "PARSE_SERVER_DATABASE_AUTH_MECHANISM",
        "Way of proving the identity to the database.",
    ),
    object(
        "databaseOptions.authMechanismProperties",
        "PARSE_SERVER_DATABASE_AUTH_MECHANISM_PROPERTIES",
        "Further properties of that way.",
    ),
    text(
        "databaseOptions.authSource",
        "PARSE_SERVER_DATABASE_AUTH_SOURCE",
        "Database that holds the credentials.",
    ),
    flag(
        "databaseOptions.autoSelectFamily",
        "PARSE_SERVER_DATABASE_AUTO_SELECT_FAMILY",
        "Try IPv6 and IPv4 addresses of the database side by side.",
    ),
    integer(
        "databaseOptions.autoSelectFamilyAttemptTimeout",
        "PARSE_SERVER_DATABASE_AUTO_SELECT_FAMILY_ATTEMPT_TIMEOUT",
        "Milliseconds to wait for one address before trying the next.",
    ),
    integer(
        "databaseOptions.batchSize",
        "PARSE_SERVER_DATABASE_BATCH_SIZE",
        "Rows fetched per round trip.",
    )
    .preset(Preset::Integer(1000)),
    group(
        "databaseOptions.clientMetadata",
        "PARSE_SERVER_DATABASE_CLIENT_METADATA",
        "How this client introduces itself to the database.",
    ),
    text(
        "databaseOptions.clientMetadata.name",
        "PARSE_SERVER_DATABASE_CLIENT_METADATA_NAME",
        "Name in that introduction.",
    ),
    text(
        "databaseOptions.clientMetadata.version",
        "PARSE_SERVER_DATABASE_CLIENT_METADATA_VERSION",
        "Version in that introduction.",
    ),
    text_or_list(
        "databaseOptions.compressors",
        "PARSE_SERVER_DATABASE_COMPRESSORS",
        "Compression methods offered to the database.",
    ),
    integer(
        "databaseOptions.connectTimeoutMS",
        "PARSE_SERVER_DATABASE_CONNECT_TIMEOUT_MS",
        "Milliseconds to wait for a connection.",
    ),
    flag(
        "databaseOptions.createIndexAuthDataUniqueness",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_AUTH_DATA_UNIQUENESS",
        "Create the unique indexes over provider ids at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexRoleName",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_ROLE_NAME",
        "Create the unique index over role names at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserEmail",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_EMAIL",
        "Create the index over e-mail addresses at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserEmailCaseInsensitive",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_EMAIL_CASE_INSENSITIVE",
        "Create the case-insensitive index over e-mail addresses at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserEmailVerifyToken",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_EMAIL_VERIFY_TOKEN",
        "Create the index over verification tokens at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserPasswordResetToken",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_PASSWORD_RESET_TOKEN",
        "Create the index over reset tokens at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserUsername",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_USERNAME",
        "Create the index over user names at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.createIndexUserUsernameCaseInsensitive",
        "PARSE_SERVER_DATABASE_CREATE_INDEX_USER_USERNAME_CASE_INSENSITIVE",
        "Create the case-insensitive index over user names at start.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "databaseOptions.directConnection",
        "PARSE_SERVER_DATABASE_DIRECT_CONNECTION",
        "Talk to the named host only, without discovering its replicas.",
    ),
    flag(
        "databaseOptions.disableIndexFieldValidation",
        "PARSE_SERVER_DATABASE_DISABLE_INDEX_FIELD_VALIDATION",
        "Accept indexes over fields that the class does not declare.",
    ),
    flag(
        "databaseOptions.enableSchemaHooks",
        "PARSE_SERVER_DATABASE_ENABLE_SCHEMA_HOOKS",
        "Follow schema changes made by other processes through the database.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "databaseOptions.forceServerObjectId",
        "PARSE_SERVER_DATABASE_FORCE_SERVER_OBJECT_ID",
        "Let the database make document ids.",
    ),
    integer(
        "databaseOptions.heartbeatFrequencyMS",
        "PARSE_SERVER_DATABASE_HEARTBEAT_FREQUENCY_MS",
        "Milliseconds between checks of the database's state.",
    ),
    flag(
        "databaseOptions.loadBalanced",
        "PARSE_SERVER_DATABASE_LOAD_BALANCED",
        "The database is behind a load balancer.",
    ),
    integer(
        "databaseOptions.localThresholdMS",
        "PARSE_SERVER_DATABASE_LOCAL_THRESHOLD_MS",
        "Milliseconds by which a replica may be slower than the nearest one.",
    ),
    list_of(
        "databaseOptions.logClientEvents",
        "PARSE_SERVER_DATABASE_LOG_CLIENT_EVENTS",
        "Events of the database driver to log.",
    ),
    list(
        "databaseOptions.logClientEvents[].keys",
        "PARSE_SERVER_DATABASE_LOG_CLIENT_EVENTS_KEYS",
        "Keys of the event to log.",
    ),
    text(
        "databaseOptions.logClientEvents[].logLevel",
        "PARSE_SERVER_DATABASE_LOG_CLIENT_EVENTS_LOG_LEVEL",
        "Level to log the event at.",
    )
    .preset(Preset::Text("info")),
    text(
        "databaseOptions.logClientEvents[].name",
        "PARSE_SERVER_DATABASE_LOG_CLIENT_EVENTS_NAME",
        "Name of the event.",
    ),
    integer(
        "databaseOptions.maxConnecting",
        "PARSE_SERVER_DATABASE_MAX_CONNECTING",
        "Connections that may be opened at the same time.",
    ),
    integer(
        "databaseOptions.maxIdleTimeMS",
        "PARSE_SERVER_DATABASE_MAX_IDLE_TIME_MS",
        "Milliseconds after which an idle connection is closed; 60,000 on PostgreSQL if absent, 0 for never.",
    )
    .now(),
    integer(
        "databaseOptions.maxPoolSize",
        "PARSE_SERVER_DATABASE_MAX_POOL_SIZE",
        "Connections to PostgreSQL at most; 10 if absent.",
    )
    .now(),
    integer(
        "databaseOptions.maxStalenessSeconds",
        "PARSE_SERVER_DATABASE_MAX_STALENESS_SECONDS",
        "Seconds by which a replica that is read from may lag behind.",
    ),
    integer(
        "databaseOptions.maxTimeMS",
        "PARSE_SERVER_DATABASE_MAX_TIME_MS",
        "Milliseconds that one statement may take; 60,000 on PostgreSQL if absent, 0 for any time.",
    )
    .now(),
    integer(
        "databaseOptions.minPoolSize",
        "PARSE_SERVER_DATABASE_MIN_POOL_SIZE",
        "Connections to PostgreSQL that are kept open when there is nothing to do.",
    )
    .now(),
    text(
        "databaseOptions.proxyHost",
        "PARSE_SERVER_DATABASE_PROXY_HOST",
        "Host of a SOCKS5 proxy to the database.",
    ),
    text(
        "databaseOptions.proxyPassword",
        "PARSE_SERVER_DATABASE_PROXY_PASSWORD",
        "Password for that proxy.",
    )
    .secret(),
    integer("databaseOptions.proxyPort", "PARSE_SERVER_DATABASE_PROXY_PORT", "Port of that proxy."),
    text(
        "databaseOptions.proxyUsername",
        "PARSE_SERVER_DATABASE_PROXY_USERNAME",
        "User name for that proxy.",
    ),
    text(
        "databaseOptions.readConcernLevel",
        "PARSE_SERVER_DATABASE_READ_CONCERN_LEVEL",
        "Isolation that reads ask for.",
    ),
    text(
        "databaseOptions.readPreference",
        "PARSE_SERVER_DATABASE_READ_PREFERENCE",
        "Members of a replica set that are read from.",
    ),
    list(
        "databaseOptions.readPreferenceTags",
        "PARSE_SERVER_DATABASE_READ_PREFERENCE_TAGS",
        "Tags of the members that are read from.",
    ),
    text(
        "databaseOptions.replicaSet",
        "PARSE_SERVER_DATABASE_REPLICA_SET",
        "Name of the replica set.",
    ),
    flag(
        "databaseOptions.retryReads",
        "PARSE_SERVER_DATABASE_RETRY_READS",
        "Repeat a read that failed.",
    ),
    flag(
        "databaseOptions.retryWrites",
        "PARSE_SERVER_DATABASE_RETRY_WRITES",
        "Repeat a write that failed.",
    ),
    integer(
        "databaseOptions.schemaCacheTtl",
        "PARSE_SERVER_DATABASE_SCHEMA_CACHE_TTL",
        "Milliseconds after which the class schemas are read again.",
    ),
    text(
        "databaseOptions.serverMonitoringMode",
        "PARSE_SERVER_DATABASE_SERVER_MONITORING_MODE",
        "How changes of the database's state are noticed.",
    ),
    integer(
        "databaseOptions.serverSelectionTimeoutMS",
        "PARSE_SERVER_DATABASE_SERVER_SELECTION_TIMEOUT_MS",
        "Milliseconds to look for a usable member.",
    ),
    integer(
        "databaseOptions.socketTimeoutMS",
        "PARSE_SERVER_DATABASE_SOCKET_TIMEOUT_MS",
        "Milliseconds of silence after which a connection is given up.",
    ),
    integer(
        "databaseOptions.srvMaxHosts",
        "PARSE_SERVER_DATABASE_SRV_MAX_HOSTS",
        "Hosts of a DNS seed list to use at most.",
    ),
    text(
        "databaseOptions.srvServiceName",
        "PARSE_SERVER_DATABASE_SRV_SERVICE_NAME",
        "Service name in DNS seed lists.",
    ),
    flag(
        "databaseOptions.ssl",
        "PARSE_SERVER_DATABASE_SSL",
        "Encrypt the connection; the same as `tls`.",
    )
    .now(),
    flag("databaseOptions.tls", "PARSE_SERVER_DATABASE_TLS", "Encrypt the connection.").now(),
    flag(
        "databaseOptions.tlsAllowInvalidCertificates",
        "PARSE_SERVER_DATABASE_TLS_ALLOW_INVALID_CERTIFICATES",
        "Accept certificates that can not be verified.",
    )
    .now(),
    flag(
        "databaseOptions.tlsAllowInvalidHostnames",
        "PARSE_SERVER_DATABASE_TLS_ALLOW_INVALID_HOSTNAMES",
        "Accept certificates of another host.",
    )
    .now(),
    text(
        "databaseOptions.tlsCAFile",
        "PARSE_SERVER_DATABASE_TLS_CAFILE",
        "File with the certificates to trust.",
    )
    .now(),
    text(
        "databaseOptions.tlsCertificateKeyFile",
        "PARSE_SERVER_DATABASE_TLS_CERTIFICATE_KEY_FILE",
        "File with the client's certificate and key.",
    )
    .now(),
    text(
        "databaseOptions.tlsCertificateKeyFilePassword",
        "PARSE_SERVER_DATABASE_TLS_CERTIFICATE_KEY_FILE_PASSWORD",
        "Password of that file.",
    )
    .secret(),
    flag(
        "databaseOptions.tlsInsecure",
        "PARSE_SERVER_DATABASE_TLS_INSECURE",
        "Skip every verification of certificates.",
    )
    .now(),
    integer(
        "databaseOptions.waitQueueTimeoutMS",
        "PARSE_SERVER_DATABASE_WAIT_QUEUE_TIMEOUT_MS",
        "Milliseconds to wait for a connection, free or new; 5,000 on PostgreSQL if absent.",
    )
    .now(),
    integer(
        "databaseOptions.zlibCompressionLevel",
        "PARSE_SERVER_DATABASE_ZLIB_COMPRESSION_LEVEL",
        "Effort of zlib compression, 0 to 9.",
    ),
];
