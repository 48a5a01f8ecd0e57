//! How often something may be called (`rateLimit`): requests by their route, functions and triggers by what their
//! validators say. Each process counts by itself.
//!
//! A limit is charged for each operation, whatever the door: a request, an entry of a batch, a root field of GraphQL. All
//! are compared as they are routed, so that no other spelling of a path has a count of its own.

mod counter;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

pub use counter::Standing;

use self::counter::{Counter, Payer};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::options::{RateLimit, RateRule, RateZone};

/// The counts of all limits.
#[derive(Debug, Default)]
pub struct Rates {
    of_routes: Vec<(RateLimit, Counter)>,
    /// Those of functions and triggers, by their names.
    of_hooks: Mutex<HashMap<String, Arc<Counter>>>,
}

impl Rates {
    /// Nothing was called yet.
    pub fn new(limits: &[RateLimit]) -> Self {
        let of_routes = limits.iter().map(|limit| (limit.clone(), Counter::default())).collect();
        Self { of_routes, of_hooks: Mutex::default() }
    }

    /// Whether any route is limited.
    pub fn limits_routes(&self) -> bool {
        !self.of_routes.is_empty()
    }

    fn of_hook(&self, name: &str) -> Arc<Counter> {
        let mut hooks = self.of_hooks.lock().unwrap_or_else(PoisonError::into_inner);
        match hooks.get(name) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(hooks.entry(name.to_owned()).or_default()),
        }
    }
}

/// Where requests come from that came from nowhere: this server made them.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Routes of classes that have a shorter name: whoever limits one limits the other.
const ALIASES: [(&str, &str); 4] = [
    ("/users", "/classes/_User"),
    ("/sessions", "/classes/_Session"),
    ("/roles", "/classes/_Role"),
    ("/installations", "/classes/_Installation"),
];

/// A request as limits see it.
#[derive(Clone, Copy, Debug)]
pub struct Charged<'a> {
    /// The method.
    pub method: &'a str,
    /// The path below the mount path, unescaped and with a slash at its beginning.
    pub path: &'a str,
}

/// Counts an operation, which may be meant by several requests: a limit that is for any of them counts it once. Says
/// what the strictest of its limits leaves. Error 100 with the status 429 if it is one too many.
pub fn charge(ctx: &Ctx, operation: &[Charged<'_>]) -> Result<Option<Standing>> {
    let limits = &ctx.app.rates.of_routes;
    if limits.is_empty() {
        return Ok(None);
    }
    let others: Vec<Option<String>> =
        operation.iter().map(|charged| other_name(charged.path)).collect();
    let mut strictest: Option<Standing> = None;
    for (limit, counter) in limits {
        let is_meant = |(charged, other): (&Charged<'_>, &Option<String>)| {
            limit.rule.is_for(charged.method)
                && (limit.path.matches(charged.path)
                    || other.as_deref().is_some_and(|other| limit.path.matches(other)))
        };
        if !operation.iter().zip(&others).any(is_meant) {
            continue;
        }
        let Some(standing) = charge_counter(ctx, &limit.rule, counter)? else { continue };
        if strictest.is_none_or(|known| standing.remaining < known.remaining) {
            strictest = Some(standing);
        }
    }
    Ok(strictest)
}

/// Counts a call of something by its own rule.
pub(in crate::ops) fn charge_rule(
    ctx: &Ctx,
    name: &str,
    rule: &RateRule,
    method: &str,
) -> Result<()> {
    match rule.is_for(method) {
        true => charge_counter(ctx, rule, &ctx.app.rates.of_hook(name)).map(drop),
        false => Ok(()),
    }
}

/// Counts a call, unless its rule spares the caller.
fn charge_counter(ctx: &Ctx, rule: &RateRule, counter: &Counter) -> Result<Option<Standing>> {
    let spares_master = ctx.principal.is_master() && !rule.include_master_key;
    let spares_internal = is_internal(ctx) && !rule.include_internal_requests;
    if spares_master || spares_internal {
        return Ok(None);
    }
    let now_ms = ctx.app.clock.now().millis();
    let standing = counter.charge(payer(ctx, rule.zone), rule.count, rule.window_ms, now_ms);
    match standing.is_over {
        false => Ok(Some(standing)),
        true => Err(too_many(rule, standing, now_ms)),
    }
}

fn too_many(rule: &RateRule, standing: Standing, now_ms: i64) -> Error {
    let left_ms = standing.ends_ms.saturating_sub(now_ms).unsigned_abs();
    Error::new(Code::ConnectionFailed, rule.message.clone())
        .with_status(429)
        .with_retry_after(left_ms.div_ceil(1_000))
}

/// Whose call it is. Whoever has no session and no user is counted by his address.
fn payer(ctx: &Ctx, zone: RateZone) -> Payer {
    let by_address = || Payer::at(ctx.address.unwrap_or(NOWHERE));
    match zone {
        RateZone::Global => Payer::All,
        RateZone::Ip => by_address(),
        RateZone::Session => match &ctx.session {
            Some(session) => Payer::Session(Arc::from(session.token.as_str())),
            None => by_address(),
        },
        RateZone::User => match &ctx.session {
            Some(session) => Payer::User(session.user.clone()),
            None => by_address(),
        },
    }
}

/// Whether cloud code calls, or a program of this machine: the original can not tell one from the other.
fn is_internal(ctx: &Ctx) -> bool {
    ctx.address.is_none_or(|address| address.to_canonical().is_loopback())
}

/// The other name that a route of a class has.
fn other_name(path: &str) -> Option<String> {
    ALIASES.iter().find_map(|(short, long)| {
        let replaced = |from: &str, to: &str| {
            let rest = path.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
        };
        replaced(short, long).or_else(|| replaced(long, short))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_two_names() {
        for (path, other) in [
            ("/users", Some("/classes/_User")),
            ("/users/abc", Some("/classes/_User/abc")),
            ("/classes/_Role/x", Some("/roles/x")),
            ("/usersx", None),
            ("/classes/_Userx", None),
            ("/classes/A", None),
        ] {
            assert_eq!(other_name(path).as_deref(), other, "{path}");
        }
    }
}
