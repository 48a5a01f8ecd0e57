//! Options of the section "Application and keys".

use super::{OptionSpec, Preset, flag, integer, list, text, text_or_function};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    text(
        "appId",
        "PARSE_SERVER_APPLICATION_ID",
        "Id that every request names the application by; required.",
    )
    .now(),
    text("appName", "PARSE_SERVER_APP_NAME", "Name of the application in mails and pages.").now(),
    text_or_function(
        "masterKey",
        "PARSE_SERVER_MASTER_KEY",
        "Key that overrides every access rule; required.",
    )
    .secret()
    .now(),
    integer(
        "masterKeyTtl",
        "PARSE_SERVER_MASTER_KEY_TTL",
        "Seconds for which a computed master key is kept.",
    ),
    text(
        "readOnlyMasterKey",
        "PARSE_SERVER_READ_ONLY_MASTER_KEY",
        "Key that may read everything and write nothing.",
    )
    .secret()
    .now(),
    text(
        "maintenanceKey",
        "PARSE_SERVER_MAINTENANCE_KEY",
        "Key that may read and write internal fields.",
    )
    .secret()
    .now(),
    text("clientKey", "PARSE_SERVER_CLIENT_KEY", "Key that native clients send.").secret().now(),
    text("restAPIKey", "PARSE_SERVER_REST_API_KEY", "Key that REST clients send.").secret().now(),
    text("javascriptKey", "PARSE_SERVER_JAVASCRIPT_KEY", "Key that JavaScript clients send.")
        .secret()
        .now(),
    text("dotNetKey", "PARSE_SERVER_DOT_NET_KEY", "Key that .NET clients send.").secret().now(),
    list(
        "masterKeyIps",
        "PARSE_SERVER_MASTER_KEY_IPS",
        "Addresses and ranges from which the master key is accepted.",
    )
    .preset(Preset::Json(r#"["127.0.0.1", "::1"]"#))
    .now(),
    list(
        "readOnlyMasterKeyIps",
        "PARSE_SERVER_READ_ONLY_MASTER_KEY_IPS",
        "Addresses and ranges from which the read-only master key is accepted.",
    )
    .preset(Preset::Json(r#"["0.0.0.0/0", "::0"]"#))
    .stricter(Preset::Json(r#"["127.0.0.1", "::1"]"#))
    .now(),
    list(
        "maintenanceKeyIps",
        "PARSE_SERVER_MAINTENANCE_KEY_IPS",
        "Addresses and ranges from which the maintenance key is accepted.",
    )
    .preset(Preset::Json(r#"["127.0.0.1", "::1"]"#))
    .now(),
    flag(
        "allowAggregationForReadOnlyMasterKey",
        "PARSE_SERVER_ALLOW_AGGREGATION_FOR_READ_ONLY_MASTER_KEY",
        "Let the read-only master key run aggregations.",
    )
    .preset(Preset::Flag(true))
    .stricter(Preset::Flag(false))
    .now(),
    text(
        "encryptionKey",
        "PARSE_SERVER_ENCRYPTION_KEY",
        "Key that stored files are encrypted with.",
    )
    .secret()
    .now(),
    text(
        "fileKey",
        "PARSE_SERVER_FILE_KEY",
        "Prefix of files that are still kept by the original hosted service.",
    )
    .secret(),
];
