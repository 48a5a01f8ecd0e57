//! How much one request may ask for, charged here whatever the door (`requestComplexity`).

use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::query::{Condition, Filter, FindRequest};

/// How many conditions and keys of an order one question may have, whoever asks: databases have such limits
/// themselves, and say so in their own words.
const CONDITIONS_MAX: usize = 1_000;
const ORDER_KEYS_MAX: usize = 32;

/// Refuses a request that asks for too much.
pub(super) fn check_request(ctx: &Ctx, request: &FindRequest) -> Result<()> {
    if size(&request.filter) > CONDITIONS_MAX {
        return Err(Error::new(
            Code::InvalidQuery,
            format!("a query may have {CONDITIONS_MAX} conditions at most"),
        ));
    }
    if request.order.len() > ORDER_KEYS_MAX {
        return Err(Error::new(
            Code::InvalidQuery,
            format!("an order may have {ORDER_KEYS_MAX} keys at most"),
        ));
    }
    if ctx.principal.sees_everything() {
        return Ok(());
    }
    let limits = &ctx.app.config.request_complexity;
    check_includes(ctx, request)?;
    check_depth(limits.query_depth, nesting(&request.filter), |max| {
        format!("Query condition nesting depth exceeds maximum allowed depth of {max}")
    })?;
    check_depth(limits.subquery_depth, subquery_nesting(&request.filter), |max| {
        format!("Subquery nesting depth exceeds maximum allowed depth of {max}")
    })?;
    if !limits.allow_regex && uses_regex(&request.filter) {
        return Err(Error::new(Code::InvalidQuery, "$regex operator is not allowed"));
    }
    Ok(())
}

/// Dotted keys follow pointers too.
fn check_includes(ctx: &Ctx, request: &FindRequest) -> Result<()> {
    let limits = &ctx.app.config.request_complexity;
    let implied = request.keys.iter().flatten().filter_map(|key| Some(key.rsplit_once('.')?.0));
    let mut paths: Vec<&str> = request.include.iter().map(String::as_str).chain(implied).collect();
    paths.sort_unstable();
    paths.dedup();
    let depth = paths.iter().map(|path| path.split('.').count() as u64).max().unwrap_or(0);
    check_depth(limits.include_depth, depth, |max| {
        format!("Include depth of {depth} exceeds maximum allowed depth of {max}")
    })?;
    let count = paths.len() as u64;
    check_depth(limits.include_count, count, |max| {
        format!("Number of include fields ({count}) exceeds maximum allowed ({max})")
    })
}

fn check_depth(max: Option<u64>, depth: u64, text: impl Fn(u64) -> String) -> Result<()> {
    match max {
        Some(max) if depth > max => Err(Error::new(Code::InvalidQuery, text(max))),
        _ => Ok(()),
    }
}

/// How deep `$or`, `$and` and `$nor` are nested, also inside sub-queries.
fn nesting(filter: &Filter) -> u64 {
    let own = match filter {
        Filter::And(_) | Filter::Any(_) | Filter::Nor(_) => 1,
        Filter::All(_) | Filter::Field(..) | Filter::RelatedTo { .. } => 0,
    };
    let inner = conditions(filter)
        .into_iter()
        .filter_map(Condition::subquery)
        .map(|query| nesting(&query.request.filter));
    own + parts(filter).iter().map(nesting).chain(inner).max().unwrap_or(0)
}

/// The conditions on a field, also those inside `$not`.
fn conditions(filter: &Filter) -> Vec<&Condition> {
    fn collect<'a>(conditions: &'a [Condition], all: &mut Vec<&'a Condition>) {
        for condition in conditions {
            all.push(condition);
            if let Condition::Not(inner) = condition {
                collect(inner, all);
            }
        }
    }
    let mut all = Vec::new();
    if let Filter::Field(_, conditions) = filter {
        collect(conditions, &mut all);
    }
    all
}

fn parts(filter: &Filter) -> &[Filter] {
    match filter {
        Filter::All(parts) | Filter::And(parts) | Filter::Any(parts) | Filter::Nor(parts) => parts,
        Filter::Field(..) | Filter::RelatedTo { .. } => &[],
    }
}

fn subquery_nesting(filter: &Filter) -> u64 {
    let own = conditions(filter).into_iter().filter_map(Condition::subquery);
    let own = own.map(|query| 1 + subquery_nesting(&query.request.filter));
    own.chain(parts(filter).iter().map(subquery_nesting)).max().unwrap_or(0)
}

fn uses_regex(filter: &Filter) -> bool {
    let own = |condition: &Condition| {
        matches!(condition, Condition::Regex(_) | Condition::AllRegex(_))
            || condition.subquery().is_some_and(|query| uses_regex(&query.request.filter))
    };
    conditions(filter).into_iter().any(own) || parts(filter).iter().any(uses_regex)
}

/// How many conditions there are.
fn size(filter: &Filter) -> usize {
    let inner = conditions(filter)
        .into_iter()
        .filter_map(Condition::subquery)
        .map(|query| size(&query.request.filter));
    conditions(filter).len() + inner.chain(parts(filter).iter().map(size)).sum::<usize>()
}
