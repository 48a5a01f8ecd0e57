//! Options of the section "Classes, objects and queries".

use super::{
    OptionSpec, Preset, flag, function, group, integer, json, list, list_of, object, text,
};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    flag(
        "allowClientClassCreation",
        "PARSE_SERVER_ALLOW_CLIENT_CLASS_CREATION",
        "Let clients create classes by writing to them.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "allowCustomObjectId",
        "PARSE_SERVER_ALLOW_CUSTOM_OBJECT_ID",
        "Let clients choose the id of a new object.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer("objectIdSize", "PARSE_SERVER_OBJECT_ID_SIZE", "Length of generated object ids.")
        .preset(Preset::Integer(10))
        .now(),
    integer(
        "defaultLimit",
        "PARSE_SERVER_DEFAULT_LIMIT",
        "Rows a query returns when it names no limit.",
    )
    .preset(Preset::Integer(100))
    .now(),
    integer(
        "maxLimit",
        "PARSE_SERVER_MAX_LIMIT",
        "Largest limit a query may ask for; none when absent.",
    )
    .now(),
    flag(
        "enableSanitizedErrorResponse",
        "PARSE_SERVER_ENABLE_SANITIZED_ERROR_RESPONSE",
        "Keep details of refused operations out of answers to clients.",
    )
    .preset(Preset::Flag(true))
    .now(),
    object(
        "protectedFields",
        "PARSE_SERVER_PROTECTED_FIELDS",
        "Fields hidden per class and group of users.",
    )
    .preset(Preset::Json(r#"{"_User": {"*": ["email"]}}"#))
    .now(),
    flag(
        "protectedFieldsOwnerExempt",
        "PARSE_SERVER_PROTECTED_FIELDS_OWNER_EXEMPT",
        "Show users the protected fields of their own user object.",
    )
    .preset(Preset::Flag(true))
    .stricter(Preset::Flag(false)),
    flag(
        "protectedFieldsSaveResponseExempt",
        "PARSE_SERVER_PROTECTED_FIELDS_SAVE_RESPONSE_EXEMPT",
        "Show protected fields in the answer to a write.",
    )
    .preset(Preset::Flag(true))
    .stricter(Preset::Flag(false))
    .now(),
    flag(
        "protectedFieldsTriggerExempt",
        "PARSE_SERVER_PROTECTED_FIELDS_TRIGGER_EXEMPT",
        "Show protected fields to triggers.",
    )
    .preset(Preset::Flag(false))
    .stricter(Preset::Flag(true)),
    list(
        "userSensitiveFields",
        "PARSE_SERVER_USER_SENSITIVE_FIELDS",
        "Fields of users hidden from others; older form of `protectedFields`.",
    )
    .now(),
    list(
        "requestKeywordDenylist",
        "PARSE_SERVER_REQUEST_KEYWORD_DENYLIST",
        "Keys and values that a request body must not contain.",
    )
    .preset(Preset::Json(
        r#"[{"key": "_bsontype", "value": "Code"}, {"key": "constructor"}, {"key": "__proto__"}]"#,
    ))
    .now(),
    group(
        "requestComplexity",
        "PARSE_SERVER_REQUEST_COMPLEXITY",
        "Limits on how much one request may ask for; -1 means no limit.",
    )
    .preset(Preset::Json("{}"))
    .now(),
    flag(
        "requestComplexity.allowRegex",
        "PARSE_SERVER_REQUEST_COMPLEXITY_ALLOW_REGEX",
        "Let clients without the master key use regular expressions.",
    )
    .preset(Preset::Flag(true))
    .now(),
    integer(
        "requestComplexity.batchRequestLimit",
        "PARSE_SERVER_REQUEST_COMPLEXITY_BATCH_REQUEST_LIMIT",
        "Requests in one batch.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(100))
    .now(),
    integer(
        "requestComplexity.graphQLDepth",
        "PARSE_SERVER_REQUEST_COMPLEXITY_GRAPHQL_DEPTH",
        "Depth of a GraphQL operation.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(20))
    .now(),
    integer(
        "requestComplexity.graphQLFields",
        "PARSE_SERVER_REQUEST_COMPLEXITY_GRAPHQL_FIELDS",
        "Fields of a GraphQL operation.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(200))
    .now(),
    integer(
        "requestComplexity.includeCount",
        "PARSE_SERVER_REQUEST_COMPLEXITY_INCLUDE_COUNT",
        "Paths in one `include`.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(100))
    .now(),
    integer(
        "requestComplexity.includeDepth",
        "PARSE_SERVER_REQUEST_COMPLEXITY_INCLUDE_DEPTH",
        "Depth of one path in `include`.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(10))
    .now(),
    integer(
        "requestComplexity.queryDepth",
        "PARSE_SERVER_REQUEST_COMPLEXITY_QUERY_DEPTH",
        "Depth of nested conditions.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(10))
    .now(),
    integer(
        "requestComplexity.subqueryDepth",
        "PARSE_SERVER_REQUEST_COMPLEXITY_SUBQUERY_DEPTH",
        "Depth of nested subqueries.",
    )
    .preset(Preset::Integer(-1))
    .stricter(Preset::Integer(10))
    .now(),
    integer(
        "requestComplexity.subqueryLimit",
        "PARSE_SERVER_REQUEST_COMPLEXITY_SUBQUERY_LIMIT",
        "Rows that one subquery may match.",
    )
    .preset(Preset::Integer(-1))
    .now(),
    group("query", "PARSE_SERVER_QUERY", "Settings of queries.").preset(Preset::Json("{}")),
    flag(
        "query.aggregationRawFieldNames",
        "PARSE_SERVER_QUERY_AGGREGATION_RAW_FIELD_NAMES",
        "Take field names in aggregations as the database spells them.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "query.aggregationRawValues",
        "PARSE_SERVER_QUERY_AGGREGATION_RAW_VALUES",
        "Return values of aggregations as the database has them.",
    )
    .preset(Preset::Flag(false)),
    group("schema", "PARSE_SERVER_SCHEMA", "Classes to create or change at start.").now(),
    json(
        "schema.definitions",
        "PARSE_SERVER_SCHEMA_DEFINITIONS",
        "The classes, in the form of the schema API.",
    )
    .preset(Preset::Json("[]"))
    .now(),
    flag(
        "schema.strict",
        "PARSE_SERVER_SCHEMA_STRICT",
        "Delete classes that are not defined here.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "schema.deleteExtraFields",
        "PARSE_SERVER_SCHEMA_DELETE_EXTRA_FIELDS",
        "Delete fields that are not defined here.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "schema.recreateModifiedFields",
        "PARSE_SERVER_SCHEMA_RECREATE_MODIFIED_FIELDS",
        "Delete and create again fields whose type differs.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "schema.lockSchemas",
        "PARSE_SERVER_SCHEMA_LOCK_SCHEMAS",
        "Refuse schema changes by any request.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "schema.keepUnknownIndexes",
        "PARSE_SERVER_SCHEMA_KEEP_UNKNOWN_INDEXES",
        "Keep indexes that are not defined here.",
    )
    .preset(Preset::Flag(false))
    .now(),
    function(
        "schema.beforeMigration",
        "PARSE_SERVER_SCHEMA_BEFORE_MIGRATION",
        "Function that runs before the classes are changed.",
    )
    .now(),
    function(
        "schema.afterMigration",
        "PARSE_SERVER_SCHEMA_AFTER_MIGRATION",
        "Function that runs after the classes were changed.",
    )
    .now(),
    group(
        "idempotencyOptions",
        "PARSE_SERVER_EXPERIMENTAL_IDEMPOTENCY_OPTIONS",
        "How repeated requests are recognised.",
    )
    .preset(Preset::Json("{}")),
    list(
        "idempotencyOptions.paths",
        "PARSE_SERVER_EXPERIMENTAL_IDEMPOTENCY_PATHS",
        "Patterns of the paths on which a request id is remembered.",
    )
    .preset(Preset::Json("[]")),
    integer(
        "idempotencyOptions.ttl",
        "PARSE_SERVER_EXPERIMENTAL_IDEMPOTENCY_TTL",
        "Seconds for which a request id is remembered.",
    )
    .preset(Preset::Integer(300)),
    list_of("rateLimit", "PARSE_SERVER_RATE_LIMIT", "Limits on how often routes may be called.")
        .preset(Preset::Json("[]"))
        .now(),
    text(
        "rateLimit[].errorResponseMessage",
        "PARSE_SERVER_RATE_LIMIT_ERROR_RESPONSE_MESSAGE",
        "Text of the refusal.",
    )
    .preset(Preset::Text("Too many requests."))
    .now(),
    flag(
        "rateLimit[].includeInternalRequests",
        "PARSE_SERVER_RATE_LIMIT_INCLUDE_INTERNAL_REQUESTS",
        "Count calls of cloud code too.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "rateLimit[].includeMasterKey",
        "PARSE_SERVER_RATE_LIMIT_INCLUDE_MASTER_KEY",
        "Count calls with the master key too.",
    )
    .preset(Preset::Flag(false))
    .now(),
    text(
        "rateLimit[].redisUrl",
        "PARSE_SERVER_RATE_LIMIT_REDIS_URL",
        "Redis that keeps the counts for several processes.",
    )
    .secret(),
    integer(
        "rateLimit[].requestCount",
        "PARSE_SERVER_RATE_LIMIT_REQUEST_COUNT",
        "Calls allowed per window.",
    )
    .now(),
    list(
        "rateLimit[].requestMethods",
        "PARSE_SERVER_RATE_LIMIT_REQUEST_METHODS",
        "HTTP methods the limit is for.",
    )
    .now(),
    text(
        "rateLimit[].requestPath",
        "PARSE_SERVER_RATE_LIMIT_REQUEST_PATH",
        "Route the limit is for.",
    )
    .now(),
    integer(
        "rateLimit[].requestTimeWindow",
        "PARSE_SERVER_RATE_LIMIT_REQUEST_TIME_WINDOW",
        "Milliseconds of the window.",
    )
    .now(),
    text(
        "rateLimit[].zone",
        "PARSE_SERVER_RATE_LIMIT_ZONE",
        "What is counted by: address, session, user or everything.",
    )
    .preset(Preset::Text("ip"))
    .now(),
];
