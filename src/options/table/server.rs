//! Options of the section "Listening, addresses, limits and proxies".

use super::{
    OptionSpec, Preset, adapter, flag, function, integer, integer_or_flag, json, list, text,
    text_or_function, text_or_list,
};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    text(
        "compat",
        "PARSIMONY_COMPAT",
        "Release whose defaults apply: `9.10` restores those of parse-server 9.10.",
    )
    .now(),
    text("host", "PARSE_SERVER_HOST", "Address to listen on.")
        .preset(Preset::Text("0.0.0.0"))
        .now(),
    integer("port", "PORT", "Port to listen on; 0 lets the system choose one.")
        .preset(Preset::Integer(1337))
        .now(),
    text("mountPath", "PARSE_SERVER_MOUNT_PATH", "Path under which the REST API is served.")
        .preset(Preset::Text("/parse"))
        .now(),
    text(
        "serverURL",
        "PARSE_SERVER_URL",
        "Full address of the API, mount path included; made from the bound address if absent.",
    )
    .now(),
    text_or_function(
        "publicServerURL",
        "PARSE_PUBLIC_SERVER_URL",
        "Full address of the API as clients reach it, used in links and file addresses.",
    )
    .now(),
    flag(
        "verifyServerUrl",
        "PARSE_SERVER_VERIFY_SERVER_URL",
        "Ask the configured server address for its health once after start.",
    )
    .preset(Preset::Flag(true)),
    text(
        "maxUploadSize",
        "PARSE_SERVER_MAX_UPLOAD_SIZE",
        "Largest accepted upload or request body, such as `20mb`.",
    )
    .preset(Preset::Text("20mb"))
    .now(),
    text(
        "jsonBodyLimit",
        "PARSIMONY_JSON_BODY_LIMIT",
        "Largest accepted JSON body, such as `1mb`; the upload limit when absent.",
    )
    .now(),
    text_or_list(
        "allowOrigin",
        "PARSE_SERVER_ALLOW_ORIGIN",
        "Origins that browsers may call from; every origin when absent.",
    )
    .now(),
    list(
        "allowHeaders",
        "PARSE_SERVER_ALLOW_HEADERS",
        "Further request headers that browsers may send.",
    )
    .now(),
    json(
        "trustProxy",
        "PARSE_SERVER_TRUST_PROXY",
        "Proxies that are believed: true, a number of hops, or addresses and ranges.",
    )
    .preset(Preset::Json("[]"))
    .now(),
    list(
        "routeAllowList",
        "PARSE_SERVER_ROUTE_ALLOW_LIST",
        "Patterns of the only routes that clients without the master key may call; `graphql` is that of the GraphQL API.",
    )
    .now(),
    text(
        "webhookKey",
        "PARSE_SERVER_WEBHOOK_KEY",
        "Key that is sent along with every webhook call.",
    )
    .secret()
    .now(),
    integer(
        "webhookTimeoutMs",
        "PARSIMONY_WEBHOOK_TIMEOUT_MS",
        "Milliseconds that the answer of a webhook may take.",
    )
    .preset(Preset::Integer(30_000))
    .now(),
    text(
        "webhookAnswerLimit",
        "PARSIMONY_WEBHOOK_ANSWER_LIMIT",
        "Largest answer of a webhook that is read, such as `1mb`.",
    )
    .preset(Preset::Text("20mb"))
    .now(),
    integer_or_flag(
        "cluster",
        "PARSE_SERVER_CLUSTER",
        "Number of processes to run, or true for one per core.",
    ),
    flag(
        "directAccess",
        "PARSE_SERVER_DIRECT_ACCESS",
        "Let cloud code call the API inside the process instead of over HTTP.",
    )
    .preset(Preset::Flag(true)),
    text_or_function(
        "middleware",
        "PARSE_SERVER_MIDDLEWARE",
        "Module whose function runs before every request.",
    ),
    function(
        "requestContextMiddleware",
        "PARSE_SERVER_REQUEST_CONTEXT_MIDDLEWARE",
        "Function that attaches objects to every request before it is handled.",
    ),
    flag(
        "enableExpressErrorHandler",
        "PARSE_SERVER_ENABLE_EXPRESS_ERROR_HANDLER",
        "Pass errors on to the next handler of the embedding application.",
    )
    .preset(Preset::Flag(false)),
    function(
        "serverCloseComplete",
        "PARSE_SERVER_SERVER_CLOSE_COMPLETE",
        "Function that is called when the server has shut down.",
    )
    .now(),
    flag(
        "startLiveQueryServer",
        "PARSE_SERVER_START_LIVE_QUERY_SERVER",
        "Serve LiveQuery connections from this process.",
    )
    .stricter(Preset::Flag(true))
    .now(),
    adapter(
        "analyticsAdapter",
        "PARSE_SERVER_ANALYTICS_ADAPTER",
        "Adapter that receives analytics events.",
    ),
    adapter("cacheAdapter", "PARSE_SERVER_CACHE_ADAPTER", "Adapter that keeps cached values."),
    integer(
        "cacheMaxSize",
        "PARSE_SERVER_CACHE_MAX_SIZE",
        "Number of entries that the built-in cache keeps at most.",
    )
    .preset(Preset::Integer(10000))
    .now(),
    integer(
        "cacheTTL",
        "PARSE_SERVER_CACHE_TTL",
        "Milliseconds that a cached value stays valid while the database does not tell of changes.",
    )
    .preset(Preset::Integer(5000))
    .now(),
    integer(
        "transactionTimeoutMs",
        "PARSIMONY_TRANSACTION_TIMEOUT_MS",
        "Milliseconds after which an open transaction is rolled back.",
    )
    .preset(Preset::Integer(5000))
    .now(),
    flag(
        "enableProductPurchaseLegacyApi",
        "PARSE_SERVER_ENABLE_PRODUCT_PURCHASE_LEGACY_API",
        "Serve the old in-app purchase endpoints.",
    )
    .preset(Preset::Flag(true))
    .stricter(Preset::Flag(false)),
];
