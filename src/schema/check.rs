//! Whether given fields fit a class, and what they become: a [`Row`] that storage can take.

use super::{ClassSchema, Field, FieldType, is_class_name, is_field_name};
use crate::error::{Code, Error, Result};
use crate::value::{ClassName, FieldName, Fields, Json, Key, ObjectId, Op, Pointer, Value};

/// The type that an operation wants its field to have; `None` if any will do.
fn wanted_type(key: &Key, op: &Op) -> Result<Option<FieldType>> {
    if !key.path.is_empty() {
        return Ok(Some(FieldType::Object));
    }
    match op {
        Op::Set(value) | Op::SetOnInsert(value) => Ok(FieldType::of(value)),
        Op::Delete => Ok(None),
        Op::Increment(_) => Ok(Some(FieldType::Number)),
        Op::Add(_) | Op::AddUnique(_) | Op::Remove(_) => Ok(Some(FieldType::Array)),
        Op::Relate { add, remove } => relation_type(add.iter().chain(remove)),
    }
}

fn relation_type<'a>(mut pointers: impl Iterator<Item = &'a Pointer>) -> Result<Option<FieldType>> {
    let Some(first) = pointers.next() else { return Ok(None) };
    if let Some(other) = pointers.find(|pointer| pointer.class != first.class) {
        return Err(Error::new(
            Code::IncorrectType,
            format!("a relation leads to one class, but got {} and {}", first.class, other.class),
        ));
    }
    Ok(Some(FieldType::Relation(first.class.clone())))
}

/// Checks every operation against the type of its field.
pub fn check_types(class: &ClassSchema, fields: &Fields) -> Result<()> {
    infer_fields(class, fields).map(|_| ())
}

/// Checks every operation against the type of its field, and names the fields that the class would need
/// besides those it has.
pub fn infer_fields(class: &ClassSchema, fields: &Fields) -> Result<Vec<(FieldName, Field)>> {
    let mut fresh: Vec<(FieldName, Field)> = Vec::new();
    for (key, op) in fields.iter() {
        if class.field(&key.field).is_none() && !is_field_name(&key.field) {
            return Err(Error::new(
                Code::InvalidKeyName,
                format!("Invalid field name: {}.", key.field),
            ));
        }
        let Some(wanted) = wanted_type(key, op)? else { continue };
        let known = fresh.iter().find(|(name, _)| *name == key.field).map(|(_, field)| &field.kind);
        match class.kind(&key.field).or(known) {
            Some(kind) if fits(kind, &wanted) => {}
            Some(kind) => {
                return Err(Error::type_mismatch(
                    format_args!("{}.{}", class.name, key.field),
                    kind,
                    wanted,
                ));
            }
            None if wanted.target().is_some_and(|class| !is_class_name(class)) => {
                let class = wanted.target().map(|class| class.as_str()).unwrap_or_default();
                return Err(Error::invalid_class_name(class));
            }
            None => fresh.push((key.field.clone(), Field::plain(wanted))),
        }
    }
    Ok(fresh)
}

fn fits(kind: &FieldType, wanted: &FieldType) -> bool {
    kind == wanted
}

/// What becomes of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Assign {
    /// The column gets this value; `Null` empties it.
    Set(Value),
    /// The number grows; an empty column counts as 0.
    Increment(f64),
    /// The elements are appended; an empty column counts as `[]`.
    Add(Vec<Json>),
    /// The elements that are not there yet are appended.
    AddUnique(Vec<Json>),
    /// Equal elements are removed.
    Remove(Vec<Json>),
    /// A member inside an object column is set.
    SetPath(Vec<String>, Json),
    /// A number inside an object column grows.
    IncrementPath(Vec<String>, f64),
    /// A member inside an object column is removed.
    UnsetPath(Vec<String>),
}

impl Assign {
    /// Whether the new value depends on the old one, so that only storage can tell it.
    pub fn is_relative(&self) -> bool {
        match self {
            Self::Set(_) | Self::SetPath(..) | Self::UnsetPath(_) => false,
            Self::Increment(_)
            | Self::Add(_)
            | Self::AddUnique(_)
            | Self::Remove(_)
            | Self::IncrementPath(..) => true,
        }
    }
}

/// Objects to add to and remove from one relation of the object.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationChange {
    /// The relation field.
    pub field: FieldName,
    /// The class it leads to.
    pub target: ClassName,
    /// Objects to add; one that is there already is left alone.
    pub add: Vec<ObjectId>,
    /// Objects to remove; one that is not there is left alone.
    pub remove: Vec<ObjectId>,
}

/// Checked changes of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Columns with what becomes of them. Several entries of one column differ in their path.
    pub columns: Vec<(FieldName, Assign)>,
    /// Relations with what becomes of them.
    pub relations: Vec<RelationChange>,
}

impl Row {
    /// The row of an object to be created. `class` must have all the fields.
    pub fn of_new(class: &ClassSchema, fields: Fields) -> Result<Self> {
        let mut row = Self::default();
        for (key, op) in fields {
            let Some((name, field)) = class.known(&key.field) else { continue };
            if !key.path.is_empty() {
                return Err(Error::new(
                    Code::InvalidKeyName,
                    format!("Invalid field name: {}.{}.", name, key.path.join(".")),
                ));
            }
            let no_objects = || Error::new(Code::InvalidJson, "objects to add must be an array");
            let value = match op {
                Op::Set(value) | Op::SetOnInsert(value) => value,
                Op::Delete => continue,
                Op::Increment(amount) => Value::Number(amount.ok_or_else(no_objects)?),
                Op::Add(elements) | Op::AddUnique(elements) => {
                    Value::Array(elements.ok_or_else(no_objects)?)
                }
                Op::Remove(_) => Value::Array(Vec::new()),
                Op::Relate { add, remove } => {
                    row.relate(name, field, add, remove);
                    continue;
                }
            };
            row.put(name, field, Assign::Set(value));
        }
        Ok(row)
    }

    /// The changes of an object that exists. `class` must have all the fields; operations that need none
    /// (deleting what the class does not have) fall away.
    pub fn of_change(class: &ClassSchema, fields: Fields) -> Self {
        let mut row = Self::default();
        for (key, op) in fields {
            let Some((name, field)) = class.known(&key.field) else { continue };
            let path = key.path;
            let assign = match op {
                Op::Set(value) if path.is_empty() => Assign::Set(value),
                Op::Set(value) => Assign::SetPath(path, crate::value::wire::value_to_json(&value)),
                Op::SetOnInsert(_) => continue,
                Op::Delete | Op::Increment(None) if path.is_empty() => Assign::Set(Value::Null),
                Op::Delete | Op::Increment(None) => Assign::UnsetPath(path),
                Op::Increment(Some(amount)) if path.is_empty() => Assign::Increment(amount),
                Op::Increment(Some(amount)) => Assign::IncrementPath(path, amount),
                Op::Add(elements) => Assign::Add(elements.unwrap_or_default()),
                Op::AddUnique(elements) => Assign::AddUnique(elements.unwrap_or_default()),
                Op::Remove(elements) => Assign::Remove(elements.unwrap_or_default()),
                Op::Relate { add, remove } => {
                    row.relate(name, field, add, remove);
                    continue;
                }
            };
            row.put(name, field, assign);
        }
        row
    }

    fn put(&mut self, name: &FieldName, field: &Field, assign: Assign) {
        // A pointer without an id is accepted and leads nowhere, like no pointer at all.
        let leads_nowhere =
            matches!(&assign, Assign::Set(Value::Pointer(pointer)) if pointer.id.is_empty());
        let assign = if leads_nowhere { Assign::Set(Value::Null) } else { assign };
        if !matches!(field.kind, FieldType::Relation(_)) {
            self.columns.push((name.clone(), assign));
        }
    }

    fn relate(&mut self, name: &FieldName, field: &Field, add: Vec<Pointer>, remove: Vec<Pointer>) {
        let FieldType::Relation(target) = &field.kind else { return };
        let ids = |pointers: Vec<Pointer>| pointers.into_iter().map(|pointer| pointer.id).collect();
        self.relations.push(RelationChange {
            field: name.clone(),
            target: target.clone(),
            add: ids(add),
            remove: ids(remove),
        });
    }

    /// The value that a column is set to.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.columns.iter().find_map(|(field, assign)| {
            let Assign::Set(value) = assign else { return None };
            (*field == *name).then_some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::wire::read_entry;

    fn class() -> ClassSchema {
        let mut class = ClassSchema::new(ClassName::from("Typed"));
        let kinds = [
            ("s", FieldType::String),
            ("n", FieldType::Number),
            ("a", FieldType::Array),
            ("o", FieldType::Object),
            ("ptr", FieldType::Pointer(ClassName::from("Typed"))),
            ("rel", FieldType::Relation(ClassName::from("Typed"))),
        ];
        for (name, kind) in kinds {
            class.fields.insert(FieldName::from(name), Field::plain(kind));
        }
        class
    }

    fn fields(text: &str) -> Fields {
        let mut fields = Fields::default();
        for (name, json) in Json::parse(text.as_bytes()).unwrap().as_object().unwrap() {
            let (key, op) = read_entry(name, json.clone()).unwrap();
            fields.put(key, op);
        }
        fields
    }

    fn check_refused(text: &str, expected: &str) {
        let refused = infer_fields(&class(), &fields(text)).unwrap_err();
        assert_eq!(refused.text(), expected, "{text}");
    }

    #[test]
    fn mismatches_have_the_contract_s_texts() {
        check_refused(r#"{"s":1}"#, "schema mismatch for Typed.s; expected String but got Number");
        check_refused(
            r#"{"a.b":"v"}"#,
            "schema mismatch for Typed.a; expected Array but got Object",
        );
        check_refused(r#"{"_x":"v"}"#, "Invalid field name: _x.");
        check_refused(r#"{"":"v"}"#, "Invalid field name: .");
        check_refused(
            r#"{"ptr":{"__type":"Pointer","className":"Other","objectId":"x"}}"#,
            "schema mismatch for Typed.ptr; expected Pointer<Typed> but got Pointer<Other>",
        );
        check_refused(
            r#"{"rel":{"__type":"Pointer","className":"Typed","objectId":"x"}}"#,
            "schema mismatch for Typed.rel; expected Relation<Typed> but got Pointer<Typed>",
        );
        check_refused(
            r#"{"n":{"__op":"Add","objects":[1]}}"#,
            "schema mismatch for Typed.n; expected Number but got Array",
        );
    }

    #[test]
    fn fresh_fields_are_inferred() {
        let fresh = infer_fields(
            &class(),
            &fields(r#"{"x":true,"gone":{"__op":"Delete"},"nothing":null,"s":"y"}"#),
        )
        .unwrap();
        assert_eq!(fresh, vec![(FieldName::from("x"), Field::plain(FieldType::Boolean))]);
    }

    #[test]
    fn operations_of_a_new_object_become_values() {
        let row = Row::of_new(
            &class(),
            fields(r#"{"n":{"__op":"Increment","amount":5},"a":{"__op":"Remove","objects":[1]}}"#),
        )
        .unwrap();
        assert_eq!(row.value("n"), Some(&Value::Number(5.0)));
        assert_eq!(row.value("a"), Some(&Value::Array(vec![])));
    }
}
