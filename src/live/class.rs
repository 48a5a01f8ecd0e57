//! The questions to a class, and who asks them.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::audience::{Identity, request};
use super::client::Outbox;
use super::hub::{Entry, Known};
use super::index::{Index, Question as Number};
use super::rows::{Happening, Row};
use super::{Audience, Kinds};
use crate::ops::App;
use crate::ops::read::{Watched, watched};
use crate::query::{Filter, Matcher, resolve};
use crate::schema::ClassSchema;

/// The questions to a class.
#[derive(Default)]
pub(super) struct Class {
    /// The class that the questions were resolved against.
    pub(super) schema: Option<Arc<ClassSchema>>,
    pub(super) questions: HashMap<Number, Box<Question>>,
    pub(super) by_text: HashMap<Arc<str>, Number>,
    pub(super) index: Index,
}

/// A question, whoever asks it.
pub(super) struct Question {
    pub(super) text: Arc<str>,
    pub(super) filter: Filter,
    /// Nothing if it can not be asked of the class as it is.
    pub(super) matcher: Option<Matcher>,
    pub(super) groups: IndexMap<Sort, Box<Group>>,
}

/// What subscriptions to one question have in common if an event means the same for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sort {
    /// The number of the caller.
    pub(super) audience: u64,
    /// The fields that are wanted.
    pub(super) keys: Option<Arc<[String]>>,
    /// The fields whose changes are told.
    pub(super) watch: Option<Arc<[String]>>,
}

/// Those who ask a question on behalf of the same caller, for the same fields.
pub(super) struct Group {
    pub(super) audience: Arc<Audience>,
    pub(super) view: Option<Box<View>>,
    /// By the numbers of their connections and their names there.
    pub(super) subscribers: IndexMap<(u64, u64), Subscriber>,
}

/// What the caller may see, as long as he and the class stay as they are.
pub(super) struct View {
    pub(super) identity: Identity,
    pub(super) schema: Arc<ClassSchema>,
    /// Nothing if he may not ask this any more.
    pub(super) watched: Option<Watched>,
}

pub(super) struct Subscriber {
    /// The events of this process up to this number happened before he subscribed.
    pub(super) since: u64,
    pub(super) kinds: Kinds,
    pub(super) outbox: Arc<Outbox>,
}

/// Whether a question is met before and after.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    pub(super) before: bool,
    pub(super) after: bool,
}

pub(super) fn met(matcher: &Matcher, happening: &Happening) -> Met {
    let meets =
        |row: &Option<Row>| row.as_ref().is_some_and(|row| matcher.matches(row) == Some(true));
    Met { before: meets(&happening.before), after: meets(&happening.after) }
}

impl Class {
    /// Resolves the questions anew if the class has changed.
    pub(super) fn follow(&mut self, schema: Option<&Arc<ClassSchema>>) {
        let is_same = match (&self.schema, schema) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        self.schema = schema.cloned();
        self.index = Index::default();
        for (number, question) in &mut self.questions {
            question.matcher = self.schema.as_deref().and_then(|class| question.resolved(class));
            if let Some(matcher) = &question.matcher {
                self.index.add(*number, matcher.filter());
            }
        }
    }

    pub(super) fn add(&mut self, number: Number, entry: &Entry) {
        let (text, filter) = (Arc::clone(&entry.text), entry.filter.clone());
        let mut question = Question { text, filter, matcher: None, groups: IndexMap::new() };
        question.matcher = self.schema.as_deref().and_then(|class| question.resolved(class));
        if let Some(matcher) = &question.matcher {
            self.index.add(number, matcher.filter());
        }
        self.by_text.insert(Arc::clone(&question.text), number);
        self.questions.insert(number, Box::new(question));
    }

    pub(super) fn remove(&mut self, number: Number) {
        let Some(question) = self.questions.remove(&number) else { return };
        self.by_text.remove(&question.text);
        if let Some(matcher) = &question.matcher {
            self.index.remove(number, matcher.filter());
        }
    }

    /// The questions that the row meets before or after.
    pub(super) fn matching(&mut self, happening: &Happening) -> Vec<(Number, Met)> {
        let rows: Vec<&Row> = happening.before.iter().chain(&happening.after).collect();
        let candidates = self.index.candidates(&rows);
        let matching = candidates.into_iter().filter_map(|number| {
            let matcher = self.questions.get(&number)?.matcher.as_ref()?;
            let met = met(matcher, happening);
            (met.before || met.after).then_some((number, met))
        });
        matching.collect()
    }
}

impl Class {
    /// Those among the askers of some questions who are not known yet. They are known from now on as nobody, until
    /// somebody says who they are.
    pub(super) fn strangers(
        &self,
        app: &App,
        matching: &[(Number, Met)],
        known: &mut Known,
    ) -> Vec<Arc<Audience>> {
        let now = app.clock.now();
        let mut strangers = Vec::new();
        let questions = matching.iter().filter_map(|(number, _)| self.questions.get(number));
        for group in questions.flat_map(|question| question.groups.values()) {
            let number = group.audience.number;
            if known.contains_key(&number) {
                continue;
            }
            let identity = group.audience.recall(app, now);
            if identity.is_none() {
                strangers.push(Arc::clone(&group.audience));
            }
            known.insert(number, identity);
        }
        strangers
    }
}

impl Question {
    pub(super) fn resolved(&self, class: &ClassSchema) -> Option<Matcher> {
        resolve(&self.filter, class).ok().map(Matcher::new)
    }

    /// Adds a subscription. Returns where it is.
    pub(super) fn add(&mut self, entry: &Entry, name: (u64, u64), subscriber: Subscriber) -> Sort {
        let (audience, keys, watch) = (&entry.audience, entry.keys.clone(), entry.watch.clone());
        let sort = Sort { audience: audience.number, keys, watch };
        let group = self.groups.entry(sort.clone()).or_insert_with(|| {
            let (audience, subscribers) = (Arc::clone(audience), IndexMap::new());
            Box::new(Group { audience, view: None, subscribers })
        });
        group.subscribers.insert(name, subscriber);
        sort
    }

    /// Takes a subscription out.
    pub(super) fn take_out(&mut self, sort: &Sort, name: (u64, u64)) {
        let Some(group) = self.groups.get_mut(sort) else { return };
        group.subscribers.swap_remove(&name);
        if group.subscribers.is_empty() {
            self.groups.swap_remove(sort);
        }
    }
}

impl Group {
    /// Works out what the caller may see, unless nothing about it has changed.
    pub(super) fn refresh(
        &mut self,
        app: &Arc<App>,
        schema: &Arc<ClassSchema>,
        filter: &Filter,
        sort: &Sort,
        identity: &Identity,
    ) {
        let is_current = self.view.as_ref().is_some_and(|view| {
            Arc::ptr_eq(&view.schema, schema) && view.identity.is_same(identity)
        });
        if is_current {
            return;
        }
        let ctx = request(app, identity);
        let watched = watched(&ctx, schema, filter, sort.keys.as_deref(), sort.watch.as_deref());
        let (identity, schema) = (identity.clone(), Arc::clone(schema));
        self.view = Some(Box::new(View { identity, schema, watched: watched.ok() }));
    }
}
