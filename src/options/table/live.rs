//! Options of the section "LiveQuery".

use super::{OptionSpec, Preset, adapter, group, integer, list, object, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    group("liveQuery", "PARSE_SERVER_LIVE_QUERY", "Classes whose changes are published, and how."),
    list(
        "liveQuery.classNames",
        "PARSE_SERVER_LIVEQUERY_CLASSNAMES",
        "Classes whose changes are published.",
    )
    .now(),
    adapter(
        "liveQuery.pubSubAdapter",
        "PARSE_SERVER_LIVEQUERY_PUB_SUB_ADAPTER",
        "Adapter that carries events between processes.",
    )
    .now(),
    object(
        "liveQuery.redisOptions",
        "PARSE_SERVER_LIVEQUERY_REDIS_OPTIONS",
        "Settings of the Redis connection that carries events.",
    )
    .secret()
    .now(),
    text(
        "liveQuery.redisURL",
        "PARSE_SERVER_LIVEQUERY_REDIS_URL",
        "Redis that carries events between processes.",
    )
    .secret()
    .now(),
    integer(
        "liveQuery.regexTimeout",
        "PARSE_SERVER_LIVEQUERY_REGEX_TIMEOUT",
        "Milliseconds that a pattern in a subscription may take; patterns take linear time here, so that there is nothing to limit.",
    )
    .preset(Preset::Integer(100))
    .now(),
    adapter(
        "liveQuery.wssAdapter",
        "PARSE_SERVER_LIVEQUERY_WSS_ADAPTER",
        "Adapter that serves the web sockets.",
    )
    .now(),
    integer(
        "liveQuery.connectionsPerAddress",
        "PARSIMONY_LIVE_QUERY_CONNECTIONS_PER_ADDRESS",
        "Sockets that one address may have open; -1 for any number.",
    )
    .preset(Preset::Integer(1000))
    .now(),
    integer(
        "liveQuery.subscriptionsPerConnection",
        "PARSIMONY_LIVE_QUERY_SUBSCRIPTIONS_PER_CONNECTION",
        "Subscriptions that one connection may have.",
    )
    .preset(Preset::Integer(1000))
    .now(),
    integer(
        "liveQuery.queueLength",
        "PARSIMONY_LIVE_QUERY_QUEUE_LENGTH",
        "Events that may wait for a connection that does not read fast enough; with more it is closed.",
    )
    .preset(Preset::Integer(1000))
    .now(),
    text(
        "liveQuery.maxMessageSize",
        "PARSIMONY_LIVE_QUERY_MAX_MESSAGE_SIZE",
        "Largest message that a client may send.",
    )
    .preset(Preset::Text("1mb"))
    .now(),
    integer(
        "liveQuery.logEvents",
        "PARSIMONY_LIVE_QUERY_LOG_EVENTS",
        "Last events that are kept for clients that come back and want what they missed.",
    )
    .preset(Preset::Integer(1000))
    .now(),
    text(
        "liveQuery.logSize",
        "PARSIMONY_LIVE_QUERY_LOG_SIZE",
        "Memory that these events take at most, roughly.",
    )
    .preset(Preset::Text("16mb"))
    .now(),
    group(
        "liveQueryServerOptions",
        "PARSE_SERVER_LIVE_QUERY_SERVER_OPTIONS",
        "Settings of the LiveQuery sockets, and of `parsimony live-query-server`.",
    ),
    text(
        "liveQueryServerOptions.appId",
        "PARSE_LIVE_QUERY_SERVER_APP_ID",
        "Application id, for `parsimony live-query-server`.",
    )
    .now(),
    integer(
        "liveQueryServerOptions.cacheTimeout",
        "PARSE_LIVE_QUERY_SERVER_CACHE_TIMEOUT",
        "Milliseconds that a session stays cached; sessions are looked at with each event here, whatever this says.",
    )
    .now(),
    object(
        "liveQueryServerOptions.keyPairs",
        "PARSE_LIVE_QUERY_SERVER_KEY_PAIRS",
        "Keys of which clients must send one.",
    )
    .secret()
    .now(),
    text(
        "liveQueryServerOptions.logLevel",
        "PARSE_LIVE_QUERY_SERVER_LOG_LEVEL",
        "How much `parsimony live-query-server` logs: `VERBOSE`, `INFO`, `ERROR` or `NONE`.",
    )
    .now(),
    text(
        "liveQueryServerOptions.masterKey",
        "PARSE_LIVE_QUERY_SERVER_MASTER_KEY",
        "Master key, for `parsimony live-query-server`.",
    )
    .secret()
    .now(),
    integer("liveQueryServerOptions.port", "PARSE_LIVE_QUERY_SERVER_PORT", "Port to listen on.")
        .preset(Preset::Integer(1337))
        .now(),
    adapter(
        "liveQueryServerOptions.pubSubAdapter",
        "PARSE_LIVE_QUERY_SERVER_PUB_SUB_ADAPTER",
        "Adapter that carries events between processes.",
    )
    .now(),
    object(
        "liveQueryServerOptions.redisOptions",
        "PARSE_LIVE_QUERY_SERVER_REDIS_OPTIONS",
        "Settings of the Redis connection that carries events.",
    )
    .secret()
    .now(),
    text(
        "liveQueryServerOptions.redisURL",
        "PARSE_LIVE_QUERY_SERVER_REDIS_URL",
        "Redis that carries events between processes.",
    )
    .secret()
    .now(),
    text(
        "liveQueryServerOptions.serverURL",
        "PARSE_LIVE_QUERY_SERVER_SERVER_URL",
        "Address of the API, for `parsimony live-query-server`.",
    )
    .now(),
    integer(
        "liveQueryServerOptions.websocketTimeout",
        "PARSE_LIVE_QUERY_SERVER_WEBSOCKET_TIMEOUT",
        "Milliseconds between signs of life on a web socket.",
    )
    .now(),
    adapter(
        "liveQueryServerOptions.wssAdapter",
        "PARSE_LIVE_QUERY_SERVER_WSS_ADAPTER",
        "Adapter that serves the web sockets.",
    )
    .now(),
];
