//! What a field holds.

use std::fmt;

use crate::value::{ClassName, Form, Json, Members, Value};

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// a text
    String,
    /// a number
    Number,
    /// true or false
    Boolean,
    /// a date
    Date,
    /// a JSON object
    Object,
    /// a JSON array
    Array,
    /// a point on the globe
    GeoPoint,
    /// a polygon
    Polygon,
    /// a file, by name
    File,
    /// bytes, as base64
    Bytes,
    /// a pointer into a class
    Pointer(ClassName),
    /// a relation into a class
    Relation(ClassName),
    /// the access control list; every class has exactly one, named `ACL`
    Acl,
}

impl FieldType {
    /// The name in a schema: `String`, `Pointer`…
    pub fn name(&self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Number => "Number",
            Self::Boolean => "Boolean",
            Self::Date => "Date",
            Self::Object => "Object",
            Self::Array => "Array",
            Self::GeoPoint => "GeoPoint",
            Self::Polygon => "Polygon",
            Self::File => "File",
            Self::Bytes => "Bytes",
            Self::Pointer(_) => "Pointer",
            Self::Relation(_) => "Relation",
            Self::Acl => "ACL",
        }
    }

    /// The class that a pointer or a relation leads to.
    pub fn target(&self) -> Option<&ClassName> {
        match self {
            Self::Pointer(class) | Self::Relation(class) => Some(class),
            Self::String
            | Self::Number
            | Self::Boolean
            | Self::Date
            | Self::Object
            | Self::Array
            | Self::GeoPoint
            | Self::Polygon
            | Self::File
            | Self::Bytes
            | Self::Acl => None,
        }
    }

    /// The type that a value has, or nothing for `null`, which fits every field.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::String),
            Value::Date(_) => Some(Self::Date),
            Value::Bytes(_) => Some(Self::Bytes),
            Value::GeoPoint(_) => Some(Self::GeoPoint),
            Value::Polygon(_) => Some(Self::Polygon),
            Value::File(_) => Some(Self::File),
            Value::Pointer(pointer) => Some(Self::Pointer(pointer.class.clone())),
            Value::Relation(class) => Some(Self::Relation(class.clone())),
            Value::Acl(_) => Some(Self::Acl),
            Value::Array(_) => Some(Self::Array),
            Value::Object(_) => Some(Self::Object),
        }
    }

    /// How cells of the field are written on the wire.
    pub fn form(&self) -> Form {
        match self {
            Self::Date => Form::Date,
            Self::GeoPoint => Form::GeoPoint,
            Self::Polygon => Form::Polygon,
            Self::File => Form::File,
            Self::Bytes => Form::Bytes,
            Self::Pointer(class) => Form::Pointer(class.clone()),
            Self::String
            | Self::Number
            | Self::Boolean
            | Self::Object
            | Self::Array
            | Self::Relation(_)
            | Self::Acl => Form::Plain,
        }
    }
}

/// `String`, `Pointer<City>`
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Some(class) => write!(f, "{}<{class}>", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// A field of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it holds.
    pub kind: FieldType,
    /// Whether an object needs a value there.
    pub required: bool,
    /// The value of an object that is created without one.
    pub default: Option<Value>,
    /// Everything a schema request said of the field besides its type, as it was said.
    pub options: Members,
}

impl Field {
    /// A field that may be empty.
    pub fn plain(kind: FieldType) -> Self {
        Self { kind, required: false, default: None, options: Members::new() }
    }

    /// The wire form: `{"type": …, "targetClass": …}` and the options.
    pub fn to_json(&self) -> Json {
        let mut members = Members::new();
        members.insert("type".to_owned(), Json::from(self.kind.name()));
        if let Some(class) = self.kind.target() {
            members.insert("targetClass".to_owned(), Json::from(class.as_str()));
        }
        members.extend(self.options.iter().map(|(key, option)| (key.clone(), option.clone())));
        Json::Object(members)
    }
}
