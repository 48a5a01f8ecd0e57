//! How a class changes: a schema request, checked, plus the class as it is, gives the class as it will be;
//! the difference of the two is what storage has to do.

use std::sync::Arc;

use super::{
    ClassPermissions, ClassSchema, Field, FieldMap, FieldType, IndexMapByName, is_class_name,
    is_default_field, is_field_name,
};
use crate::error::{Code, Error, Result};
use crate::value::{ClassName, FieldName, Json, Members, wire};

/// What a client of the schemas API asks.
#[derive(Clone, Debug, Default)]
pub struct SchemaRequest {
    /// Fields to add, to change or (`{"__op":"Delete"}`) to remove.
    pub fields: Members,
    /// New class-level permissions.
    pub permissions: Option<Json>,
    /// Indexes to add or (`{"__op":"Delete"}`) to remove.
    pub indexes: Members,
}

impl SchemaRequest {
    /// Reads the body of a request.
    pub fn read(body: &Members) -> Result<Self> {
        let members = |key: &str| match body.get(key) {
            None | Some(Json::Null) => Ok(Members::new()),
            Some(Json::Object(members)) => Ok(members.clone()),
            Some(_) => Err(Error::new(Code::InvalidJson, format!("{key} must be an object"))),
        };
        let permissions =
            body.get("classLevelPermissions").filter(|json| json.is_truthy()).cloned();
        Ok(Self { fields: members("fields")?, permissions, indexes: members("indexes")? })
    }
}

/// A change of one class: what it was and what it will be.
#[derive(Clone, Debug)]
pub struct ClassChange {
    /// The class as it is; `None` if it does not exist.
    pub before: Option<Arc<ClassSchema>>,
    /// The class as it will be; `None` if it goes.
    pub after: Option<ClassSchema>,
}

/// What happens to one field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldChange<'a> {
    /// The class gets it.
    Add(&'a FieldName, &'a FieldType),
    /// The class loses it, with all values.
    Remove(&'a FieldName, &'a FieldType),
}

impl ClassChange {
    /// A new class, as a schema request asks for it.
    pub fn create(name: &str, request: &SchemaRequest) -> Result<Self> {
        if !is_class_name(name) {
            return Err(Error::invalid_class_name(name));
        }
        let mut class = ClassSchema::new(ClassName::from(name));
        for (field, json) in &request.fields {
            let (field, definition) = read_field(&class.name, field, json)?;
            class.fields.insert(field, definition);
        }
        check_points(&class.fields)?;
        if let Some(permissions) = &request.permissions {
            class.permissions = ClassPermissions::check(permissions, &class.fields)?;
        }
        for (name, keys) in &request.indexes {
            class.indexes.insert(name.clone(), read_index(keys, &class.fields)?);
        }
        Ok(Self { before: None, after: Some(class) })
    }

    /// A class with more fields than it had.
    pub fn add_fields(before: &Arc<ClassSchema>, fresh: Vec<(FieldName, Field)>) -> Self {
        let mut after = ClassSchema::clone(before);
        after.fields.extend(fresh);
        Self { before: Some(Arc::clone(before)), after: Some(after) }
    }

    /// A class that does not exist yet, with these fields.
    pub fn create_with(name: &ClassName, fresh: Vec<(FieldName, Field)>) -> Self {
        let mut after = ClassSchema::new(name.clone());
        after.fields.extend(fresh);
        Self { before: None, after: Some(after) }
    }

    /// A class that goes.
    pub fn remove(before: &Arc<ClassSchema>) -> Self {
        Self { before: Some(Arc::clone(before)), after: None }
    }

    /// A class that changes as a schema request asks.
    pub fn update(before: &Arc<ClassSchema>, request: &SchemaRequest) -> Result<Self> {
        let mut after = ClassSchema::clone(before);
        // What can not be at all comes before what is badly written, as in the original.
        request.fields.iter().try_for_each(|(name, json)| check_possible(before, name, json))?;
        for (name, json) in &request.fields {
            change_field(&mut after, name, json)?;
        }
        check_points(&after.fields)?;
        if let Some(permissions) = &request.permissions {
            after.permissions = ClassPermissions::check(permissions, &after.fields)?;
        }
        change_indexes(&mut after, &request.indexes)?;
        Ok(Self { before: Some(Arc::clone(before)), after: Some(after) })
    }

    /// The name of the class.
    pub fn class_name(&self) -> Option<&ClassName> {
        self.after
            .as_ref()
            .map(|class| &class.name)
            .or(self.before.as_ref().map(|class| &class.name))
    }

    /// The fields that come and go.
    pub fn fields(&self) -> Vec<FieldChange<'_>> {
        let (before, after) = (self.before.as_deref(), self.after.as_ref());
        let mut changes = Vec::new();
        for (name, field) in before.into_iter().flat_map(|class| &class.fields) {
            if after.and_then(|class| class.kind(name)) != Some(&field.kind) {
                changes.push(FieldChange::Remove(name, &field.kind));
            }
        }
        for (name, field) in after.into_iter().flat_map(|class| &class.fields) {
            if before.and_then(|class| class.kind(name)) != Some(&field.kind) {
                changes.push(FieldChange::Add(name, &field.kind));
            }
        }
        changes
    }

    /// The indexes that come.
    pub fn added_indexes(&self) -> impl Iterator<Item = (&String, &Members)> {
        let before = self.before.as_deref().map(|class| &class.indexes);
        let after = self.after.iter().flat_map(|class| &class.indexes);
        after
            .filter(move |(name, keys)| before.and_then(|indexes| indexes.get(*name)) != Some(keys))
    }

    /// The names of the indexes that go.
    pub fn removed_indexes(&self) -> impl Iterator<Item = &String> {
        let after = self.after.as_ref().map(|class| &class.indexes);
        let before = self.before.iter().flat_map(|class| class.indexes.keys());
        before.filter(move |name| !after.is_some_and(|indexes| indexes.contains_key(*name)))
    }
}

fn is_removal(json: &Json) -> bool {
    json.get("__op").and_then(Json::as_str) == Some("Delete")
}

/// A field that is there keeps its type; one that is not there can not go.
fn check_possible(class: &ClassSchema, name: &str, json: &Json) -> Result<()> {
    let impossible = |text: String| Err(Error::new(Code::InvalidSchemaOperation, text));
    match (class.field(name), is_removal(json)) {
        (None, true) => impossible(format!("Field {name} does not exist, cannot delete.")),
        (Some(known), false)
            if json.get("type").and_then(Json::as_str) != Some(known.kind.name()) =>
        {
            impossible(format!("Field {name} exists, cannot update."))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

fn change_field(class: &mut ClassSchema, name: &str, json: &Json) -> Result<()> {
    let is_default = is_default_field(&class.name, name);
    let Some(known) = class.field(name).map(|field| field.kind.clone()) else {
        let (field, definition) = read_field(&class.name, name, json)?;
        class.fields.insert(field, definition);
        return Ok(());
    };
    if is_removal(json) {
        if is_default {
            let text = format!("field {name} cannot be changed");
            return Err(Error::new(Code::ImmutableField, text));
        }
        class.fields.shift_remove(name);
        return Ok(());
    }
    if is_default {
        return Ok(());
    }
    let (field, definition) = read_field(&class.name, name, json)?;
    if definition.kind != known {
        let place = format_args!("{}.{name}", class.name);
        return Err(Error::type_mismatch(place, &known, definition.kind));
    }
    class.fields.insert(field, definition);
    Ok(())
}

/// Reads and checks the definition of a field.
fn read_field(class: &ClassName, name: &str, json: &Json) -> Result<(FieldName, Field)> {
    if !is_field_name(name) {
        return Err(Error::new(Code::InvalidKeyName, format!("invalid field name: {name}")));
    }
    if is_default_field(class, name) {
        return Err(Error::new(Code::ImmutableField, format!("field {name} cannot be added")));
    }
    let kind = read_type(json)?;
    let mut options = json.as_object().cloned().unwrap_or_default();
    options.shift_remove("type");
    options.shift_remove("targetClass");
    let default = match options.get("defaultValue") {
        None | Some(Json::Null) => None,
        Some(default) => Some(wire::read_value(default.clone())?),
    };
    if let Some(got) = default.as_ref().and_then(FieldType::of)
        && got != kind
    {
        return Err(Error::type_mismatch(format_args!("{class}.{name} default value"), &kind, got));
    }
    let required = options.get("required").is_some_and(Json::is_truthy);
    if required && matches!(kind, FieldType::Relation(_)) {
        return Err(Error::new(
            Code::IncorrectType,
            format!("The 'required' option is not applicable for {kind}"),
        ));
    }
    Ok((FieldName::from(name), Field { kind, required, default, options }))
}

fn read_type(json: &Json) -> Result<FieldType> {
    let invalid = || Error::new(Code::InvalidJson, "invalid JSON");
    let name = json.get("type").and_then(Json::as_str).ok_or_else(invalid)?;
    let target = || match json.get("targetClass") {
        None | Some(Json::Null) => {
            Err(Error::new(Code::MissingRequiredField, format!("type {name} needs a class name")))
        }
        Some(Json::String(class)) if is_class_name(class) => Ok(ClassName::from(class.as_str())),
        Some(Json::String(class)) => Err(Error::invalid_class_name(class)),
        Some(_) => Err(invalid()),
    };
    match name {
        "String" => Ok(FieldType::String),
        "Number" => Ok(FieldType::Number),
        "Boolean" => Ok(FieldType::Boolean),
        "Date" => Ok(FieldType::Date),
        "Object" => Ok(FieldType::Object),
        "Array" => Ok(FieldType::Array),
        "GeoPoint" => Ok(FieldType::GeoPoint),
        "Polygon" => Ok(FieldType::Polygon),
        "File" => Ok(FieldType::File),
        "Bytes" => Ok(FieldType::Bytes),
        "Pointer" => Ok(FieldType::Pointer(target()?)),
        "Relation" => Ok(FieldType::Relation(target()?)),
        _ => Err(Error::new(Code::IncorrectType, format!("invalid field type: {name}"))),
    }
}

/// A class has at most one point.
fn check_points(fields: &FieldMap) -> Result<()> {
    let mut points =
        fields.iter().filter(|(_, field)| field.kind == FieldType::GeoPoint).map(|(name, _)| name);
    match (points.next(), points.next()) {
        (Some(first), Some(second)) => Err(Error::new(
            Code::IncorrectType,
            format!(
                "currently, only one GeoPoint field may exist in an object. Adding {second} when {first} already exists."
            ),
        )),
        _ => Ok(()),
    }
}

fn read_index(keys: &Json, fields: &FieldMap) -> Result<Members> {
    let keys = keys
        .as_object()
        .ok_or_else(|| Error::new(Code::InvalidQuery, "an index must be an object of fields"))?;
    for name in keys.keys() {
        let stored = name.strip_prefix("_p_").unwrap_or(name);
        if !fields.contains_key(stored)
            && name != "_id"
            && name != "_created_at"
            && name != "_updated_at"
        {
            return Err(Error::new(
                Code::InvalidQuery,
                format!("Field {name} does not exist, cannot add index."),
            ));
        }
    }
    Ok(keys.clone())
}

fn change_indexes(class: &mut ClassSchema, wanted: &Members) -> Result<()> {
    let impossible = |text: String| Err(Error::new(Code::InvalidQuery, text));
    for (name, keys) in wanted {
        let goes = keys.get("__op").and_then(Json::as_str) == Some("Delete");
        match (class.indexes.contains_key(name), goes) {
            (true, false) => return impossible(format!("Index {name} exists, cannot update.")),
            (false, true) => {
                return impossible(format!("Index {name} does not exist, cannot delete."));
            }
            (true, true) => {
                class.indexes.shift_remove(name);
            }
            (false, false) => {
                let keys = read_index(keys, &class.fields)?;
                class.indexes.insert(name.clone(), keys);
            }
        }
    }
    if !wanted.is_empty() && !class.indexes.contains_key("_id_") {
        let mut indexes = IndexMapByName::new();
        indexes.insert("_id_".to_owned(), Members::from([("_id".to_owned(), Json::Number(1.0))]));
        indexes.append(&mut class.indexes);
        class.indexes = indexes;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> SchemaRequest {
        SchemaRequest::read(Json::parse(text.as_bytes()).unwrap().as_object().unwrap()).unwrap()
    }

    fn city() -> Arc<ClassSchema> {
        let change =
            ClassChange::create("City", &request(r#"{"fields":{"pop":{"type":"Number"}}}"#))
                .unwrap();
        Arc::new(change.after.unwrap())
    }

    fn check_refused(text: &str, code: i32, expected: &str) {
        let refused = ClassChange::update(&city(), &request(text)).unwrap_err();
        assert_eq!((refused.code() as i32, refused.text()), (code, expected), "{text}");
    }

    #[test]
    fn impossible_changes_are_refused() {
        check_refused(
            r#"{"fields":{"pop":{"type":"String"}}}"#,
            255,
            "Field pop exists, cannot update.",
        );
        check_refused(
            r#"{"fields":{"never":{"__op":"Delete"}}}"#,
            255,
            "Field never does not exist, cannot delete.",
        );
        check_refused(
            r#"{"fields":{"objectId":{"__op":"Delete"}}}"#,
            136,
            "field objectId cannot be changed",
        );
        check_refused(r#"{"fields":{"x":{"type":"Nope"}}}"#, 111, "invalid field type: Nope");
        check_refused(
            r#"{"fields":{"x":{"type":"Pointer"}}}"#,
            135,
            "type Pointer needs a class name",
        );
        check_refused(
            r#"{"indexes":{"bad":{"nofield":1}}}"#,
            102,
            "Field nofield does not exist, cannot add index.",
        );
    }

    #[test]
    fn a_change_is_the_difference_of_two_classes() {
        let change = ClassChange::update(
            &city(),
            &request(r#"{"fields":{"pop":{"__op":"Delete"},"label":{"type":"String"}}}"#),
        )
        .unwrap();
        let (pop, label) = (FieldName::from("pop"), FieldName::from("label"));
        assert_eq!(
            change.fields(),
            vec![
                FieldChange::Remove(&pop, &FieldType::Number),
                FieldChange::Add(&label, &FieldType::String)
            ]
        );
    }
}
