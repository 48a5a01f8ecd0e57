//! Options of the section "Logs, metrics and checks".

use super::{OptionSpec, Preset, adapter, flag, group, integer_or_text, list, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    text(
        "logLevel",
        "PARSE_SERVER_LOG_LEVEL",
        "How much is logged: error, warn, info, verbose, debug or silly.",
    )
    .now(),
    text("logLevel.*.error", "PARSE_SERVER_LOG_LEVEL_ERROR", "Name of the level for errors."),
    text("logLevel.*.warn", "PARSE_SERVER_LOG_LEVEL_WARN", "Name of the level for warnings."),
    text("logLevel.*.info", "PARSE_SERVER_LOG_LEVEL_INFO", "Name of the level for notices."),
    text("logLevel.*.verbose", "PARSE_SERVER_LOG_LEVEL_VERBOSE", "Name of the level for details."),
    text("logLevel.*.debug", "PARSE_SERVER_LOG_LEVEL_DEBUG", "Name of the level for debugging."),
    text("logLevel.*.silly", "PARSE_SERVER_LOG_LEVEL_SILLY", "Name of the level for everything."),
    flag("verbose", "VERBOSE", "Log requests and answers.").now(),
    flag("silent", "SILENT", "Log nothing to the console.").now(),
    flag("jsonLogs", "JSON_LOGS", "Log one JSON object per line.").now(),
    group("logLevels", "PARSE_SERVER_LOG_LEVELS", "Levels of single events.")
        .preset(Preset::Json("{}"))
        .now(),
    text(
        "logLevels.cloudFunctionError",
        "PARSE_SERVER_LOG_LEVELS_CLOUD_FUNCTION_ERROR",
        "Level for a cloud function that failed.",
    )
    .preset(Preset::Text("error"))
    .now(),
    text(
        "logLevels.cloudFunctionSuccess",
        "PARSE_SERVER_LOG_LEVELS_CLOUD_FUNCTION_SUCCESS",
        "Level for a cloud function that succeeded.",
    )
    .preset(Preset::Text("info"))
    .now(),
    text(
        "logLevels.signupUsernameTaken",
        "PARSE_SERVER_LOG_LEVELS_SIGNUP_USERNAME_TAKEN",
        "Level for a sign-up with a name that is taken.",
    )
    .preset(Preset::Text("info")),
    text(
        "logLevels.triggerAfter",
        "PARSE_SERVER_LOG_LEVELS_TRIGGER_AFTER",
        "Level for an after trigger.",
    )
    .preset(Preset::Text("info"))
    .now(),
    text(
        "logLevels.triggerBeforeError",
        "PARSE_SERVER_LOG_LEVELS_TRIGGER_BEFORE_ERROR",
        "Level for a before trigger that failed.",
    )
    .preset(Preset::Text("error"))
    .now(),
    text(
        "logLevels.triggerBeforeSuccess",
        "PARSE_SERVER_LOG_LEVELS_TRIGGER_BEFORE_SUCCESS",
        "Level for a before trigger that succeeded.",
    )
    .preset(Preset::Text("info"))
    .now(),
    text("logsFolder", "PARSE_SERVER_LOGS_FOLDER", "Directory of log files.")
        .preset(Preset::Text("./logs")),
    integer_or_text(
        "maxLogFiles",
        "PARSE_SERVER_MAX_LOG_FILES",
        "Log files kept: a number, or days such as `7d`.",
    ),
    adapter(
        "loggerAdapter",
        "PARSE_SERVER_LOGGER_ADAPTER",
        "Adapter that log lines go to besides standard error.",
    )
    .secret()
    .now(),
    flag(
        "mountMetrics",
        "PARSIMONY_MOUNT_METRICS",
        "Serve metrics to the master key and to the machine itself.",
    )
    .preset(Preset::Flag(true))
    .now(),
    text("metricsPath", "PARSIMONY_METRICS_PATH", "Path of the metrics.")
        .preset(Preset::Text("/metrics"))
        .now(),
    group("security", "PARSE_SERVER_SECURITY", "The report on the security of the settings.")
        .preset(Preset::Json("{}")),
    list("security.checkGroups", "PARSE_SERVER_SECURITY_CHECK_GROUPS", "Further groups of checks."),
    flag("security.enableCheck", "PARSE_SERVER_SECURITY_ENABLE_CHECK", "Serve the report.")
        .preset(Preset::Flag(false)),
    flag(
        "security.enableCheckLog",
        "PARSE_SERVER_SECURITY_ENABLE_CHECK_LOG",
        "Log the report at start.",
    )
    .preset(Preset::Flag(false)),
];
