//! Options of users, their sessions, passwords and mails.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::reader::Reader;
use crate::options::host::HostReference;

/// Steps that matching one password may take; look-around needs an engine that tries, and a pattern that
/// tries for ever would be a way to stop the server.
const PATTERN_STEPS_MAX: usize = 100_000;
/// Minutes of a lock (`parse-server:src/Config.js`, `validateAccountLockoutPolicy`).
const LOCKOUT_MINUTES: RangeInclusive<u64> = 1..=99_999;
/// Failed log-ins before a lock, as there.
const LOCKOUT_THRESHOLD: RangeInclusive<u64> = 1..=999;
/// Passwords that are remembered (`parse-server:src/Config.js`, `validatePasswordPolicy`).
const HISTORY: RangeInclusive<u64> = 0..=20;

/// Users, their sessions, passwords and mails.
#[derive(Debug, Clone)]
pub struct UsersConfig {
    /// Seconds that a session lasts.
    pub session_length: u64,
    /// Whether sessions end after that time.
    pub expire_inactive_sessions: bool,
    /// Whether use makes a session last longer.
    pub extend_session_on_use: bool,
    /// Whether a new password ends the sessions of its user.
    pub revoke_session_on_password_reset: bool,
    /// Whether users may be anonymous.
    pub enable_anonymous_users: bool,
    /// Whether addresses are stored in lower case.
    pub convert_email_to_lowercase: bool,
    /// Whether names are stored in lower case.
    pub convert_username_to_lowercase: bool,
    /// Whether stored tokens of identity providers may have expired.
    pub allow_expired_auth_data_token: bool,
    /// Whether identity providers that can not be verified safely are accepted.
    pub enable_insecure_auth_adapters: bool,
    /// Whether new addresses are to be verified.
    pub verify_user_emails: Switch,
    /// Whether nobody logs in before his address is verified.
    pub prevent_login_with_unverified_email: Switch,
    /// Whether a new user gets no session before his address is verified.
    pub prevent_signup_with_unverified_email: bool,
    /// Whether new users are sent a mail to verify their address.
    pub send_user_email_verification: Switch,
    /// Whether a request for a mail is answered alike for known and unknown addresses.
    pub email_verify_success_on_invalid_email: bool,
    /// Whether a further mail repeats the token of the last one while that is valid.
    pub email_verify_token_reuse_if_valid: bool,
    /// Seconds that a token to verify an address is valid, if not for ever.
    pub email_verify_token_validity: Option<u64>,
    /// When failed log-ins lock an account, if they do.
    pub account_lockout: Option<Lockout>,
    /// What passwords must look like and how long they live, if any of it was given.
    pub password_policy: Option<PasswordPolicy>,
}

/// Whether something happens to a user.
#[derive(Debug, Clone, PartialEq)]
pub enum Switch {
    /// To nobody.
    Off,
    /// To everybody.
    On,
    /// To whom a function in JavaScript says `true`.
    Asks(HostReference),
}

impl Switch {
    /// Whether it happens to nobody, whoever it is.
    pub fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

/// When failed log-ins lock an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    /// Minutes for which the account is locked.
    pub duration_minutes: u64,
    /// Failed log-ins that lock it.
    pub threshold: u64,
    /// Whether a password that is reset by mail unlocks it.
    pub unlock_on_password_reset: bool,
}

/// What passwords must look like and how long they live.
#[derive(Debug, Clone, Default)]
pub struct PasswordPolicy {
    /// What a password must match.
    pub pattern: Option<PasswordPattern>,
    /// A function in JavaScript that must say `true` to a password.
    pub validator: Option<HostReference>,
    /// The text of the refusal, if it is not the usual one.
    pub validation_error: Option<String>,
    /// Whether the name of the user may not be part of his password.
    pub do_not_allow_username: bool,
    /// Days after which a password must be changed.
    pub max_age_days: Option<u64>,
    /// How many of the last passwords may not be used again; 0 is none.
    pub max_history: usize,
    /// Seconds that a token to reset a password is valid, if not for ever.
    pub reset_token_validity: Option<u64>,
    /// Whether a further mail repeats the token of the last one while that is valid.
    pub reset_token_reuse_if_valid: bool,
    /// Whether a request for a mail is answered alike for known and unknown addresses.
    pub reset_password_success_on_invalid_email: bool,
}

/// A regular expression in JavaScript's dialect, look-around included, for passwords.
#[derive(Clone)]
pub struct PasswordPattern(Arc<fancy_regex::Regex>);

impl UsersConfig {
    /// Whether a request to reset a password is answered alike for known and unknown addresses.
    pub fn reset_password_success_on_invalid_email(&self) -> bool {
        self.password_policy
            .as_ref()
            .is_none_or(|policy| policy.reset_password_success_on_invalid_email)
    }

    /// Seconds that a token to reset a password is valid, if not for ever.
    pub fn reset_token_validity(&self) -> Option<u64> {
        self.password_policy.as_ref().and_then(|policy| policy.reset_token_validity)
    }
}

impl PasswordPattern {
    fn compile(source: &str) -> Result<Self, fancy_regex::Error> {
        let mut builder = fancy_regex::RegexBuilder::new(source);
        builder.backtrack_limit(PATTERN_STEPS_MAX).build().map(|regex| Self(Arc::new(regex)))
    }

    /// Whether a password matches. One that takes too many steps to tell does not.
    pub fn fits(&self, password: &str) -> bool {
        self.0.is_match(password).unwrap_or(false)
    }
}

impl fmt::Debug for PasswordPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.as_str())
    }
}

impl PartialEq for PasswordPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Reads the options of users.
pub(super) fn read(reader: &mut Reader<'_>) -> UsersConfig {
    let positive = |reader: &mut Reader<'_>, path| reader.integer(path, 1..=u64::MAX);
    UsersConfig {
        session_length: positive(reader, "sessionLength").unwrap_or_default(),
        expire_inactive_sessions: reader.flag("expireInactiveSessions"),
        extend_session_on_use: reader.flag("extendSessionOnUse"),
        revoke_session_on_password_reset: reader.flag("revokeSessionOnPasswordReset"),
        enable_anonymous_users: reader.flag("enableAnonymousUsers"),
        convert_email_to_lowercase: reader.flag("convertEmailToLowercase"),
        convert_username_to_lowercase: reader.flag("convertUsernameToLowercase"),
        allow_expired_auth_data_token: reader.flag("allowExpiredAuthDataToken"),
        enable_insecure_auth_adapters: reader.flag("enableInsecureAuthAdapters"),
        verify_user_emails: switch(reader, "verifyUserEmails"),
        prevent_login_with_unverified_email: switch(reader, "preventLoginWithUnverifiedEmail"),
        prevent_signup_with_unverified_email: reader.flag("preventSignupWithUnverifiedEmail"),
        send_user_email_verification: switch(reader, "sendUserEmailVerification"),
        email_verify_success_on_invalid_email: reader.flag("emailVerifySuccessOnInvalidEmail"),
        email_verify_token_reuse_if_valid: reader.flag("emailVerifyTokenReuseIfValid"),
        email_verify_token_validity: positive(reader, "emailVerifyTokenValidityDuration"),
        account_lockout: lockout(reader),
        password_policy: password_policy(reader),
    }
}

fn switch(reader: &Reader<'_>, path: &str) -> Switch {
    match reader.reference(path) {
        Some(function) => Switch::Asks(function),
        None if reader.flag(path) => Switch::On,
        None => Switch::Off,
    }
}

/// Duration and threshold come together or not at all.
fn lockout(reader: &mut Reader<'_>) -> Option<Lockout> {
    let paths = ["duration", "threshold", "unlockOnPasswordReset"];
    if !is_given(reader, "accountLockout", &paths) {
        return None;
    }
    for path in ["accountLockout.duration", "accountLockout.threshold"] {
        if reader.raw.value(path).is_null() {
            reader.problems.add(format!("option `{path}` is required by `accountLockout`"));
        }
    }
    let duration_minutes = reader.integer("accountLockout.duration", LOCKOUT_MINUTES);
    let threshold = reader.integer("accountLockout.threshold", LOCKOUT_THRESHOLD);
    Some(Lockout {
        duration_minutes: duration_minutes?,
        threshold: threshold?,
        unlock_on_password_reset: reader.flag("accountLockout.unlockOnPasswordReset"),
    })
}

fn password_policy(reader: &mut Reader<'_>) -> Option<PasswordPolicy> {
    const PATHS: [&str; 9] = [
        "doNotAllowUsername",
        "maxPasswordAge",
        "maxPasswordHistory",
        "resetPasswordSuccessOnInvalidEmail",
        "resetTokenReuseIfValid",
        "resetTokenValidityDuration",
        "validationError",
        "validatorCallback",
        "validatorPattern",
    ];
    if !is_given(reader, "passwordPolicy", &PATHS) {
        return None;
    }
    let history = reader.integer("passwordPolicy.maxPasswordHistory", HISTORY).unwrap_or_default();
    Some(PasswordPolicy {
        pattern: pattern(reader),
        validator: reader.reference("passwordPolicy.validatorCallback"),
        validation_error: reader.text("passwordPolicy.validationError"),
        do_not_allow_username: reader.flag("passwordPolicy.doNotAllowUsername"),
        max_age_days: reader.integer("passwordPolicy.maxPasswordAge", 0..=u64::MAX),
        max_history: history as usize,
        reset_token_validity: reader
            .integer("passwordPolicy.resetTokenValidityDuration", 1..=u64::MAX),
        reset_token_reuse_if_valid: reader.flag("passwordPolicy.resetTokenReuseIfValid"),
        reset_password_success_on_invalid_email: reader
            .flag("passwordPolicy.resetPasswordSuccessOnInvalidEmail"),
    })
}

fn pattern(reader: &mut Reader<'_>) -> Option<PasswordPattern> {
    const PATH: &str = "passwordPolicy.validatorPattern";
    let source = reader.text(PATH)?;
    match PasswordPattern::compile(&source) {
        Ok(pattern) => Some(pattern),
        Err(cause) => {
            reader.problem(PATH, &format!("expected a regular expression: {cause}"));
            None
        }
    }
}

fn is_given(reader: &Reader<'_>, group: &str, names: &[&str]) -> bool {
    names.iter().any(|name| reader.raw.is_given(&format!("{group}.{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_look_around_and_do_not_run_away() {
        let strong = PasswordPattern::compile("^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,}$").unwrap();
        assert!(strong.fits("Str0ngPass1"));
        for weak in ["", "weak", "str0ngpass1", "STR0NGPASS1", "StrongPass"] {
            assert!(!strong.fits(weak), "{weak}");
        }
        let runaway = PasswordPattern::compile("^(?=(a|a?)+$)(a|a?)+b$").unwrap();
        assert!(!runaway.fits(&"a".repeat(5_000)));
        assert!(PasswordPattern::compile("(").is_err());
        assert_eq!(format!("{strong:?}"), "/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,}$/");
    }
}
