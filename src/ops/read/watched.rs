//! What one caller sees of what happens to the objects of a class: the plan of a find, held against rows instead of
//! handed to a back end.

use std::sync::Arc;

use super::Found;
use super::find::{admit, plan, revealed};
use super::select;
use crate::access::{Plan, Principal, RowFilter};
use crate::error::{Code, Error, Result};
use crate::ops::{Ctx, limits};
use crate::query::{Condition, Filter, FindRequest, Query, Subject, resolve};
use crate::schema::{ClassOperation, ClassSchema};
use crate::value::{FieldName, Stored};

/// A caller's question to a class, as long as neither changes. There is one for each subscription, so that it keeps only
/// what events need.
#[derive(Debug)]
pub struct Watched {
    plan: Plan,
    rows: RowFilter,
    /// What the caller wants to see; nothing for all.
    wanted: Option<Box<Wanted>>,
}

/// The fields that a caller wants to see.
#[derive(Debug)]
struct Wanted {
    keys: Vec<String>,
    /// The columns that come of them, with those that every object has.
    columns: Vec<FieldName>,
}

/// Refuses a question that can not be asked of events at all, whoever asks: one that asks for other objects.
pub fn check_watchable(filter: &Filter) -> Result<()> {
    let refused = |operator: &str| {
        Err(Error::new(
            Code::InvalidQuery,
            format!("{operator} is not supported in a subscription: it asks for other objects"),
        ))
    };
    match filter {
        Filter::All(parts) | Filter::And(parts) | Filter::Any(parts) | Filter::Nor(parts) => {
            parts.iter().try_for_each(check_watchable)
        }
        Filter::RelatedTo { .. } => refused("$relatedTo"),
        Filter::Field(_, conditions) => match conditions.iter().any(asks) {
            true => refused("a query inside a condition"),
            false => Ok(()),
        },
    }
}

fn asks(condition: &Condition) -> bool {
    if let Condition::Not(conditions) = condition {
        return conditions.iter().any(asks);
    }
    condition.subquery().is_some()
}

/// What the caller of a request may be told of objects of a class that meet a condition. `keys` are the fields that he wants,
/// `watch` those whose changes he wants to hear of. Errors as of a find: 119 if he may not ask this.
pub fn watched(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    filter: &Filter,
    keys: Option<&[String]>,
    watch: Option<&[String]>,
) -> Result<Watched> {
    let request = FindRequest {
        filter: filter.clone(),
        keys: keys.map(<[String]>::to_vec),
        ..FindRequest::default()
    };
    limits::check_request(ctx, &request)?;
    admit(ctx, &class.name)?;
    check_watchable(filter)?;
    let plan = plan(ctx, class, filter)?;
    for name in watch.into_iter().flatten() {
        plan.check_field(name.split('.').next().unwrap_or_default())?;
    }
    let query = Query {
        class: Arc::clone(class),
        filter: resolve(filter, class)?,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns: select::of_request(class, &request)?.columns,
        hint: None,
    };
    let allowed = plan.allow(query)?;
    let wanted = keys.map(|keys| {
        Box::new(Wanted { keys: keys.to_vec(), columns: allowed.inner().columns.clone() })
    });
    Ok(Watched { plan, rows: allowed.rows().clone(), wanted })
}

/// Objects that the caller sees a part of, with everything that the master sees of them: for hooks.
pub(in crate::ops) fn whole(ctx: &Ctx, found: &Found) -> Result<Found> {
    let class = &found.class;
    let plan =
        Plan::compile(class, ClassOperation::Find, &Principal::Master, &ctx.protection(class))?;
    let relations = class.relations().map(|(name, target)| (name.clone(), target.clone()));
    let objects = found.objects.revealed_by(&plan);
    Ok(Found { objects, relations: relations.collect(), ..found.clone() })
}

impl Watched {
    /// Whether the caller may see a row at all.
    pub fn admits(&self, row: &dyn Subject) -> bool {
        self.rows.admits(row)
    }

    /// A row, which has all columns of the class, as the caller sees it.
    pub fn reveal(&self, row: &Stored) -> Found {
        let mut found = revealed(&self.plan, row.clone());
        if let Some(wanted) = &self.wanted {
            let Wanted { keys, columns } = &**wanted;
            let is_wanted = |name: &str| columns.iter().any(|column| **column == *name);
            found.objects = found.objects.narrowed(vec![0], is_wanted);
            // Unlike a find with keys, and like parse-server's events.
            found.relations.retain(|(name, _)| keys.iter().any(|key| *key == **name));
        }
        found
    }
}
