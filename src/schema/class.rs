//! A class as it is in force, and all classes together.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{ClassPermissions, Field, FieldType, system_classes};
use crate::value::{ClassName, FieldName, Json, Members};

/// The fields of a class, in their order.
pub type FieldMap = IndexMap<FieldName, Field>;

/// The indexes of a class: a name, and the fields with their direction (`1`, `-1`) or kind (`text`, `2dsphere`).
pub type IndexMapByName = IndexMap<String, Members>;

/// Of so many fields, one is found sooner by looking at all of their names than by a hash of the name.
const FIELDS_COMPARED: usize = 20;

/// A class: what its objects hold and who may do what with them.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassSchema {
    /// Its name.
    pub name: ClassName,
    /// Its fields, with those that every object has.
    pub fields: FieldMap,
    /// Who may do what.
    pub permissions: ClassPermissions,
    /// The indexes that were asked for.
    pub indexes: IndexMapByName,
}

impl ClassSchema {
    /// A class without fields of its own.
    pub fn new(name: ClassName) -> Self {
        let fields = system_classes::default_fields(&name).collect();
        Self { name, fields, permissions: ClassPermissions::open(), indexes: IndexMapByName::new() }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.known(name).map(|(_, field)| field)
    }

    /// The type of the field of that name.
    pub fn kind(&self, name: &str) -> Option<&FieldType> {
        self.known(name).map(|(_, field)| &field.kind)
    }

    /// The field as the schema has it: names that come out of this function, and no others, may reach a
    /// database as identifiers.
    pub fn known(&self, name: &str) -> Option<(&FieldName, &Field)> {
        if self.fields.len() > FIELDS_COMPARED {
            return self.fields.get_key_value(name);
        }
        self.fields.iter().find(|(known, _)| **known == *name)
    }

    /// The column of that name: of a field, or one that only the server uses.
    pub fn column(&self, name: &str) -> Option<(&FieldName, &Field)> {
        self.known(name)
            .or_else(|| system_classes::server_fields(&self.name).get_key_value(name))
            .or_else(|| system_classes::raw_field(&self.name, name))
    }

    /// All columns: the fields, then those that only the server uses.
    pub fn columns(&self) -> impl Iterator<Item = (&FieldName, &Field)> {
        self.fields.iter().chain(system_classes::server_fields(&self.name))
    }

    /// The relation fields with their target classes.
    pub fn relations(&self) -> impl Iterator<Item = (&FieldName, &ClassName)> {
        self.fields.iter().filter_map(|(name, field)| {
            let FieldType::Relation(class) = &field.kind else { return None };
            Some((name, class))
        })
    }

    /// The pointer fields with their target classes.
    pub fn pointers(&self) -> impl Iterator<Item = (&FieldName, &ClassName)> {
        self.fields.iter().filter_map(|(name, field)| {
            let FieldType::Pointer(class) = &field.kind else { return None };
            Some((name, class))
        })
    }

    /// The wire form of the schemas API.
    pub fn to_json(&self) -> Json {
        let mut members = Members::new();
        members.insert("className".to_owned(), Json::from(self.name.as_str()));
        let fields =
            self.fields.iter().map(|(name, field)| (name.to_string(), field.to_json())).collect();
        members.insert("fields".to_owned(), Json::Object(fields));
        members.insert("classLevelPermissions".to_owned(), self.permissions.to_json());
        if !self.indexes.is_empty() {
            let indexes = self
                .indexes
                .iter()
                .map(|(name, keys)| (name.clone(), Json::Object(keys.clone())))
                .collect();
            members.insert("indexes".to_owned(), Json::Object(indexes));
        }
        Json::Object(members)
    }
}

/// All classes at one moment. A request takes one at its start and keeps it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    version: u64,
    classes: HashMap<ClassName, Arc<ClassSchema>>,
    order: Vec<ClassName>,
}

impl Snapshot {
    /// The classes that storage holds, in the order in which they were made.
    pub fn new(version: u64, classes: impl IntoIterator<Item = ClassSchema>) -> Self {
        let mut snapshot = Self { version, ..Self::default() };
        for class in classes {
            snapshot.order.push(class.name.clone());
            snapshot.classes.insert(class.name.clone(), Arc::new(class));
        }
        snapshot
    }

    /// The same classes with one of them put in or replaced.
    #[must_use]
    pub fn with(&self, version: u64, class: ClassSchema) -> Self {
        let mut next = self.clone();
        next.version = version;
        if !next.classes.contains_key(&class.name) {
            next.order.push(class.name.clone());
        }
        next.classes.insert(class.name.clone(), Arc::new(class));
        next
    }

    /// The same classes without one of them.
    #[must_use]
    pub fn without(&self, version: u64, class: &ClassName) -> Self {
        let mut next = self.clone();
        next.version = version;
        next.classes.remove(class);
        next.order.retain(|name| name != class);
        next
    }

    /// The same classes, and those that are as they were in another snapshot are the same in memory.
    #[must_use]
    pub fn sharing(mut self, other: &Self) -> Self {
        for (name, class) in &mut self.classes {
            if let Some(known) = other.classes.get(name).filter(|known| *known == class) {
                *class = Arc::clone(known);
            }
        }
        self
    }

    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The class of that name.
    pub fn class(&self, name: &str) -> Option<&Arc<ClassSchema>> {
        self.classes.get(name)
    }

    /// All classes, oldest first.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<ClassSchema>> {
        self.order.iter().filter_map(|name| self.classes.get(name))
    }
}
