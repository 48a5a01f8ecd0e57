//! What is inside array and object fields: plain JSON, compared by value.

use std::cmp::Ordering;

use super::{fits, same};
use crate::query::Comparison;
use crate::value::{Json, Members, Value};

/// A JSON value that is not null, or an array or object field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'a> {
    /// A boolean, a number or a string.
    Leaf(&'a Json),
    /// An array.
    Array(&'a [Json]),
    /// An object.
    Object(&'a Members),
}

/// A test of an array's elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodeTest<'a> {
    /// There is an element like this.
    Contains(&'a Json),
    /// There is an element like each of these.
    All(&'a [Json]),
    /// There is no element but these.
    ContainedBy(&'a [Json]),
}

impl<'a> Node<'a> {
    /// The node of a JSON value; nothing for `null`.
    pub(crate) fn of(json: &'a Json) -> Option<Self> {
        match json {
            Json::Null => None,
            Json::Bool(_) | Json::Number(_) | Json::String(_) => Some(Self::Leaf(json)),
            Json::Array(elements) => Some(Self::Array(elements)),
            Json::Object(members) => Some(Self::Object(members)),
        }
    }

    /// The node of an array or object field; nothing for other fields, into which no path leads.
    pub(crate) fn of_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Array(elements) => Some(Self::Array(elements)),
            Value::Object(members) => Some(Self::Object(members)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Date(_)
            | Value::Bytes(_)
            | Value::GeoPoint(_)
            | Value::Polygon(_)
            | Value::File(_)
            | Value::Pointer(_)
            | Value::Relation(_)
            | Value::Acl(_) => None,
        }
    }

    /// What a path leads to: members by name, elements by position.
    pub(crate) fn at(self, path: &[String]) -> Option<Self> {
        let mut node = self;
        for part in path {
            let next = match node {
                Self::Leaf(_) => None,
                Self::Array(elements) => position(part).and_then(|at| elements.get(at)),
                Self::Object(members) => members.get(part),
            };
            node = Self::of(next?)?;
        }
        Some(node)
    }

    /// Whether it is an array.
    pub(crate) fn is_array(self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// The string, if it is one.
    pub(crate) fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Leaf(json) => json.as_str(),
            Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Compares with a literal. A literal of another type is never equal, less or greater.
    pub(crate) fn compare(self, comparison: Comparison, literal: &Json) -> bool {
        match comparison {
            Comparison::Equal => self.equals(literal),
            Comparison::NotEqual => !self.equals(literal),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => {
                self.order(literal).is_some_and(|order| fits(order, comparison))
            }
        }
    }

    fn equals(self, literal: &Json) -> bool {
        match (self, literal) {
            (Self::Leaf(json), literal) => same(json, literal),
            (Self::Array(elements), Json::Array(wanted)) => elements == wanted.as_slice(),
            (Self::Object(members), Json::Object(wanted)) => members == wanted,
            (Self::Array(_) | Self::Object(_), _) => false,
        }
    }

    /// Numbers, strings (by bytes) and booleans have an order, and dates in their wire form.
    fn order(self, literal: &Json) -> Option<Ordering> {
        match (self, literal) {
            (Self::Leaf(Json::Number(a)), Json::Number(b)) => a.partial_cmp(b),
            (Self::Leaf(Json::String(a)), Json::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Self::Leaf(Json::Bool(a)), Json::Bool(b)) => Some(a.cmp(b)),
            (Self::Object(a), Json::Object(b)) => Some(iso(a)?.as_bytes().cmp(iso(b)?.as_bytes())),
            _ => None,
        }
    }

    /// Whether it equals a literal, or is an array with such an element.
    pub(crate) fn is_or_has(self, literal: &Json) -> bool {
        self.equals(literal) || self.test(&NodeTest::Contains(literal))
    }

    /// Tests the elements of an array; anything else fails.
    pub(crate) fn test(self, test: &NodeTest<'_>) -> bool {
        let Self::Array(elements) = self else { return false };
        let has = |wanted: &Json| elements.iter().any(|element| same(element, wanted));
        match test {
            NodeTest::Contains(wanted) => has(wanted),
            NodeTest::All(wanted) => wanted.iter().all(has),
            NodeTest::ContainedBy(allowed) => {
                elements.iter().all(|element| allowed.iter().any(|known| same(element, known)))
            }
        }
    }

    /// Whether the string, or one of the strings in the array, meets a test.
    pub(crate) fn any_text(self, test: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Leaf(json) => json.as_str().is_some_and(test),
            Self::Array(elements) => elements.iter().filter_map(Json::as_str).any(test),
            Self::Object(_) => false,
        }
    }
}

/// The position that a part of a path names: digits, without leading zeros.
pub(crate) fn position(part: &str) -> Option<usize> {
    let plain =
        part == "0" || (part.bytes().all(|byte| byte.is_ascii_digit()) && !part.starts_with('0'));
    if plain && part.len() <= 9 { part.parse().ok() } else { None }
}

/// The text of a date in its wire form.
fn iso(members: &Members) -> Option<&str> {
    (members.get("__type")?.as_str()? == "Date").then(|| members.get("iso")?.as_str()).flatten()
}
