//! How a class is described in the table of classes: as the schemas API shows it, or as the original stores it.

use crate::error::{Error, Result};
use crate::schema::{ClassPermissions, ClassSchema, Field, FieldMap, FieldType, IndexMapByName};
use crate::value::{ClassName, FieldName, Json, Members, wire};

/// Reads a description that [`ClassSchema::to_json`] wrote.
pub fn read_class(name: &str, text: &str) -> Result<ClassSchema> {
    let json = Json::parse(text.as_bytes()).map_err(Error::internal)?;
    let mut fields = FieldMap::new();
    for (field, definition) in members(&json, "fields") {
        let kind = read_type(definition).ok_or_else(|| {
            Error::internal(format!(
                "the description of {name}.{field} can not be read: {definition}"
            ))
        })?;
        fields.insert(FieldName::from(field.as_str()), read_field(kind, definition));
    }
    let permissions = json
        .get("classLevelPermissions")
        .map_or_else(ClassPermissions::open, ClassPermissions::from_stored);
    let indexes = read_indexes(&json);
    Ok(ClassSchema { name: ClassName::from(name), fields, permissions, indexes })
}

/// Writes a description as the original stores it: without `ACL`, which every class has, but with the columns that
/// hold it; of a password, with the column of its hash; without permissions that nobody restricted.
pub fn class_text(class: &ClassSchema) -> String {
    let texts = || {
        let contents = Json::from([("type", Json::from("String"))]);
        Json::from([("type", Json::from("Array")), ("contents", contents)])
    };
    let mut fields: Members = class
        .fields
        .iter()
        .filter(|(_, field)| field.kind != FieldType::Acl)
        .map(|(name, field)| (stored_field(&class.name, name).to_owned(), field.to_json()))
        .collect();
    fields.insert("_rperm".to_owned(), texts());
    fields.insert("_wperm".to_owned(), texts());
    let mut members = Members::new();
    members.insert("className".to_owned(), Json::from(class.name.as_str()));
    members.insert("fields".to_owned(), Json::Object(fields));
    if class.permissions != ClassPermissions::open() {
        members.insert("classLevelPermissions".to_owned(), class.permissions.to_json());
    }
    if !class.indexes.is_empty() {
        let indexes = class.indexes.iter();
        let indexes = indexes.map(|(name, keys)| (name.clone(), Json::Object(keys.clone())));
        members.insert("indexes".to_owned(), Json::Object(indexes.collect()));
    }
    Json::Object(members).to_text()
}

/// Reads a description that [`class_text`] wrote, or the original, and says which of its fields can not be read and are
/// left out. Fields that every object has come first; the order of the others is that of the text.
pub fn read_class_text(name: &str, text: &str) -> Result<(ClassSchema, Vec<String>)> {
    let json = Json::parse(text.as_bytes()).map_err(Error::internal)?;
    let mut class = ClassSchema::new(ClassName::from(name));
    let mut unreadable = Vec::new();
    for (field, definition) in members(&json, "fields") {
        if is_column_only(&class.name, field) {
            continue;
        }
        match read_type(definition) {
            Some(kind) => {
                let field = FieldName::from(shown_name(&class.name, field));
                class.fields.insert(field, read_field(kind, definition));
            }
            None => unreadable.push(field.clone()),
        }
    }
    if let Some(given) = json.get("classLevelPermissions").filter(|json| json.as_object().is_some())
    {
        class.permissions = ClassPermissions::from_partial(given);
    }
    class.indexes = read_indexes(&json);
    if let Some(at) = class.indexes.get_index_of("_id_") {
        class.indexes.move_index(at, 0);
    }
    Ok((class, unreadable))
}

const HASH: &str = "_hashed_password";

/// What a field is called in the description and in the table of its class.
pub fn stored_field<'n>(class: &ClassName, field: &'n str) -> &'n str {
    if *class == "_User" && field == "password" { HASH } else { field }
}

fn shown_name<'n>(class: &ClassName, field: &'n str) -> &'n str {
    if *class == "_User" && field == HASH { "password" } else { field }
}

/// Whether what looks like a field is a column of the server's: no field starts with `_`.
fn is_column_only(class: &ClassName, field: &str) -> bool {
    field.starts_with('_') && shown_name(class, field) == field
}

fn members<'j>(json: &'j Json, key: &str) -> impl Iterator<Item = (&'j String, &'j Json)> {
    json.get(key).and_then(Json::as_object).into_iter().flatten()
}

fn read_indexes(json: &Json) -> IndexMapByName {
    let keys = |(name, keys): (&String, &Json)| {
        (name.clone(), keys.as_object().cloned().unwrap_or_default())
    };
    members(json, "indexes").map(keys).collect()
}

fn read_field(kind: FieldType, definition: &Json) -> Field {
    let mut options = definition.as_object().cloned().unwrap_or_default();
    options.shift_remove("type");
    options.shift_remove("targetClass");
    let default = options.get("defaultValue").filter(|json| !json.is_null()).cloned();
    Field {
        kind,
        required: options.get("required").is_some_and(Json::is_truthy),
        default: default.and_then(|json| wire::read_value(json).ok()),
        options,
    }
}

fn read_type(definition: &Json) -> Option<FieldType> {
    let target = || definition.get("targetClass").and_then(Json::as_str).map(ClassName::from);
    Some(match definition.get("type")?.as_str()? {
        "String" => FieldType::String,
        "Number" => FieldType::Number,
        "Boolean" => FieldType::Boolean,
        "Date" => FieldType::Date,
        "Object" => FieldType::Object,
        "Array" => FieldType::Array,
        "GeoPoint" => FieldType::GeoPoint,
        "Polygon" => FieldType::Polygon,
        "File" => FieldType::File,
        "Bytes" => FieldType::Bytes,
        "Pointer" => FieldType::Pointer(target()?),
        "Relation" => FieldType::Relation(target()?),
        "ACL" => FieldType::Acl,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let text = r#"{"className":"City","fields":{"objectId":{"type":"String"},"createdAt":{"type":"Date"},"updatedAt":{"type":"Date"},"ACL":{"type":"ACL"},"name":{"type":"String","required":true,"defaultValue":"x"},"country":{"type":"Pointer","targetClass":"Country"},"born":{"type":"Date","defaultValue":{"__type":"Date","iso":"2014-01-01T00:00:00.000Z"}}},"classLevelPermissions":{"find":{"*":true},"get":{},"count":{},"create":{},"update":{},"delete":{},"addField":{},"protectedFields":{}},"indexes":{"i":{"name":1}}}"#;
        assert_eq!(read_class("City", text).unwrap().to_json().to_text(), text);
    }

    #[test]
    fn a_description_of_the_original_is_read_and_written() {
        let stored = r#"{"fields": {"nick": {"type": "String"}, "_rperm": {"type": "Array", "contents": {"type": "String"}}, "_wperm": {"type": "Array", "contents": {"type": "String"}}, "authData": {"type": "Object"}, "objectId": {"type": "String"}, "_hashed_password": {"type": "String"}, "strange": {"type": "Vector"}}, "indexes": {"n": {"nick": 1}, "_id_": {"_id": 1}}, "className": "_User", "classLevelPermissions": {"find": {"*": true}}}"#;
        let (class, unreadable) = read_class_text("_User", stored).unwrap();
        assert_eq!(unreadable, ["strange"]);
        let fields: Vec<&str> = class.fields.keys().map(|name| &**name).collect();
        let expected =
            "objectId createdAt updatedAt ACL username password email emailVerified authData nick";
        assert_eq!(fields.join(" "), expected);
        assert_eq!(class.indexes.keys().map(String::as_str).collect::<Vec<_>>(), ["_id_", "n"]);
        let permissions = r#"{"find":{"*":true},"get":{},"count":{},"create":{},"update":{},"delete":{},"addField":{},"protectedFields":{}}"#;
        assert_eq!(class.permissions.to_json().to_text(), permissions);
        let written = class_text(&class);
        assert!(written.contains(r#""_hashed_password":{"type":"String"}"#), "{written}");
        assert!(written.contains(r#""_rperm":{"type":"Array","contents":{"type":"String"}}"#));
        assert!(!written.contains(r#""password""#) && !written.contains(r#""ACL""#), "{written}");
        assert_eq!(read_class_text("_User", &written).unwrap(), (class, Vec::new()));
    }

    #[test]
    fn a_class_that_nobody_restricted_is_written_without_permissions() {
        let class = ClassSchema::new(ClassName::from("City"));
        let written = class_text(&class);
        assert!(!written.contains("classLevelPermissions"), "{written}");
        assert_eq!(read_class_text("City", &written).unwrap(), (class, Vec::new()));
    }
}
