//! From a [`Filter`] to a [`Where`]: names become fields of the class, literals get the field's type.
//!
//! Sub-queries have been answered before: the verbs replace them by `$in` lists.

use std::sync::Arc;

use super::{Comparison, Condition, Filter, OrderKey, Pattern, TextSearch};
use crate::error::{Code, Error, Result};
use crate::schema::{ClassSchema, FieldType, is_field_name, is_write_only};
use crate::value::{ClassName, Date, FieldName, GeoPoint, Json, ObjectId, Polygon, Value, wire};

/// A question that a back end can answer.
#[derive(Clone, Debug)]
pub struct Query {
    /// The class that is asked.
    pub class: Arc<ClassSchema>,
    /// Which objects.
    pub filter: Where,
    /// In which order; without one, in the order of creation where the back end knows it.
    pub order: Vec<OrderBy>,
    /// How many to leave out at the start.
    pub skip: u64,
    /// How many at most.
    pub limit: Option<u64>,
    /// The fields to read, `objectId` first.
    pub columns: Vec<FieldName>,
    /// The index that the back end should use, if it can be told.
    pub hint: Option<String>,
}

/// A condition with every name resolved.
#[derive(Clone, Debug, PartialEq)]
pub enum Where {
    /// Every object.
    Everything,
    /// No object.
    Nothing,
    /// All hold.
    All(Vec<Where>),
    /// One holds.
    Any(Vec<Where>),
    /// None holds. A part that is neither true nor false of an object (because a value is missing) leaves
    /// the object out, as in SQL.
    Nor(Vec<Where>),
    /// A condition on a field.
    Field(FieldPath, Test),
    /// The object is in that relation of that object.
    RelatedTo {
        /// The class that has the relation.
        class: ClassName,
        /// The object that has it.
        owner: ObjectId,
        /// The relation field.
        key: FieldName,
    },
    /// One of these objects is in that relation of this object.
    Relates(FieldName, Vec<ObjectId>),
    /// None of these objects is in that relation of this object.
    NotRelates(FieldName, Vec<ObjectId>),
}

/// A field, and a way into it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldPath {
    /// The field, as the schema names it.
    pub field: FieldName,
    /// Its type.
    pub kind: FieldType,
    /// The way into an object or array field, as the client wrote it; empty for the field itself. It may
    /// reach a back end only as a bound value.
    pub path: Vec<String>,
}

/// A condition on a field. Where the field is empty, all but [`Test::Exists`], a [`Test::Compare`] that is `NotEqual`, and
/// [`Test::Not`] are neither true nor false, and [`Test::In`] says for itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Compares with a value of the field's type: less, equal, greater. An array field is compared as a
    /// whole with an array; see [`Test::Contains`].
    Compare(Comparison, Value),
    /// The array field has an element like this.
    Contains(Json),
    /// The array field has no element like this, or the field is empty.
    ContainsNot(Json),
    /// The value is one of these; with `or_null`, or there is none. For an array field: one of its elements.
    In {
        /// The values.
        values: Vec<Value>,
        /// Whether an empty field counts too.
        or_null: bool,
    },
    /// There is a value and it is none of these. For an array field: none of its elements.
    NotIn(Vec<Value>),
    /// Whether there is a value.
    Exists(bool),
    /// The array has all of these.
    All(Vec<Json>),
    /// The array has, for each of these patterns, an element that matches.
    AllRegex(Vec<Pattern>),
    /// The array has nothing but these.
    ContainedBy(Vec<Json>),
    /// The text, or a text in the array, matches.
    Regex(Pattern),
    /// The text has the words.
    Text(TextSearch),
    /// The point is not farther than so many radians from here. Without an order, nearest come first.
    Near(GeoPoint, Option<f64>),
    /// The point is in the box between these corners (south-west, north-east).
    InBox(GeoPoint, GeoPoint),
    /// The point is in the polygon.
    InPolygon(Polygon),
    /// The point is not farther than so many radians from the centre.
    InSphere(GeoPoint, f64),
    /// The polygon has the point inside or on its edge.
    Intersects(GeoPoint),
    /// The tests do not all hold; an empty field meets this.
    Not(Vec<Test>),
    /// Nothing there meets this, not even an empty field.
    Never,
}

/// The column that asks for the rank of the text search, and the key that orders by it. A class can not have
/// such a field.
pub const SCORE: &str = "$score";

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderBy {
    /// By a field. Ascending, objects without a value come last; descending, first.
    Field(FieldPath, Direction),
    /// By the rank of the text search, best first.
    Score,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// smallest first
    Ascending,
    /// greatest first
    Descending,
}

/// Resolves a condition against a class. A field that the class does not have is empty in every object.
pub fn resolve(filter: &Filter, class: &ClassSchema) -> Result<Where> {
    match filter {
        Filter::All(parts) if parts.is_empty() => Ok(Where::Everything),
        Filter::All(parts) | Filter::And(parts) => Ok(Where::All(resolve_list(parts, class)?)),
        Filter::Any(parts) => Ok(Where::Any(resolve_list(parts, class)?)),
        Filter::Nor(parts) => Ok(Where::Nor(resolve_list(parts, class)?)),
        Filter::RelatedTo { owner, key } => Ok(Where::RelatedTo {
            class: owner.class.clone(),
            owner: owner.id.clone(),
            key: FieldName::from(key.as_str()),
        }),
        Filter::Field(name, conditions) => resolve_field(name, conditions, class),
    }
}

fn resolve_list(parts: &[Filter], class: &ClassSchema) -> Result<Vec<Where>> {
    parts.iter().map(|part| resolve(part, class)).collect()
}

/// The field that a dotted name leads into.
pub fn field_path(name: &str, class: &ClassSchema) -> Option<FieldPath> {
    let mut parts = name.split('.');
    let (field, definition) =
        class.known(parts.next()?).filter(|(field, _)| !is_write_only(&class.name, field))?;
    Some(FieldPath {
        field: field.clone(),
        kind: definition.kind.clone(),
        path: parts.map(str::to_owned).collect(),
    })
}

fn resolve_field(name: &str, conditions: &[Condition], class: &ClassSchema) -> Result<Where> {
    let Some(path) = field_path(name, class) else { return Ok(resolve_unknown(conditions)) };
    let mut parts = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let is_relation = matches!(path.kind, FieldType::Relation(_));
        parts.push(match is_relation {
            true => resolve_relation(&path.field, condition),
            false => Where::Field(path.clone(), resolve_condition(&path, condition)?),
        });
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Where::All(parts) })
}

/// The class does not have the field: only "does not exist" holds.
fn resolve_unknown(conditions: &[Condition]) -> Where {
    let absent = |condition: &Condition| {
        matches!(
            condition,
            Condition::Exists(false) | Condition::Compare(Comparison::Equal, Json::Null)
        )
    };
    if conditions.iter().all(absent) { Where::Everything } else { Where::Nothing }
}

/// A relation can be asked which objects it has.
fn resolve_relation(field: &FieldName, condition: &Condition) -> Where {
    let ids = |values: &[Json]| -> Vec<ObjectId> {
        let id = |json: &Json| {
            wire::read_pointer(json)
                .map(|pointer| pointer.id)
                .or_else(|| json.as_str().map(ObjectId::from))
        };
        values.iter().filter_map(id).collect()
    };
    if let Condition::Compare(Comparison::Equal, value) = condition {
        return Where::Relates(field.clone(), ids(std::slice::from_ref(value)));
    }
    if let Condition::Compare(Comparison::NotEqual, value) = condition {
        return Where::NotRelates(field.clone(), ids(std::slice::from_ref(value)));
    }
    if let Condition::In(values) = condition {
        return Where::Relates(field.clone(), ids(values));
    }
    if let Condition::NotIn(values) = condition {
        return Where::NotRelates(field.clone(), ids(values));
    }
    // All else is said of no relation, as in the original.
    Where::Nothing
}

fn resolve_condition(path: &FieldPath, condition: &Condition) -> Result<Test> {
    match condition {
        Condition::Compare(comparison, json) => resolve_comparison(path, *comparison, json),
        Condition::In(values) => {
            let or_null = values.is_empty() || values.iter().any(Json::is_null);
            Ok(Test::In { values: literals(path, values, "$in")?, or_null })
        }
        Condition::NotIn(values) => {
            let literals = literals(path, values, "$nin")?;
            Ok(if values.is_empty() { Test::Not(vec![Test::Never]) } else { Test::NotIn(literals) })
        }
        Condition::Exists(exists) => Ok(Test::Exists(*exists)),
        Condition::All(values) if is_array(path) => {
            Ok(if values.is_empty() { Test::Never } else { Test::All(values.clone()) })
        }
        Condition::AllRegex(patterns) if is_array(path) => Ok(Test::AllRegex(patterns.clone())),
        Condition::ContainedBy(values) if is_array(path) => Ok(Test::ContainedBy(values.clone())),
        Condition::Regex(pattern) if is_text(path) || is_array(path) => {
            Ok(Test::Regex(pattern.clone()))
        }
        Condition::Text(search) if is_text(path) => Ok(Test::Text(search.clone())),
        Condition::Near(centre, radians) if path.kind == FieldType::GeoPoint => {
            Ok(Test::Near(*centre, *radians))
        }
        Condition::InBox(low, high) if path.kind == FieldType::GeoPoint => {
            Ok(Test::InBox(*low, *high))
        }
        Condition::InPolygon(polygon) if path.kind == FieldType::GeoPoint => {
            Ok(Test::InPolygon(polygon.clone()))
        }
        Condition::InSphere(centre, radians) if path.kind == FieldType::GeoPoint => {
            Ok(Test::InSphere(*centre, *radians))
        }
        Condition::Intersects(point) if path.kind == FieldType::Polygon => {
            Ok(Test::Intersects(*point))
        }
        Condition::Not(conditions) => {
            let tests: Result<Vec<Test>> =
                conditions.iter().map(|condition| resolve_condition(path, condition)).collect();
            Ok(Test::Not(tests?))
        }
        Condition::InQuery(_)
        | Condition::NotInQuery(_)
        | Condition::Select(..)
        | Condition::DontSelect(..) => {
            Err(Error::new(Code::InvalidQuery, "a query can not be nested here"))
        }
        Condition::All(_)
        | Condition::AllRegex(_)
        | Condition::ContainedBy(_)
        | Condition::Regex(_)
        | Condition::Text(_)
        | Condition::Near(..)
        | Condition::InBox(..)
        | Condition::InPolygon(_)
        | Condition::InSphere(..)
        | Condition::Intersects(_)
        | Condition::Never => Ok(Test::Never),
    }
}

/// Whether the path leads to the array itself. Inside an object the type is not known, so a path into one
/// counts for both.
fn is_array(path: &FieldPath) -> bool {
    path.kind == FieldType::Array || !path.path.is_empty()
}

fn is_text(path: &FieldPath) -> bool {
    path.kind == FieldType::String || !path.path.is_empty()
}

fn resolve_comparison(path: &FieldPath, comparison: Comparison, json: &Json) -> Result<Test> {
    if json.is_null() {
        return Ok(match comparison {
            Comparison::Equal => Test::Exists(false),
            Comparison::NotEqual => Test::Exists(true),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => Test::Never,
        });
    }
    if path.kind == FieldType::Array && path.path.is_empty() && json.as_array().is_none() {
        return Ok(match comparison {
            Comparison::Equal => Test::Contains(json.clone()),
            Comparison::NotEqual => Test::NotIn(vec![Value::plain(json)]),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => Test::Never,
        });
    }
    match (literal(path, json), comparison) {
        (Some(value), _) => Ok(Test::Compare(comparison, value)),
        (None, Comparison::NotEqual) => Ok(Test::Not(vec![Test::Never])),
        (None, _) => Ok(Test::Never),
    }
}

fn literals(path: &FieldPath, values: &[Json], operator: &str) -> Result<Vec<Value>> {
    let mut literals = Vec::with_capacity(values.len());
    for json in values.iter().filter(|json| !json.is_null()) {
        if path.kind == FieldType::String && path.path.is_empty() && json.as_str().is_none() {
            return Err(Error::new(
                Code::InvalidQuery,
                format!(
                    "{operator} element type mismatch: expected string for field \"{}\"",
                    path.field
                ),
            ));
        }
        literals.extend(literal(path, json));
    }
    Ok(literals)
}

/// The literal as a value of the field's type, or nothing if it can not be equal to any.
///
/// A number or a boolean may be written as text, a date as its bare ISO text, a pointer as its id.
pub(super) fn literal(path: &FieldPath, json: &Json) -> Option<Value> {
    if !path.path.is_empty() {
        return Some(Value::plain(json));
    }
    match (&path.kind, json) {
        (FieldType::String, Json::String(text)) => Some(Value::String(text.clone())),
        (FieldType::Number, Json::Number(number)) => Some(Value::Number(*number)),
        (FieldType::Number, Json::String(text)) => {
            text.trim().parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Number)
        }
        (FieldType::Boolean, Json::Bool(flag)) => Some(Value::Bool(*flag)),
        (FieldType::Boolean, Json::String(text)) => text.parse().ok().map(Value::Bool),
        (FieldType::Date, Json::String(text)) => Date::parse(text).map(Value::Date),
        (FieldType::Pointer(_), Json::String(id)) => pointer_literal(&path.kind, id),
        (FieldType::File, Json::String(name)) => Some(Value::File(name.clone())),
        (FieldType::Array | FieldType::Object, json) => Some(Value::plain(json)),
        (kind, Json::Object(_)) => {
            let value = wire::read_value(json.clone()).ok()?;
            (FieldType::of(&value).as_ref() == Some(kind)).then_some(value)
        }
        _ => None,
    }
}

fn pointer_literal(kind: &FieldType, id: &str) -> Option<Value> {
    let class = kind.target()?.clone();
    Some(Value::Pointer(crate::value::Pointer { class, id: ObjectId::from(id) }))
}

/// Resolves an order. Names that no field can have are refused, fields that the class does not have are
/// left out.
pub fn resolve_order(keys: &[OrderKey], class: &ClassSchema) -> Result<Vec<OrderBy>> {
    let mut order = Vec::with_capacity(keys.len());
    for key in keys {
        if key.name == SCORE {
            order.push(OrderBy::Score);
            continue;
        }
        let name = match key.name.as_str() {
            "_created_at" => "createdAt",
            "_updated_at" => "updatedAt",
            name => name,
        };
        let first = name.split('.').next().unwrap_or_default();
        if !is_field_name(first) || name.split('.').any(str::is_empty) {
            return Err(Error::new(
                Code::InvalidKeyName,
                format!("Invalid field name: {}.", key.name),
            ));
        }
        let Some(path) = field_path(name, class) else { continue };
        if matches!(
            path.kind,
            FieldType::GeoPoint | FieldType::Polygon | FieldType::Relation(_) | FieldType::Acl
        ) {
            return Err(Error::new(
                Code::InvalidQuery,
                format!("{} fields have no order: {}", path.kind.name(), key.name),
            ));
        }
        let direction = if key.descending { Direction::Descending } else { Direction::Ascending };
        order.push(OrderBy::Field(path, direction));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse_filter;
    use crate::schema::Field;

    fn class() -> ClassSchema {
        let mut class = ClassSchema::new(ClassName::from("Person"));
        for (name, kind) in [
            ("name", FieldType::String),
            ("age", FieldType::Number),
            ("born", FieldType::Date),
            ("tags", FieldType::Array),
            ("city", FieldType::Pointer(ClassName::from("City"))),
            ("friends", FieldType::Relation(ClassName::from("Person"))),
        ] {
            class.fields.insert(FieldName::from(name), Field::plain(kind));
        }
        class
    }

    fn test_of(text: &str) -> Test {
        let resolved =
            resolve(&parse_filter(&Json::parse(text.as_bytes()).unwrap()).unwrap(), &class())
                .unwrap();
        let Where::Field(_, test) = resolved else { panic!("{text}: {resolved:?}") };
        test
    }

    #[test]
    fn literals_get_the_type_of_the_field() {
        let equal = |value| Test::Compare(Comparison::Equal, value);
        assert_eq!(test_of(r#"{"age":"30"}"#), equal(Value::Number(30.0)));
        assert_eq!(
            test_of(r#"{"born":"2014-01-01"}"#),
            equal(Value::Date(Date::parse("2014-01-01").unwrap()))
        );
        assert_eq!(test_of(r#"{"name":5}"#), Test::Never);
        assert_eq!(test_of(r#"{"tags":"b"}"#), Test::Contains(Json::from("b")));
        assert_eq!(
            test_of(r#"{"city":{"__type":"Pointer","className":"Country","objectId":"x"}}"#),
            Test::Never
        );
        assert_eq!(test_of(r#"{"age":null}"#), Test::Exists(false));
    }

    #[test]
    fn unknown_fields_are_empty() {
        for (text, expected) in [
            (r#"{"nothing":1}"#, Where::Nothing),
            (r#"{"nothing":{"$ne":1}}"#, Where::Nothing),
            (r#"{"nothing":{"$exists":false}}"#, Where::Everything),
        ] {
            let filter = parse_filter(&Json::parse(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(resolve(&filter, &class()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_malformed_order_is_refused() {
        for (name, ok) in
            [("age", true), ("nothing", true), ("bad-name", false), ("", false), ("info.k", true)]
        {
            let key = OrderKey { name: name.to_owned(), descending: false };
            assert_eq!(resolve_order(&[key], &class()).is_ok(), ok, "{name}");
        }
    }
}
