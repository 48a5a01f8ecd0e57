//! Options of the section "Users, sessions and passwords".

use super::{
    OptionSpec, Preset, adapter, flag, flag_or_function, function, group, integer, object, text,
};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    flag("enableAnonymousUsers", "PARSE_SERVER_ENABLE_ANON_USERS", "Allow anonymous users.")
        .preset(Preset::Flag(true)),
    flag(
        "enforcePrivateUsers",
        "PARSE_SERVER_ENFORCE_PRIVATE_USERS",
        "Give new users no public read access.",
    )
    .preset(Preset::Flag(true)),
    object("auth", "PARSE_SERVER_AUTH_PROVIDERS", "Identity providers and their settings.")
        .secret(),
    flag("auth.*.enabled", "", "Accept this provider.").preset(Preset::Flag(false)),
    flag(
        "enableInsecureAuthAdapters",
        "PARSE_SERVER_ENABLE_INSECURE_AUTH_ADAPTERS",
        "Accept identity providers that can not be verified safely.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "allowExpiredAuthDataToken",
        "PARSE_SERVER_ALLOW_EXPIRED_AUTH_DATA_TOKEN",
        "Accept stored provider tokens that have expired.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "convertEmailToLowercase",
        "PARSE_SERVER_CONVERT_EMAIL_TO_LOWERCASE",
        "Store e-mail addresses in lower case.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "convertUsernameToLowercase",
        "PARSE_SERVER_CONVERT_USERNAME_TO_LOWERCASE",
        "Store user names in lower case.",
    )
    .preset(Preset::Flag(false)),
    integer("sessionLength", "PARSE_SERVER_SESSION_LENGTH", "Seconds that a session lasts.")
        .preset(Preset::Integer(31536000)),
    flag(
        "expireInactiveSessions",
        "PARSE_SERVER_EXPIRE_INACTIVE_SESSIONS",
        "Let sessions end after that time.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "extendSessionOnUse",
        "PARSE_SERVER_EXTEND_SESSION_ON_USE",
        "Lengthen a session whenever it is used.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "revokeSessionOnPasswordReset",
        "PARSE_SERVER_REVOKE_SESSION_ON_PASSWORD_RESET",
        "End all sessions of a user whose password changes.",
    )
    .preset(Preset::Flag(true)),
    adapter("emailAdapter", "PARSE_SERVER_EMAIL_ADAPTER", "Adapter that sends mail.").secret(),
    flag_or_function(
        "verifyUserEmails",
        "PARSE_SERVER_VERIFY_USER_EMAILS",
        "Ask new users to verify their e-mail address.",
    )
    .preset(Preset::Flag(false)),
    flag_or_function(
        "preventLoginWithUnverifiedEmail",
        "PARSE_SERVER_PREVENT_LOGIN_WITH_UNVERIFIED_EMAIL",
        "Refuse log-in before the address is verified.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "preventSignupWithUnverifiedEmail",
        "PARSE_SERVER_PREVENT_SIGNUP_WITH_UNVERIFIED_EMAIL",
        "Give new users no session before the address is verified.",
    )
    .preset(Preset::Flag(false)),
    flag_or_function(
        "sendUserEmailVerification",
        "PARSE_SERVER_SEND_USER_EMAIL_VERIFICATION",
        "Send the verification mail on sign-up.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "emailVerifySuccessOnInvalidEmail",
        "PARSE_SERVER_EMAIL_VERIFY_SUCCESS_ON_INVALID_EMAIL",
        "Answer requests for a mail alike for known and unknown addresses.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "emailVerifyTokenReuseIfValid",
        "PARSE_SERVER_EMAIL_VERIFY_TOKEN_REUSE_IF_VALID",
        "Send the same verification token again while it is valid.",
    )
    .preset(Preset::Flag(false)),
    integer(
        "emailVerifyTokenValidityDuration",
        "PARSE_SERVER_EMAIL_VERIFY_TOKEN_VALIDITY_DURATION",
        "Seconds that a verification token is valid.",
    ),
    group(
        "accountLockout",
        "PARSE_SERVER_ACCOUNT_LOCKOUT",
        "When an account is locked after failed log-ins.",
    ),
    integer(
        "accountLockout.duration",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_DURATION",
        "Minutes for which the account is locked.",
    ),
    integer(
        "accountLockout.threshold",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_THRESHOLD",
        "Failed log-ins that lock the account.",
    ),
    flag(
        "accountLockout.unlockOnPasswordReset",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_UNLOCK_ON_PASSWORD_RESET",
        "Unlock the account when its password is reset.",
    )
    .preset(Preset::Flag(false)),
    group(
        "passwordPolicy",
        "PARSE_SERVER_PASSWORD_POLICY",
        "What passwords must look like and how long they live.",
    ),
    flag(
        "passwordPolicy.doNotAllowUsername",
        "PARSE_SERVER_PASSWORD_POLICY_DO_NOT_ALLOW_USERNAME",
        "Refuse passwords that contain the user name.",
    )
    .preset(Preset::Flag(false)),
    integer(
        "passwordPolicy.maxPasswordAge",
        "PARSE_SERVER_PASSWORD_POLICY_MAX_PASSWORD_AGE",
        "Days after which a password must be changed.",
    ),
    integer(
        "passwordPolicy.maxPasswordHistory",
        "PARSE_SERVER_PASSWORD_POLICY_MAX_PASSWORD_HISTORY",
        "Earlier passwords that may not be used again.",
    ),
    flag(
        "passwordPolicy.resetPasswordSuccessOnInvalidEmail",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_PASSWORD_SUCCESS_ON_INVALID_EMAIL",
        "Answer reset requests alike for known and unknown addresses.",
    )
    .preset(Preset::Flag(true)),
    flag(
        "passwordPolicy.resetTokenReuseIfValid",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_TOKEN_REUSE_IF_VALID",
        "Send the same reset token again while it is valid.",
    )
    .preset(Preset::Flag(false)),
    integer(
        "passwordPolicy.resetTokenValidityDuration",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_TOKEN_VALIDITY_DURATION",
        "Seconds that a reset token is valid.",
    ),
    text(
        "passwordPolicy.validationError",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATION_ERROR",
        "Text of the refusal.",
    ),
    function(
        "passwordPolicy.validatorCallback",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATOR_CALLBACK",
        "Function that judges a password.",
    ),
    text(
        "passwordPolicy.validatorPattern",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATOR_PATTERN",
        "Regular expression that a password must match.",
    ),
];
