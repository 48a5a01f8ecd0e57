//! What can be stored: every Parse type as a Rust type, the operations that change fields, and rows as
//! the driver delivered them.
//!
//! This room never does I/O, never asks for the time and knows nothing of classes. [`wire`] is the only
//! place that knows the `__type` and `__op` forms of JSON.

mod acl;
mod date;
mod geo;
pub mod json;
mod name;
mod op;
mod stored;
pub mod wire;
mod wire_ops;

pub use acl::Acl;
pub use date::Date;
pub use geo::{GeoPoint, KILOMETRES_PER_RADIAN, MILES_PER_RADIAN, Polygon};
pub use json::{Json, Members};
pub use name::{ClassName, FieldName, ObjectId};
pub use op::{Fields, Key, Op};
pub use stored::{Cell, Column, Form, Layout, RowView, Stored, StoredBuilder};

/// A pointer to an object of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The class it points into.
    pub class: ClassName,
    /// The object there; it need not exist.
    pub id: ObjectId,
}

/// A value of a field. What arrays and objects hold inside is plain [`Json`]: there, a pointer or a date
/// keeps the form in which the client wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: reading the field gives no key.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    String(String),
    /// A date.
    Date(Date),
    /// Bytes, kept as the base64 text (or whatever the client sent in its place).
    Bytes(Json),
    /// A point.
    GeoPoint(GeoPoint),
    /// A polygon.
    Polygon(Polygon),
    /// A file, by its name.
    File(String),
    /// A pointer.
    Pointer(Pointer),
    /// A relation into a class.
    Relation(ClassName),
    /// An access control list.
    Acl(Option<Acl>),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Members),
}

impl Value {
    /// A value of plain JSON: nothing in it is typed.
    pub fn plain(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Number(*number),
            Json::String(text) => Self::String(text.clone()),
            Json::Array(elements) => Self::Array(elements.clone()),
            Json::Object(members) => Self::Object(members.clone()),
        }
    }
}
