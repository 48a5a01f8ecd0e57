//! Literals: values that stand in the document, brought to their types with the variables put in.

use apollo_compiler::ast::{FieldDefinition, Type, Value};
use apollo_compiler::executable::Field;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Node, Schema};

use super::scalars;
use crate::value::{Json, Members};

/// The arguments of a field. One whose variable was left out is not there, unless it has a default.
pub(crate) fn read_arguments(schema: &Schema, field: &Field, variables: &Members) -> Members {
    read_arguments_of(schema, &field.definition, field, variables)
}

/// The arguments of a field as the type that has it in the end defines them.
pub(crate) fn read_arguments_of(
    schema: &Schema,
    definition: &FieldDefinition,
    field: &Field,
    variables: &Members,
) -> Members {
    let mut read = Members::with_capacity(field.arguments.len());
    for definition in &definition.arguments {
        let given = field.arguments.iter().find(|argument| argument.name == definition.name);
        let value = given.and_then(|argument| {
            literal_to_json(schema, &definition.ty, &argument.value, variables)
        });
        let value = value.or_else(|| {
            let default = definition.default_value.as_ref()?;
            literal_to_json(schema, &definition.ty, default, variables)
        });
        read.extend(value.map(|value| (definition.name.to_string(), value)));
    }
    read
}

/// The value of a valid literal; nothing if it is a variable that was left out.
pub(crate) fn literal_to_json(
    schema: &Schema,
    ty: &Type,
    value: &Node<Value>,
    variables: &Members,
) -> Option<Json> {
    match &**value {
        Value::Variable(name) => return variables.get(name.as_str()).cloned(),
        Value::Null => return Some(Json::Null),
        Value::Enum(_)
        | Value::String(_)
        | Value::Float(_)
        | Value::Int(_)
        | Value::Boolean(_)
        | Value::List(_)
        | Value::Object(_) => {}
    }
    if let Type::List(element) | Type::NonNullList(element) = ty {
        let elements = value.as_list().unwrap_or(std::slice::from_ref(value));
        let read = |each: &Node<Value>| {
            literal_to_json(schema, element, each, variables).unwrap_or(Json::Null)
        };
        return Some(Json::Array(elements.iter().map(read).collect()));
    }
    match schema.types.get(ty.inner_named_type())? {
        ExtendedType::InputObject(definition) => {
            let members = value.as_object()?;
            let mut read = Members::with_capacity(members.len());
            for (name, field) in &definition.fields {
                let given = members.iter().find(|(key, _)| key == name).map(|(_, member)| member);
                let member =
                    given.and_then(|member| literal_to_json(schema, &field.ty, member, variables));
                let member = member.or_else(|| {
                    let default = field.default_value.as_ref()?;
                    literal_to_json(schema, &field.ty, default, variables)
                });
                read.extend(member.map(|member| (name.to_string(), member)));
            }
            Some(Json::Object(read))
        }
        ExtendedType::Scalar(scalar) if scalars::is_standard(&scalar.name) => {
            let plain = plain(value, variables)?;
            scalars::read_standard(&scalar.name, &plain)
        }
        ExtendedType::Scalar(scalar) => scalars::read_own(&scalar.name, plain(value, variables)?),
        ExtendedType::Enum(_) => plain(value, variables),
        ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_) => None,
    }
}

/// A literal as plain JSON, whatever its type.
pub(crate) fn plain(value: &Value, variables: &Members) -> Option<Json> {
    match value {
        Value::Null => Some(Json::Null),
        Value::Variable(name) => variables.get(name.as_str()).cloned(),
        Value::Enum(name) => Some(Json::from(name.as_str())),
        Value::String(text) => Some(Json::from(text.as_str())),
        Value::Boolean(flag) => Some(Json::Bool(*flag)),
        Value::Int(number) => number.try_to_f64().ok().map(Json::Number),
        Value::Float(number) => number.try_to_f64().ok().map(Json::Number),
        Value::List(elements) => {
            let elements =
                elements.iter().map(|element| plain(element, variables).unwrap_or(Json::Null));
            Some(Json::Array(elements.collect()))
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .filter_map(|(key, member)| Some((key.to_string(), plain(member, variables)?)));
            Some(Json::Object(members.collect()))
        }
    }
}
