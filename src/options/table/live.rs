//! Options of the section "LiveQuery".

use super::{OptionSpec, Preset, adapter, group, integer, list, object, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    group("liveQuery", "PARSE_SERVER_LIVE_QUERY", "Classes whose changes are published, and how."),
    list(
        "liveQuery.classNames",
        "PARSE_SERVER_LIVEQUERY_CLASSNAMES",
        "Classes whose changes are published.",
    ),
    adapter(
        "liveQuery.pubSubAdapter",
        "PARSE_SERVER_LIVEQUERY_PUB_SUB_ADAPTER",
        "Adapter that carries events between processes.",
    ),
    object(
        "liveQuery.redisOptions",
        "PARSE_SERVER_LIVEQUERY_REDIS_OPTIONS",
        "Settings of the Redis connection that carries events.",
    )
    .secret(),
    text(
        "liveQuery.redisURL",
        "PARSE_SERVER_LIVEQUERY_REDIS_URL",
        "Redis that carries events between processes.",
    )
    .secret(),
    integer(
        "liveQuery.regexTimeout",
        "PARSE_SERVER_LIVEQUERY_REGEX_TIMEOUT",
        "Milliseconds that a pattern in a subscription may take.",
    )
    .preset(Preset::Integer(100)),
    adapter(
        "liveQuery.wssAdapter",
        "PARSE_SERVER_LIVEQUERY_WSS_ADAPTER",
        "Adapter that serves the web sockets.",
    ),
    group(
        "liveQueryServerOptions",
        "PARSE_SERVER_LIVE_QUERY_SERVER_OPTIONS",
        "Settings of a LiveQuery server that runs by itself.",
    ),
    text(
        "liveQueryServerOptions.appId",
        "PARSE_LIVE_QUERY_SERVER_APP_ID",
        "Application id that clients must name.",
    ),
    integer(
        "liveQueryServerOptions.cacheTimeout",
        "PARSE_LIVE_QUERY_SERVER_CACHE_TIMEOUT",
        "Milliseconds that a session stays cached.",
    ),
    object(
        "liveQueryServerOptions.keyPairs",
        "PARSE_LIVE_QUERY_SERVER_KEY_PAIRS",
        "Keys that clients must send.",
    )
    .secret(),
    text(
        "liveQueryServerOptions.logLevel",
        "PARSE_LIVE_QUERY_SERVER_LOG_LEVEL",
        "How much is logged.",
    ),
    text(
        "liveQueryServerOptions.masterKey",
        "PARSE_LIVE_QUERY_SERVER_MASTER_KEY",
        "Master key of the LiveQuery server.",
    )
    .secret(),
    integer("liveQueryServerOptions.port", "PARSE_LIVE_QUERY_SERVER_PORT", "Port to listen on.")
        .preset(Preset::Integer(1337)),
    adapter(
        "liveQueryServerOptions.pubSubAdapter",
        "PARSE_LIVE_QUERY_SERVER_PUB_SUB_ADAPTER",
        "Adapter that carries events between processes.",
    ),
    object(
        "liveQueryServerOptions.redisOptions",
        "PARSE_LIVE_QUERY_SERVER_REDIS_OPTIONS",
        "Settings of the Redis connection that carries events.",
    )
    .secret(),
    text(
        "liveQueryServerOptions.redisURL",
        "PARSE_LIVE_QUERY_SERVER_REDIS_URL",
        "Redis that carries events between processes.",
    )
    .secret(),
    text(
        "liveQueryServerOptions.serverURL",
        "PARSE_LIVE_QUERY_SERVER_SERVER_URL",
        "Address of the API.",
    ),
    integer(
        "liveQueryServerOptions.websocketTimeout",
        "PARSE_LIVE_QUERY_SERVER_WEBSOCKET_TIMEOUT",
        "Milliseconds between signs of life on a web socket.",
    ),
    adapter(
        "liveQueryServerOptions.wssAdapter",
        "PARSE_LIVE_QUERY_SERVER_WSS_ADAPTER",
        "Adapter that serves the web sockets.",
    ),
];
