//! Hooks of LiveQuery: before somebody connects, before he subscribes, before he is told of an event, and notices of all
//! that. A hook may ask another question of the class and show other fields; who may see what stays as it was.

use super::{Outcome, ask, listens, state_of};
use crate::cloud::hook::{
    Asked, Asker, EventState, LiveMoment, LiveNotice, ObjectState, Scene, Subject,
};
use crate::cloud::{CONNECT, TriggerKind};
use crate::error::Result;
use crate::ops::read::{self, Found, Replacer};
use crate::ops::{App, Ctx};
use crate::query::{Filter, FindRequest, changed_request, request_to_members};
use crate::value::{ClassName, Json, Members};

/// What a subscription asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which objects.
    pub filter: Filter,
    /// The fields that are wanted; nothing for all.
    pub keys: Option<Vec<String>>,
    /// The fields of which one must have changed; nothing for any.
    pub watch: Option<Vec<String>>,
}

/// What hooks made of an event.
#[derive(Debug)]
pub enum Heard {
    /// Nothing: it is told as it is.
    Unchanged,
    /// It is told to nobody.
    Withheld,
    /// It is told in another way.
    Changed(Box<Changed>),
}

/// An event as hooks want it told.
#[derive(Debug)]
pub struct Changed {
    /// What became of the object, in the words of the hook.
    pub event: String,
    /// The object.
    pub object: Found,
    /// The object before.
    pub original: Option<Found>,
}

/// An event as its reader would be told.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// What became of the object.
    pub event: &'static str,
    /// What he sees of the object.
    pub object: &'a Found,
    /// What he sees of the object before.
    pub original: Option<&'a Found>,
    /// The fields that he wants; nothing for all.
    pub keys: Option<&'a [String]>,
}

/// Whether anybody wants to hear of connections: before, or of what happened to them.
pub fn hears_connections(app: &App) -> bool {
    app.cloud.has_triggers(TriggerKind::BeforeConnect, CONNECT) || app.cloud.hears_live_notices()
}

/// Whether anybody wants to hear before subscriptions to a class are made.
pub fn hears_subscriptions(app: &App, class: &str) -> bool {
    app.cloud.has_triggers(TriggerKind::BeforeSubscribe, class)
}

/// Whether anybody wants to hear before events of a class are told.
pub fn hears_events(app: &App, class: &str) -> bool {
    app.cloud.has_triggers(TriggerKind::AfterEvent, class)
}

/// Asks whether somebody may connect; then tells that he did. Errors are what hooks throw.
pub async fn connect(ctx: &Ctx, scene: Scene) -> Result<()> {
    let asker = super::asker(ctx).await?;
    let class = ClassName::from(CONNECT);
    if listens(ctx, TriggerKind::BeforeConnect, CONNECT) {
        let subject = Subject::Connection(scene.clone());
        let of = (TriggerKind::BeforeConnect, &class);
        Box::pin(ask(ctx, of, asker.clone(), subject)).await?;
    }
    tell(&ctx.app, LiveMoment::Connected, scene, Some(asker), None);
    Ok(())
}

/// Tells of something that happened to connections. Nobody waits for what becomes of it.
pub fn tell(
    app: &App,
    moment: LiveMoment,
    scene: Scene,
    asker: Option<Asker>,
    error: Option<String>,
) {
    if app.cloud.hears_live_notices() {
        app.cloud.tell_live(&LiveNotice { moment, scene, asker, error });
    }
}

/// Tells hooks of a subscription that is going to be, and gives back what it is to ask for. The class stays.
pub async fn before_subscribe(
    ctx: &Ctx,
    class: &ClassName,
    (scene, request): (Scene, Option<Asked>),
    wish: Wish,
) -> Result<Wish> {
    if !listens(ctx, TriggerKind::BeforeSubscribe, class) {
        return Ok(wish);
    }
    let wanted = FindRequest { filter: wish.filter, keys: wish.keys, ..FindRequest::default() };
    let mut asked = request_to_members(&wanted);
    if let Some(watch) = &wish.watch {
        asked.insert("watch".to_owned(), Json::from(watch.join(",")));
    }
    let asker = super::asker(ctx).await?;
    let subject = Subject::Subscription { scene, asked: request, query: asked.clone() };
    let of = (TriggerKind::BeforeSubscribe, class);
    let Outcome { subject, .. } = Box::pin(ask(ctx, of, asker, subject)).await?;
    let Subject::Subscription { query, .. } = subject else {
        return Err(super::saves::other_subject());
    };
    if query == asked {
        return Ok(Wish { filter: wanted.filter, keys: wanted.keys, watch: wish.watch });
    }
    let changed = changed_request(&wanted, &query)?;
    let watch = query.get("watch").map(names).or(wish.watch);
    Ok(Wish { filter: changed.filter, keys: changed.keys, watch })
}

/// Names in a list, or in one text.
fn names(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => text.split(',').map(str::to_owned).collect(),
        Json::Array(names) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Vec::new(),
    }
}

/// Tells hooks of an event that the caller of a request is going to be told. They see the whole object; what they make of it
/// is shown as far as he may see its fields and wants them. Errors are what hooks throw.
pub async fn before_telling(ctx: &Ctx, scene: Scene, telling: Telling<'_>) -> Result<Heard> {
    let class = telling.object.class.name.clone();
    let asker = super::asker(ctx).await?;
    let state = |found: &Found| -> Result<_> { Ok(state_of(ctx, &read::whole(ctx, found)?, 0)) };
    let object = state(telling.object)?;
    let original = telling.original.map(state).transpose()?;
    let before = (object.clone(), original.clone());
    let event = telling.event.to_owned();
    let subject = Subject::Event(Box::new(EventState { scene, event, object, original }));
    let of = (TriggerKind::AfterEvent, &class);
    let Outcome { subject, is_withheld, .. } = Box::pin(ask(ctx, of, asker, subject)).await?;
    if is_withheld {
        return Ok(Heard::Withheld);
    }
    let Subject::Event(after) = subject else { return Err(super::saves::other_subject()) };
    let EventState { event, object, original, .. } = *after;
    let is_same_original = match (&before.1, &original) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    };
    let is_same_object = is_same(&before.0, &object);
    if event == telling.event && is_same_object && is_same_original {
        return Ok(Heard::Unchanged);
    }
    let shown = |found: &Found, state: ObjectState, is_same: bool| match is_same {
        true => found.clone(),
        false => replaced(ctx, found, state, telling.keys),
    };
    let original = match (telling.original, original) {
        (Some(found), Some(state)) => Some(shown(found, state, is_same_original)),
        _ => None,
    };
    let object = shown(telling.object, object, is_same_object);
    Ok(Heard::Changed(Box::new(Changed { event, object, original })))
}

fn is_same(one: &ObjectState, other: &ObjectState) -> bool {
    one.class == other.class && one.id == other.id && one.data == other.data
}

/// What a hook made of an object, as the reader may see it: of the fields of the class those that he sees of the stored
/// object. What the hook added besides is what it wants him to see.
fn replaced(ctx: &Ctx, found: &Found, state: ObjectState, keys: Option<&[String]>) -> Found {
    let mut members: Members = state.data;
    members.extend(state.id.map(|id| ("objectId".to_owned(), Json::from(id.as_str()))));
    let seen: Vec<&str> =
        found.objects.object(0).cells().map(|(_, column, _)| column.name.as_str()).collect();
    let is_wanted = |name: &str| keys.is_none_or(|keys| keys.iter().any(|key| key == name));
    members.retain(|name, _| {
        let is_of_class = found.class.fields.contains_key(name.as_str());
        match is_of_class {
            true => {
                seen.contains(&name.as_str())
                    || found.relations.iter().any(|(relation, _)| **relation == **name)
            }
            false => is_wanted(name) && !name.starts_with('_'),
        }
    });
    let files = &ctx.app.files;
    let replacer = Replacer { files, snapshot: &ctx.snapshot, names_class: false };
    replacer.replace(found, &[members])
}
