//! What a client asks to do to the fields of an object.

use super::{FieldName, Json, Pointer, Value};

/// Which field an operation changes, and where inside it if the key was dotted (`info.address.city`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The field.
    pub field: FieldName,
    /// The way into an object field; empty for the field itself.
    pub path: Vec<String>,
}

impl Key {
    /// The key of a whole field.
    pub fn field(name: &str) -> Self {
        Self { field: FieldName::from(name), path: Vec::new() }
    }
}

/// One operation on one field (`Parse-SDK-JS:src/ParseOp.ts` names them).
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Replace the value.
    Set(Value),
    /// Set the value if the object is created by this request.
    SetOnInsert(Value),
    /// Remove the value.
    Delete,
    /// Add to a number; without an amount the field is emptied.
    Increment(Option<f64>),
    /// Append elements to an array; without elements nothing is added.
    Add(Option<Vec<Json>>),
    /// Append the elements that the array does not have.
    AddUnique(Option<Vec<Json>>),
    /// Remove equal elements from an array.
    Remove(Option<Vec<Json>>),
    /// Add to and remove from a relation, in this order.
    Relate {
        /// Objects to add.
        add: Vec<Pointer>,
        /// Objects to remove.
        remove: Vec<Pointer>,
    },
}

/// The operations of one request, in the order in which the client wrote them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(Key, Op)>);

impl Fields {
    /// Adds an operation; a later one on the same key replaces an earlier one.
    pub fn put(&mut self, key: Key, op: Op) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some(entry) => entry.1 = op,
            None => self.0.push((key, op)),
        }
    }

    /// Sets a whole field.
    pub fn set(&mut self, name: &str, value: Value) {
        self.put(Key::field(name), Op::Set(value));
    }

    /// Takes an operation on a whole field out.
    pub fn take(&mut self, name: &str) -> Option<Op> {
        let at = self.0.iter().position(|(key, _)| key.field == *name && key.path.is_empty())?;
        Some(self.0.remove(at).1)
    }

    /// Keeps only some operations.
    pub fn retain(&mut self, keep: impl Fn(&Op) -> bool) {
        self.0.retain(|(_, op)| keep(op));
    }

    /// The operation on a whole field.
    pub fn get(&self, name: &str) -> Option<&Op> {
        self.0.iter().find(|(key, _)| key.field == *name && key.path.is_empty()).map(|(_, op)| op)
    }

    /// All operations.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Op)> {
        self.0.iter().map(|(key, op)| (key, op))
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Fields {
    type Item = (Key, Op);
    type IntoIter = std::vec::IntoIter<(Key, Op)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
