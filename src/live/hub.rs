//! Who asked what, and who is told what of an event. Nothing here waits.

use std::collections::HashMap;
use std::sync::Arc;

use super::audience::Identity;
use super::class::{Class, Sort, Subscriber, met};
use super::client::Outbox;
use super::index::Question as Number;
use super::rows::Happening;
use super::telling::Telling;
use super::{Audience, Delivery, Kinds, Told, Who};
use crate::error::Error;
use crate::ops::App;
use crate::query::Filter;
use crate::schema::Snapshot;

/// All subscriptions.
#[derive(Default)]
pub(super) struct Hub {
    classes: HashMap<String, Class>,
    clients: HashMap<u64, Connected>,
    audiences: HashMap<Who, Arc<Audience>>,
    /// How many subscriptions there are.
    subscribed: usize,
    last_number: Number,
    last_audience: u64,
}

/// A connection.
struct Connected {
    outbox: Arc<Outbox>,
    subscriptions: HashMap<u64, Place>,
}

/// Where a subscription is.
struct Place {
    class: Arc<str>,
    question: Number,
    sort: Sort,
}

/// A subscription that is going to be.
pub(super) struct Entry {
    pub class: Arc<str>,
    pub filter: Filter,
    pub text: Arc<str>,
    pub keys: Option<Arc<[String]>>,
    pub watch: Option<Arc<[String]>>,
    pub kinds: Kinds,
    pub since: u64,
    pub audience: Arc<Audience>,
    pub identity: Identity,
}

/// What was found out of callers for one event, by their numbers.
pub(super) type Known = HashMap<u64, Option<Identity>>;

impl Hub {
    pub(super) fn connect(&mut self, outbox: Arc<Outbox>) {
        let connected = Connected { outbox, subscriptions: HashMap::new() };
        self.clients.insert(connected.outbox.number, connected);
    }

    /// Ends a connection with all its subscriptions.
    pub(super) fn disconnect(&mut self, client: u64) {
        let Some(connected) = self.clients.remove(&client) else { return };
        self.subscribed -= connected.subscriptions.len();
        for (name, place) in connected.subscriptions {
            self.take_out(client, name, &place);
        }
    }

    pub(super) fn stop(&mut self) {
        self.clients.values().for_each(|connected| connected.outbox.stop());
    }

    /// How many connections and how many subscriptions there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.clients.len(), self.subscribed)
    }

    /// How many subscriptions a connection has, besides the one of a name.
    pub(super) fn subscriptions(&self, client: u64, besides: u64) -> usize {
        self.clients.get(&client).map_or(0, |connected| {
            let subscriptions = &connected.subscriptions;
            subscriptions.len() - usize::from(subscriptions.contains_key(&besides))
        })
    }

    /// The one on whose behalf all these subscriptions ask.
    pub(super) fn audience(&mut self, who: &Who) -> Arc<Audience> {
        if let Some(known) = self.audiences.get(who) {
            return Arc::clone(known);
        }
        self.last_audience += 1;
        let audience = Arc::new(Audience::new(self.last_audience, who.clone()));
        self.audiences.insert(who.clone(), Arc::clone(&audience));
        audience
    }

    /// Forgets callers without a subscription.
    pub(super) fn forget_idle(&mut self) {
        self.audiences.retain(|_, audience| Arc::strong_count(audience) > 1);
    }

    /// Those whose sessions may have ended.
    pub(super) fn sessions(&self) -> Vec<Arc<Audience>> {
        let is_session = |audience: &&Arc<Audience>| matches!(audience.who(), Who::Session(_));
        self.audiences.values().filter(is_session).cloned().collect()
    }

    /// Adds a subscription; one of the same name is replaced. Whether the connection is still there.
    pub(super) fn subscribe(
        &mut self,
        app: &Arc<App>,
        snapshot: &Arc<Snapshot>,
        (client, name): (u64, u64),
        entry: &Entry,
    ) -> bool {
        self.unsubscribe(client, name);
        let Some(connected) = self.clients.get_mut(&client) else { return false };
        let class = self.classes.entry(entry.class.to_string()).or_default();
        class.follow(snapshot.class(&entry.class));
        let number = match class.by_text.get(&entry.text) {
            Some(number) => *number,
            None => {
                self.last_number += 1;
                class.add(self.last_number, entry);
                self.last_number
            }
        };
        let Some(question) = class.questions.get_mut(&number) else { return false };
        let outbox = Arc::clone(&connected.outbox);
        let subscriber = Subscriber { since: entry.since, kinds: entry.kinds, outbox };
        let sort = question.add(entry, (client, name), subscriber);
        if let (Some(schema), Some(group)) = (&class.schema, question.groups.get_mut(&sort)) {
            group.refresh(app, schema, &question.filter, &sort, &entry.identity);
        }
        let place = Place { class: Arc::clone(&entry.class), question: number, sort };
        connected.subscriptions.insert(name, place);
        self.subscribed += 1;
        true
    }

    /// Ends a subscription. Whether there was one.
    pub(super) fn unsubscribe(&mut self, client: u64, name: u64) -> bool {
        let Some(connected) = self.clients.get_mut(&client) else { return false };
        let Some(place) = connected.subscriptions.remove(&name) else { return false };
        self.subscribed -= 1;
        self.take_out(client, name, &place);
        true
    }

    fn take_out(&mut self, client: u64, name: u64, place: &Place) {
        let Some(class) = self.classes.get_mut(&*place.class) else { return };
        let Some(question) = class.questions.get_mut(&place.question) else { return };
        question.take_out(&place.sort, (client, name));
        if question.groups.is_empty() {
            class.remove(place.question);
            if class.questions.is_empty() {
                self.classes.remove(&*place.class);
            }
        }
    }

    /// Ends all subscriptions on behalf of somebody.
    pub(super) fn end(&mut self, audience: &Arc<Audience>, error: &Arc<Error>) {
        for (client, name) in self.subscriptions_of(audience) {
            if let Some(connected) = self.clients.get(&client) {
                let told = Told::Ended(Arc::clone(error));
                connected.outbox.put(Delivery { subscription: name, told });
            }
            self.unsubscribe(client, name);
        }
        self.audiences.remove(audience.who());
    }

    /// Tells all subscribers that something may have been missed.
    pub(super) fn missed(&self, sequence: &Arc<str>) {
        for connected in self.clients.values() {
            for name in connected.subscriptions.keys() {
                let told = Told::Missed(Arc::clone(sequence));
                connected.outbox.put(Delivery { subscription: *name, told });
            }
        }
    }

    /// Tells the subscriptions on behalf of somebody that something may have been missed.
    pub(super) fn missed_by(&self, audience: &Arc<Audience>, sequence: &Arc<str>) {
        for (client, name) in self.subscriptions_of(audience) {
            if let Some(connected) = self.clients.get(&client) {
                let told = Told::Missed(Arc::clone(sequence));
                connected.outbox.put(Delivery { subscription: name, told });
            }
        }
    }

    fn subscriptions_of(&self, audience: &Audience) -> Vec<(u64, u64)> {
        let subscriptions = self.clients.iter().flat_map(|(client, connected)| {
            let places = connected.subscriptions.iter();
            let places = places.filter(|(_, place)| place.sort.audience == audience.number);
            places.map(|(name, _)| (*client, *name))
        });
        subscriptions.collect()
    }

    /// Tells all who are to be told of an event, unless some of them are not known yet: then nobody is told, and they are
    /// returned. With `is_last` whoever is not known is passed over.
    pub(super) fn tell(
        &mut self,
        app: &Arc<App>,
        snapshot: &Snapshot,
        happening: &Happening,
        known: &mut Known,
        is_last: bool,
    ) -> Vec<Arc<Audience>> {
        let Some(class) = self.classes.get_mut(&*happening.event.class) else { return Vec::new() };
        class.follow(snapshot.class(&happening.event.class));
        let matching = class.matching(happening);
        let strangers = class.strangers(app, &matching, known);
        if !strangers.is_empty() && !is_last {
            return strangers;
        }
        let Some(schema) = class.schema.clone() else { return Vec::new() };
        let mut telling = Telling { happening, shown: Vec::new() };
        let mut gone = Vec::new();
        for (number, met) in matching {
            let Some(question) = class.questions.get_mut(&number) else { continue };
            for (sort, group) in &mut question.groups {
                match known.get(&sort.audience) {
                    Some(Some(identity)) => {
                        group.refresh(app, &schema, &question.filter, sort, identity);
                    }
                    Some(None) | None => group.view = None,
                }
                telling.tell(sort, group, met, None, &mut gone);
            }
        }
        gone.into_iter().for_each(|client| self.disconnect(client));
        Vec::new()
    }

    /// Tells one subscription of events that it missed.
    pub(super) fn tell_again(&mut self, client: u64, name: u64, missed: &[Arc<Happening>]) {
        let mut gone = Vec::new();
        if let Some(connected) = self.clients.get(&client)
            && let Some(place) = connected.subscriptions.get(&name)
            && let Some(class) = self.classes.get(&*place.class)
            && let Some(question) = class.questions.get(&place.question)
        {
            let Some(group) = question.groups.get(&place.sort) else { return };
            let mine = missed.iter().filter(|missed| *missed.event.class == *place.class);
            for happening in mine {
                let met = question.matcher.as_ref().map(|matcher| met(matcher, happening));
                let mut telling = Telling { happening, shown: Vec::new() };
                let only = Some((client, name));
                telling.tell(&place.sort, group, met.unwrap_or_default(), only, &mut gone);
            }
        }
        gone.into_iter().for_each(|client| self.disconnect(client));
    }
}
