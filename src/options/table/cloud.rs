//! Options of the section "Cloud code".

use super::{OptionSpec, Preset, flag, integer, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    text("cloud", "PARSE_SERVER_CLOUD", "File with the cloud code to load, such as `./cloud/main.js`.")
        .now(),
    text(
        "cloudHost",
        "PARSIMONY_CLOUD_HOST",
        "Host of cloud code that runs elsewhere, such as `unix:/run/cloud.sock`; no worker is started then.",
    )
    .now(),
    flag(
        "watch",
        "PARSIMONY_WATCH",
        "Load cloud code and GraphQL definitions again when their files change; for development.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer(
        "cloudWorkers",
        "PARSIMONY_CLOUD_WORKERS",
        "Number of Node processes that run the cloud code; one for two cores when absent.",
    )
    .now(),
    integer(
        "cloudWorkerMemory",
        "PARSIMONY_CLOUD_WORKER_MEMORY",
        "Largest heap of such a process in megabytes; Node's own limit when absent.",
    )
    .now(),
    text("cloudNode", "PARSIMONY_CLOUD_NODE", "Program that runs the cloud code.")
        .preset(Preset::Text("node"))
        .now(),
    integer(
        "cloudFunctionTimeout",
        "PARSIMONY_CLOUD_FUNCTION_TIMEOUT",
        "Milliseconds that a function or a trigger may take; no limit when absent.",
    )
    .now(),
    integer(
        "cloudHostTimeout",
        "PARSIMONY_CLOUD_HOST_TIMEOUT",
        "Milliseconds that a request waits for cloud code that is being started.",
    )
    .preset(Preset::Integer(10_000))
    .now(),
    integer(
        "cloudHangTimeout",
        "PARSIMONY_CLOUD_HANG_TIMEOUT",
        "Milliseconds after which a worker that does not react at all is killed and replaced.",
    )
    .preset(Preset::Integer(60_000))
    .now(),
    integer(
        "cloudDepthMax",
        "PARSIMONY_CLOUD_DEPTH_MAX",
        "How deep cloud code may call itself through the API.",
    )
    .preset(Preset::Integer(20))
    .now(),
    flag(
        "jobSchedules",
        "PARSIMONY_JOB_SCHEDULES",
        "Run the jobs of cloud code when `_JobSchedule` says so; of several servers on one database, one does.",
    )
    .preset(Preset::Flag(true))
    .now(),
    integer(
        "jobSchedulesInterval",
        "PARSIMONY_JOB_SCHEDULES_INTERVAL",
        "Milliseconds after which changes that others made to schedules are seen.",
    )
    .preset(Preset::Integer(10_000))
    .now(),
    integer(
        "jobSchedulesMissedMax",
        "PARSIMONY_JOB_SCHEDULES_MISSED_MAX",
        "Milliseconds for which a run that was missed is made up for, once however many were; a minute at least.",
    )
    .preset(Preset::Integer(86_400_000))
    .now(),
    integer(
        "jobStatusDays",
        "PARSIMONY_JOB_STATUS_DAYS",
        "Days that the status of a job is kept after its end; for good when absent.",
    )
    .now(),
];
