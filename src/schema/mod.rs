//! What a class is: its fields and their types, its permissions, its indexes; which names are allowed;
//! which fields the system classes have; how a class changes; and whether given fields fit.
//!
//! This room is pure: it never reads a database and never knows who asks.

mod change;
mod check;
mod class;
mod field;
mod names;
mod permissions;
mod system_classes;

pub use change::{ClassChange, FieldChange, SchemaRequest};
pub use check::{Assign, RelationChange, Row, check_types, infer_fields};
pub use class::{ClassSchema, FieldMap, IndexMapByName, Snapshot};
pub use field::{Field, FieldType};
pub use names::{
    SYSTEM_CLASSES, is_class_name, is_field_name, is_internal_class, is_reserved_field,
    is_system_class,
};
pub use permissions::{ClassOperation, ClassPermissions, Rule};
pub use system_classes::{
    RAW_AUTH_DATA, default_fields, is_default_field, is_redacted, is_write_only, required_fields,
    server_fields,
};
