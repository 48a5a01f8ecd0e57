//! Subscriptions: what the arguments of one ask the engine for, and what an event of it is written from.

use std::sync::Arc;

use super::direct::direct;
use super::filter::wire_filter;
use super::{ObjectSet, Run, below, rate};
use crate::access::Principal;
use crate::error::{Code, Error, Result};
use crate::graphql::plan::{Action, EventSelection, Root, Sought};
use crate::graphql::values::read_arguments;
use crate::live::{Kind, Kinds, Shown, Terms, Who};
use crate::ops::Ctx;
use crate::ops::read::{self, Found};
use crate::query::{Filter, parse_filter};
use crate::schema::ClassSchema;
use crate::value::{Json, Members};

/// Where events stand before the first one, which the engine says with no text at all: here that stands for knowing nothing.
const START: &str = "0";

/// Where events stand, as clients read it.
pub(crate) fn standing(sequence: Arc<str>) -> Arc<str> {
    if sequence.is_empty() { Arc::from(START) } else { sequence }
}

/// What an event is written from.
pub(crate) struct EventOutcome {
    /// What became of the object; nothing if events may have been missed.
    pub(crate) kind: Option<Kind>,
    /// Where the event stands.
    pub(crate) sequence: Arc<str>,
    /// The object.
    pub(crate) node: Option<Result<ObjectSet>>,
    /// The object before.
    pub(crate) original: Option<Result<ObjectSet>>,
}

/// What a subscription asks for.
pub(crate) struct Asked {
    /// On whose behalf.
    pub(crate) who: Who,
    /// For what.
    pub(crate) terms: Terms,
    /// Whether the client knows nothing yet, and wants to be told so with the sequence to start from.
    pub(crate) from_nothing: bool,
}

impl EventOutcome {
    /// Events may have been missed.
    pub(crate) fn missed(sequence: Arc<str>) -> Self {
        Self { kind: None, sequence, node: None, original: None }
    }

    /// An event that holds all that is written of it.
    pub(crate) fn of_row(selection: &EventSelection, shown: &Shown) -> Self {
        let set = |sought: &Sought, found: &Found| {
            let below = sought.selections.iter().map(|_| Vec::new()).collect();
            Ok(ObjectSet { found: found.clone(), below, auth_data_response: None })
        };
        Self {
            kind: Some(shown.kind),
            sequence: Arc::clone(&shown.sequence),
            node: Some(set(&selection.nodes, &shown.object)),
            original: shown.original.as_ref().map(|found| set(&selection.originals, found)),
        }
    }

    /// An event with what lies behind the pointers and in the relations of its objects, as the caller may see it now.
    pub(crate) async fn of_caller(
        run: &Run,
        ctx: &Ctx,
        selection: &EventSelection,
        shown: &Shown,
    ) -> Self {
        let node = completed(run, ctx, &selection.nodes, &shown.object).await;
        let original = match &shown.original {
            Some(found) => Some(completed(run, ctx, &selection.originals, found).await),
            None => None,
        };
        let (kind, sequence) = (Some(shown.kind), Arc::clone(&shown.sequence));
        Self { kind, sequence, node: Some(node), original }
    }
}

async fn completed(run: &Run, ctx: &Ctx, sought: &Sought, found: &Found) -> Result<ObjectSet> {
    let found = read::follow_seen(ctx, found.clone(), &sought.columns.request()).await?;
    Ok(below::complete(run, ctx, &sought.selections, found).await)
}

/// What a root field asks for, on behalf of the caller. Subscribing is charged as a find is.
pub(crate) fn asked(run: &Run, ctx: &Ctx, root: &Root, after: Option<&str>) -> Result<Asked> {
    let mut arguments = read_arguments(run.schema.types(), &root.field, &run.variables);
    rate::charge(ctx, &root.action, &arguments)?;
    let Action::Subscribe(selection) = &root.action else {
        return Err(Error::internal("a subscription subscribes"));
    };
    let types = run.schema.class(&selection.class);
    let class = types.map(|types| &types.class).ok_or_else(Error::object_not_found)?;
    let filter = match arguments.shift_remove("where") {
        Some(Json::Object(input)) => {
            let filter = direct(class, wire_filter(&run.schema, class, input));
            parse_filter(&Json::Object(filter))?
        }
        Some(_) | None => Filter::everything(),
    };
    let after = after.or_else(|| arguments.get("after").and_then(Json::as_str));
    let from_nothing = after == Some("");
    let after = after.filter(|after| !after.is_empty());
    let after = after.map(|after| if after == START { "" } else { after });
    let terms = Terms {
        class: class.name.to_string(),
        filter,
        keys: None,
        watch: watch(&arguments, class)?,
        kinds: kinds(&arguments),
        after: after.map(str::to_owned),
    };
    Ok(Asked { who: who(ctx)?, terms, from_nothing })
}

fn texts<'a>(arguments: &'a Members, name: &str) -> Option<impl Iterator<Item = &'a str>> {
    let texts = arguments.get(name)?.as_array()?;
    Some(texts.iter().filter_map(Json::as_str))
}

fn kinds(arguments: &Members) -> Kinds {
    let Some(names) = texts(arguments, "events") else { return Kinds::ALL };
    let named =
        |name: &str| Kind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
    names.filter_map(named).fold(Kinds::NONE, Kinds::with)
}

fn watch(arguments: &Members, class: &ClassSchema) -> Result<Option<Vec<String>>> {
    let Some(names) = texts(arguments, "watch") else { return Ok(None) };
    let mut watched = Vec::new();
    for name in names {
        let field = name.split('.').next().unwrap_or_default();
        let field = if field == "id" { "objectId" } else { field };
        if class.known(field).is_none() {
            let text = format!("There is no field {field} in the class {}", class.name);
            return Err(Error::new(Code::InvalidKeyName, text));
        }
        watched.push(if name == "id" { "objectId".to_owned() } else { name.to_owned() });
    }
    Ok(Some(watched))
}

/// On whose behalf a request subscribes.
pub(crate) fn who(ctx: &Ctx) -> Result<Who> {
    match &ctx.principal {
        Principal::Public => Ok(Who::Public),
        Principal::Master => Ok(Who::Master),
        Principal::User(_) => {
            let session = ctx.session.as_ref();
            let session = session.ok_or_else(|| Error::internal("a user has a session"))?;
            Ok(Who::Session(Arc::from(session.token.as_str())))
        }
        Principal::ReadOnlyMaster | Principal::Maintenance => Err(Error::new(
            Code::OperationForbidden,
            "A subscription is on behalf of a user, of nobody, or of the holder of the master key",
        )),
    }
}
