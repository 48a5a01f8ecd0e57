//! The fields that every object has, and those of the classes that the server itself knows
//! (`parse-server:src/Controllers/SchemaController.js`, `defaultColumns`).

use std::sync::LazyLock;

use super::{Field, FieldMap, FieldType};
use crate::value::{ClassName, FieldName};

const STRING: &str = "String";
const NUMBER: &str = "Number";
const BOOLEAN: &str = "Boolean";
const DATE: &str = "Date";
const OBJECT: &str = "Object";
const ARRAY: &str = "Array";
const FILE: &str = "File";

/// Fields that every object has.
const EVERY: [(&str, &str); 4] =
    [("objectId", STRING), ("createdAt", DATE), ("updatedAt", DATE), ("ACL", "ACL")];

const USER: &[(&str, &str)] = &[
    ("username", STRING),
    ("password", STRING),
    ("email", STRING),
    ("emailVerified", BOOLEAN),
    ("authData", OBJECT),
];
/// What the server keeps of a user besides his fields. The names are those of the original's databases
/// (`parse-server:src/Adapters/Storage/Postgres/PostgresStorageAdapter.js`, `createTable`).
const USER_ASIDE: &[(&str, &str)] = &[
    ("_email_verify_token", STRING),
    ("_email_verify_token_expires_at", DATE),
    ("_account_lockout_expires_at", DATE),
    ("_failed_login_count", NUMBER),
    ("_perishable_token", STRING),
    ("_perishable_token_expires_at", DATE),
    ("_password_changed_at", DATE),
    ("_password_history", ARRAY),
];
const INSTALLATION: &[(&str, &str)] = &[
    ("installationId", STRING),
    ("deviceToken", STRING),
    ("channels", ARRAY),
    ("deviceType", STRING),
    ("pushType", STRING),
    ("GCMSenderId", STRING),
    ("timeZone", STRING),
    ("localeIdentifier", STRING),
    ("badge", NUMBER),
    ("appVersion", STRING),
    ("appName", STRING),
    ("appIdentifier", STRING),
    ("parseVersion", STRING),
];
const ROLE: &[(&str, &str)] =
    &[("name", STRING), ("users", "Relation<_User>"), ("roles", "Relation<_Role>")];
const SESSION: &[(&str, &str)] = &[
    ("user", "Pointer<_User>"),
    ("installationId", STRING),
    ("sessionToken", STRING),
    ("expiresAt", DATE),
    ("createdWith", OBJECT),
];
const PRODUCT: &[(&str, &str)] = &[
    ("productIdentifier", STRING),
    ("download", FILE),
    ("downloadName", STRING),
    ("icon", FILE),
    ("order", NUMBER),
    ("title", STRING),
    ("subtitle", STRING),
];
const PUSH_STATUS: &[(&str, &str)] = &[
    ("pushTime", STRING),
    ("source", STRING),
    ("query", STRING),
    ("payload", STRING),
    ("title", STRING),
    ("expiry", NUMBER),
    ("expiration_interval", NUMBER),
    ("status", STRING),
    ("numSent", NUMBER),
    ("numFailed", NUMBER),
    ("pushHash", STRING),
    ("errorMessage", OBJECT),
    ("sentPerType", OBJECT),
    ("failedPerType", OBJECT),
    ("sentPerUTCOffset", OBJECT),
    ("failedPerUTCOffset", OBJECT),
    ("count", NUMBER),
];
const JOB_STATUS: &[(&str, &str)] = &[
    ("jobName", STRING),
    ("source", STRING),
    ("status", STRING),
    ("message", STRING),
    ("params", OBJECT),
    ("finishedAt", DATE),
];
const JOB_SCHEDULE: &[(&str, &str)] = &[
    ("jobName", STRING),
    ("description", STRING),
    ("params", STRING),
    ("startAfter", STRING),
    ("daysOfWeek", ARRAY),
    ("timeOfDay", STRING),
    ("lastRun", NUMBER),
    ("repeatMinutes", NUMBER),
];
const HOOKS: &[(&str, &str)] =
    &[("functionName", STRING), ("className", STRING), ("triggerName", STRING), ("url", STRING)];
const GLOBAL_CONFIG: &[(&str, &str)] = &[("params", OBJECT), ("masterKeyOnly", OBJECT)];
const GRAPHQL_CONFIG: &[(&str, &str)] = &[("config", OBJECT)];
const AUDIENCE: &[(&str, &str)] =
    &[("name", STRING), ("query", STRING), ("lastUsed", DATE), ("timesUsed", NUMBER)];
const IDEMPOTENCY: &[(&str, &str)] = &[("reqId", STRING), ("expire", DATE)];

fn own_fields(class: &str) -> &'static [(&'static str, &'static str)] {
    match class {
        "_User" => USER,
        "_Installation" => INSTALLATION,
        "_Role" => ROLE,
        "_Session" => SESSION,
        "_Product" => PRODUCT,
        "_PushStatus" => PUSH_STATUS,
        "_JobStatus" => JOB_STATUS,
        "_JobSchedule" => JOB_SCHEDULE,
        "_Hooks" => HOOKS,
        "_GlobalConfig" => GLOBAL_CONFIG,
        "_GraphQLConfig" => GRAPHQL_CONFIG,
        "_Audience" => AUDIENCE,
        "_Idempotency" => IDEMPOTENCY,
        _ => &[],
    }
}

/// Whether every object of the class has this field from the start.
pub fn is_default_field(class: &ClassName, field: &str) -> bool {
    EVERY.iter().chain(own_fields(class)).any(|(name, _)| *name == field)
}

/// The fields that objects of a class have from the start, in the order in which the original shows them.
pub fn default_fields(class: &ClassName) -> impl Iterator<Item = (FieldName, Field)> {
    EVERY
        .iter()
        .chain(own_fields(class))
        .map(|(name, kind)| (FieldName::from(*name), Field::plain(kind_of(kind))))
}

/// Columns of a class that are no fields: no request can name them, no plan but the server's own shows them.
pub fn server_fields(class: &ClassName) -> &'static FieldMap {
    static NONE: LazyLock<FieldMap> = LazyLock::new(FieldMap::new);
    static OF_USER: LazyLock<FieldMap> = LazyLock::new(|| {
        let field =
            |(name, kind): &(&str, &str)| (FieldName::from(*name), Field::plain(kind_of(kind)));
        USER_ASIDE.iter().map(field).collect()
    });
    if *class == "_User" { &OF_USER } else { &NONE }
}

/// What the server calls the authentication data of users as they are stored. Under its own name the field
/// tells of a second factor only that there is one.
pub const RAW_AUTH_DATA: &str = "_auth_data";

/// Whether a field of a class is shown with parts of it taken out.
pub fn is_redacted(class: &ClassName, field: &str) -> bool {
    *class == "_User" && field == "authData"
}

/// The field behind [`RAW_AUTH_DATA`].
pub(super) fn raw_field(
    class: &ClassName,
    name: &str,
) -> Option<(&'static FieldName, &'static Field)> {
    static RAW: LazyLock<(FieldName, Field)> =
        LazyLock::new(|| (FieldName::from(RAW_AUTH_DATA), Field::plain(FieldType::Object)));
    (*class == "_User" && name == RAW_AUTH_DATA).then(|| (&RAW.0, &RAW.1))
}

/// Whether a field can be written but never read: the password of a user, of which the hash is kept.
pub fn is_write_only(class: &ClassName, field: &str) -> bool {
    *class == "_User" && field == "password"
}

/// Fields without which a new object of a system class is refused.
pub fn required_fields(class: &ClassName) -> &'static [&'static str] {
    match class.as_str() {
        "_Product" => &["productIdentifier", "icon", "order", "title", "subtitle"],
        "_Role" => &["name", "ACL"],
        _ => &[],
    }
}

fn kind_of(text: &str) -> FieldType {
    match text {
        NUMBER => FieldType::Number,
        BOOLEAN => FieldType::Boolean,
        DATE => FieldType::Date,
        OBJECT => FieldType::Object,
        ARRAY => FieldType::Array,
        FILE => FieldType::File,
        "ACL" => FieldType::Acl,
        "Pointer<_User>" => FieldType::Pointer(ClassName::from("_User")),
        "Relation<_User>" => FieldType::Relation(ClassName::from("_User")),
        "Relation<_Role>" => FieldType::Relation(ClassName::from("_Role")),
        _ => FieldType::String,
    }
}
