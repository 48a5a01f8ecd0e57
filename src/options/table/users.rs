//! Options of the section "Users, sessions and passwords".

use super::{
    OptionSpec, Preset, adapter, flag, flag_or_function, function, group, integer, object, text,
};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    flag("enableAnonymousUsers", "PARSE_SERVER_ENABLE_ANON_USERS", "Allow anonymous users.")
        .preset(Preset::Flag(true))
        .now(),
    flag(
        "enforcePrivateUsers",
        "PARSE_SERVER_ENFORCE_PRIVATE_USERS",
        "Give new users no public read access.",
    )
    .preset(Preset::Flag(true))
    .now(),
    object("auth", "PARSE_SERVER_AUTH_PROVIDERS", "Identity providers and their settings.")
        .secret()
        .now(),
    flag("auth.*.enabled", "", "Accept this provider.").preset(Preset::Flag(false)).now(),
    flag(
        "enableInsecureAuthAdapters",
        "PARSE_SERVER_ENABLE_INSECURE_AUTH_ADAPTERS",
        "Accept identity providers that can not be verified safely.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "allowExpiredAuthDataToken",
        "PARSE_SERVER_ALLOW_EXPIRED_AUTH_DATA_TOKEN",
        "Accept stored provider tokens that have expired.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "convertEmailToLowercase",
        "PARSE_SERVER_CONVERT_EMAIL_TO_LOWERCASE",
        "Store e-mail addresses in lower case.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "convertUsernameToLowercase",
        "PARSE_SERVER_CONVERT_USERNAME_TO_LOWERCASE",
        "Store user names in lower case.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer("sessionLength", "PARSE_SERVER_SESSION_LENGTH", "Seconds that a session lasts.")
        .preset(Preset::Integer(31536000))
        .now(),
    flag(
        "expireInactiveSessions",
        "PARSE_SERVER_EXPIRE_INACTIVE_SESSIONS",
        "Let sessions end after that time.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "extendSessionOnUse",
        "PARSE_SERVER_EXTEND_SESSION_ON_USE",
        "Lengthen a session whenever it is used.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "revokeSessionOnPasswordReset",
        "PARSE_SERVER_REVOKE_SESSION_ON_PASSWORD_RESET",
        "End all sessions of a user whose password changes.",
    )
    .preset(Preset::Flag(true))
    .now(),
    adapter("emailAdapter", "PARSE_SERVER_EMAIL_ADAPTER", "Adapter that sends mail.")
        .secret()
        .now(),
    flag_or_function(
        "verifyUserEmails",
        "PARSE_SERVER_VERIFY_USER_EMAILS",
        "Ask new users to verify their e-mail address.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag_or_function(
        "preventLoginWithUnverifiedEmail",
        "PARSE_SERVER_PREVENT_LOGIN_WITH_UNVERIFIED_EMAIL",
        "Refuse log-in before the address is verified.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "preventSignupWithUnverifiedEmail",
        "PARSE_SERVER_PREVENT_SIGNUP_WITH_UNVERIFIED_EMAIL",
        "Give new users no session before the address is verified.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag_or_function(
        "sendUserEmailVerification",
        "PARSE_SERVER_SEND_USER_EMAIL_VERIFICATION",
        "Send the verification mail on sign-up.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "emailVerifySuccessOnInvalidEmail",
        "PARSE_SERVER_EMAIL_VERIFY_SUCCESS_ON_INVALID_EMAIL",
        "Answer requests for a mail alike for known and unknown addresses.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "emailVerifyTokenReuseIfValid",
        "PARSE_SERVER_EMAIL_VERIFY_TOKEN_REUSE_IF_VALID",
        "Send the same verification token again while it is valid.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer(
        "emailVerifyTokenValidityDuration",
        "PARSE_SERVER_EMAIL_VERIFY_TOKEN_VALIDITY_DURATION",
        "Seconds that a verification token is valid.",
    )
    .now(),
    group(
        "accountLockout",
        "PARSE_SERVER_ACCOUNT_LOCKOUT",
        "When an account is locked after failed log-ins.",
    )
    .now(),
    integer(
        "accountLockout.duration",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_DURATION",
        "Minutes for which the account is locked.",
    )
    .now(),
    integer(
        "accountLockout.threshold",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_THRESHOLD",
        "Failed log-ins that lock the account.",
    )
    .now(),
    flag(
        "accountLockout.unlockOnPasswordReset",
        "PARSE_SERVER_ACCOUNT_LOCKOUT_UNLOCK_ON_PASSWORD_RESET",
        "Unlock the account when its password is reset.",
    )
    .preset(Preset::Flag(false))
    .now(),
    group(
        "passwordPolicy",
        "PARSE_SERVER_PASSWORD_POLICY",
        "What passwords must look like and how long they live.",
    )
    .now(),
    flag(
        "passwordPolicy.doNotAllowUsername",
        "PARSE_SERVER_PASSWORD_POLICY_DO_NOT_ALLOW_USERNAME",
        "Refuse passwords that contain the user name.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer(
        "passwordPolicy.maxPasswordAge",
        "PARSE_SERVER_PASSWORD_POLICY_MAX_PASSWORD_AGE",
        "Days after which a password must be changed.",
    )
    .now(),
    integer(
        "passwordPolicy.maxPasswordHistory",
        "PARSE_SERVER_PASSWORD_POLICY_MAX_PASSWORD_HISTORY",
        "Earlier passwords that may not be used again.",
    )
    .now(),
    flag(
        "passwordPolicy.resetPasswordSuccessOnInvalidEmail",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_PASSWORD_SUCCESS_ON_INVALID_EMAIL",
        "Answer reset requests alike for known and unknown addresses.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "passwordPolicy.resetTokenReuseIfValid",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_TOKEN_REUSE_IF_VALID",
        "Send the same reset token again while it is valid.",
    )
    .preset(Preset::Flag(false))
    .now(),
    integer(
        "passwordPolicy.resetTokenValidityDuration",
        "PARSE_SERVER_PASSWORD_POLICY_RESET_TOKEN_VALIDITY_DURATION",
        "Seconds that a reset token is valid.",
    )
    .now(),
    text(
        "passwordPolicy.validationError",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATION_ERROR",
        "Text of the refusal.",
    )
    .now(),
    function(
        "passwordPolicy.validatorCallback",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATOR_CALLBACK",
        "Function that judges a password.",
    )
    .now(),
    text(
        "passwordPolicy.validatorPattern",
        "PARSE_SERVER_PASSWORD_POLICY_VALIDATOR_PATTERN",
        "Regular expression that a password must match.",
    )
    .now(),
];
