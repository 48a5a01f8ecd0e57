//! From the values of a row to the questions that it may meet.
//!
//! A question is filed under what a row must have to meet it: one of some values in a field, or a value in a range. What
//! can not be filed is held against every event of its class. The index may name too many questions, never too few.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::rows::Row;
use crate::query::matches::Node;
use crate::query::{Comparison, FieldPath, Test, Where};
use crate::value::{FieldName, Json, Members, Value};

/// More values than this under one question are not worth filing.
const VALUES_MAX: usize = 1_000;

/// Names a question.
pub(super) type Question = u32;

/// A field, and a way into it.
type Path = (FieldName, Vec<String>);

/// A value that questions are filed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    /// The bits of the number.
    Number(u64),
    Text(Box<str>),
    Date(i64),
    /// A pointer among the elements of an array.
    Pointer(Box<str>, Box<str>),
}

impl Key {
    /// How many events it lets through, by a rough guess: half of them if there are but two values.
    fn weight(&self) -> usize {
        match self {
            Self::Bool(_) => 5_000,
            Self::Number(_) | Self::Text(_) | Self::Date(_) | Self::Pointer(..) => 1,
        }
    }
}

/// A value that has an order.
#[derive(Clone, Debug, PartialEq)]
enum Rank {
    Number(f64),
    Date(i64),
    Text(Box<str>),
}

impl Rank {
    /// Values of different kinds have an order, too, so that a tree can hold them.
    fn order(&self, other: &Self) -> Ordering {
        let kind = |rank: &Self| match rank {
            Self::Number(_) => 0,
            Self::Date(_) => 1,
            Self::Text(_) => 2,
        };
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (one, other) => kind(one).cmp(&kind(other)),
        }
    }
}

/// What a row must have.
#[derive(Clone, Debug, PartialEq)]
enum Anchor {
    /// Nothing has it.
    Never,
    /// One of these values.
    Keys(Path, Vec<Key>),
    /// A value between these, ends included.
    Range(Path, Option<Rank>, Option<Rank>),
    /// One of these.
    Any(Vec<Anchor>),
}

impl Anchor {
    /// How many events it lets through, by a rough guess; the least is best.
    fn weight(&self) -> usize {
        match self {
            Self::Never => 0,
            Self::Keys(_, keys) => keys.iter().map(Key::weight).sum(),
            Self::Range(_, Some(_), Some(_)) => 1_000,
            Self::Range(..) => 10_000,
            Self::Any(anchors) => anchors.iter().map(Self::weight).sum::<usize>() + 1,
        }
    }
}

/// The questions of a class.
#[derive(Debug, Default)]
pub(super) struct Index {
    equal: HashMap<Path, HashMap<Key, Vec<Question>>>,
    ranges: HashMap<Path, Ranges>,
    rest: Vec<Question>,
}

impl Index {
    /// Files a question.
    pub(super) fn add(&mut self, question: Question, filter: &Where) {
        match anchor(filter) {
            Some(anchor) => self.file(question, anchor),
            None => self.rest.push(question),
        }
    }

    fn file(&mut self, question: Question, anchor: Anchor) {
        match anchor {
            Anchor::Never => {}
            Anchor::Keys(path, keys) => {
                let values = self.equal.entry(path).or_default();
                for key in keys {
                    values.entry(key).or_default().push(question);
                }
            }
            Anchor::Range(path, low, high) => {
                self.ranges.entry(path).or_default().add(low, high, question);
            }
            Anchor::Any(anchors) => {
                anchors.into_iter().for_each(|anchor| self.file(question, anchor));
            }
        }
    }

    /// Takes a question out, which was filed with this condition.
    pub(super) fn remove(&mut self, question: Question, filter: &Where) {
        match anchor(filter) {
            Some(anchor) => self.take_out(question, &anchor),
            None => self.rest.retain(|known| *known != question),
        }
    }

    fn take_out(&mut self, question: Question, anchor: &Anchor) {
        match anchor {
            Anchor::Never => {}
            Anchor::Keys(path, keys) => {
                let Some(values) = self.equal.get_mut(path) else { return };
                for key in keys {
                    if let Some(questions) = values.get_mut(key) {
                        questions.retain(|known| *known != question);
                        if questions.is_empty() {
                            values.remove(key);
                        }
                    }
                }
                if values.is_empty() {
                    self.equal.remove(path);
                }
            }
            Anchor::Range(path, ..) => {
                if let Some(ranges) = self.ranges.get_mut(path) {
                    ranges.remove(question);
                    if ranges.entries.is_empty() {
                        self.ranges.remove(path);
                    }
                }
            }
            Anchor::Any(anchors) => {
                anchors.iter().for_each(|anchor| self.take_out(question, anchor));
            }
        }
    }

    /// The questions that one of the rows may meet, each once.
    pub(super) fn candidates(&mut self, rows: &[&Row]) -> Vec<Question> {
        let mut found = self.rest.clone();
        for (path, values) in &self.equal {
            for row in rows {
                keys_at(row, path, &mut |key| {
                    found.extend(values.get(&key).into_iter().flatten());
                });
            }
        }
        for (path, ranges) in &mut self.ranges {
            for row in rows {
                ranks_at(row, path, &mut |rank| ranges.find(&rank, &mut found));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What a row must have to meet a condition; nothing if that can not be said.
fn anchor(filter: &Where) -> Option<Anchor> {
    match filter {
        Where::Nothing => Some(Anchor::Never),
        Where::All(parts) => {
            let anchors = joined(parts.iter().filter_map(anchor).collect());
            anchors.into_iter().min_by_key(Anchor::weight)
        }
        Where::Any(parts) => {
            let anchors: Option<Vec<Anchor>> = parts.iter().map(anchor).collect();
            anchors.map(Anchor::Any)
        }
        Where::Field(path, test) => anchor_of_test(path, test),
        Where::Everything
        | Where::Nor(_)
        | Where::RelatedTo { .. }
        | Where::Relates(..)
        | Where::NotRelates(..) => None,
    }
}

/// Ranges of the same field as one.
fn joined(anchors: Vec<Anchor>) -> Vec<Anchor> {
    let mut joined: Vec<Anchor> = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let Anchor::Range(path, low, high) = anchor else {
            joined.push(anchor);
            continue;
        };
        let known = joined.iter_mut().find_map(|known| {
            let Anchor::Range(known, low, high) = known else { return None };
            (*known == path).then_some((low, high))
        });
        match known {
            Some((known_low, known_high)) => {
                *known_low = known_low.take().or(low);
                *known_high = known_high.take().or(high);
            }
            None => joined.push(Anchor::Range(path, low, high)),
        }
    }
    joined
}

fn anchor_of_test(path: &FieldPath, test: &Test) -> Option<Anchor> {
    let at = || (path.field.clone(), path.path.clone());
    match test {
        Test::Never => Some(Anchor::Never),
        Test::Compare(Comparison::Equal, value) => {
            Some(Anchor::Keys(at(), vec![key_of_value(value)?]))
        }
        Test::Compare(Comparison::Less | Comparison::LessOrEqual, value) => {
            Some(Anchor::Range(at(), None, Some(rank_of_value(value)?)))
        }
        Test::Compare(Comparison::Greater | Comparison::GreaterOrEqual, value) => {
            Some(Anchor::Range(at(), Some(rank_of_value(value)?), None))
        }
        Test::Contains(element) => Some(Anchor::Keys(at(), vec![key_of_json(element)?])),
        Test::In { values, or_null: false } if values.len() <= VALUES_MAX => {
            let keys: Option<Vec<Key>> = values.iter().map(key_of_value).collect();
            let mut keys = keys?;
            let mut known = std::collections::HashSet::new();
            keys.retain(|key| known.insert(key.clone()));
            Some(Anchor::Keys(at(), keys))
        }
        Test::Compare(Comparison::NotEqual, _)
        | Test::In { .. }
        | Test::ContainsNot(_)
        | Test::NotIn(_)
        | Test::Exists(_)
        | Test::All(_)
        | Test::AllRegex(_)
        | Test::ContainedBy(_)
        | Test::Regex(_)
        | Test::Text(_)
        | Test::Near(..)
        | Test::InBox(..)
        | Test::InPolygon(_)
        | Test::InSphere(..)
        | Test::Intersects(_)
        | Test::Not(_) => None,
    }
}

fn number_key(number: f64) -> Key {
    // Both zeros are the same number.
    Key::Number(if number == 0.0 { 0.0_f64.to_bits() } else { number.to_bits() })
}

/// The key of a value, as it stands in a field or in a question; nothing for what is not filed.
fn key_of_value(value: &Value) -> Option<Key> {
    match value {
        Value::Bool(flag) => Some(Key::Bool(*flag)),
        Value::Number(number) => Some(number_key(*number)),
        Value::String(text) | Value::File(text) => Some(Key::Text(text.as_str().into())),
        Value::Date(date) => Some(Key::Date(date.millis())),
        Value::Pointer(pointer) => {
            Some(Key::Pointer(pointer.class.as_str().into(), pointer.id.as_str().into()))
        }
        Value::Object(members) => key_of_pointer(members),
        Value::Null
        | Value::Bytes(_)
        | Value::GeoPoint(_)
        | Value::Polygon(_)
        | Value::Relation(_)
        | Value::Acl(_)
        | Value::Array(_) => None,
    }
}

fn key_of_json(json: &Json) -> Option<Key> {
    match json {
        Json::Bool(flag) => Some(Key::Bool(*flag)),
        Json::Number(number) => Some(number_key(*number)),
        Json::String(text) => Some(Key::Text(text.as_str().into())),
        Json::Object(members) => key_of_pointer(members),
        Json::Array(_) | Json::Null => None,
    }
}

/// The key of a pointer as it stands in an array or an object; of other objects there is none.
fn key_of_pointer(members: &Members) -> Option<Key> {
    let text = |name: &str| members.get(name).and_then(Json::as_str).map(Box::from);
    let is_pointer = members.len() == 3 && members.contains_key("__type");
    is_pointer.then(|| Some(Key::Pointer(text("className")?, text("objectId")?))).flatten()
}

fn rank_of_number(number: f64) -> Rank {
    // Both zeros are the same number.
    Rank::Number(number + 0.0)
}

fn rank_of_value(value: &Value) -> Option<Rank> {
    match value {
        Value::Number(number) => Some(rank_of_number(*number)),
        Value::Date(date) => Some(Rank::Date(date.millis())),
        Value::String(text) => Some(Rank::Text(text.as_str().into())),
        Value::Null
        | Value::Bool(_)
        | Value::Bytes(_)
        | Value::GeoPoint(_)
        | Value::Polygon(_)
        | Value::File(_)
        | Value::Pointer(_)
        | Value::Relation(_)
        | Value::Acl(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}

/// All keys that a row has at a path: of the value, or of the elements if it is an array.
fn keys_at(row: &Row, (field, path): &Path, see: &mut impl FnMut(Key)) {
    let Some(value) = row.get(field) else { return };
    match Node::of_value(value) {
        None if path.is_empty() => key_of_value(value).into_iter().for_each(see),
        None => {}
        Some(node) => match node.at(path) {
            Some(Node::Array(elements)) => elements.iter().filter_map(key_of_json).for_each(see),
            Some(Node::Leaf(json)) => key_of_json(json).into_iter().for_each(see),
            Some(Node::Object(members)) => key_of_pointer(members).into_iter().for_each(see),
            None => {}
        },
    }
}

/// The value with an order that a row has at a path.
fn ranks_at(row: &Row, (field, path): &Path, see: &mut impl FnMut(Rank)) {
    let Some(value) = row.get(field) else { return };
    if path.is_empty() {
        return rank_of_value(value).into_iter().for_each(see);
    }
    if let Some(Node::Leaf(json)) = Node::of_value(value).and_then(|node| node.at(path)) {
        if let Some(number) = json.as_number() {
            see(rank_of_number(number));
        } else if let Some(text) = json.as_str() {
            see(Rank::Text(text.into()));
        }
    }
}

/// Questions by ranges: a tree over the ranges, ordered by their lower ends, that knows the greatest upper end below each
/// of its nodes.
#[derive(Debug, Default)]
struct Ranges {
    entries: Vec<Entry>,
    /// For each node of a binary tree over the entries, which entry below it reaches farthest.
    farthest: Vec<u32>,
    is_old: bool,
}

#[derive(Debug)]
struct Entry {
    low: Option<Rank>,
    high: Option<Rank>,
    question: Question,
}

impl Ranges {
    fn add(&mut self, low: Option<Rank>, high: Option<Rank>, question: Question) {
        self.entries.push(Entry { low, high, question });
        self.is_old = true;
    }

    fn remove(&mut self, question: Question) {
        self.entries.retain(|entry| entry.question != question);
        self.is_old = true;
    }

    fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_old) {
            return;
        }
        self.entries.sort_by(|one, other| match (&one.low, &other.low) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(other)) => one.order(other),
        });
        let count = self.entries.len();
        self.farthest = vec![0; 4 * count.max(1)];
        if count > 0 {
            self.build(1, 0, count);
        }
    }

    fn build(&mut self, node: usize, from: usize, to: usize) -> u32 {
        let farthest = if to - from == 1 {
            from as u32
        } else {
            let middle = from.midpoint(to);
            let left = self.build(2 * node, from, middle);
            let right = self.build(2 * node + 1, middle, to);
            let reach = |at: u32| &self.entries[at as usize].high;
            match (reach(left), reach(right)) {
                (None, _) => left,
                (_, None) => right,
                (Some(one), Some(other)) if one.order(other).is_ge() => left,
                _ => right,
            }
        };
        self.farthest[node] = farthest;
        farthest
    }

    /// Adds the questions whose range has a value.
    fn find(&mut self, value: &Rank, found: &mut Vec<Question>) {
        self.refresh();
        let is_below =
            |entry: &Entry| entry.low.as_ref().is_none_or(|low| low.order(value).is_le());
        let count = self.entries.partition_point(is_below);
        if count > 0 {
            self.collect((1, 0, self.entries.len()), count, value, found);
        }
    }

    fn collect(
        &self,
        (node, from, to): (usize, usize, usize),
        count: usize,
        value: &Rank,
        found: &mut Vec<Question>,
    ) {
        let reaches =
            |at: usize| self.entries[at].high.as_ref().is_none_or(|high| high.order(value).is_ge());
        if from >= count || !reaches(self.farthest[node] as usize) {
            return;
        }
        if to - from == 1 {
            found.push(self.entries[from].question);
            return;
        }
        let middle = from.midpoint(to);
        self.collect((2 * node, from, middle), count, value, found);
        self.collect((2 * node + 1, middle, to), count, value, found);
    }
}

#[cfg(test)]
mod tests;
