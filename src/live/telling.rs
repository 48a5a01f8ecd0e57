//! What is told of an event, and to whom.

use std::sync::Arc;

use super::class::{Group, Met, Sort};
use super::rows::{Happening, Row};
use super::{Delivery, Kind, Shown, Told};
use crate::ops::read::{Found, Watched};
use crate::value::{Json, wire};

/// Among so many views of an event it is looked for one that shows the same.
const SHARED_MAX: usize = 64;

/// An event being told.
pub(super) struct Telling<'a> {
    pub(super) happening: &'a Happening,
    /// What is shown of it to some, and so perhaps to others.
    pub(super) shown: Vec<Arc<Shown>>,
}

impl Telling<'_> {
    /// Tells a group, or one of it.
    pub(super) fn tell(
        &mut self,
        sort: &Sort,
        group: &Group,
        met: Met,
        only: Option<(u64, u64)>,
        gone: &mut Vec<u64>,
    ) {
        let Some(watched) = group.view.as_ref().and_then(|view| view.watched.as_ref()) else {
            return;
        };
        let Some(shown) = self.shown(watched, met, sort) else { return };
        for (place, subscriber) in &group.subscribers {
            // Who asks for what he missed gets it; nobody else hears of what happened before he came.
            let is_meant = match only {
                Some(only) => only == *place,
                None => self.happening.number_here > subscriber.since,
            };
            if !is_meant || !subscriber.kinds.include(shown.kind) {
                continue;
            }
            let told = Told::Event(Arc::clone(&shown), Arc::clone(&group.audience));
            let delivery = Delivery { subscription: place.1, told };
            if !subscriber.outbox.put(delivery) {
                gone.push(place.0);
            }
        }
    }

    /// What a caller is shown of the event; nothing if nothing became of the object as far as he is concerned.
    pub(super) fn shown(&mut self, watched: &Watched, met: Met, sort: &Sort) -> Option<Arc<Shown>> {
        let Happening { event, before, after, sequence, .. } = self.happening;
        let admits = |row: &Option<Row>| row.as_ref().is_some_and(|row| watched.admits(row));
        // Who never met the object pays for no look at its lists.
        let sees_before = admits(before);
        let sees_after = admits(after);
        let kind = match (met.before && sees_before, met.after && sees_after) {
            (false, false) => return None,
            (true, true) => Kind::Update,
            (false, true) if event.before.is_none() => Kind::Create,
            (false, true) => Kind::Enter,
            (true, false) if event.after.is_none() => Kind::Delete,
            (true, false) => Kind::Leave,
        };
        // Only these two are about what the object holds (as parse-server has it).
        let is_watched = matches!(kind, Kind::Create | Kind::Update);
        let watch = sort.watch.as_deref();
        if is_watched && !watch.is_none_or(|watch| self.is_changed(watch)) {
            return None;
        }
        let seen_before = event.before.as_ref().filter(|_| sees_before);
        let object = event.after.as_ref().filter(|_| sees_after).or(seen_before)?;
        let object = watched.reveal(object);
        let original = match kind {
            Kind::Create | Kind::Delete => None,
            Kind::Enter | Kind::Update | Kind::Leave => seen_before,
        };
        let original = original.map(|row| watched.reveal(row));
        let is_same = |known: &&Arc<Shown>| {
            known.kind == kind
                && looks_same(&known.object, &object)
                && match (&known.original, &original) {
                    (Some(one), Some(other)) => looks_same(one, other),
                    (None, None) => true,
                    _ => false,
                }
        };
        if let Some(known) = self.shown.iter().find(is_same) {
            return Some(Arc::clone(known));
        }
        let (keys, sequence) = (sort.keys.clone(), Arc::clone(sequence));
        let shown = Arc::new(Shown::new(kind, object, original, keys, sequence));
        if self.shown.len() < SHARED_MAX {
            self.shown.push(Arc::clone(&shown));
        }
        Some(shown)
    }

    /// Whether one of some fields has changed; in a new object, whether it has one of them.
    pub(super) fn is_changed(&self, watch: &[String]) -> bool {
        let Happening { before, after, .. } = self.happening;
        let value = |row: &Option<Row>, name: &str| {
            row.as_ref().and_then(|row| at(row, name)).unwrap_or(Json::Null)
        };
        watch.iter().any(|name| value(before, name) != value(after, name))
    }
}

/// What a dotted name leads to, in wire form.
pub(super) fn at(row: &Row, name: &str) -> Option<Json> {
    let mut parts = name.split('.');
    let value = wire::value_to_json(row.get(parts.next()?)?);
    parts.try_fold(value, |json, part| json.get(part).cloned())
}

/// Whether two views of the same row show the same.
pub(super) fn looks_same(one: &Found, other: &Found) -> bool {
    let positions = |found: &Found| -> Vec<usize> {
        found.objects.object(0).cells().map(|(position, _, _)| position).collect()
    };
    one.objects.is_same_row(&other.objects)
        && positions(one) == positions(other)
        && one.relations == other.relations
}
