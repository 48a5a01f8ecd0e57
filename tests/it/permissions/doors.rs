//! Every door that reads, as one table: how it asks, and which operation of the class permits it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fixture::Target;
use super::graphql_doors;
use super::graphql_names::{Names, Roots};
use super::model::{Kind, Op, Outcome, View, Who};
use super::rest_doors;
use crate::support::{Answer, Caller};

/// One caller before the doors of one class.
pub(crate) struct Scene<'a> {
    pub(crate) target: &'a Target,
    pub(crate) roots: &'a Roots,
    pub(crate) names: Names,
    pub(crate) who: Who,
    pub(crate) caller: Caller,
}

/// What a door answers with, and which operation permits it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Rows with their fields.
    Rows(Op),
    /// The same, asked one by one, where the refusal of the first is the refusal of all.
    Single(Op),
    /// Which rows there are.
    Labels(Op),
    /// Which rows there are not.
    Rest(Op),
    Count(Op),
    /// Rows and their number, which takes both permissions. Pages by cursors count too.
    RowsAndCount,
    /// A question that uses a field, by position in the target's list of fields.
    Uses(Op, &'static str),
    /// 1 if any row that is found shows a field, 0 if none does.
    Shows(&'static str),
    /// Master keys only, past every rule of the class.
    MasterOnly,
}

/// A door.
pub(crate) struct Door {
    pub(crate) name: &'static str,
    /// The route, as `rest::Route` names it, or the kind of GraphQL root field, that it goes through.
    pub(crate) place: &'static str,
    pub(crate) shape: Shape,
    /// Whether it needs rows of another class that lead here.
    pub(crate) through_holder: bool,
    pub(crate) ask: fn(&Scene<'_>) -> Outcome,
}

/// A door straight to a class.
pub(super) const fn door(
    name: &'static str,
    place: &'static str,
    shape: Shape,
    ask: fn(&Scene<'_>) -> Outcome,
) -> Door {
    Door { name, place, shape, through_holder: false, ask }
}

/// A door through a class that leads to another.
pub(super) const fn through(
    name: &'static str,
    place: &'static str,
    shape: Shape,
    ask: fn(&Scene<'_>) -> Outcome,
) -> Door {
    Door { name, place, shape, through_holder: true, ask }
}

pub(crate) fn all() -> Vec<Door> {
    let mut doors = rest_doors::doors();
    doors.extend(graphql_doors::doors());
    doors
}

impl Door {
    /// Whether a class has this door. Fields that are compared by use are those of the plain classes.
    pub(crate) fn leads_to(&self, target: &Target) -> bool {
        if self.through_holder && target.holder.is_none() {
            return false;
        }
        match self.shape {
            Shape::Uses(_, field) | Shape::Shows(field) => target.fields.contains(&field),
            Shape::Rows(_)
            | Shape::Single(_)
            | Shape::Labels(_)
            | Shape::Rest(_)
            | Shape::Count(_)
            | Shape::RowsAndCount
            | Shape::MasterOnly => true,
        }
    }

    /// What the model expects.
    pub(crate) fn expected(&self, view: &View<'_>) -> Outcome {
        match self.shape {
            Shape::Rows(op) | Shape::Single(op) => view.rows(op),
            Shape::Labels(op) => view.labels(op),
            Shape::Rest(op) => view.rest(op),
            Shape::Count(op) => view.count(op),
            // The rows are asked first.
            Shape::RowsAndCount => match (view.row_map(Op::Find), view.reach(Op::Count)) {
                (Err(code), _) | (Ok(_), Err(code)) => Outcome::Refused(code),
                (Ok(rows), Ok(_)) => Outcome::Rows(rows),
            },
            Shape::Uses(op, field) => match view.label_set(op) {
                Ok(_) if view.hidden().contains(field) => {
                    Outcome::Refused(super::model::OPERATION_FORBIDDEN)
                }
                reached => reached.map_or_else(Outcome::Refused, Outcome::Labels),
            },
            Shape::Shows(field) => match view.row_map(Op::Find) {
                Ok(rows) => {
                    Outcome::Count(u64::from(rows.values().any(|fields| fields.contains(field))))
                }
                Err(code) => Outcome::Refused(code),
            },
            Shape::MasterOnly => match view.who {
                Who::Master => view.labels(Op::Find),
                Who::Expired => Outcome::Refused(super::model::INVALID_SESSION),
                // The read-only key aggregates where an option says so (`allowAggregationForReadOnlyMasterKey`).
                Who::Reader => Outcome::Refused(super::model::OPERATION_FORBIDDEN),
                Who::Public | Who::User(_) => Outcome::Refused(403),
            },
        }
    }
}

/// The refusal of an answer, if it is one.
pub(super) fn refusal(answer: &Answer) -> Option<Outcome> {
    let code = || answer.code().unwrap_or(i64::from(answer.status));
    answer.is_refusal().then(|| Outcome::Refused(code()))
}

impl Scene<'_> {
    /// The label of an object: the field that names it where it is there, and where it is not, its id.
    fn label(&self, object: &Value) -> String {
        let id = object["objectId"].as_str().unwrap_or_else(|| panic!("no id: {object}"));
        let label = self.target.label_of(id);
        if let Some(said) = object[self.target.label].as_str()
            && self.target.label != "objectId"
        {
            assert_eq!(said, label, "the object is another: {object}");
        }
        label
    }

    /// Objects as rows: their labels, and which of the compared fields they show.
    pub(super) fn rows<'v>(&self, objects: impl IntoIterator<Item = &'v Value>) -> Outcome {
        let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for object in objects {
            let fields = self.target.fields.iter().filter(|field| !object[**field].is_null());
            let fields = fields.map(|field| (*field).to_owned()).collect();
            let before = rows.insert(self.label(object), fields);
            assert!(before.is_none(), "the same row twice: {object}");
        }
        Outcome::Rows(rows)
    }

    pub(super) fn labels<'v>(&self, objects: impl IntoIterator<Item = &'v Value>) -> Outcome {
        Outcome::Labels(objects.into_iter().map(|object| self.label(object)).collect())
    }

    /// Names of holders, but for the one that leads to all.
    pub(super) fn held<'v>(&self, holders: impl IntoIterator<Item = &'v Value>) -> Outcome {
        let names = holders.into_iter().filter_map(|holder| holder["name"].as_str());
        Outcome::Labels(names.filter(|name| *name != "all").map(str::to_owned).collect())
    }

    pub(super) fn holder(&self) -> (&str, &str) {
        let (class, whole) = self.target.holder.as_ref().expect("doors through a holder need one");
        (class, whole)
    }

    /// What single questions came to: those that found nothing are left out, and a refusal of the class is
    /// the refusal of all. A class that is refused with `not found` can not be told from a row that is not there.
    pub(super) fn singles(&self, answers: Vec<(&str, Result<Value, i64>)>) -> Outcome {
        let mut found = Vec::new();
        let mut refused = None;
        for (_, answer) in answers {
            match answer {
                Ok(object) => found.push(object),
                Err(super::model::OBJECT_NOT_FOUND) => {}
                Err(code) => refused = Some(code),
            }
        }
        match refused {
            Some(code) if found.is_empty() => Outcome::Refused(code),
            Some(code) => panic!("some were refused with {code}, others not: {found:?}"),
            None => self.rows(&found),
        }
    }

    pub(super) fn is_session(&self) -> bool {
        self.target.kind == Kind::Session
    }
}
