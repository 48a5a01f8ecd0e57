//! What passwords must be, which were used before, and when an account is locked.

use super::account::{self, Account};
use super::auth_data;
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::options::PasswordPolicy;
use crate::query::{Comparison, Test, Where};
use crate::schema::{Assign, ClassSchema};
use crate::value::{Date, FieldName, Json, Value};

const MILLIS_PER_MINUTE: i64 = 60_000;
const MILLIS_PER_DAY: i64 = 24 * 60 * MILLIS_PER_MINUTE;

/// Refuses a password that the policy does not allow. Error 142. `username` is that of its user.
pub(in crate::ops) async fn check_policy(
    ctx: &Ctx,
    password: &str,
    username: Option<&str>,
) -> Result<()> {
    let Some(policy) = &ctx.app.config.users.password_policy else { return Ok(()) };
    let fits = policy.pattern.as_ref().is_none_or(|pattern| pattern.fits(password));
    let fits = match &policy.validator {
        Some(validator) if fits => {
            let told = vec![Json::from(password)];
            let within = ctx.within()?;
            let answer = ctx.app.cloud.callback_within(validator, told, &within).await?;
            answer.is_some_and(|answer| answer.is_truthy())
        }
        Some(_) | None => fits,
    };
    if !fits {
        let text = policy.validation_error.clone();
        return Err(refused(text.unwrap_or_else(|| {
            "Password does not meet the Password Policy requirements.".to_owned()
        })));
    }
    let contains = |name: &str| !name.is_empty() && password.contains(name);
    if policy.do_not_allow_username && username.is_some_and(contains) {
        return Err(refused("Password cannot contain your username.".to_owned()));
    }
    Ok(())
}

fn refused(text: String) -> Error {
    Error::new(Code::ValidationError, text)
}

/// The columns of an account that gets a password: the hash, and what the policy remembers. Error 142 if
/// it was used lately.
pub(in crate::ops) async fn columns(
    ctx: &Ctx,
    password: &str,
    before: Option<&Account>,
) -> Result<Vec<(FieldName, Assign)>> {
    let policy = ctx.app.config.users.password_policy.as_ref();
    let history = policy.map_or(0, |policy| policy.max_history);
    if let Some(before) = before.filter(|_| history > 0) {
        check_history(ctx, password, before, history).await?;
    }
    let hash = ctx.app.auth.passwords.hash(password).await?;
    let mut columns = vec![set("password", Value::String(hash))];
    if policy.is_some_and(|policy| policy.max_age_days.is_some()) {
        columns.push(set("_password_changed_at", Value::Date(ctx.app.clock.now())));
    }
    if let Some(before) = before.filter(|_| history > 0) {
        let earlier = before.password_hash.iter().chain(&before.password_history).take(history - 1);
        let earlier = earlier.map(|hash| Json::from(hash.as_str())).collect();
        columns.push(set("_password_history", Value::Array(earlier)));
    }
    Ok(columns)
}

/// The columns of an account whose link to choose a password must not work any more.
pub(in crate::ops) fn without_reset_token() -> [(FieldName, Assign); 2] {
    ["_perishable_token", "_perishable_token_expires_at"].map(|name| set(name, Value::Null))
}

async fn check_history(ctx: &Ctx, password: &str, before: &Account, history: usize) -> Result<()> {
    let hashes = before.password_hash.iter().chain(&before.password_history).take(history);
    for hash in hashes {
        if ctx.app.auth.passwords.verify(password, Some(hash)).await? {
            return Err(refused(format!(
                "New password should not be the same as last {history} passwords."
            )));
        }
    }
    Ok(())
}

fn set(name: &str, value: Value) -> (FieldName, Assign) {
    (FieldName::from(name), Assign::Set(value))
}

/// Refuses a log-in with a password that is too old. One whose age is not known is as old as this log-in.
pub(super) async fn check_age(ctx: &Ctx, account: &Account) -> Result<()> {
    let policy = ctx.app.config.users.password_policy.as_ref();
    let Some(days) = policy.and_then(|policy: &PasswordPolicy| policy.max_age_days) else {
        return Ok(());
    };
    let now = ctx.app.clock.now();
    let Some(changed_at) = account.password_changed_at else {
        let class = account::class(ctx)?;
        let guard = account::is_empty(&class, "_password_changed_at");
        let columns = vec![("_password_changed_at", Assign::Set(Value::Date(now)))];
        // Whoever was faster wrote as good a date.
        account::change(ctx, &account.id, guard, columns, None).await?;
        return Ok(());
    };
    let age = now.millis().saturating_sub(changed_at.millis());
    match age >= i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(MILLIS_PER_DAY) {
        true => Err(Error::new(
            Code::ObjectNotFound,
            "Your password has expired. Please reset your password.",
        )),
        false => Ok(()),
    }
}

/// Takes one of the log-ins that an account may fail before it is locked, before the password is looked at: so however many
/// are tried at once, no more than those get through. Error 101 while it is locked.
pub(super) async fn take_attempt(ctx: &Ctx, mut account: Account) -> Result<Account> {
    const ATTEMPTS_MAX: usize = 256;
    let Some(lockout) = &ctx.app.config.users.account_lockout else { return Ok(account) };
    let class = account::class(ctx)?;
    for _ in 0..ATTEMPTS_MAX {
        let now = ctx.app.clock.now();
        if account.locked_until.is_some_and(|until| until > now) {
            return Err(Error::new(
                Code::ObjectNotFound,
                format!(
                    "Your account is locked due to multiple failed login attempts. Please try again after {} minute(s)",
                    lockout.duration_minutes
                ),
            ));
        }
        let failed = counted(&account) + 1.0;
        let until = (failed >= lockout.threshold as f64)
            .then(|| after(now, lockout.duration_minutes))
            .map_or(Value::Null, Value::Date);
        let columns = vec![
            ("_failed_login_count", Assign::Set(Value::Number(failed))),
            ("_account_lockout_expires_at", Assign::Set(until)),
        ];
        if account::change(ctx, &account.id, unchanged(&class, &account), columns, None).await? {
            return Ok(account);
        }
        account = account::by_id(ctx, &account.id).await?.ok_or_else(wrong)?;
    }
    Err(wrong())
}

fn after(now: Date, minutes: u64) -> Date {
    let minutes = i64::try_from(minutes).unwrap_or(i64::MAX);
    Date::from_millis(now.millis().saturating_add(minutes.saturating_mul(MILLIS_PER_MINUTE)))
        .unwrap_or(now)
}

/// Nobody counted a log-in since the account was read.
fn unchanged(class: &ClassSchema, account: &Account) -> Where {
    let count = match account.failed_log_ins {
        0.0 => Where::Any(vec![
            account::is_empty(class, "_failed_login_count"),
            account::has(class, "_failed_login_count", &[], Value::Number(0.0)),
        ]),
        count => account::has(class, "_failed_login_count", &[], Value::Number(count)),
    };
    let column = "_account_lockout_expires_at";
    let lock = match account.locked_until {
        None => account::is_empty(class, column),
        Some(until) => {
            account::test(class, column, &[], Test::Compare(Comparison::Equal, Value::Date(until)))
        }
    };
    Where::All(vec![count, lock])
}

/// The password was right, but nobody was let in: the attempt does not count. Nor are those before it forgiven if
/// the account has a second factor, whose codes could else be guessed without end by whoever has the password.
pub(super) async fn confirmed(ctx: &Ctx, account: &Account) -> Result<()> {
    if !auth_data::has_second_factor(ctx, account) {
        return forgive(ctx, account).await;
    }
    if ctx.app.config.users.account_lockout.is_none() {
        return Ok(());
    }
    let class = account::class(ctx)?;
    let before = counted(account);
    let guard = account::has(&class, "_failed_login_count", &[], Value::Number(before + 1.0));
    let columns = vec![
        ("_failed_login_count", Assign::Set(Value::Number(before))),
        ("_account_lockout_expires_at", Assign::Set(Value::Null)),
    ];
    // If others tried in between, the attempt stays counted.
    account::change(ctx, &account.id, guard, columns, None).await.map(|_| ())
}

/// The log-ins that failed and still count.
fn counted(account: &Account) -> f64 {
    if account.locked_until.is_some() { 0.0 } else { account.failed_log_ins }
}

/// A log-in succeeded: those that failed before it do not count.
pub(in crate::ops) async fn forgive(ctx: &Ctx, account: &Account) -> Result<()> {
    if ctx.app.config.users.account_lockout.is_none() {
        return Ok(());
    }
    let columns = vec![
        ("_failed_login_count", Assign::Set(Value::Number(0.0))),
        ("_account_lockout_expires_at", Assign::Set(Value::Null)),
    ];
    account::change(ctx, &account.id, Where::Everything, columns, None).await.map(|_| ())
}

/// The one answer to all who are not who they say they are.
pub(super) fn wrong() -> Error {
    Error::new(Code::ObjectNotFound, "Invalid username/password.")
}
