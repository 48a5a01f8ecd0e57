//! How a class is described in the table of classes: as the schemas API shows it.

use crate::error::{Error, Result};
use crate::schema::{ClassPermissions, ClassSchema, Field, FieldMap, FieldType, IndexMapByName};
use crate::value::{ClassName, FieldName, Json, wire};

/// Reads a description that [`ClassSchema::to_json`] wrote.
pub fn read_class(name: &str, text: &str) -> Result<ClassSchema> {
    let json = Json::parse(text.as_bytes()).map_err(Error::internal)?;
    let mut fields = FieldMap::new();
    for (field, definition) in json.get("fields").and_then(Json::as_object).into_iter().flatten() {
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
    let mut indexes = IndexMapByName::new();
    for (index, keys) in json.get("indexes").and_then(Json::as_object).into_iter().flatten() {
        indexes.insert(index.clone(), keys.as_object().cloned().unwrap_or_default());
    }
    Ok(ClassSchema { name: ClassName::from(name), fields, permissions, indexes })
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
}
