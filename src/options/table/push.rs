//! Options of the section "Push and installations".

use super::{OptionSpec, Preset, flag, group, object, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    object("push", "PARSE_SERVER_PUSH", "Settings of push delivery, or its adapter.").secret(),
    flag("scheduledPush", "PARSE_SERVER_SCHEDULED_PUSH", "Accept pushes for a later time.")
        .preset(Preset::Flag(false)),
    group(
        "installation",
        "PARSE_SERVER_INSTALLATION",
        "What happens to installations with the same device token.",
    )
    .preset(Preset::Json("{}")),
    text(
        "installation.duplicateDeviceTokenAction",
        "PARSE_SERVER_INSTALLATION_DUPLICATE_DEVICE_TOKEN_ACTION",
        "Delete the older installation, or only take its token.",
    )
    .preset(Preset::Text("delete")),
    flag(
        "installation.duplicateDeviceTokenActionEnforceAuth",
        "PARSE_SERVER_INSTALLATION_DUPLICATE_DEVICE_TOKEN_ACTION_ENFORCE_AUTH",
        "Apply the caller's rights to that change.",
    )
    .preset(Preset::Flag(false))
    .stricter(Preset::Flag(true)),
    text(
        "installation.duplicateDeviceTokenMergePriority",
        "PARSE_SERVER_INSTALLATION_DUPLICATE_DEVICE_TOKEN_MERGE_PRIORITY",
        "Which of two matching installations is kept.",
    )
    .preset(Preset::Text("deviceToken")),
];
