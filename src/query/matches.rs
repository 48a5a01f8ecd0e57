//! Whether an object meets a condition, without a back end: a [`Where`] and the fields of the object give
//! true, false or neither, exactly as the back ends decide it.
//!
//! Relations are not part of an object; what a condition asks of them, the caller answers through
//! [`Subject::is_related`].

mod node;
mod text;
mod unaccent;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use ::regex::Regex;

pub(crate) use node::{Node, NodeTest, position};
pub(crate) use text::{has_words, occurrences, words};

use super::operators::regex;
use super::{Comparison, FieldPath, Pattern, Test, Where};
use crate::value::{FieldName, Json, Pointer, Value, wire};

/// An object whose fields can be looked at.
pub trait Subject {
    /// The value of a field; [`Value::Null`] where the object has none.
    fn value(&self, field: &str) -> Cow<'_, Value>;

    /// The answer to [`Where::RelatedTo`], [`Where::Relates`] and [`Where::NotRelates`]; nothing if it is
    /// not known.
    fn is_related(&self, question: &Where) -> Option<bool> {
        let _ = question;
        None
    }
}

impl Subject for HashMap<FieldName, Value> {
    fn value(&self, field: &str) -> Cow<'_, Value> {
        self.get(field).map_or(Cow::Owned(Value::Null), Cow::Borrowed)
    }
}

/// Whether an object meets a condition; nothing where a missing value leaves it open. To ask about many
/// objects, keep a [`Matcher`].
pub fn matches(filter: &Where, object: &dyn Subject) -> Option<bool> {
    meets(filter, object, &Patterns::of(filter))
}

/// A condition made ready to be held against many objects.
#[derive(Clone, Debug)]
pub struct Matcher {
    filter: Where,
    patterns: Patterns,
}

impl Matcher {
    /// Compiles the patterns of a condition.
    pub fn new(filter: Where) -> Self {
        let patterns = Patterns::of(&filter);
        Self { filter, patterns }
    }

    /// The condition.
    pub fn filter(&self) -> &Where {
        &self.filter
    }

    /// Whether an object meets it; nothing where a missing value leaves it open.
    pub fn matches(&self, object: &dyn Subject) -> Option<bool> {
        meets(&self.filter, object, &self.patterns)
    }
}

/// The compiled patterns of a condition.
#[derive(Clone, Debug, Default)]
struct Patterns(HashMap<Pattern, Regex>);

impl Patterns {
    fn of(filter: &Where) -> Self {
        let mut patterns = Self::default();
        patterns.collect(filter);
        patterns
    }

    fn collect(&mut self, filter: &Where) {
        match filter {
            Where::All(parts) | Where::Any(parts) | Where::Nor(parts) => {
                parts.iter().for_each(|part| self.collect(part))
            }
            Where::Field(_, test) => self.collect_test(test),
            Where::Everything
            | Where::Nothing
            | Where::RelatedTo { .. }
            | Where::Relates(..)
            | Where::NotRelates(..) => {}
        }
    }

    fn collect_test(&mut self, test: &Test) {
        match test {
            Test::Regex(pattern) => self.add(pattern),
            Test::AllRegex(patterns) => patterns.iter().for_each(|pattern| self.add(pattern)),
            Test::Not(tests) => tests.iter().for_each(|test| self.collect_test(test)),
            Test::Compare(..)
            | Test::Contains(_)
            | Test::ContainsNot(_)
            | Test::In { .. }
            | Test::NotIn(_)
            | Test::Exists(_)
            | Test::All(_)
            | Test::ContainedBy(_)
            | Test::Text(_)
            | Test::Near(..)
            | Test::InBox(..)
            | Test::InPolygon(_)
            | Test::InSphere(..)
            | Test::Intersects(_)
            | Test::Never => {}
        }
    }

    /// A pattern that does not compile (none that was parsed) matches nothing.
    fn add(&mut self, pattern: &Pattern) {
        if !self.0.contains_key(pattern)
            && let Ok(compiled) = regex::compile(pattern)
        {
            self.0.insert(pattern.clone(), compiled);
        }
    }

    fn is_match(&self, pattern: &Pattern, text: &str) -> bool {
        self.0.get(pattern).is_some_and(|compiled| compiled.is_match(text))
    }
}

fn meets(filter: &Where, object: &dyn Subject, patterns: &Patterns) -> Option<bool> {
    match filter {
        Where::Everything => Some(true),
        Where::Nothing => Some(false),
        Where::All(parts) => all(parts.iter().map(|part| meets(part, object, patterns))),
        Where::Any(parts) => any(parts.iter().map(|part| meets(part, object, patterns))),
        Where::Nor(parts) => {
            any(parts.iter().map(|part| meets(part, object, patterns))).map(|met| !met)
        }
        Where::Field(path, test) => meets_test(path, &object.value(&path.field), test, patterns),
        Where::RelatedTo { .. } | Where::Relates(..) | Where::NotRelates(..) => {
            object.is_related(filter)
        }
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(parts.map(|met| met.map(|met| !met))).map(|met| !met)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut open = false;
    for part in parts {
        match part {
            Some(true) => return Some(true),
            Some(false) => {}
            None => open = true,
        }
    }
    if open { None } else { Some(false) }
}

fn meets_test(path: &FieldPath, value: &Value, test: &Test, patterns: &Patterns) -> Option<bool> {
    if let Test::Not(tests) = test {
        let met = all(tests.iter().map(|test| meets_test(path, value, test, patterns)));
        return Some(met != Some(true));
    }
    if !path.path.is_empty() || matches!(value, Value::Array(_) | Value::Object(_)) {
        return meets_inside(
            Node::of_value(value).and_then(|node| node.at(&path.path)),
            test,
            patterns,
        );
    }
    if matches!(value, Value::Null | Value::Acl(None) | Value::Relation(_)) {
        return when_empty(test);
    }
    Some(match test {
        Test::Compare(comparison, literal) => compare(value, *comparison, literal),
        Test::In { values, .. } => values.iter().any(|literal| equal(value, literal)),
        Test::NotIn(values) => !values.iter().any(|literal| equal(value, literal)),
        Test::Exists(exists) => *exists,
        Test::Regex(pattern) => {
            matches!(value, Value::String(text) if patterns.is_match(pattern, text))
        }
        Test::Text(search) => matches!(value, Value::String(text) if has_words(text, search)),
        Test::ContainsNot(_) => true,
        Test::Near(..)
        | Test::InBox(..)
        | Test::InPolygon(_)
        | Test::InSphere(..)
        | Test::Intersects(_) => meets_place(value, test),
        Test::Contains(_)
        | Test::All(_)
        | Test::AllRegex(_)
        | Test::ContainedBy(_)
        | Test::Not(_)
        | Test::Never => false,
    })
}

/// What tests say of an empty field; of [`Test::Not`], if its tests say nothing.
pub(crate) fn when_empty(test: &Test) -> Option<bool> {
    match test {
        Test::Exists(exists) => Some(!exists),
        Test::Compare(Comparison::NotEqual, _)
        | Test::ContainsNot(_)
        | Test::In { or_null: true, .. }
        | Test::Not(_) => Some(true),
        Test::Never => Some(false),
        Test::Compare(..)
        | Test::Contains(_)
        | Test::In { or_null: false, .. }
        | Test::NotIn(_)
        | Test::All(_)
        | Test::AllRegex(_)
        | Test::ContainedBy(_)
        | Test::Regex(_)
        | Test::Text(_)
        | Test::Near(..)
        | Test::InBox(..)
        | Test::InPolygon(_)
        | Test::InSphere(..)
        | Test::Intersects(_) => None,
    }
}

/// A test of an array or an object, or of what is inside.
fn meets_inside(node: Option<Node<'_>>, test: &Test, patterns: &Patterns) -> Option<bool> {
    let Some(node) = node else { return when_empty(test) };
    let json = wire::value_to_json;
    Some(match test {
        Test::Compare(comparison, literal) => node.compare(*comparison, &json(literal)),
        Test::In { values, .. } => values.iter().any(|literal| node.is_or_has(&json(literal))),
        Test::NotIn(values) => !values.iter().any(|literal| node.is_or_has(&json(literal))),
        Test::Exists(exists) => *exists,
        Test::Contains(element) => node.test(&NodeTest::Contains(element)),
        Test::ContainsNot(element) => !node.test(&NodeTest::Contains(element)),
        Test::All(elements) => node.test(&NodeTest::All(elements)),
        Test::ContainedBy(elements) => node.test(&NodeTest::ContainedBy(elements)),
        Test::Regex(pattern) => node.any_text(|text| patterns.is_match(pattern, text)),
        Test::AllRegex(wanted) => {
            node.is_array()
                && wanted
                    .iter()
                    .all(|pattern| node.any_text(|text| patterns.is_match(pattern, text)))
        }
        Test::Text(search) => node.as_str().is_some_and(|text| has_words(text, search)),
        Test::Near(..)
        | Test::InBox(..)
        | Test::InPolygon(_)
        | Test::InSphere(..)
        | Test::Intersects(_)
        | Test::Not(_)
        | Test::Never => false,
    })
}

fn meets_place(value: &Value, test: &Test) -> bool {
    match (value, test) {
        (Value::GeoPoint(point), Test::Near(centre, limit)) => {
            limit.is_none_or(|limit| point.radians_to(*centre) <= limit)
        }
        (Value::GeoPoint(point), Test::InBox(low, high)) => {
            (low.latitude..=high.latitude).contains(&point.latitude)
                && (low.longitude..=high.longitude).contains(&point.longitude)
        }
        (Value::GeoPoint(point), Test::InPolygon(polygon)) => polygon.contains(*point),
        (Value::GeoPoint(point), Test::InSphere(centre, radians)) => {
            point.radians_to(*centre) <= *radians
        }
        (Value::Polygon(polygon), Test::Intersects(point)) => polygon.contains(*point),
        _ => false,
    }
}

fn equal(value: &Value, literal: &Value) -> bool {
    compare(value, Comparison::Equal, literal)
}

fn compare(value: &Value, comparison: Comparison, literal: &Value) -> bool {
    match comparison {
        Comparison::Equal => value == literal,
        Comparison::NotEqual => value != literal,
        Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => {
            order(value, literal).is_some_and(|order| fits(order, comparison))
        }
    }
}

/// Whether an order is what a comparison wants.
pub(crate) fn fits(order: Ordering, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn order(value: &Value, literal: &Value) -> Option<Ordering> {
    match (value, literal) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) | (Value::File(a), Value::File(b)) => {
            Some(a.as_bytes().cmp(b.as_bytes()))
        }
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (
            Value::Pointer(Pointer { class: a, id: x }),
            Value::Pointer(Pointer { class: b, id: y }),
        ) if a == b => Some(x.cmp(y)),
        _ => None,
    }
}

/// Whether two JSON values are equal; the order of an object's members does not count.
pub(crate) fn same(a: &Json, b: &Json) -> bool {
    a == b
}
