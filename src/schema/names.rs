//! Which names a class and a field may have (`parse-server:src/Controllers/SchemaController.js`).

use crate::value::ClassName;

/// Classes that the server itself knows.
pub const SYSTEM_CLASSES: [&str; 13] = [
    "_User",
    "_Installation",
    "_Role",
    "_Session",
    "_Product",
    "_PushStatus",
    "_JobStatus",
    "_JobSchedule",
    "_Audience",
    "_Idempotency",
    "_Hooks",
    "_GlobalConfig",
    "_GraphQLConfig",
];

/// Classes that only the server itself and the master key may touch.
const INTERNAL_CLASSES: [&str; 8] = [
    "_JobStatus",
    "_PushStatus",
    "_Hooks",
    "_GlobalConfig",
    "_GraphQLConfig",
    "_JobSchedule",
    "_Audience",
    "_Idempotency",
];

/// Whether a class is known to the server itself.
pub fn is_system_class(name: &str) -> bool {
    SYSTEM_CLASSES.contains(&name)
}

/// Whether only the master key may touch a class: internal classes and join tables.
pub fn is_internal_class(name: &str) -> bool {
    INTERNAL_CLASSES.contains(&name) || name.starts_with("_Join:")
}

/// Whether a class may have this name: a letter, then letters, digits and `_`; or a system class.
pub fn is_class_name(name: &str) -> bool {
    is_system_class(name) || is_plain_name(name)
}

/// Whether a field may have this name in any class.
pub fn is_field_name(name: &str) -> bool {
    is_plain_name(name) && name != "length" && name != "className"
}

/// Whether a field of this name may be added to that class: it is well-formed and not one that every
/// object, or every object of that class, has anyway.
pub fn is_reserved_field(class: &ClassName, name: &str) -> bool {
    super::system_classes::is_default_field(class, name)
}

fn is_plain_name(name: &str) -> bool {
    name.len() <= 1024
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names() {
        for (name, expected) in [
            ("City", true),
            ("A1_", true),
            ("_User", true),
            ("_Bad", false),
            ("1Bad", false),
            ("Bad-Name", false),
            ("Bad Name", false),
            ("", false),
            ("é", false),
            ("_Join:rel:Typed", false),
        ] {
            assert_eq!(is_class_name(name), expected, "{name}");
        }
    }

    #[test]
    fn field_names() {
        for (name, expected) in [
            ("score", true),
            ("A1_", true),
            ("length", false),
            ("className", false),
            ("_x", false),
            ("a.b", false),
            ("a$b", false),
            ("", false),
        ] {
            assert_eq!(is_field_name(name), expected, "{name}");
        }
    }
}
